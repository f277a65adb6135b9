"""AfterShip deliveries in the shape of its "Webhook Specifications"."""

import base64
import hashlib
import hmac
import json
from unittest import TestCase

from odoo.addons.logistics_crm.tools.dialects import SignatureError, UnreadableError, dialect

TRACKING = {
    "id": "k7dyyks8h9adnm6r3sq0005",
    "tracking_number": "SF1234567890",
    "slug": "sf-express",
    "tag": "Exception",
    "subtag": "Exception_013",
    "subtag_message": "Shipment lost",
    "updated_at": "2026-05-03T02:00:00+00:00",
    "expected_delivery": None,
    "checkpoints": [
        {
            "slug": "sf-express",
            "checkpoint_time": "2026-05-01T09:30:00+08:00",
            "message": "Accepted by the courier",
            "location": "Shenzhen, CHN",
            "city": "Shenzhen",
            "state": None,
            "country_name": "China",
            "country_iso3": "CHN",
            "zip": None,
            "tag": "InTransit",
            "subtag": "InTransit_002",
            "subtag_message": "Acceptance scan",
            "raw_tag": "50",
        },
        {
            "slug": "sf-express",
            "checkpoint_time": "2026-05-02T23:10:05",
            "message": None,
            "location": None,
            "city": "Wuhan",
            "state": "Hubei",
            "country_name": "China",
            "tag": "Exception",
            "subtag": "Exception_013",
            "subtag_message": "Shipment lost",
            "hash": "9b74c9897bac770ffc029102a200c5de",
        },
    ],
}


def delivery(event="tracking_update", **tracking):
    payload = {
        "ts": 1777773600,
        "event": event,
        "event_id": "3f645f5e-530b-4062-8695-db6a64420af8",
        "is_tracking_first_tag": True,
        "msg": {**TRACKING, **tracking},
    }
    return json.dumps(payload).encode()


def sign(secret, body):
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


