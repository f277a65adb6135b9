import { Component, onMounted, onWillUnmount, useRef, useState } from "@odoo/owl";

/** A sheet of glass to sign on, with finger, pen or mouse. Survives a turn of the phone. */
export class SignaturePad extends Component {
    static template = "logistics_crm.courier.SignaturePad";
    static props = { onChange: Function };

    setup() {
        this.canvas = useRef("canvas");
        this.state = useState({ empty: true });
        this.strokes = []; // lists of points, in parts of the width, so that they fit a turned phone
        this.stroke = null;
        this.observer = new ResizeObserver(() => this.fit());
        onMounted(() => this.observer.observe(this.canvas.el));
        onWillUnmount(() => this.observer.disconnect());
    }

    fit() {
        const { el } = this.canvas;
        const ratio = Math.min(window.devicePixelRatio || 1, 2);
        el.width = Math.round(el.clientWidth * ratio);
        el.height = Math.round(el.clientHeight * ratio);
        for (const stroke of this.strokes) {
            stroke.forEach((_point, index) => this.draw(stroke, index));
        }
    }

    point(ev) {
        const box = this.canvas.el.getBoundingClientRect();
        return [(ev.clientX - box.left) / box.width, (ev.clientY - box.top) / box.width, ev.pressure || 0.5];
    }

    onDown(ev) {
        if (!ev.isPrimary || ev.button) {
            return;
        }
        ev.preventDefault();
        this.canvas.el.setPointerCapture(ev.pointerId);
        this.stroke = [this.point(ev)];
        this.strokes.push(this.stroke);
        this.draw(this.stroke, 0);
    }

    onMove(ev) {
        if (!this.stroke || !ev.isPrimary) {
            return;
        }
        const parts = ev.getCoalescedEvents?.() || [];
        for (const part of parts.length ? parts : [ev]) {
            this.stroke.push(this.point(part));
            this.draw(this.stroke, this.stroke.length - 1);
        }
    }

    onUp() {
        if (this.stroke) {
            this.stroke = null;
            this.changed();
        }
    }

    draw(stroke, index) {
        const { el } = this.canvas;
        const context = el.getContext("2d");
        const [x, y, pressure] = stroke[index];
        const [fromX, fromY] = stroke[Math.max(0, index - 1)];
        context.strokeStyle = "#111";
        context.lineCap = context.lineJoin = "round";
        context.lineWidth = (el.width / el.clientWidth) * (1.6 + 1.8 * pressure);
        context.beginPath();
        context.moveTo(fromX * el.width, fromY * el.width);
        context.lineTo(x * el.width, y * el.width + (index ? 0 : 0.01));
        context.stroke();
    }

    clear() {
        this.strokes = [];
        this.fit();
        this.changed();
    }

    changed() {
        // A slip of the thumb is no signature.
        this.state.empty = this.strokes.reduce((sum, stroke) => sum + stroke.length, 0) < 5;
        const { el } = this.canvas;
        if (this.state.empty) {
            this.props.onChange(null);
        } else {
            el.toBlob((blob) => this.props.onChange(blob), "image/png");
        }
    }
}
