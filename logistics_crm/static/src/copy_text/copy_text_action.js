import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";

/** Put a text into the clipboard; where the browser does not allow it, show the text to be copied by hand. */
async function copyText(env, action) {
    const { text, message } = action.params;
    try {
        await browser.navigator.clipboard.writeText(text);
        env.services.notification.add(text, { title: message, type: "success" });
    } catch {
        env.services.notification.add(text, { type: "info", sticky: true });
    }
}

registry.category("actions").add("logistics_copy_text", copyText);
