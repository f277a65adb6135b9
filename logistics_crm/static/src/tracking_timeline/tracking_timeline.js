import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component, useState } from "@odoo/owl";

const { DateTime } = luxon;

// Of a longer log only this many entries are shown at first: the newest, which people look for.
const FIRST_SHOWN = 12;

// status → [icon, colour]. Colours are those of the status badges in lists.
const LOOKS = {
    created: ["fa-file-text-o", "muted"],
    confirmed: ["fa-check-square-o", "muted"],
    picked_up: ["fa-archive", "primary"],
    departed: ["fa-truck", "primary"],
    in_transit: ["fa-road", "primary"],
    arrived_hub: ["fa-building-o", "primary"],
    customs: ["fa-university", "primary"],
    out_for_delivery: ["fa-motorcycle", "info"],
    ready_for_pickup: ["fa-shopping-basket", "info"],
    attempt_failed: ["fa-bell-slash-o", "warning"],
    exception: ["fa-exclamation", "danger"],
    delivered: ["fa-check", "success"],
    returning: ["fa-undo", "warning"],
    returned: ["fa-reply", "warning"],
    cancelled: ["fa-ban", "muted"],
    expired: ["fa-question", "warning"],
};

/**
 * The tracking log as a vertical timeline, newest first, grouped by the day at the place where things happened.
 *
 * Reads the Json fields `logistics.shipment.timeline` and `stock.picking.shipment_timeline`. All texts come from
 * outside systems: they are rendered as text, never as markup.
 */
export class TrackingTimelineField extends Component {
    static template = "logistics_crm.TrackingTimelineField";
    static props = { ...standardFieldProps };

    setup() {
        this.state = useState({ showAll: false });
    }

    get entries() {
        return this.props.record.data[this.props.name] || [];
    }

    get hiddenCount() {
        return this.state.showAll ? 0 : Math.max(0, this.entries.length - FIRST_SHOWN);
    }

    get showAllLabel() {
        return _t("Show all %s", this.entries.length);
    }

    /** [{day, title, entries}], in the order of the log. */
    get days() {
        const shown = this.hiddenCount ? this.entries.slice(0, FIRST_SHOWN) : this.entries;
        const current = this.entries.find((entry) => entry.classifier === "actual");
        const days = [];
        for (const entry of shown) {
            const [date, clock, zone] = (entry.local_time || "").split(" ");
            const day = date || "";
            if (!days.length || days.at(-1).day !== day) {
                days.push({ day, title: this.dayTitle(day), entries: [] });
            }
            const [icon, color] = LOOKS[entry.status] || ["fa-circle", "muted"];
            days.at(-1).entries.push({
                ...entry,
                icon,
                color,
                clock: clock || "",
                zone: (zone || "").replace(/[()]/g, ""),
                isCurrent: entry === current,
                isForecast: entry.classifier !== "actual",
                forecastLabel: entry.classifier === "planned" ? _t("Planned") : _t("Estimated"),
            });
        }
        return days;
    }

    dayTitle(day) {
        const date = DateTime.fromISO(day);
        return date.isValid
            ? date.toLocaleString({ weekday: "long", year: "numeric", month: "long", day: "numeric" })
            : day;
    }

    showAll() {
        this.state.showAll = true;
    }
}

export const trackingTimelineField = {
    component: TrackingTimelineField,
    displayName: _t("Tracking Timeline"),
    supportedTypes: ["json"],
};

registry.category("fields").add("logistics_tracking_timeline", trackingTimelineField);
