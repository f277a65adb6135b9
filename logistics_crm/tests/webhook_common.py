"""What the webhook tests share: a company's source, samples as vendors send them, and their signatures."""

import base64
import hashlib
import hmac
import json
import uuid

from odoo.tests import HttpCase, new_test_user

from ..tools.dialects import standard_webhooks

SECRET = "s3cret-of-the-sender"
WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def digest(secret, body):
    return hmac.new(secret.encode(), body, hashlib.sha256)


def sign_aftership(secret, body):
    return {"aftership-hmac-sha256": base64.b64encode(digest(secret, body).digest()).decode()}


def sign_easypost(secret, body):
    return {"X-Hmac-Signature": "hmac-sha256-hex=" + digest(secret, body).hexdigest()}


def sign_seventeentrack(secret, body):
    return {"sign": hashlib.sha256(body + b"/" + secret.encode()).hexdigest()}


def sign_karrio(secret, body):
    return {"X-Karrio-Signature": digest(secret, body).hexdigest()}


def sign_plain(secret, body):
    return {"X-Signature": digest(secret, body).hexdigest()}


def aftership_body(waybill, at="2026-03-02T10:00:00+08:00", code="InTransit_003", event_id="evt-1"):
    return {
        "event": "tracking_update",
        "event_id": event_id,
        "ts": 1772416800,
        "msg": {
            "id": "trk1",
            "tracking_number": waybill,
            "slug": "sf-express",
            "tag": code.partition("_")[0],
            "subtag": code,
            "checkpoints": [{"checkpoint_time": at, "tag": code.partition("_")[0], "subtag": code, "city": "杭州"}],
        },
    }


def easypost_body(waybill):
    return {
        "id": "evt_1",
        "object": "Event",
        "description": "tracker.updated",
        "result": {
            "id": "trk_1",
            "object": "Tracker",
            "tracking_code": waybill,
            "carrier": "SF",
            "status": "in_transit",
            "updated_at": "2026-03-02T02:00:00Z",
            "tracking_details": [
                {"datetime": "2026-03-02T02:00:00Z", "status": "in_transit", "message": "Arrived at facility"}
            ],
        },
    }


def seventeentrack_body(waybill):
    scan = {"time_iso": "2026-03-02T10:00:00+08:00", "sub_status": "InTransit_Other", "description": "On its way"}
    return {
        "event": "TRACKING_UPDATED",
        "data": {
            "number": waybill,
            "carrier": 100012,
            "track_info": {
                "latest_status": {"status": "InTransit", "sub_status": "InTransit_Other"},
                "tracking": {"providers": [{"events": [scan]}]},
            },
        },
    }


def karrio_body(waybill):
    return {
        "event": "tracker_updated",
        "data": {
            "id": "trk_9",
            "tracking_number": waybill,
            "carrier_name": "sf",
            "status": "in_transit",
            "events": [
                {"timestamp": "2026-03-02T02:00:00Z", "status": "in_transit", "code": "KB", "description": "On its way"}
            ],
        },
    }


def own_event(waybill, **values):
    return {"waybill": waybill, "occurred_at": "2026-03-02T10:00:00+08:00", "status": "in_transit", **values}


def standard_body(*events):
    return {"type": "tracking", "timestamp": "2026-03-02T02:00:00Z", "data": {"events": list(events)}}


def plain_body(waybill, code="KB01"):
    return {
        "data": {
            "mailNo": waybill,
            "traces": [
                {"date": "02/03/2026", "time": "10:00", "op": code, "text": "已到达杭州分拨中心", "city": "杭州"}
            ],
        }
    }


PLAIN_MAP = {
    "dialect": "plain_json",
    "signature": "hmac",
    "timezone": "Asia/Shanghai",
    "events_path": "data.traces",
    "date_format": "pattern",
    "date_pattern": "%d/%m/%Y %H:%M",
    "field_line_ids": [
        (0, 0, {"field": "waybill", "path": "$.data.mailNo"}),
        (0, 0, {"field": "occurred_at", "path": "date + time"}),
        (0, 0, {"field": "code", "path": "op"}),
        (0, 0, {"field": "description", "path": "text"}),
        (0, 0, {"field": "location", "path": "city"}),
    ],
    "code_ids": [(0, 0, {"raw_code": "KB01", "status": "arrived_hub"})],
}


class SourceMixin:
    """Makes sources and shipments in a company of the test's own, and looks at what became of what was sent."""

    @classmethod
    def set_up_webhooks(cls):
        cls.company = cls.env["res.company"].create({"name": "Webhook Express"})
        cls.env.user.company_ids |= cls.company
        cls.env = cls.env(context={**cls.env.context, "allowed_company_ids": cls.company.ids, "tracking_disable": True})
        cls.Source = cls.env["logistics.tracking.source"]
        cls.Delivery = cls.env["logistics.webhook.delivery"]
        cls.Inbox = cls.env["logistics.tracking.inbox"]

    @classmethod
    def source(cls, **values):
        values = {
            "name": "Sender",
            "code": f"sender-{uuid.uuid4().hex[:8]}",
            "company_id": cls.company.id,
            "webhook_enabled": True,
            "secret": SECRET,
            **values,
        }
        return cls.Source.create(values)

    @classmethod
    def ship(cls, *waybills, **values):
        return cls.env["logistics.shipment"].create(
            [{"name": waybill, "company_id": cls.company.id, **values} for waybill in waybills]
        )

    @classmethod
    def person(cls, login, group, **values):
        return new_test_user(
            cls.env,
            login=login,
            groups=f"base.group_user,logistics_crm.{group}",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
            **values,
        )

    def deliveries(self, source):
        return self.Delivery.search([("source_id", "=", source.id)], order="id")

    def open_entries(self, source):
        return self.Inbox.search([("source_id", "=", source.id), ("state", "in", ("waiting", "rejected"))])

    def process(self):
        """What the scheduled action does in one go, without its commits."""
        while deliveries := self.Delivery._select_received():
            deliveries._process()
        self.env.invalidate_all()

    def receive(self, source, payload, delivery_id="d-1", body=None):
        """A delivery as the controller stores it."""
        target = self.Source._webhook_target(source.webhook_token)
        text = json.dumps(payload) if body is None else body
        self.Delivery._store_delivery(target, delivery_id, text, {})
        return self.Delivery.search([("source_id", "=", source.id), ("delivery_id", "=", delivery_id)])


class WebhookHttpCase(SourceMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_up_webhooks()

    def post(self, source, payload, headers=None, token=None, body=None):
        body = json.dumps(payload).encode() if body is None else body
        token = token or source.webhook_token
        return self.url_open(
            f"/logistics/webhook/{token}",
            data=body,
            headers={"Content-Type": "application/json", **(headers or {})},
            method="POST",
        )

    def post_signed(self, source, payload, sign, secret=SECRET):
        body = json.dumps(payload).encode()
        return self.post(source, payload, sign(secret, body))

    def standard_headers(self, body, identifier="msg_1", timestamp=None, secret=WEBHOOK_SECRET):
        return {
            "webhook-id": identifier,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": standard_webhooks.sign(secret, identifier, timestamp, body),
        }
