"""Deliveries over real HTTP: each dialect, signatures, sizes, replays, and what a stranger sees."""

import json
import socket
import time
from unittest import skipUnless
from urllib.parse import urlsplit

from odoo.tests import tagged

from ..tools.dialects import SELECTION
from . import webhook_common as common
from .webhook_common import SECRET, WEBHOOK_SECRET, WebhookHttpCase

try:
    from standardwebhooks import Webhook
except ImportError:
    Webhook = None

VENDORS = {
    "aftership": (common.aftership_body, common.sign_aftership, "arrived_hub"),
    "easypost": (common.easypost_body, common.sign_easypost, "in_transit"),
    "seventeentrack": (common.seventeentrack_body, common.sign_seventeentrack, "in_transit"),
    "karrio": (common.karrio_body, common.sign_karrio, "in_transit"),
    "plain_json": (common.plain_body, common.sign_plain, "arrived_hub"),
}


@tagged("post_install", "-at_install")
class TestWebhookDialects(WebhookHttpCase):
    """Each vendor from its HTTP request to the state of the shipment."""

    def vendor_source(self, name, **values):
        return self.source(**{"dialect": name, **(common.PLAIN_MAP if name == "plain_json" else {}), **values})

    def test_every_dialect_is_walked(self):
        self.assertEqual(set(VENDORS) | {"standard_webhooks"}, {name for name, _label in SELECTION})

    def test_right_signature(self):
        for name, (make, sign, status) in VENDORS.items():
            with self.subTest(name):
                source, [shipment] = self.vendor_source(name), self.ship(f"OK-{name}")
                response = self.post_signed(source, make(shipment.name), sign)
                self.assertEqual((response.status_code, response.json()), (200, {"status": "stored"}))
                self.assertEqual(shipment.status, "created", "stored first, read later")
                self.process()
                self.assertEqual(shipment.status, status)
                self.assertEqual(shipment.event_ids.source_id, source)
                [delivery] = self.deliveries(source)
                self.assertEqual(delivery.state, "processed")
                self.assertEqual(delivery.placed_count, delivery.event_count)
                self.assertFalse(self.open_entries(source))

    def test_wrong_signature(self):
        for name, (make, sign, _status) in VENDORS.items():
            with self.subTest(name):
                source = self.vendor_source(name)
                body = make("NO-1")
                for headers in ({}, sign("another", json.dumps(body).encode()), sign(SECRET, b"another body")):
                    response = self.post(source, body, headers)
                    self.assertEqual(response.status_code, 401)
                    self.assertTrue(response.json()["error"])
                self.assertFalse(self.deliveries(source))

    def test_both_secrets_during_rotation(self):
        for name, (make, sign, _status) in VENDORS.items():
            with self.subTest(name):
                source = self.vendor_source(name)
                source.action_new_secret()
                self.assertEqual(source.previous_secret, SECRET)
                self.assertNotEqual(source.secret, SECRET)
                self.assertEqual(self.post_signed(source, make("R-1"), sign).status_code, 200)
                self.assertEqual(self.post_signed(source, make("R-2"), sign, source.secret).status_code, 200)
                source.action_forget_previous_secret()
                self.assertEqual(self.post_signed(source, make("R-3"), sign).status_code, 401)
                self.assertEqual(self.post_signed(source, make("R-4"), sign, source.secret).status_code, 200)

    def test_without_a_secret_nobody_gets_in(self):
        for name, (make, sign, _status) in VENDORS.items():
            with self.subTest(name):
                source = self.vendor_source(name, secret=False)
                self.assertTrue(source.webhook_problem)
                self.assertEqual(self.post_signed(source, make("E-1"), sign, "").status_code, 401)

    def test_the_sender_cannot_pose_as_another_source(self):
        source = self.source(**{**common.PLAIN_MAP, "signature": "none"})
        [shipment] = self.ship("POSE-1")
        standard = self.source(dialect="standard_webhooks", secret=WEBHOOK_SECRET)
        self.receive(standard, common.standard_body(common.own_event("POSE-1", source=source.code)))
        self.process()
        self.assertEqual(shipment.event_ids.source_id, standard)

    @skipUnless(Webhook, "the package standardwebhooks is not installed")
    def test_standard_webhooks_as_its_own_library_signs(self):
        source, [shipment] = self.source(dialect="standard_webhooks", secret=WEBHOOK_SECRET), self.ship("SW-1")
        import datetime

        def send(moment, identifier="msg_1"):
            body = json.dumps(common.standard_body(common.own_event("SW-1"), common.own_event("SW-2")))
            signature = Webhook(WEBHOOK_SECRET).sign(identifier, moment, body)
            headers = {
                "webhook-id": identifier,
                "webhook-timestamp": str(int(moment.timestamp())),
                "webhook-signature": signature,
            }
            return self.post(source, None, headers, body=body.encode())

        now = datetime.datetime.now(datetime.timezone.utc)
        self.assertEqual(send(now - datetime.timedelta(hours=1)).status_code, 401, "an old timestamp")
        self.assertEqual(send(now + datetime.timedelta(hours=1)).status_code, 401, "a timestamp in the future")
        self.assertEqual(send(now).json(), {"status": "stored"})
        self.assertEqual(send(now).json(), {"status": "duplicate"})
        self.process()
        self.assertEqual(shipment.status, "in_transit")
        [delivery] = self.deliveries(source)
        self.assertEqual((delivery.event_count, delivery.placed_count, delivery.inbox_count), (2, 1, 1))
        self.assertEqual(self.open_entries(source).waybill, "SW-2")


