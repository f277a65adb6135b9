// The page works without this file. It only keeps a form from being sent twice and says so while photos travel.
for (const form of document.querySelectorAll("form")) {
    form.addEventListener("submit", () => {
        const button = form.querySelector("button");
        // Not at once: a disabled button would stop the browser from sending the form.
        setTimeout(() => {
            button.disabled = true;
            button.classList.add("busy");
        });
    });
}
window.addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("button.busy")) {
        button.disabled = false;
        button.classList.remove("busy");
    }
});
