import { Component } from "@odoo/owl";

const PATHS = {
    phone: "M6 3h3l2 5-2.5 1.5a11 11 0 0 0 5 5L15 12l5 2v3a2 2 0 0 1-2 2A15 15 0 0 1 4 5a2 2 0 0 1 2-2z",
    map: "M12 21s-7-6.2-7-11a7 7 0 0 1 14 0c0 4.8-7 11-7 11zm0-8.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
    back: "M15 5l-7 7 7 7",
    close: "M6 6l12 12M18 6L6 18",
    check: "M5 12.5l4.5 4.5L19 7.5",
    again: "M20 11a8 8 0 1 0-2.3 6M20 5v6h-6",
    warning: "M12 4L2.5 20h19L12 4zm0 6v4m0 3v.5",
    camera: "M4 8h3l2-3h6l2 3h3v11H4V8zm8 8.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z",
    scan: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M7 12h10",
    search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zm5-1.5L20 20",
    person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zm-8 8c1-4 4-5.5 8-5.5s7 1.5 8 5.5",
    away: "M5 5l14 14M3.5 9.5A13 13 0 0 1 8 6.9m4-.9a13 13 0 0 1 8.5 3.5M7 13a8 8 0 0 1 3-1.8M12 18h.01",
    clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zm0-14v5l3.5 2",
    box: "M12 3l8 4.5v9L12 21l-8-4.5v-9L12 3zm0 9v9M4 7.5l8 4.5 8-4.5",
    out: "M10 4H5v16h5M14 8l4 4-4 4M18 12H9",
};

export class Icon extends Component {
    static template = "logistics_crm.courier.Icon";
    static props = { name: String };

    get path() {
        return PATHS[this.props.name];
    }
}
