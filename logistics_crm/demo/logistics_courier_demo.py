"""A courier's day for demonstration: a round to deliver, one proof of delivery, and one report that waits."""

import io
import math
import uuid
from base64 import b64encode
from datetime import timedelta, timezone

from PIL import Image, ImageDraw

from odoo import api, models

from ..models.logistics_shipment_courier import AT_HAND

_ZONE = timezone(timedelta(hours=8))  # China Standard Time
NOTES = ["到前请电话", "", "冷链：请直接交给药房，核对温度记录", "", "放前台即可，找王女士", "", "门禁 1357，三单元"]


class LogisticsShipment(models.Model):
    _inherit = "logistics.shipment"

    @api.model
    def _load_demo_couriers(self):
        courier = self.env.ref("logistics_crm.user_courier")
        self.env.company.logistics_courier_team_id = self.env.ref("logistics_crm.helpdesk_team")
        self.env.company.logistics_high_value = 5000
        parcels = self.search([("status", "in", AT_HAND)], order="promised_at, id")
        parcels._assign_courier(courier, first_stop=1)
        for number, parcel in enumerate(parcels):
            parcel.delivery_note = NOTES[number % len(NOTES)]
        delivered = self.search([("status", "=", "delivered")], order="delivered_at desc", limit=2)
        delivered[:1].courier_id = courier
        for parcel in delivered:  # the second one is not the courier's: the report waits
            self.env["logistics.courier.action"].with_user(courier)._take(parcel._prepare_demo_report())

    def _prepare_demo_report(self):
        return {
            "key": str(uuid.uuid4()),
            "kind": "delivered",
            "shipment_id": self.id,
            "waybill": self.name,
            "happened_at": self.delivered_at.replace(tzinfo=timezone.utc).astimezone(_ZONE).isoformat(),
            "signatory": self.consignee_name,
            "relation": "consignee",
            "signature": _scribble(),
            "place": {"latitude": 31.2304, "longitude": 121.4737, "accuracy": 8},
        }


def _scribble():
    """Something like a signature."""
    image = Image.new("RGB", (700, 260), "white")
    points = [
        (60 + 5.2 * step, 130 + 60 * math.sin(step / 3.1) * math.cos(step / 11) - 30 * math.sin(step / 17))
        for step in range(110)
    ]
    ImageDraw.Draw(image).line(points, fill=(20, 20, 60), width=6, joint="curve")
    out = io.BytesIO()
    image.save(out, "PNG")
    return b64encode(out.getvalue()).decode()
