import { _t } from "@web/core/l10n/translation";
import { Component, onWillUnmount, useState } from "@odoo/owl";
import { Icon } from "./icon";
import { shrinkPhoto } from "./pictures";

export const MAX_PHOTOS = 6;

/** Photos just taken: shown small, each can be taken away again. */
export class PhotoStrip extends Component {
    static template = "logistics_crm.courier.PhotoStrip";
    static components = { Icon };
    static props = { onChange: Function };

    setup() {
        this.state = useState({ photos: [], busy: 0, problem: "" });
        onWillUnmount(() => this.state.photos.forEach((photo) => URL.revokeObjectURL(photo.url)));
    }

    get isFull() {
        return this.state.photos.length >= MAX_PHOTOS;
    }

    async onTake(ev) {
        const files = [...ev.target.files].slice(0, MAX_PHOTOS - this.state.photos.length);
        ev.target.value = "";
        this.state.problem = "";
        for (const file of files) {
            this.state.busy++;
            try {
                const blob = await shrinkPhoto(file);
                this.state.photos.push({ url: URL.createObjectURL(blob), blob });
            } catch {
                this.state.problem = _t("This file is no photo: %s", file.name);
            }
            this.state.busy--;
        }
        this.tell();
    }

    remove(index) {
        const [photo] = this.state.photos.splice(index, 1);
        URL.revokeObjectURL(photo.url);
        this.tell();
    }

    tell() {
        this.props.onChange(this.state.photos.map((photo) => photo.blob));
    }
}
