"""17TRACK notifications in the shape of its API documentation, version 2."""

import copy
import hashlib
import json
from unittest import TestCase

from odoo.addons.logistics_crm.tools.dialects import SignatureError, UnreadableError, dialect

ADDRESS = {"country": "DE", "state": None, "city": "HAMBURG", "street": None, "postal_code": None}
PAYLOAD = {
    "event": "TRACKING_UPDATED",
    "data": {
        "number": "RR123456789CN",
        "carrier": 3011,
        "param": None,
        "tag": None,
        "track_info": {
            "latest_status": {
                "status": "InTransit",
                "sub_status": "InTransit_Arrival",
                "sub_status_descr": None,
            },
            "latest_event": {
                "time_iso": "2026-05-02T14:34:00+02:00",
                "time_utc": "2026-05-02T12:34:00Z",
                "description": "Arrived",
                "location": "HAMBURG",
                "stage": "Arrival",
                "sub_status": "InTransit_Arrival",
            },
            "time_metrics": {
                "days_after_order": 4,
                "estimated_delivery_date": {
                    "source": "Official",
                    "from": "2026-05-04T00:00:00+02:00",
                    "to": "2026-05-06T00:00:00+02:00",
                },
            },
            "milestone": [{"key_stage": "InfoReceived", "time_iso": None, "time_utc": None}],
            "tracking": {
                "providers_hash": 120912544,
                "providers": [
                    {
                        "provider": {"key": 3011, "name": "China Post", "country": "CN"},
                        "latest_sync_status": "Success",
                        "latest_sync_time": "2026-05-02T13:00:00Z",
                        "events_hash": 541898486,
                        "events": [
                            {
                                "time_iso": "2026-05-02T14:34:00+02:00",
                                "time_utc": "2026-05-02T12:34:00Z",
                                "time_raw": {"date": "2026-05-02", "time": "14:34:00", "timezone": None},
                                "description": "Arrived",
                                "location": None,
                                "stage": "Arrival",
                                "sub_status": "InTransit_Arrival",
                                "address": ADDRESS,
                            },
                            {
                                "time_iso": None,
                                "time_utc": None,
                                "time_raw": {"date": "2026-04-29", "time": "08:10:00", "timezone": "+08:00"},
                                "description": "Accepted",
                                "location": "SHENZHEN",
                                "stage": "PickedUp",
                                "sub_status": "InTransit_PickedUp",
                            },
                        ],
                    }
                ],
            },
        },
    },
}


def delivery(change=None):
    payload = copy.deepcopy(PAYLOAD)
    if change:
        change(payload["data"]["track_info"])
    return json.dumps(payload, separators=(",", ":")).encode()


def scans(info):
    return info["tracking"]["providers"][0]["events"]


class TestSeventeenTrack(TestCase):
    def setUp(self):
        self.dialect = dialect("seventeentrack", {"secrets": ["KEY2", "KEY1"], "zone": "Asia/Shanghai"})

    def test_signature(self):
        body = delivery()
        for key in ("KEY1", "KEY2"):
            right = hashlib.sha256(body + b"/" + key.encode()).hexdigest()
            self.dialect.verify({"sign": right}, body)
            self.dialect.verify({"Sign": right.upper()}, body)
        for given in ("", "0" * 64, hashlib.sha256(body).hexdigest()):
            with self.assertRaises(SignatureError):
                self.dialect.verify({"sign": given}, body)

    def test_every_scan_of_every_provider_is_an_event(self):
        events = self.dialect.parse(delivery())
        self.assertEqual(
            events[:2],
            [
                {
                    "waybill": "RR123456789CN",
                    "code": "InTransit_Arrival",
                    "occurred_at": "2026-05-02T14:34:00+02:00",
                    "location": "HAMBURG, DE",
                    "description": "Arrived",
                },
                {
                    "waybill": "RR123456789CN",
                    "code": "InTransit_PickedUp",
                    "occurred_at": "2026-04-29T08:10:00+08:00",
                    "location": "SHENZHEN",
                    "description": "Accepted",
                },
            ],
        )

    def test_the_promise_is_the_end_of_the_window(self):
        estimate = self.dialect.parse(delivery())[-1]
        self.assertEqual(estimate["eta"], "2026-05-06T00:00:00+02:00")
        self.assertEqual(estimate["occurred_at"], "2026-05-02T13:00:00+00:00")

    def test_utc_serves_when_the_local_time_has_no_offset(self):
        def change(info):
            scans(info)[0]["time_iso"] = "2026-05-02T14:34:00"

        self.assertEqual(self.dialect.parse(delivery(change))[0]["occurred_at"], "2026-05-02T12:34:00+00:00")

    def test_the_wall_clock_is_read_in_the_zone_of_the_source(self):
        def change(info):
            scans(info)[1]["time_raw"]["timezone"] = None

        self.assertEqual(self.dialect.parse(delivery(change))[1]["occurred_at"], "2026-04-29T08:10:00+08:00")

    def test_expiry_and_not_found_are_events(self):
        for status in ("Expired", "NotFound"):

            def change(info, status=status):
                info["latest_status"] = {
                    "status": status,
                    "sub_status": f"{status}_Other",
                    "sub_status_descr": None,
                }

            codes = [event.get("code") for event in self.dialect.parse(delivery(change))]
            self.assertEqual(codes, ["InTransit_Arrival", "InTransit_PickedUp", f"{status}_Other", None])

    def test_before_2_2_stages_and_the_latest_status_tell(self):
        def change(info):
            for scan, stage in zip(scans(info), (None, "PickedUp"), strict=True):
                del scan["sub_status"]
                scan["stage"] = stage
            info["latest_status"] = {"status": "Exception", "sub_status": "Exception_Damage"}
            info["time_metrics"] = None

        events = self.dialect.parse(delivery(change))
        self.assertEqual([event["code"] for event in events], ["InTransit_Other", "PickedUp", "Exception_Damage"])
        self.assertEqual(events[2]["occurred_at"], "2026-05-02T14:34:00+02:00")
        self.assertEqual(events[2]["external_id"], "RR123456789CN:Exception_Damage:2026-05-02T14:34:00+02:00")

    def test_stopping_tells_nothing(self):
        body = b'{"event":"TRACKING_STOPPED","data":{"number":"RR123456789CN","carrier":3011,"tag":null}}'
        self.assertEqual(self.dialect.parse(body), [])

    def test_what_is_no_notification_is_unreadable(self):
        for body in (b"[]", b'{"data": null}', b'{"data": {"number": ""}}', b'{"data": {"number": "1"}}'):
            with self.subTest(body=body), self.assertRaises(UnreadableError):
                self.dialect.parse(body)

    def test_carrier_key_delivery_id_and_fallback(self):
        mapped = dialect("seventeentrack", {"carrier_map": {"3011": "China Post"}})
        self.assertEqual(mapped.parse(delivery())[0]["carrier"], "China Post")
        self.assertIsNone(mapped.delivery_id({}, delivery()))
        self.assertEqual(mapped.coarse("Exception_New"), "Exception")
