import { _t } from "@web/core/l10n/translation";
import { session } from "@web/session";
import { Component, onWillStart, onWillUnmount, useState } from "@odoo/owl";
import { CourierDatabase } from "./database";
import { Icon } from "./icon";
import { Outbox } from "./outbox";
import { callLink, mapLink } from "./place";
import { canScan, Scanner } from "./scanner";
import { callServer, LoggedOut, Unreachable } from "./server";
import { ShipmentSheet } from "./shipment_sheet";
import { showTime } from "./times";

const REFRESH = 60000;
const ENDS_VISIT = ["delivered", "exception"];

/** The courier's round: what is to be delivered, what was done today, what waits to be sent. */
export class CourierApp extends Component {
    static template = "logistics_crm.courier.App";
    static components = { Icon, Scanner, ShipmentSheet };
    static props = {};

    setup() {
        Object.assign(this, { callLink, mapLink, showTime, canScan: canScan(), session: session.courier });
        this.state = useState({
            tab: "open",
            query: "",
            shipments: [],
            done: [],
            reasons: { failed: [], exception: [] },
            queue: [],
            answers: [],
            loadedAt: null,
            online: navigator.onLine,
            loggedOut: false,
            problem: "",
            toast: "",
            selected: null,
            scanning: false,
            menu: false,
        });
        this.database = new CourierDatabase(`logistics-courier-${this.session.db}-${this.session.uid}`);
        this.outbox = new Outbox(this.database, {
            onChange: () => this.readQueue(),
            onAnswer: (action, answer) => this.onAnswer(action, answer),
            onLoggedOut: () => (this.state.loggedOut = true),
            onConnection: (online) => (this.state.online = online),
        });
        const refresh = () => this.refresh();
        const offline = () => (this.state.online = false);
        const timer = setInterval(() => document.visibilityState === "visible" && refresh(), REFRESH);
        addEventListener("online", refresh);
        addEventListener("offline", offline);
        addEventListener("visibilitychange", refresh);
        onWillStart(async () => {
            const kept = await this.database.get("cache", "list");
            if (kept) {
                Object.assign(this.state, kept);
            }
            await this.readQueue();
            this.refresh();
            this.outbox.send();
        });
        onWillUnmount(() => {
            clearInterval(timer);
            removeEventListener("online", refresh);
            removeEventListener("offline", offline);
            removeEventListener("visibilitychange", refresh);
        });
    }

    // Data

    async readQueue() {
        this.state.queue = await this.database.all("queue");
        this.state.answers = await this.database.all("answers");
    }

    /** Get the list; without a connection the last one stays. */
    async refresh() {
        if (document.visibilityState === "hidden" || this.refreshing) {
            return;
        }
        this.refreshing = true;
        try {
            const { shipments, done, reasons } = await callServer("shipments", {});
            const list = { shipments, done, reasons, loadedAt: new Date() };
            Object.assign(this.state, list, { online: true, loggedOut: false, problem: "" });
            await this.database.put("cache", list, "list");
        } catch (error) {
            if (error instanceof LoggedOut) {
                this.state.loggedOut = true;
            } else if (error instanceof Unreachable) {
                this.state.online = false;
            } else {
                this.state.problem = error.message;
            }
        } finally {
            this.refreshing = false;
        }
    }

    get openShipments() {
        const { shipments, queue, done } = this.state;
        const left = new Set(queue.filter(({ kind }) => ENDS_VISIT.includes(kind)).map((action) => action.shipment_id));
        const tried = new Map();
        for (const action of [...done, ...queue]) {
            if (action.kind === "failed") {
                tried.set(action.shipment_id, action.happened_at);
            }
        }
        const query = this.state.query.trim().toLowerCase();
        const found = shipments
            .filter(({ id }) => !left.has(id))
            .filter((card) =>
                [card.waybill, card.consignee, card.phone, card.address].some((text) => text.toLowerCase().includes(query))
            )
            .map((card) => ({ ...card, tried: tried.get(card.id) }));
        // What was tried once goes to the end of the round.
        return [...found.filter((card) => !card.tried), ...found.filter((card) => card.tried)];
    }

