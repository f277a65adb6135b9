/* Keeps the courier's page and its assets on the phone, so that it opens without a connection.
   Data is not kept here: the page keeps its own list and queue. */
"use strict";

const CACHE = "logistics-courier-1";
const PAGE = "/logistics/courier";
const PATIENCE = 5000; // ms; on a bad line the kept page is better than a blank one

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
    if (event.data.type === "keep") {
        event.waitUntil(keep(event.data.urls));
    } else if (event.data.type === "forget") {
        event.waitUntil(caches.delete(CACHE));
    }
});

self.addEventListener("fetch", (event) => {
    const { request } = event;
    const url = new URL(request.url);
    if (request.method !== "GET" || url.origin !== self.location.origin) {
        return;
    }
    if (request.mode === "navigate") {
        if (url.pathname === PAGE) {
            event.respondWith(page(request));
        }
    } else if (url.pathname.startsWith("/web/assets/") || url.pathname.includes("/static/")) {
        event.respondWith(asset(request));
    }
});

/** Keep exactly these, and the page itself. */
async function keep(urls) {
    const cache = await caches.open(CACHE);
    const wanted = new Set([PAGE, ...urls].map((url) => new URL(url, self.location.origin).href));
    const kept = new Set((await cache.keys()).map((request) => request.url));
    for (const url of wanted) {
        if (!kept.has(url)) {
            const response = await fetch(url, { credentials: "same-origin" });
            if (response.ok && !response.redirected) {
                await cache.put(url, response);
            }
        }
    }
    for (const url of kept) {
        if (!wanted.has(url)) {
            await cache.delete(url);
        }
    }
}

async function page(request) {
    const cache = await caches.open(CACHE);
    const kept = await cache.match(PAGE);
    const fromServer = fetch(request).then((response) => {
        if (response.ok && response.type === "basic" && !response.redirected) {
            cache.put(PAGE, response.clone());
        }
        return response;
    });
    if (!kept) {
        return fromServer;
    }
    const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE, kept));
    try {
        const response = await Promise.race([fromServer, patience]);
        return response.status >= 500 ? kept : response;
    } catch {
        return kept;
    }
}

async function asset(request) {
    const cache = await caches.open(CACHE);
    return (await cache.match(request)) || fetch(request);
}
