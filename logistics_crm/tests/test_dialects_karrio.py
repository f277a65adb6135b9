"""Karrio notifications as its server posts them, and the signature that its documentation describes."""

import hashlib
import hmac
import json
from unittest import TestCase

from odoo.addons.logistics_crm.tools.dialects import SignatureError, UnreadableError, dialect

TRACKER = {
    "id": "trk_2f1c9d4b",
    "object_type": "tracker",
    "carrier_id": "ups_package",
    "carrier_name": "ups",
    "tracking_number": "1Z12345E6205277936",
    "status": "delivery_failed",
    "delivered": False,
    "estimated_delivery": "2026-05-04",
    "test_mode": False,
    "events": [
        {
            "date": "2026-05-02",
            "time": "10:39",
            "description": "Nobody at home",
            "location": "BONN",
            "code": "48",
            "timestamp": "2026-05-02T10:39:00.000Z",
            "status": "delivery_failed",
            "reason": "consignee_not_home",
            "latitude": None,
            "longitude": None,
        },
        {
            "date": "2026-05-01",
            "time": "08:05 PM",
            "description": "Internal activity",
            "location": "BONN",
            "code": "KB",
            "status": None,
            "reason": None,
        },
    ],
    "messages": [],
    "metadata": {},
}


def delivery(event="tracker_updated", **tracker):
    return json.dumps({"event": event, "data": {**TRACKER, **tracker}}).encode()


class TestKarrio(TestCase):
    def setUp(self):
        self.dialect = dialect("karrio", {"secrets": ["new", "old"], "zone": "Europe/Berlin"})

    def test_the_server_sends_the_secret_itself(self):
        body = delivery()
        self.dialect.verify({"X-Event-Id": "old"}, body)
        for headers in ({}, {"X-Event-Id": "other"}, {"X-Event-Id": ""}):
            with self.subTest(headers=headers), self.assertRaises(SignatureError):
                self.dialect.verify(headers, body)

    def test_a_signature_counts_more_than_the_secret(self):
        body = delivery()
        right = hmac.new(b"new", body, hashlib.sha256).hexdigest()
        self.dialect.verify({"X-Karrio-Signature": right}, body)
        self.dialect.verify({"x-karrio-signature": f"sha256={right}"}, body)
        with self.assertRaises(SignatureError):
            self.dialect.verify({"X-Karrio-Signature": "0" * 64, "X-Event-Id": "new"}, body)

    def test_scans_with_and_without_a_status(self):
        events = self.dialect.parse(delivery(estimated_delivery=None))
        self.assertEqual(
            events,
            [
                {
                    "waybill": "1Z12345E6205277936",
                    "code": "delivery_failed",
                    "occurred_at": "2026-05-02T10:39:00+00:00",
                    "location": "BONN",
                    "description": "Nobody at home",
                    "reason": "recipient_absent",
                },
                {
                    "waybill": "1Z12345E6205277936",
                    "code": "scan:KB",
                    "occurred_at": "2026-05-01T20:05:00+02:00",
                    "location": "BONN",
                    "description": "Internal activity",
                },
            ],
        )
        self.assertEqual(self.dialect.coarse("scan:KB"), "scan")

    def test_a_server_that_classifies_no_scan_still_tells_the_state(self):
        scan = {"date": "2026-05-01", "time": "10:39", "code": "KB", "description": "x", "location": None}
        events = self.dialect.parse(delivery(status="in_transit", events=[scan], estimated_delivery=None))
        self.assertEqual([event["code"] for event in events], ["scan:KB", "in_transit"])
        self.assertEqual({event["occurred_at"] for event in events}, {"2026-05-01T10:39:00+02:00"})

    def test_the_estimate_is_an_event(self):
        estimate = self.dialect.parse(delivery())[-1]
        self.assertEqual(estimate["eta"], "2026-05-04T23:59:59+02:00")
        self.assertEqual(estimate["classifier"], "estimated")

    def test_other_events_tell_nothing(self):
        self.assertEqual(self.dialect.parse(delivery("shipment_purchased")), [])

    def test_what_is_no_notification_is_unreadable(self):
        for body in (b"1", b"{}", b'{"event": "tracker_updated"}', delivery(tracking_number=None)):
            with self.subTest(body=body[:40]), self.assertRaises(UnreadableError):
                self.dialect.parse(body)

    def test_carrier_and_delivery_id(self):
        mapped = dialect("karrio", {"carrier_map": {"ups": "UPS"}})
        self.assertEqual(mapped.parse(delivery())[0]["carrier"], "UPS")
        self.assertIsNone(mapped.delivery_id({}, delivery()))
        self.assertEqual(mapped.delivery_id({}, b'{"id": "evt_1"}'), "evt_1")
