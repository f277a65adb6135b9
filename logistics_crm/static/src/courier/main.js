import { getTemplate } from "@web/core/templates";
import { appTranslateFn, translatedTerms, translationLoaded } from "@web/core/l10n/translation";
import { session } from "@web/session";
import { mount, whenReady } from "@odoo/owl";
import { CourierApp } from "./courier_app";

/** Keep the page and what it is made of for times without a connection. Needs HTTPS (or localhost). */
async function keepPage() {
    if (!navigator.serviceWorker) {
        return;
    }
    await navigator.serviceWorker.register("/logistics/courier/sw.js", { scope: "/logistics/courier" });
    const { active } = await navigator.serviceWorker.ready;
    const parts = document.querySelectorAll("head script[src], head link[rel=stylesheet], head link[rel~=icon]");
    active.postMessage({ type: "keep", urls: [...parts].map((part) => part.src || part.href) });
}

async function start() {
    await whenReady();
    // The page brings its terms along: no second request that may fail.
    translatedTerms.logistics_crm = session.courier.terms;
    translatedTerms[translationLoaded] = true;
    await mount(CourierApp, document.body, {
        getTemplate,
        translateFn: appTranslateFn,
        translatableAttributes: ["aria-label", "placeholder", "title"],
    });
    document.body.classList.add("o_courier_ready");
    navigator.storage?.persist?.();
    keepPage().catch((error) => console.warn("The page is not kept for times without a connection:", error));
}

start();
