"""Whatever JSON a caller sends: no exception, and each row ends in the log or as an open entry of the inbox."""

import json
import math
import xmlrpc.client

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import tagged
from odoo.tools import SQL

from ..tools.event_rows import KEYS as EVENT_KEYS
from ..tools.shipment_rows import CUSTOMER_KEYS, PARTY_KEYS
from ..tools.shipment_rows import KEYS as SHIPMENT_KEYS
from .common import TrackingCase

PROFILE = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def nested(depth):
    value = "deep"
    for _level in range(depth):
        value = [value]
    return value


# Lone surrogates too: JSON can carry them, PostgreSQL cannot.
TEXTS = st.text(max_size=12) | st.text(st.characters(), max_size=8)
ODD = st.sampled_from(
    [
        *(
            "",
            " ",
            "\0",
            "a\0b",
            "\ud800",
            "x\udfffy",
            "A1\0",
            "\x1f",
            "\x01",
            "İ",
            "ß",
            "'; --",
            "%s",
            "{}",
            "x" * 20_000,
        ),
        *(2**63, -(2**63) - 1, 10**30, 10**4000, -(10**4000), 0, -1, 1e308, 0.1),
        *(math.nan, math.inf, -math.inf, True, False, None),
        *("2026-03-01", "2026-03-01T25:00:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "0000-00-00"),
        *(nested(3), nested(50), {"a": {"b": "\0"}}, {"\0": 1, "": 2}, [10**4000], {"k": 10**4000}),
    ]
)
JSON = st.recursive(
    ODD | TEXTS | st.integers() | st.floats() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def sensible(key, *values):
    return st.tuples(st.just(key), st.sampled_from(values) | JSON)


EVENTS = (
    JSON
    | st.lists(
        sensible("waybill", "A1", "A2", "unknown")
        | sensible("occurred_at", "2026-03-01T08:30:00Z", "2026-03-02T08:30:00+08:00")
        | sensible("status", "departed", "delivered", "exception")
        | sensible("code", "Delivered", "GOT")
        | sensible("source", "aftership", "api")
        | sensible("hub", "Wuhan", "WUHAN")
        | st.tuples(st.sampled_from(sorted(EVENT_KEYS)) | TEXTS, JSON),
        max_size=8,
    ).map(dict)
    | st.fixed_dictionaries(
        {"waybill": st.sampled_from(["A1", "A2", "new"]), "occurred_at": st.just("2026-03-01T08:30:00Z")},
        optional={
            "status": st.sampled_from(["departed", "delivered"]) | JSON,
            **{key: JSON for key in sorted(EVENT_KEYS - {"waybill", "occurred_at", "status"})},
        },
    )
)
PARTIES = JSON | st.dictionaries(st.sampled_from(sorted(PARTY_KEYS)) | TEXTS, JSON, max_size=4)
CUSTOMERS = JSON | st.dictionaries(st.sampled_from(sorted(CUSTOMER_KEYS)) | TEXTS, JSON, max_size=4)
SHIPMENTS = JSON | st.fixed_dictionaries(
    {"waybill": st.sampled_from(["A1", "A2", "new"]) | JSON},
    optional={
        "shipper": PARTIES,
        "consignee": PARTIES,
        "customer": CUSTOMERS,
        **{key: JSON for key in sorted(SHIPMENT_KEYS - {"waybill", "shipper", "consignee", "customer"})},
    },
)


@tagged("post_install", "-at_install")
class TestAnyInput(TrackingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Shipment.upsert([{"waybill": "A1"}, {"waybill": "A2"}])

    @PROFILE
    @given(st.lists(EVENTS, max_size=6))
    def test_events(self, rows):
        with self.undone():
            before = self.counts()
            receipt = self.ingest(*rows)
            logged, kept = (now - then for now, then in zip(self.counts(), before, strict=True))
            self.assertEqual(logged, receipt["created"])
            self.assertEqual(kept, receipt["parked"] + len(receipt["rejected"]))
            self.check_receipt(receipt, rows)
            # Sent again, nothing is lost and nothing is made twice.
            again = self.ingest(*rows)
            self.assertEqual(again["created"], 0)
            self.assertEqual(again["duplicates"], receipt["created"] + receipt["duplicates"])
            self.assertEqual(again["rejected"], receipt["rejected"])
            self.assertEqual(len(self.inbox()), len(set(self.inbox().mapped("dedup_key"))))
            # A person may open each and try it again.
            for entry in self.inbox():
                self.assertTrue(entry.error)
                self.assertEqual(json.loads(entry.payload_text), entry.payload)
            self.inbox().action_replay()
            self.assertEqual(self.counts()[0], before[0] + receipt["created"])

    @PROFILE
    @given(st.lists(SHIPMENTS, max_size=5))
    def test_shipments(self, rows):
        with self.undone():
            _events, before = self.counts()
            receipt = self.upsert(*rows)
            self.assertEqual(self.counts()[1] - before, len(receipt["rejected"]))
            self.check_receipt(receipt, rows)
            shipments = self.Shipment.browse(list(receipt["ids"].values()))
            self.assertEqual(set(receipt["ids"]), set(shipments.mapped("name")))
            again = self.upsert(*rows)
            self.assertEqual(again["created"], 0)
            self.assertEqual(again["rejected"], receipt["rejected"])
            self.assertEqual(again["ids"], receipt["ids"])

    def test_what_python_itself_cannot_write_out(self):
        """A number of 5,000 digits, or lists a thousand deep, stopped the whole call."""
        for value in (10**5000, -(10**5000), [10**5000], {"k": 10**5000}, nested(2000)):
            for key in sorted(EVENT_KEYS):
                self.ingest({"waybill": "A1", "occurred_at": "2026-03-01T08:30:00Z", "status": "departed", key: value})
            for key in sorted(SHIPMENT_KEYS):
                self.upsert({"waybill": "A1", key: value})
        self.assertGreater(len(self.inbox("rejected")), 50)
        self.inbox().action_replay()

    def counts(self):
        """Events in the log, and how often the open entries of the inbox were received."""
        [row] = self.env.execute_query(
            SQL(
                """
                SELECT (SELECT count(*) FROM logistics_tracking_event WHERE company_id = %(company)s),
                       (SELECT COALESCE(sum(times_received), 0) FROM logistics_tracking_inbox
                         WHERE company_id = %(company)s AND state IN ('waiting', 'rejected'))
                """,
                company=self.company.id,
            )
        )
        return row

    def check_receipt(self, receipt, rows):
        """A receipt can be read by a person and travel both ways."""
        indexes = [rejection["index"] for rejection in receipt["rejected"]]
        self.assertEqual(indexes, sorted(set(indexes)))
        self.assertTrue(set(indexes) <= set(range(len(rows))))
        for rejection in receipt["rejected"]:
            self.assertEqual(set(rejection), {"index", "waybill", "field", "error"})
            self.assertTrue(rejection["error"])
            self.assertLess(len(rejection["error"]), 500)
            self.assertLessEqual(len(rejection["waybill"]), 64)
        json.dumps(receipt, allow_nan=False).encode()
        xmlrpc.client.dumps((receipt,), methodresponse=True).encode()
