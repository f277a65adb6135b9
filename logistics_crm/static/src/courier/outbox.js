import { callServer, LoggedOut, ServerError } from "./server";
import { toBase64 } from "./pictures";

const FIRST_PAUSE = 2000;
const LONGEST_PAUSE = 5 * 60 * 1000;

/** ISO 8601 on the phone's own clock, with its offset. */
export function localInstant(date = new Date()) {
    const offset = -date.getTimezoneOffset();
    const local = new Date(date.getTime() + offset * 60000).toISOString().slice(0, 19);
    const pad = (number) => String(number).padStart(2, "0");
    const away = Math.abs(offset);
    return `${local}${offset < 0 ? "-" : "+"}${pad(Math.floor(away / 60))}:${pad(away % 60)}`;
}

function newKey() {
    if (crypto.randomUUID) {
        return crypto.randomUUID();
    }
    // Pages without HTTPS lack it.
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * What was done and not yet sent. An action is on the phone's disk before the courier is told that it is saved; it goes
 * out as often as it takes, always under its own key, and leaves only when the server has answered.
 */
export class Outbox {
    /**
     * @param {CourierDatabase} database
     * @param {{ onChange: Function, onAnswer: Function, onLoggedOut: Function, onConnection: Function }} hooks
     */
    constructor(database, hooks) {
        this.database = database;
        this.hooks = hooks;
        this.pause = FIRST_PAUSE;
        this.timer = null;
        this.sending = null;
        addEventListener("online", () => this.hurry());
        addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.hurry());
    }

    /** Keep an action for sending. Resolves once it is safe. */
    async add(action) {
        const kept = { key: newKey(), happened_at: localInstant(), ...action };
        await this.database.add("queue", kept);
        await this.hooks.onChange();
        this.hurry();
        return kept;
    }

    hurry() {
        this.pause = FIRST_PAUSE;
        this.send();
    }

    /** Send what waits, oldest first. One tab at a time does it. */
    async send() {
        clearTimeout(this.timer);
        if (this.sending) {
            this.again = true;
            return this.sending;
        }
        const locks = navigator.locks;
        const work = () => this.sendAll();
        this.sending = locks ? locks.request("logistics-courier-outbox", work) : work();
        try {
            await this.sending;
        } finally {
            this.sending = null;
        }
        if (this.again) {
            this.again = false;
            return this.send();
        }
    }

    async sendAll() {
        const stuck = new Set(); // shipments of which an earlier action is not through: theirs keep their order
        let waiting = false;
        for (const action of await this.database.all("queue")) {
            if (stuck.has(action.shipment_id)) {
                continue;
            }
            try {
                const answer = await callServer("act", { action: await this.payload(action) }, 120000);
                this.hooks.onConnection(true);
                if (answer.state === "retry") {
                    waiting = true;
                    break;
                }
                await this.settle(action, answer);
                this.pause = FIRST_PAUSE;
            } catch (error) {
                waiting = true;
                if (error instanceof LoggedOut) {
                    this.hooks.onLoggedOut();
                    break;
                }
                if (!(error instanceof ServerError)) {
                    this.hooks.onConnection(false);
                    break;
                }
                stuck.add(action.shipment_id);
                await this.database.put("queue", { ...action, error: error.message });
                await this.hooks.onChange();
            }
        }
        if (waiting) {
            this.timer = setTimeout(() => this.send(), this.pause * (0.8 + 0.4 * Math.random()));
            this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
        }
    }

    /** The action as the server takes it. What describes the card stays here. */
    async payload({ seq, error, card, signature, photos, ...told }) {
        return {
            ...told,
            waybill: card.waybill,
            sent_at: localInstant(),
            signature: signature ? await toBase64(signature) : null,
            photos: await Promise.all((photos || []).map(toBase64)),
        };
    }

    /** Answered: it leaves the queue, and what the server would not apply stays to be seen, in one transaction. */
    async settle(action, answer) {
        const { seq, signature, photos, ...summary } = action;
        await this.database.run(["queue", "answers"], "readwrite", (queue, answers) => {
            if (answer.state !== "done" || answer.warnings.length || answer.clock_off) {
                // What was refused is nowhere but here: its pictures stay, too.
                answers.put({ ...(answer.state === "refused" ? action : summary), answer });
            }
            return queue.delete(seq);
        });
        await this.hooks.onAnswer(action, answer);
    }
}
