import { Component, useEffect, useState } from "@odoo/owl";
import { ActionForm } from "./action_form";
import { Icon } from "./icon";
import { callLink, mapLink } from "./place";
import { showTime } from "./times";

/** One shipment over the whole screen: what to know, and the three things that can happen at the door. */
export class ShipmentSheet extends Component {
    static template = "logistics_crm.courier.ShipmentSheet";
    static components = { ActionForm, Icon };
    static props = { shipment: Object, reasons: Object, onClose: Function, onAct: Function };

    setup() {
        this.state = useState({ kind: "" });
        Object.assign(this, { callLink, mapLink, showTime });
        // The phone's own "back" closes the form, then the sheet, instead of leaving the page.
        useEffect(
            () => {
                history.pushState({}, "");
                const onBack = () => this.onBack();
                addEventListener("popstate", onBack);
                return () => removeEventListener("popstate", onBack);
            },
            () => []
        );
    }

    /** The note itself stands below them in full. */
    get badges() {
        return this.props.shipment.badges.filter(({ kind }) => kind !== "note");
    }

    onBack() {
        if (this.state.kind && !this.isLeaving) {
            this.state.kind = "";
        } else {
            this.props.onClose();
        }
    }

    openForm(kind) {
        this.state.kind = kind;
        history.pushState({}, "");
    }

    goBack() {
        history.back();
    }

    async act(action) {
        if (await this.props.onAct(action)) {
            this.isLeaving = true;
            history.go(-2);
        }
    }
}
