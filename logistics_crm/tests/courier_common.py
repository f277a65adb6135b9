"""What the tests of couriers share: people, pictures, and what a phone sends."""

import base64
import io
import uuid

from PIL import Image, ImageDraw

from .common import TrackingCase, event


def picture(size=(640, 400), kind="JPEG", **options):
    image = Image.effect_noise(size, 60).convert("RGB")
    out = io.BytesIO()
    image.save(out, kind, **options)
    return base64.b64encode(out.getvalue()).decode()


def strokes(size=(700, 300), ink=True):
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    if ink:
        ImageDraw.Draw(image).line([(100, 200), (300, 80), (420, 220), (600, 90)], fill=(10, 10, 10, 255), width=6)
    out = io.BytesIO()
    image.save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


class CourierCase(TrackingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.courier = cls._user("courier", "logistics_crm.group_logistics_courier", tz="Asia/Shanghai")
        cls.colleague = cls._user("colleague", "logistics_crm.group_logistics_courier")
        cls.agent = cls._user("agent", "logistics_crm.group_logistics_agent")
        cls.Action = cls.env["logistics.courier.action"]

    def out_for_delivery(self, waybill="C1", courier=None, **values):
        consignee = {"name": "王芳", "city": "上海", **values.pop("consignee", {})}
        shipment = self.ship(waybill, consignee=consignee, **values)
        self.ingest(event(waybill, 1, "picked_up"), event(waybill, 2, "out_for_delivery"))
        shipment.courier_id = courier or self.courier
        return shipment

    def report(self, shipment, kind="delivered", **values):
        """What the phone sends."""
        return {
            "key": str(uuid.uuid4()),
            "kind": kind,
            "shipment_id": shipment.id,
            "waybill": shipment.name,
            "happened_at": "2026-03-10T19:30:00+08:00",
            **values,
        }

    def delivered(self, shipment, **values):
        return self.report(shipment, signatory="王芳", relation="family", signature=strokes(), **values)

    def act(self, payload, user=None):
        answer = self.Action.with_user(user or self.courier)._act(payload)
        self.env.invalidate_all()
        return answer

    def action_of(self, payload):
        return self.Action.search([("key", "=", payload["key"])])
