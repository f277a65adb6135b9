"""EasyPost events in the shape of its API reference."""

import hashlib
import hmac
import json
import unicodedata
from unittest import TestCase

from odoo.addons.logistics_crm.tools.dialects import SignatureError, UnreadableError, dialect

TRACKER = {
    "id": "trk_49414692cbd24ca3",
    "object": "Tracker",
    "mode": "production",
    "tracking_code": "EZ4000004000",
    "status": "delivered",
    "status_detail": "arrived_at_destination",
    "created_at": "2026-04-21T04:53:02Z",
    "updated_at": "2026-04-26T19:22:46Z",
    "signed_by": "R BOLTON",
    "weight": 328.0,
    "est_delivery_date": "2026-04-26T00:00:00Z",
    "shipment_id": None,
    "carrier": "FedEx",
    "tracking_details": [
        {
            "object": "TrackingDetail",
            "message": "Label printed",
            "description": "Label printed",
            "status": "pre_transit",
            "status_detail": "status_update",
            "datetime": "2026-04-20T17:54:00Z",
            "source": "FedEx",
            "carrier_code": "OC",
            "tracking_location": {
                "object": "TrackingLocation",
                "city": None,
                "state": None,
                "country": "US",
                "zip": "91746",
            },
        },
        {
            "object": "TrackingDetail",
            "message": "Left the origin facility",
            "status": "in_transit",
            "status_detail": "departed_origin_facility",
            "datetime": "2026-04-21T06:02:17Z",
            "source": "FedEx",
            "tracking_location": {"city": "OCEANSIDE", "state": "CA", "country": "US", "zip": "92056"},
        },
        {
            "object": "TrackingDetail",
            "message": "On the vehicle",
            "status": "out_for_delivery",
            "status_detail": "out_for_delivery",
            "datetime": "2026-04-26T12:01:00Z",
            "tracking_location": None,
        },
    ],
}


def delivery(description="tracker.updated", **tracker):
    payload = {
        "description": description,
        "mode": "production",
        "previous_attributes": {"status": "out_for_delivery"},
        "created_at": "2026-04-26T19:23:47.000Z",
        "id": "evt_dd98161ae46711ed",
        "object": "Event",
        "status": "pending",
        "result": {**TRACKER, **tracker},
    }
    return json.dumps(payload).encode()


def sign(secret, body):
    key = unicodedata.normalize("NFKD", secret).encode()
    return "hmac-sha256-hex=" + hmac.new(key, body, hashlib.sha256).hexdigest()


class TestEasyPost(TestCase):
    def setUp(self):
        self.dialect = dialect("easypost", {"secrets": ["sécret", "old"]})

    def test_signature_with_the_secret_in_either_normal_form(self):
        body = delivery()
        for form in ("NFC", "NFKD"):
            secret = unicodedata.normalize(form, "sécret")
            self.dialect.verify({"X-Hmac-Signature": sign(secret, body)}, body)
            dialect("easypost", {"secrets": [secret]}).verify({"x-hmac-signature": sign("sécret", body)}, body)
        self.dialect.verify({"X-HMAC-SIGNATURE": sign("old", body)}, body)

    def test_a_wrong_signature_is_refused(self):
        body = delivery()
        bare = sign("old", body).removeprefix("hmac-sha256-hex=")
        for given in ("", bare, sign("other", body), "hmac-sha256-hex="):
            with self.subTest(given=given), self.assertRaises(SignatureError):
                self.dialect.verify({"X-Hmac-Signature": given}, body)

    def test_each_detail_is_an_event_and_the_promise_another(self):
        events = self.dialect.parse(delivery())
        self.assertEqual(
            [event.get("code") for event in events],
            ["pre_transit:status_update", "in_transit:departed_origin_facility", "out_for_delivery", None],
        )
        self.assertEqual(
            events[1],
            {
                "waybill": "EZ4000004000",
                "code": "in_transit:departed_origin_facility",
                "occurred_at": "2026-04-21T06:02:17+00:00",
                "location": "OCEANSIDE, CA, US",
                "description": "Left the origin facility",
            },
        )
        self.assertEqual(events[0]["location"], "US")
        self.assertNotIn("location", events[2])
        self.assertEqual(events[3]["classifier"], "estimated")
        self.assertEqual(events[3]["occurred_at"], "2026-04-26T19:22:46+00:00")

    def test_a_promise_at_midnight_means_that_day(self):
        here = dialect("easypost", {"zone": "America/New_York"})
        self.assertEqual(here.parse(delivery())[-1]["eta"], "2026-04-26T23:59:59-04:00")
        timed = here.parse(delivery(est_delivery_date="2026-04-26T17:00:00Z"))
        self.assertEqual(timed[-1]["eta"], "2026-04-26T17:00:00+00:00")

    def test_a_tracker_without_details_tells_its_status(self):
        body = delivery(
            "tracker.created",
            status="pre_transit",
            status_detail="pre_transit",
            tracking_details=[],
            est_delivery_date=None,
        )
        (event,) = self.dialect.parse(body)
        self.assertEqual(event["code"], "pre_transit")
        self.assertEqual(event["external_id"], "trk_49414692cbd24ca3:pre_transit")

    def test_events_about_other_things_tell_nothing(self):
        body = json.dumps({"description": "refund.successful", "result": {"object": "Refund"}}).encode()
        self.assertEqual(self.dialect.parse(body), [])

    def test_what_is_no_event_is_unreadable(self):
        for body in (b"null", b'{"result": 1}', delivery(tracking_code=""), delivery(tracking_code=[1])):
            with self.subTest(body=body[:40]), self.assertRaises(UnreadableError):
                self.dialect.parse(body)

    def test_carrier_delivery_id_and_fallback(self):
        mapped = dialect("easypost", {"carrier_map": {"fedex": "FedEx Ground"}})
        self.assertEqual(mapped.parse(delivery())[0]["carrier"], "FedEx Ground")
        self.assertEqual(mapped.delivery_id({}, delivery()), "evt_dd98161ae46711ed")
        self.assertEqual(mapped.coarse("in_transit:held"), "in_transit")
        self.assertIsNone(mapped.coarse("in_transit"))