@tagged("post_install", "-at_install")
class TestWebhookRoute(WebhookHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plain = cls.source(**common.PLAIN_MAP)

    def sent(self, **values):
        return self.post_signed(self.plain, common.plain_body("W-1"), common.sign_plain, **values)

    def test_the_same_delivery_twice_has_no_second_effect(self):
        [shipment] = self.ship("W-1")
        self.assertEqual(self.sent().json(), {"status": "stored"})
        self.process()
        self.assertEqual(self.sent().json(), {"status": "duplicate"})
        self.process()
        self.assertEqual(len(self.deliveries(self.plain)), 1)
        self.assertEqual(len(shipment.event_ids), 1)

    def test_no_json_is_refused_with_the_reason(self):
        for body, reason in (
            (b"", "JSON"),
            (b"{", "JSON"),
            (b"\xff\xfe", "UTF-8"),
            (b"[" * 200_000, "deep"),
            (b'{"a": NaN}', "NaN"),
        ):
            with self.subTest(body[:10]):
                response = self.post(self.plain, None, common.sign_plain(SECRET, body), body=body)
                self.assertEqual(response.status_code, 400)
                self.assertIn(reason, response.json()["error"])
        self.assertFalse(self.deliveries(self.plain))

    def test_json_that_is_not_understood_is_kept(self):
        body = json.dumps({"unexpected": "shape\x00"}).encode()
        response = self.post(self.plain, None, common.sign_plain(SECRET, body), body=body)
        self.assertEqual(response.status_code, 200)
        self.process()
        [delivery] = self.deliveries(self.plain)
        self.assertEqual(delivery.state, "unreadable")
        self.assertIn("data.traces", delivery.error)
        [entry] = self.open_entries(self.plain)
        self.assertEqual((entry.kind, entry.company_id), ("delivery", self.company))
        self.assertIn("data.traces", entry.error)

    def test_over_a_megabyte(self):
        body = b'{"a": "%s"}' % (b"x" * 1024 * 1024)
        signed = common.sign_plain(SECRET, body)
        self.assertEqual(self.post(self.plain, None, signed, body=body).status_code, 413)
        # Neither does leaving out the length help.
        chunks = (body[start : start + 65536] for start in range(0, len(body), 65536))
        response = self.url_open(f"/logistics/webhook/{self.plain.webhook_token}", data=chunks, headers=signed)
        self.assertEqual(response.status_code, 413)
        self.assertFalse(self.deliveries(self.plain))

    def test_a_megabyte_and_chunks_are_fine(self):
        body = json.dumps({**common.plain_body("W-1"), "pad": ""}).encode()
        body = body.replace(b'"pad": ""', b'"pad": "%s"' % (b"x" * (1024 * 1024 - len(body))))
        self.assertEqual(len(body), 1024 * 1024)
        response = self.url_open(
            f"/logistics/webhook/{self.plain.webhook_token}",
            data=iter([body[:1000], body[1000:]]),
            headers=common.sign_plain(SECRET, body),
        )
        self.assertEqual((response.status_code, response.json()), (200, {"status": "stored"}))

    def test_a_large_body_is_refused_before_it_is_sent(self):
        """The length alone decides: nobody makes us read what we will not take."""
        url = urlsplit(self.base_url())
        request = (
            f"POST /logistics/webhook/{self.plain.webhook_token} HTTP/1.1\r\nHost: {url.netloc}\r\n"
            "Content-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n"
        )
        self.env.flush_all()
        where = (url.hostname, url.port)
        with self.allow_requests(all_requests=True), socket.create_connection(where, timeout=10) as connection:
            connection.sendall(request.encode())
            self.assertIn(b" 413 ", connection.recv(100).split(b"\r\n")[0])

    def test_any_content_type_is_read_as_json(self):
        for content_type in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""):
            with self.subTest(content_type):
                body = json.dumps(common.plain_body("W-1" + content_type)).encode()
                headers = {**common.sign_plain(SECRET, body), "Content-Type": content_type}
                response = self.post(self.plain, None, headers, body=body)
                self.assertEqual((response.status_code, response.json()), (200, {"status": "stored"}))

    def test_other_methods(self):
        for method in ("GET", "PUT", "DELETE", "PATCH"):
            response = self.url_open(f"/logistics/webhook/{self.plain.webhook_token}", method=method)
            self.assertEqual(response.status_code, 405, method)

    def test_a_session_is_neither_needed_nor_made(self):
        self.assertNotIn("Set-Cookie", self.sent().headers)

    def test_a_map_that_misses_the_id_does_not_lose_deliveries(self):
        """The delivery id of a field map may point at something that is no id: the content still decides."""
        self.plain.delivery_id_path = "data.traces.0.op"
        self.assertEqual(self.sent().json(), {"status": "stored"})
        second = self.post_signed(self.plain, common.plain_body("W-2"), common.sign_plain)
        self.assertEqual(second.json(), {"status": "stored"})

    def test_cost_of_a_delivery(self):
        """Look up the address, store: two statements and no more."""
        self.Source._webhook_target(self.plain.webhook_token)
        self.env.flush_all()
        before = self.env.cr.sql_log_count
        target = self.Source._webhook_target(self.plain.webhook_token)
        self.Delivery._store_delivery(target, "x", "{}", {})
        self.assertEqual(self.env.cr.sql_log_count - before, 2)