class TestAfterShip(TestCase):
    def setUp(self):
        self.dialect = dialect("aftership", {"secrets": ["new", "old"], "zone": "Asia/Shanghai"})

    def test_signature_of_either_secret_is_accepted_in_any_header_case(self):
        body = delivery()
        self.dialect.verify({"aftership-hmac-sha256": sign("new", body)}, body)
        self.dialect.verify({"Aftership-Hmac-Sha256": sign("old", body)}, body)

    def test_wrong_missing_and_odd_signatures_are_refused(self):
        body = delivery()
        right = sign("new", body)
        for headers in (
            {},
            {"aftership-hmac-sha256": ""},
            {"aftership-hmac-sha256": sign("other", body)},
            {"aftership-hmac-sha256": right.lower()},
            {"aftership-hmac-sha256": "é\ud800"},
        ):
            with self.subTest(headers=headers), self.assertRaises(SignatureError):
                self.dialect.verify(headers, body)
        with self.assertRaises(SignatureError):
            self.dialect.verify({"aftership-hmac-sha256": right}, body + b" ")

    def test_a_source_without_a_secret_takes_nothing(self):
        body = delivery()
        with self.assertRaises(SignatureError):
            dialect("aftership", {"secrets": ["", None]}).verify({"aftership-hmac-sha256": sign("", body)}, body)

    def test_each_checkpoint_is_an_event(self):
        self.assertEqual(
            self.dialect.parse(delivery()),
            [
                {
                    "waybill": "SF1234567890",
                    "code": "InTransit_002",
                    "occurred_at": "2026-05-01T09:30:00+08:00",
                    "location": "Shenzhen, CHN",
                    "description": "Accepted by the courier",
                },
                {
                    "waybill": "SF1234567890",
                    "code": "Exception_013",
                    "occurred_at": "2026-05-02T23:10:05+08:00",
                    "location": "Wuhan, Hubei, China",
                    "description": "Shipment lost",
                    "external_id": "k7dyyks8h9adnm6r3sq0005:9b74c9897bac770ffc029102a200c5de",
                },
            ],
        )

    def test_the_carrier_is_named_only_when_the_slug_is_mapped(self):
        mapped = dialect("aftership", {"carrier_map": {"SF-Express": "SF"}})
        self.assertEqual({event["carrier"] for event in mapped.parse(delivery())}, {"SF"})
        self.assertTrue(all("carrier" not in event for event in self.dialect.parse(delivery())))

    def test_a_tracking_without_scans_tells_its_own_tag(self):
        events = self.dialect.parse(delivery(tag="InfoReceived", subtag="InfoReceived_001", checkpoints=[]))
        self.assertEqual(len(events), 1)
        self.assertEqual(events[0]["code"], "InfoReceived_001")
        self.assertEqual(events[0]["occurred_at"], "2026-05-03T02:00:00+00:00")
        self.assertEqual(events[0]["external_id"], "k7dyyks8h9adnm6r3sq0005:InfoReceived_001:none")

    def test_expiry_is_an_event_although_no_scan_tells_it(self):
        events = self.dialect.parse(delivery(tag="Expired", subtag="Expired_001"))
        self.assertEqual([event["code"] for event in events], ["InTransit_002", "Exception_013", "Expired_001"])
        again = self.dialect.parse(delivery(tag="Expired", subtag="Expired_001", updated_at="2026-06-01T00:00:00Z"))
        self.assertEqual(again[-1]["external_id"], events[-1]["external_id"])

    def test_a_revised_estimate_is_an_event_of_its_own(self):
        for field, value in (
            (
                "aftership_estimated_delivery_date",
                {"estimated_delivery_date": "2026-05-06", "confidence_score": 0.8},
            ),
            (
                "latest_estimated_delivery",
                {"type": "specific", "source": "Carrier EDD", "datetime": "2026-05-06"},
            ),
            ("expected_delivery", "2026-05-06"),
        ):
            with self.subTest(field=field):
                body = delivery("edd_revise", checkpoints=[], **{field: value})
                (event,) = self.dialect.parse(body)
                self.assertEqual((event["status"], event["classifier"]), ("delivered", "estimated"))
                self.assertEqual(event["eta"], "2026-05-06T23:59:59+08:00")
                self.assertEqual(event["occurred_at"], "2026-05-03T10:00:00+08:00")

    def test_the_same_estimate_keeps_its_external_id(self):
        first = self.dialect.parse(delivery(expected_delivery="2026-05-06"))[-1]
        later = self.dialect.parse(delivery(expected_delivery="2026-05-06", updated_at="2026-05-09T00:00:00Z"))[-1]
        other = self.dialect.parse(delivery(expected_delivery="2026-05-07"))[-1]
        self.assertEqual(first["external_id"], later["external_id"])
        self.assertNotEqual(first["external_id"], other["external_id"])

    def test_an_odd_checkpoint_is_kept_for_the_inbox(self):
        odd = [None, "scan", {"checkpoint_time": "yesterday", "subtag": "InTransit_001"}]
        events = self.dialect.parse(delivery(tag="InTransit", subtag="InTransit_001", checkpoints=odd))
        self.assertEqual(len(events), 3)
        self.assertEqual(events[0], {"waybill": "SF1234567890"})
        self.assertEqual(events[2]["occurred_at"], "yesterday")

    def test_a_body_without_a_waybill_is_unreadable(self):
        for body in (
            b"{}",
            b"[]",
            b'{"msg": []}',
            delivery(tracking_number=None),
            delivery(tracking_number={}),
        ):
            with self.subTest(body=body[:40]), self.assertRaises(UnreadableError):
                self.dialect.parse(body)

    def test_delivery_id_is_the_event_id(self):
        self.assertEqual(self.dialect.delivery_id({}, delivery()), "3f645f5e-530b-4062-8695-db6a64420af8")
        self.assertIsNone(self.dialect.delivery_id({}, b"rubbish"))

    def test_a_sub_status_falls_back_to_its_tag(self):
        self.assertEqual(self.dialect.coarse("Exception_099"), "Exception")
        self.assertIsNone(self.dialect.coarse("Exception"))
