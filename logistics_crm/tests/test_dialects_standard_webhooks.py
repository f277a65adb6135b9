"""Standard Webhooks against the published vector and the specification's own Python library."""

import datetime
import json
import time
from unittest import TestCase, skipUnless

from odoo.addons.logistics_crm.tools.dialects import ConfigError, SignatureError, UnreadableError, dialect
from odoo.addons.logistics_crm.tools.dialects.standard_webhooks import sign

try:
    from standardwebhooks import Webhook, WebhookVerificationError
except ImportError:
    Webhook = None

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
EVENT = {"waybill": "SF1", "occurred_at": "2026-05-01T10:00:00+08:00", "status": "delivered"}


def headers(body, secret=SECRET, identifier="msg_1", timestamp=1000, signature=None):
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature or sign(secret, identifier, timestamp, body),
    }


class TestStandardWebhooks(TestCase):
    def setUp(self):
        self.dialect = dialect("standard_webhooks", {"secrets": [OTHER, SECRET]})
        self.body = json.dumps({"type": "tracking", "timestamp": "2026-05-01T02:00:00Z", "data": EVENT}).encode()

    def test_published_vector(self):
        body = b'{"test": 2432232314}'
        given = headers(
            body,
            identifier="msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp=1614265330,
            signature="v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        )
        self.dialect.verify(given, body, now=1614265330)
        self.assertEqual(sign(SECRET, given["webhook-id"], 1614265330, body), given["webhook-signature"])

    @skipUnless(Webhook, "standardwebhooks is not installed")
    def test_what_the_library_signs_is_accepted(self):
        now = datetime.datetime.now(tz=datetime.timezone.utc)
        signature = Webhook(SECRET).sign("msg_2", now, self.body.decode())
        given = headers(self.body, identifier="msg_2", timestamp=int(now.timestamp()), signature=signature)
        self.dialect.verify(given, self.body)
        with self.assertRaises(SignatureError):
            self.dialect.verify(given, self.body + b" ")

    @skipUnless(Webhook, "standardwebhooks is not installed")
    def test_what_we_sign_the_library_accepts(self):
        given = headers(self.body, timestamp=int(time.time()))
        self.assertEqual(Webhook(SECRET).verify(self.body, given), json.loads(self.body))
        with self.assertRaises(WebhookVerificationError):
            Webhook(OTHER).verify(self.body, given)

    def test_one_right_signature_among_several_is_enough(self):
        right = sign(SECRET, "msg_1", 1000, self.body)
        given = headers(self.body, signature=f"v1a,AAAA v1,AAAA v1 {right}")
        self.dialect.verify(given, self.body, now=1000)

    def test_the_clock_may_be_five_minutes_off(self):
        given = headers(self.body)
        for now in (700, 1300):
            self.dialect.verify(given, self.body, now=now)
        for now in (699, 1301):
            with self.subTest(now=now), self.assertRaises(SignatureError):
                self.dialect.verify(given, self.body, now=now)
        strict = dialect("standard_webhooks", {"secrets": [SECRET], "tolerance": 10})
        with self.assertRaises(SignatureError):
            strict.verify(given, self.body, now=1011)

    def test_the_id_and_the_time_are_signed_too(self):
        right = headers(self.body)
        for name, value in (
            ("webhook-id", "msg_2"),
            ("webhook-timestamp", "1001"),
            ("webhook-signature", "v1,AAAA"),
        ):
            with self.subTest(name=name), self.assertRaises(SignatureError):
                self.dialect.verify({**right, name: value}, self.body, now=1000)

    def test_missing_and_odd_headers_are_refused(self):
        right = headers(self.body)
        for name in right:
            with self.subTest(missing=name), self.assertRaises(SignatureError):
                self.dialect.verify({key: value for key, value in right.items() if key != name}, self.body, now=1000)
        for timestamp in ("", "1e3", "-1000", "١٠٠٠", "nan", "9" * 400):
            with self.subTest(timestamp=timestamp), self.assertRaises(SignatureError):
                self.dialect.verify({**right, "webhook-timestamp": timestamp}, self.body, now=1000)

    def test_a_secret_that_is_no_base64_is_a_wrong_set_up(self):
        for secret in ("whsec_a", "whsec_"):
            with self.subTest(secret=secret), self.assertRaises(ConfigError):
                dialect("standard_webhooks", {"secrets": [secret]})
        with self.assertRaises(SignatureError):
            dialect("standard_webhooks").verify(headers(self.body), self.body, now=1000)

    def test_events_are_handed_on_as_they_are(self):
        for data, count in ((EVENT, 1), ([EVENT, EVENT], 2), ({"events": [EVENT]}, 1), ([], 0), ({}, 0)):
            with self.subTest(data=data):
                body = json.dumps({"type": "tracking", "data": data}).encode()
                self.assertEqual(self.dialect.parse(body), [EVENT] * count)
        body = json.dumps({"data": {**EVENT, "flavour": 1}}).encode()
        self.assertEqual(self.dialect.parse(body), [{**EVENT, "flavour": 1}])

    def test_an_entry_that_is_no_event_is_kept_for_the_inbox(self):
        events = self.dialect.parse(b'{"data": [1, "two", null]}')
        self.assertEqual(len(events), 3)
        self.assertIn("two", events[1]["description"])

    def test_a_body_without_data_is_unreadable(self):
        for body in (b"{}", b"[]", b'{"data": "x"}', b'{"data": {"events": {}}}'):
            with self.subTest(body=body), self.assertRaises(UnreadableError):
                self.dialect.parse(body)

    def test_delivery_id_is_the_header(self):
        self.assertEqual(self.dialect.delivery_id({"Webhook-Id": "msg_1"}, b""), "msg_1")
        self.assertIsNone(self.dialect.delivery_id({}, b""))
        self.assertLess(len(self.dialect.delivery_id({"webhook-id": "x" * 5000}, b"")), 200)
