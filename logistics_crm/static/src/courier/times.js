import { session } from "@web/session";

function formatter(options) {
    try {
        return new Intl.DateTimeFormat(session.courier.lang, options);
    } catch {
        return new Intl.DateTimeFormat(undefined, options);
    }
}

const clock = formatter({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const dayAndClock = formatter({ month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** A time of the server (UTC) or of the phone, on the phone's clock; with the day unless it is today. */
export function showTime(value) {
    if (!value) {
        return "";
    }
    const date = value instanceof Date ? value : new Date(value.includes("T") ? value : value.replace(" ", "T") + "Z");
    return (date.toDateString() === new Date().toDateString() ? clock : dayAndClock).format(date);
}