@tagged("post_install", "-at_install")
class TestWebhookStranger(WebhookHttpCase):
    """What somebody sees who only guesses."""

    def refusals(self, *tokens):
        body, seen = json.dumps(common.plain_body("X-1")).encode(), set()
        for token in tokens:
            response = self.post(None, None, common.sign_plain(SECRET, body), token=token, body=body)
            headers = {name: value for name, value in response.headers.items() if name not in ("Date", "Server")}
            seen.add((response.status_code, response.text, json.dumps(headers, sort_keys=True)))
        return seen

    def test_unknown_switched_off_archived_and_renewed_look_the_same(self):
        off, archived, renewed = (self.source(**common.PLAIN_MAP) for _number in range(3))
        tokens = [source.webhook_token for source in (off, archived, renewed)]
        off.webhook_enabled = False
        archived.active = False
        renewed.action_renew_webhook_token()
        seen = self.refusals("unknown", "%FF%00", "'; --", "x" * 2000, *tokens)
        [(status, _text, _headers)] = seen
        self.assertEqual(status, 404)
        for source in (off, archived, renewed):
            self.assertFalse(self.deliveries(source))
        body = json.dumps(common.plain_body("X-1")).encode()
        self.assertEqual(self.post(renewed, None, common.sign_plain(SECRET, body), body=body).status_code, 200)

    def test_an_address_cannot_be_guessed(self):
        tokens = {self.source(**common.PLAIN_MAP).webhook_token for _number in range(5)}
        self.assertEqual(len(tokens), 5)
        self.assertTrue(all(len(token) >= 43 for token in tokens), "256 random bits")

    def test_too_many_wrong_tries(self):
        limited = type(self.env["logistics.rate.limit"])
        asked = []

        def allow(model, scope, subject, limit, seconds):
            asked.append((scope, subject))
            return len(asked) <= 2

        self.patch(limited, "_allow", allow)
        source = self.source(**common.PLAIN_MAP)
        self.assertEqual(self.post(source, {}, token="a").status_code, 404)
        self.assertEqual(self.post(source, {}).status_code, 401)
        response = self.post(source, {}, token="b")
        self.assertEqual(response.status_code, 429)
        self.assertTrue(response.headers["Retry-After"])
        # Who proves itself is not made to pay for its neighbour.
        self.assertEqual(self.post_signed(source, common.plain_body("X-1"), common.sign_plain).status_code, 200)
        self.assertEqual({scope for scope, _subject in asked}, {"webhook.visitor"})

    def test_a_wrong_set_up_asks_the_sender_to_come_again(self):
        source = self.source(dialect="standard_webhooks", secret=WEBHOOK_SECRET)
        self.env.flush_all()
        self.env.cr.execute("UPDATE logistics_tracking_source SET secret = 'whsec_' WHERE id = %s", [source.id])
        body = b"{}"
        headers = self.standard_headers(body, timestamp=int(time.time()))
        with self.assertLogs("odoo.addons.logistics_crm.controllers.webhook", "ERROR") as logs:
            response = self.post(source, None, headers, body=body)
        self.assertEqual(response.status_code, 503)
        self.assertNotIn(source.webhook_token, "".join(logs.output))
