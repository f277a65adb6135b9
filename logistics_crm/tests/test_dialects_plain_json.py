"""Plain JSON: the field map, the date formats and the ways to prove the sender."""

import base64
import hashlib
import hmac
import json
from unittest import TestCase

from odoo.addons.logistics_crm.tools.dialects import ConfigError, SignatureError, UnreadableError, dialect

PUSH = {
    "batch": 7,
    "data": {
        "mailNo": 4312345678901,
        "traces": [
            {"time": "2026-05-01 09:30:00", "action": "GOT", "city": "杭州", "remark": "已揽收"},
            {"time": "2026-05-02 18:00:00", "action": "SIGNED", "city": "上海", "who": {"name": "李"}},
        ],
    },
}
CONFIG = {
    "events_path": "data.traces",
    "fields": {
        "waybill": "$.data.mailNo",
        "occurred_at": "time",
        "code": "action",
        "location": "city",
        "description": "remark",
    },
    "date_format": "%Y-%m-%d %H:%M:%S",
    "zone": "Asia/Shanghai",
}


def plain(**config):
    return dialect("plain_json", {**CONFIG, **config})


def body(*payload):
    """The body of a push, or of what else is sent, JSON's null included."""
    return json.dumps(payload[0] if payload else PUSH).encode()


class TestFieldMap(TestCase):
    def test_a_list_inside_an_envelope(self):
        self.assertEqual(
            plain().parse(body()),
            [
                {
                    "waybill": "4312345678901",
                    "occurred_at": "2026-05-01T09:30:00+08:00",
                    "code": "GOT",
                    "location": "杭州",
                    "description": "已揽收",
                },
                {
                    "waybill": "4312345678901",
                    "occurred_at": "2026-05-02T18:00:00+08:00",
                    "code": "SIGNED",
                    "location": "上海",
                },
            ],
        )

    def test_one_event_that_is_the_body_itself(self):
        config = {"events_path": "", "fields": {"waybill": "data.mailNo", "code": "data.traces.-1.action"}}
        self.assertEqual(plain(**config).parse(body()), [{"waybill": "4312345678901", "code": "SIGNED"}])
        config["fields"]["code"] = "data.traces.0.action"
        self.assertEqual(plain(**config).parse(body())[0]["code"], "GOT")

    def test_paths_that_lead_nowhere_leave_the_field_out(self):
        fields = {"waybill": "$.data.mailNo", "code": "time.x", "location": "9", "description": "who.name"}
        events = plain(fields=fields).parse(body())
        self.assertEqual(events[0], {"waybill": "4312345678901"})
        self.assertEqual(events[1]["description"], "李")

    def test_two_paths_are_joined(self):
        fields = {"waybill": "no", "occurred_at": "date + clock", "location": "city + street"}
        payload = [{"no": "A1", "date": "2026-05-01", "clock": "09:30", "city": "Bonn"}]
        events = plain(events_path="", fields=fields, date_format="iso").parse(body(payload))
        self.assertEqual(events, [{"waybill": "A1", "occurred_at": "2026-05-01T09:30:00+08:00", "location": "Bonn"}])

    def test_defaults_fill_what_is_not_sent(self):
        events = plain(defaults={"carrier": "Yunda", "code": "SEEN", "location": ""}).parse(body())
        self.assertEqual({event["carrier"] for event in events}, {"Yunda"})
        self.assertEqual(events[0]["code"], "GOT")

    def test_a_carrier_is_ours_unless_there_is_a_map(self):
        payload = [{"no": "A1", "by": "YD"}]
        config = {"events_path": "", "fields": {"waybill": "no", "carrier": "by"}}
        self.assertEqual(plain(**config).parse(body(payload))[0]["carrier"], "YD")
        mapped = plain(**config, carrier_map={"yd": "Yunda"})
        self.assertEqual(mapped.parse(body(payload))[0]["carrier"], "Yunda")
        self.assertNotIn("carrier", plain(**config, carrier_map={"zto": "ZTO"}).parse(body(payload))[0])

    def test_no_events_where_they_should_be(self):
        for payload in ({}, {"data": {"traces": "x"}}, 1, None):
            with self.subTest(payload=payload), self.assertRaises(UnreadableError):
                plain().parse(body(payload))
        self.assertEqual(plain().parse(body({"data": {"traces": []}})), [])

    def test_a_wrong_set_up_is_told_when_it_is_made(self):
        for config in (
            {"fields": {"waybil": "no"}},
            {"fields": {"waybill": "a..b"}},
            {"events_path": 5},
            {"date_format": "%Q"},
            {"date_format": 7},
            {"zone": "Mars/Olympus"},
            {"zone": "../etc/passwd"},
            {"signature": "rot13"},
            {"signature_algorithm": "md5"},
            {"delivery_id_path": "."},
        ):
            with self.subTest(config=config), self.assertRaises(ConfigError):
                plain(**config)
        with self.assertRaises(ConfigError):
            dialect("telex")