    /** Latest first: what waits, what was not taken, what is done. */
    get doneEntries() {
        const { queue, answers, done } = this.state;
        const answered = new Set(answers.map(({ key }) => key));
        const local = (action) => ({
            ...action,
            waybill: action.card.waybill,
            consignee: action.card.consignee,
            reason: this.reasonName(action),
        });
        return [
            ...queue.map((action) => ({ ...local(action), state: "waiting", message: action.error || "" })).reverse(),
            ...answers.map((action) => ({
                ...local(action),
                state: action.answer.state,
                message: [action.answer.state === "done" ? "" : action.answer.message, ...action.answer.warnings]
                    .concat(action.answer.clock_off ? [_t("The phone's clock is wrong; the time was corrected.")] : [])
                    .join(" "),
                toDismiss: true,
            })),
            ...done.filter(({ key }) => !answered.has(key)),
        ];
    }

    get notTaken() {
        return this.state.answers.filter(({ answer }) => answer.state !== "done").length;
    }

    reasonName({ kind, reason }) {
        return this.state.reasons[kind]?.find(({ code }) => code === reason)?.name || "";
    }

    kindLabel(kind) {
        return { delivered: _t("Delivered"), failed: _t("Not delivered"), exception: _t("Exception") }[kind];
    }

    // What the courier does

    open(card) {
        this.state.selected = card;
    }

    async act(action) {
        const { id, waybill, consignee } = this.state.selected;
        try {
            await this.outbox.add({ ...action, card: { id, waybill, consignee } });
        } catch {
            this.toast(_t("The phone could not save this. Free some space and try again."));
            return false;
        }
        navigator.vibrate?.(40);
        this.toast(this.state.online ? _t("Saved.") : _t("Saved. It is sent as soon as there is a connection."));
        return true;
    }

    async onAnswer(action, answer) {
        if (answer.state === "done") {
            const { key, kind, shipment_id, happened_at, signatory, card } = action;
            if (ENDS_VISIT.includes(kind)) {
                this.state.shipments = this.state.shipments.filter(({ id }) => id !== shipment_id);
            }
            const { waybill, consignee } = card;
            const reason = this.reasonName(action);
            this.state.done = [
                { key, kind, shipment_id, happened_at, signatory, waybill, consignee, reason, state: "done", message: "" },
                ...this.state.done.filter((entry) => entry.key !== key),
            ];
            if (answer.ticket) {
                this.toast(answer.message);
            }
        } else {
            this.toast(answer.message);
        }
        await this.readQueue();
        clearTimeout(this.refreshTimer);
        this.refreshTimer = setTimeout(() => this.refresh(), 800);
    }

    async dismiss(entry) {
        const refused = entry.state === "refused";
        if (refused && !window.confirm(_t("This report is nowhere but on this phone. Delete it?"))) {
            return;
        }
        await this.database.remove("answers", entry.key);
        await this.readQueue();
    }

    onScan(code) {
        this.state.scanning = false;
        this.state.tab = "open";
        this.state.query = code;
        const found = this.openShipments;
        if (found.length === 1) {
            this.state.query = "";
            this.open(found[0]);
        } else if (!found.length) {
            this.toast(_t("%s is not in your list.", code));
        }
    }

    toast(text) {
        this.state.toast = text;
        clearTimeout(this.toastTimer);
        this.toastTimer = setTimeout(() => (this.state.toast = ""), 4000);
    }

    /** Take the list off the phone; what waits to be sent stays, for the next time this courier logs in. */
    async logOut() {
        const waiting = this.state.queue.length;
        if (waiting && !window.confirm(_t("%s actions are not sent yet. They are sent when you log in again. Log out?", waiting))) {
            return;
        }
        await this.database.remove("cache", "list");
        navigator.serviceWorker?.controller?.postMessage({ type: "forget" });
        location.href = "/web/session/logout?redirect=/logistics/courier";
    }
}
