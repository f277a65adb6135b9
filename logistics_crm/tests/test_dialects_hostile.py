"""Whatever a stranger posts, a dialect refuses it or makes events that can be stored; it never crashes."""

import contextlib
import json
from datetime import datetime
from unittest import TestCase

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.addons.logistics_crm.tools.dialects import (
    DIALECTS,
    SELECTION,
    SignatureError,
    UnreadableError,
    dialect,
)
from odoo.addons.logistics_crm.tools.event_rows import read_event
from odoo.addons.logistics_crm.tools.problems import RowProblem

from . import test_dialects_aftership as aftership
from . import test_dialects_easypost as easypost
from . import test_dialects_karrio as karrio
from . import test_dialects_plain_json as plain_json
from . import test_dialects_seventeentrack as seventeentrack
from .test_dialects_standard_webhooks import EVENT, SECRET

CONFIG = {
    "aftership": {"secrets": ["s"], "carrier_map": {"sf-express": "SF"}},
    "easypost": {"secrets": ["s"]},
    "seventeentrack": {"secrets": ["s"], "zone": "Asia/Shanghai"},
    "karrio": {"secrets": ["s"]},
    "standard_webhooks": {"secrets": [SECRET]},
    "plain_json": {
        **plain_json.CONFIG,
        "secrets": ["s"],
        "signature": "hmac",
        "delivery_id_path": "data.0.id",
    },
}
EXAMPLES = {
    "aftership": aftership.delivery(expected_delivery="2026-05-06"),
    "easypost": easypost.delivery(),
    "seventeentrack": seventeentrack.delivery(),
    "karrio": karrio.delivery(),
    "standard_webhooks": json.dumps({"type": "t", "data": {"events": [EVENT]}}).encode(),
    "plain_json": plain_json.body(),
}
NAMES = sorted(DIALECTS)
NOW = datetime(2026, 6, 1)

odd_text = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["\x00", "\ud800", "a\udfff\x00b", "9" * 5000, "2026-05-01T25:00:00Z", "NaN", "-1", "٣"]),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=-(10**4000), max_value=10**4000),
    st.floats(allow_nan=False, allow_infinity=False),
    odd_text,
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(odd_text, inner, max_size=3),
    max_leaves=8,
)


def places(value, path=()):
    """Every path into `value`, to put something odd at."""
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*path, index))


def put(value, path, odd):
    if not path:
        return odd
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(copy[path[0]], path[1:], odd)
    return copy


@st.composite
def spoilt_bodies(draw, name):
    """A documented payload with odd values put at up to three places."""
    payload = json.loads(EXAMPLES[name])
    for _turn in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(payload))))
        payload = put(payload, path, draw(values))
    return json.dumps(payload).encode()


def take(name, body, headers=None):
    """What a controller does with a delivery; the events, or None when it was refused."""
    source = dialect(name, CONFIG[name])
    delivery_id = source.delivery_id(headers or {}, body)
    assert delivery_id is None or (isinstance(delivery_id, str) and 0 < len(delivery_id) <= 200)
    try:
        events = source.parse(body, headers or {})
    except UnreadableError as error:
        assert isinstance(error.reason, str) and error.reason
        return None
    assert isinstance(events, list)
    for event in events:
        assert isinstance(event, dict)
        # What the inbox and PostgreSQL do with it.
        stored = json.dumps(event, allow_nan=False, ensure_ascii=False)
        assert "\x00" not in stored and "\\u0000" not in stored
        stored.encode("utf-8")
        # What ingestion does with it: place it or say what is wrong with it.
        with contextlib.suppress(RowProblem):
            read_event(event, NOW)
        code = event.get("code")
        if isinstance(code, str):
            coarse = source.coarse(code)
            assert coarse is None or isinstance(coarse, str)
    return events


class TestHostileDeliveries(TestCase):
    def test_every_dialect_has_a_label_and_an_example_that_it_reads(self):
        self.assertEqual(NAMES, sorted(EXAMPLES))
        self.assertEqual([name for name, _label in SELECTION], list(DIALECTS))
        for name in NAMES:
            with self.subTest(name=name):
                events = take(name, EXAMPLES[name])
                self.assertTrue(events)
                for event in events:
                    read_event(event, NOW)

    def test_bodies_that_are_no_json(self):
        deep = 100_000
        for body in (
            b"",
            b"\xff\xfe",
            b"{",
            b"NaN",
            b'{"msg": Infinity}',
            b"1e999",
            b"1" * 5000,
            b'"\\ud800"',
            b"[" * deep,
            b"[" * deep + b"]" * deep,
            b'{"data":' * 100 + b"1" + b"}" * 100,
            b'{"a":' * deep + b"1" + b"}" * deep,
        ):
            for name in NAMES:
                with self.subTest(name=name, body=body[:20]):
                    self.assertIsNone(take(name, body))

    def test_a_body_of_a_megabyte(self):
        rows = [{"tracking_number": "x" * 50, "time": "t" * 50}] * 9000
        for name in NAMES:
            take(name, json.dumps({"data": rows, "msg": rows, "result": rows}).encode())

    @settings(max_examples=300, deadline=None)
    @given(st.sampled_from(NAMES), st.binary(max_size=200))
    def test_bytes(self, name, body):
        take(name, body)

    @settings(max_examples=300, deadline=None)
    @given(st.sampled_from(NAMES), values)
    def test_json(self, name, value):
        take(name, json.dumps(value).encode())

    @settings(max_examples=1200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.data())
    def test_payloads_with_odd_values_in_odd_places(self, data):
        name = data.draw(st.sampled_from(NAMES))
        take(name, data.draw(spoilt_bodies(name)))

    @settings(max_examples=300, deadline=None)
    @given(
        st.sampled_from(NAMES),
        st.dictionaries(
            st.sampled_from(
                [
                    "aftership-hmac-sha256",
                    "X-Hmac-Signature",
                    "sign",
                    "X-Event-Id",
                    "X-Karrio-Signature",
                    "webhook-id",
                    "webhook-timestamp",
                    "webhook-signature",
                    "X-Signature",
                ]
            ),
            odd_text | st.sampled_from(["v1,", "v1,AAAA", "hmac-sha256-hex=", "sha256=", "1000"]),
        ),
    )
    def test_headers(self, name, headers):
        body = EXAMPLES[name]
        with self.assertRaises(SignatureError):
            dialect(name, CONFIG[name]).verify(headers, body, now=1000)
        take(name, body, headers)