class TestTimes(TestCase):
    def read(self, value, **config):
        fields = {"waybill": "n", "occurred_at": "t"}
        events = plain(events_path="", fields=fields, **config).parse(body([{"n": "A", "t": value}]))
        return events[0].get("occurred_at")

    def test_iso(self):
        for value, expected in (
            ("2026-05-01T10:00:00Z", "2026-05-01T10:00:00+00:00"),
            ("2026-05-01 10:00", "2026-05-01T10:00:00+08:00"),
            ("2026-05-01T10:00:00.123456789+0530", "2026-05-01T10:00:00+05:30"),
            ("2026-05-01T10:00:00-05", "2026-05-01T10:00:00-05:00"),
            ("2026-05-01", "2026-05-01T00:00:00+08:00"),
        ):
            with self.subTest(value=value):
                self.assertEqual(self.read(value, date_format="iso"), expected)

    def test_epoch_in_seconds_and_milliseconds(self):
        for value in (1777773600, 1777773600.9, "1777773600"):
            self.assertEqual(self.read(value, date_format="epoch"), "2026-05-03T10:00:00+08:00")
        self.assertEqual(self.read(1777773600123, date_format="epoch_ms"), "2026-05-03T10:00:00+08:00")

    def test_pattern_with_its_own_offset(self):
        self.assertEqual(
            self.read("03/05/2026 10:00 +0200", date_format="%d/%m/%Y %H:%M %z"), "2026-05-03T10:00:00+02:00"
        )

    def test_what_is_no_time_is_shown_as_it_came(self):
        for date_format in ("iso", "epoch", "epoch_ms", "%Y%m%d"):
            for value in (
                "soon",
                "9999-99-99",
                "0001-01-01T00:00:00+14:00",
                10**18,
                -(10**18),
                True,
                "1e400",
                "x" * 900,
            ):
                with self.subTest(value=value, date_format=date_format):
                    self.assertIsInstance(self.read(value, date_format=date_format), str)
        for value in (None, "", [], {}):
            self.assertIsNone(self.read(value))


class TestProof(TestCase):
    def test_none_takes_everything(self):
        plain(signature="none").verify({}, b"x")

    def test_hmac_in_hex_and_base64(self):
        for algorithm in ("sha256", "sha512", "sha1"):
            sender = plain(
                signature="hmac", signature_header="X-Sign", signature_algorithm=algorithm, secrets=["a", "b"]
            )
            digest = hmac.new(b"b", body(), algorithm).digest()
            for given in (
                digest.hex(),
                digest.hex().upper(),
                f"{algorithm}={digest.hex()}",
                base64.b64encode(digest).decode(),
            ):
                sender.verify({"x-sign": given}, body())
            for given in ("", "0" * 64, hashlib.sha256(body()).hexdigest(), "é"):
                with self.subTest(given=given), self.assertRaises(SignatureError):
                    sender.verify({"X-Sign": given}, body())

    def test_secret_in_a_header(self):
        sender = plain(signature="secret", signature_header="X-Token", secrets=["new", "old"])
        for given in ("new", "old"):
            sender.verify({"X-Token": given}, b"")
        for given in ("", "ne", "new ol", "新"):
            with self.subTest(given=given), self.assertRaises(SignatureError):
                sender.verify({"X-Token": given}, b"")

    def test_bearer_token(self):
        sender = plain(signature="bearer", secrets=["token"])
        sender.verify({"authorization": "bearer token"}, b"")
        for given in ("token", "Basic token", "Bearer", "Bearer other"):
            with self.subTest(given=given), self.assertRaises(SignatureError):
                sender.verify({"Authorization": given}, b"")

    def test_delivery_id_from_header_or_body(self):
        sender = plain(delivery_id_header="X-Request-Id", delivery_id_path="batch")
        self.assertEqual(sender.delivery_id({"x-request-id": "r1"}, body()), "r1")
        self.assertEqual(sender.delivery_id({}, body()), "7")
        self.assertIsNone(sender.delivery_id({}, b"{"))
        self.assertIsNone(plain().delivery_id({"x-request-id": "r1"}, body()))
