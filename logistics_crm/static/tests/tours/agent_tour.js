import { registry } from "@web/core/registry";

// An agent's morning: what is late, how it travels, what the courier said on the phone, and what came in broken.
registry.category("web_tour.tours").add("logistics_agent", {
    steps: () => [
        { content: "Filter what is late", trigger: ".o_searchview_dropdown_toggler", run: "click" },
        { trigger: ".o_filter_menu .o_menu_item:contains(/^Late$/)", run: "click" },
        { trigger: "body:not(:has(td[name=name]:contains(UI-IN-TIME)))" },
        { content: "Open the late shipment", trigger: "td[name=name]:contains(UI-LATE)", run: "click" },
        {
            content: "The timeline shows where it stands",
            trigger: ".o_logistics_timeline .o_current[data-status=arrived_hub]:contains(Arrived at Hub)",
        },
        { trigger: ".o_logistics_timeline_date:contains(March 2, 2026)" },
        { trigger: ".o_logistics_timeline_time:contains(08:30):contains(UTC+8)" },
        { trigger: ".o_logistics_timeline .o_forecast:contains(Estimated)" },
        { content: "Markup in a description is text", trigger: ".o_logistics_timeline_text:contains('<b>loud</b>')" },
        { trigger: ".o_logistics_timeline:not(:has([data-status=created]))" },
        { content: "A long log unfolds", trigger: ".o_logistics_timeline_more:contains(Show all 16)", run: "click" },
        { trigger: ".o_logistics_timeline [data-status=created]" },
        { trigger: ".o_logistics_timeline:not(:has(.o_logistics_timeline_more))" },
        { content: "Add an event", trigger: ".o_statusbar_buttons button:contains(Add Event)", run: "click" },
        { trigger: ".modal .o_field_widget[name=status] input", run: "click" },
        { trigger: ".o_select_menu_item:contains(Attempt Failed)", run: "click" },
        { trigger: ".modal .o_field_widget[name=reason_id] input", run: "edit Recipient Absent" },
        { trigger: ".o-autocomplete--dropdown-item:contains(Recipient Absent)", run: "click" },
        { trigger: ".modal .o_field_widget[name=description] textarea", run: "edit Nobody opened" },
        { trigger: ".modal button[name=action_add]", run: "click" },
        {
            content: "It stands in the log at once, and the shipment follows",
            trigger: ".o_logistics_timeline .o_current[data-status=attempt_failed]:contains(Nobody opened)",
        },
        { trigger: ".o_logistics_timeline .o_current .badge:contains(Recipient Absent)" },
        { trigger: ".o_statusbar_status .o_arrow_button_current:contains(Attempt Failed)" },
        {
            content: "Go to the inbox",
            trigger: ".o_menu_sections [data-menu-xmlid='logistics_crm.menu_tracking_inbox']",
            run: "click",
        },
        { trigger: "td[name=error]:contains(has no offset)", run: "click" },
        { trigger: ".alert-danger:contains(occurred_at has no offset)" },
        {
            content: "Correct the content and replay",
            trigger: ".o_field_widget[name=payload_text] textarea",
            run() {
                const value = this.anchor.value.replace("2026-03-03 09:00:00", "2026-03-03T09:00:00+08:00");
                this.anchor.value = value;
                this.anchor.dispatchEvent(new InputEvent("input", { bubbles: true }));
                this.anchor.dispatchEvent(new Event("change", { bubbles: true }));
            },
        },
        { trigger: ".o_statusbar_buttons button[name=action_replay]", run: "click" },
        { trigger: ".o_notification:contains(1 placed.)" },
        { trigger: ".o_statusbar_status .o_arrow_button_current:contains(Placed)" },
        { content: "It leads to the shipment", trigger: ".o_field_widget[name=shipment_id]:contains(UI-IN-TIME)" },
    ],
});
