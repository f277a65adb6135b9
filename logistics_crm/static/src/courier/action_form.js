import { _t } from "@web/core/l10n/translation";
import { Component, useState } from "@odoo/owl";
import { Icon } from "./icon";
import { PhotoStrip } from "./photo_strip";
import { currentPlace } from "./place";
import { SignaturePad } from "./signature_pad";

const RELATIONS = ["consignee", "family", "colleague", "reception", "neighbor", "other"];

/** What is asked for each kind of action; `onDone` gets what the outbox takes. */
export class ActionForm extends Component {
    static template = "logistics_crm.courier.ActionForm";
    static components = { Icon, PhotoStrip, SignaturePad };
    static props = { shipment: Object, kind: String, reasons: Array, onDone: Function };

    setup() {
        this.state = useState({
            signatory: "",
            relation: "",
            reason: "",
            note: "",
            hasSignature: false,
            photos: 0,
            busy: false,
        });
        this.signature = null;
        this.photos = [];
        this.place = currentPlace(); // asked now, so that nobody waits for it at the end
        this.relations = RELATIONS;
        this.onSignature = (blob) => {
            this.signature = blob;
            this.state.hasSignature = Boolean(blob);
        };
        this.onPhotos = (photos) => {
            this.photos = photos;
            this.state.photos = photos.length;
        };
    }

    get title() {
        return { delivered: _t("Delivered"), failed: _t("Not delivered"), exception: _t("Exception") }[this.props.kind];
    }

    get submitLabel() {
        return { delivered: _t("Save delivery"), failed: _t("Save attempt"), exception: _t("Report exception") }[
            this.props.kind
        ];
    }

    relationLabel(relation) {
        return {
            consignee: _t("Consignee"),
            family: _t("Family"),
            colleague: _t("Colleague"),
            reception: _t("Reception"),
            neighbor: _t("Neighbor"),
            other: _t("Other"),
        }[relation];
    }

    chooseRelation(relation) {
        const { state, props } = this;
        state.relation = state.relation === relation ? "" : relation;
        if (state.relation === "consignee" && !state.signatory.trim()) {
            state.signatory = props.shipment.consignee;
        }
    }

    /** What is missing, in words; empty when the action may be saved. */
    get missing() {
        const { signatory, reason, hasSignature, photos } = this.state;
        if (this.props.kind !== "delivered") {
            return reason ? "" : _t("Choose what happened.");
        }
        if (hasSignature && !signatory.trim()) {
            return _t("Whose signature is it?");
        }
        return hasSignature || photos ? "" : _t("A signature or a photo, please.");
    }

    async save() {
        if (this.missing || this.state.busy) {
            return;
        }
        this.state.busy = true;
        const { shipment, kind } = this.props;
        const { signatory, relation, reason, note } = this.state;
        const isDelivery = kind === "delivered";
        await this.props.onDone({
            kind,
            shipment_id: shipment.id,
            reason: isDelivery ? null : reason,
            signatory: isDelivery ? signatory.trim() || null : null,
            relation: isDelivery ? relation || null : null,
            note: note.trim() || null,
            place: await this.place,
            signature: isDelivery && signatory.trim() ? this.signature : null,
            photos: this.photos,
        });
        this.state.busy = false;
    }
}
