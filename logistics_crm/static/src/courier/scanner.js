import { _t } from "@web/core/l10n/translation";
import { Component, onMounted, onWillUnmount, useRef, useState } from "@odoo/owl";

import { Icon } from "./icon";

export const canScan = () => "BarcodeDetector" in window && Boolean(navigator.mediaDevices?.getUserMedia);

/** The camera as a barcode reader, where the browser can. */
export class Scanner extends Component {
    static template = "logistics_crm.courier.Scanner";
    static components = { Icon };
    static props = { onScan: Function, onClose: Function };

    setup() {
        this.video = useRef("video");
        this.state = useState({ problem: "" });
        onMounted(() => this.start());
        onWillUnmount(() => this.stop());
    }

    async start() {
        try {
            this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
        } catch {
            this.state.problem = _t("The camera may not be used. Allow it in the browser's settings.");
            return;
        }
        if (this.stopped) {
            return this.stop();
        }
        this.video.el.srcObject = this.stream;
        await this.video.el.play();
        const detector = new window.BarcodeDetector();
        const look = async () => {
            if (this.stopped) {
                return;
            }
            const [code] = await detector.detect(this.video.el).catch(() => []);
            if (code?.rawValue) {
                navigator.vibrate?.(60);
                this.props.onScan(code.rawValue.trim());
            } else {
                this.timer = setTimeout(look, 150);
            }
        };
        look();
    }

    stop() {
        this.stopped = true;
        clearTimeout(this.timer);
        this.stream?.getTracks().forEach((track) => track.stop());
    }
}
