"""However events arrive, the shipment's row ends the same; and whoever listens hears each change once."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import tagged

from ..tools.projection import log_order, project
from ..tools.tracking_status import STATUSES
from .common import START, TrackingCase, event, instant

PROFILE = settings(max_examples=25, deadline=None, derandomize=True)
REASONS = [None, "damaged", "misdelivered", "recipient_absent"]
EVENTS = st.lists(
    st.builds(
        lambda hours, status, reason, classifier, eta, number: event(
            "P1",
            hours,
            status,
            external_id=f"x{number}",
            classifier=classifier,
            **({"reason": reason} if reason else {}),
            **({"eta": instant(eta)} if eta else {}),
        ),
        hours=st.integers(0, 5),
        status=st.sampled_from([status for status, _label in STATUSES]),
        reason=st.sampled_from(REASONS),
        classifier=st.sampled_from(["actual"] * 5 + ["estimated", "planned"]),
        eta=st.none() | st.integers(40, 44),
        number=st.integers(0, 10_000),
    ),
    min_size=1,
    max_size=7,
    unique_by=lambda row: row["external_id"],
)


@tagged("post_install", "-at_install")
class TestAnyOrder(TrackingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ids = cls.Shipment.upsert([{"waybill": "P1"}, {"waybill": "P2"}])["ids"]
        cls.shipment, cls.other = cls.Shipment.browse(ids["P1"]), cls.Shipment.browse(ids["P2"])

    def log(self):
        return self.Shipment._read_logs(self.shipment.ids).get(self.shipment.id, [])

    @PROFILE
    @given(EVENTS, st.data())
    def test_any_order_repetition_and_split_ends_in_the_same_row(self, rows, data):
        with self.undone():
            self.ingest(*rows)
            expected = self.state_of(self.shipment)
        self.assertEqual(expected[0], self.shipment.status if not rows else expected[0])
        todo = data.draw(st.permutations(rows + data.draw(st.lists(st.sampled_from(rows), max_size=3))))
        with self.undone():
            while todo:
                size = data.draw(st.integers(1, len(todo)))
                self.ingest(*todo[:size])
                todo = todo[size:]
            self.assertEqual(self.state_of(self.shipment), expected)
            self.assertEqual(len(self.log()), len(rows))
            self.shipment._reproject()
            self.assertEqual(self.state_of(self.shipment), expected)
            self.assertEqual(self.state_of(self.other)[0], "created")

    @PROFILE
    @given(EVENTS, st.data())
    def test_the_hooks_hear_of_what_was_not_late_and_of_nothing_else(self, rows, data):
        todo = data.draw(st.permutations(rows))
        with self.undone():
            while todo:
                size = data.draw(st.integers(1, len(todo)))
                known = {entry.event_id for entry in self.log()}
                old_eta = self.shipment.eta
                with self.transitions() as heard, self.eta_changes() as etas:
                    self.ingest(*todo[:size])
                todo = todo[size:]
                log = self.log()
                newest = max(
                    (log_order(entry) for entry in log if entry.event_id in known and entry.classifier == "actual"),
                    default=None,
                )
                state, steps = project(log)
                expected = [
                    (self.shipment.id, step.entry.event_id, step.from_status, step.to_status, step.entry.reason_id)
                    for step in steps
                    if step.entry.event_id not in known and (newest is None or log_order(step.entry) > newest)
                ]
                self.assertEqual([(t[0], t[1], t[2], t[3], t.to_reason_id) for t in heard], expected)
                changed = [(self.shipment.id, old_eta or None, state.eta)] if (old_eta or None) != state.eta else []
                self.assertEqual([tuple(change) for change in etas], changed)


@tagged("post_install", "-at_install")
class TestHooks(TrackingCase):
    def test_each_shipments_changes_come_in_the_order_in_which_they_happened(self):
        one, two = self.ship("A1"), self.ship("A2")
        with self.transitions() as heard:
            self.ingest(
                event("A1", 5, "departed"),
                event("A2", 6, "exception", reason="lost"),
                event("A1", 1, "picked_up"),
                event("A2", 3, "picked_up"),
            )
        self.assertEqual(
            {
                shipment: [(t.from_status, t.to_status) for t in heard if t.shipment_id == shipment.id]
                for shipment in (one, two)
            },
            {
                one: [("created", "picked_up"), ("picked_up", "departed")],
                two: [("created", "picked_up"), ("picked_up", "exception")],
            },
        )
        lost = self.env.ref("logistics_crm.reason_lost")
        [t] = [t for t in heard if t.to_status == "exception"]
        self.assertEqual((t.from_reason_id, t.to_reason_id), (None, lost.id))
        logged = self.Event.browse(t.event_id)
        self.assertEqual((logged.shipment_id, logged.status), (two, "exception"))

    def test_the_hook_sees_what_was_written(self):
        shipment = self.ship("A1")
        seen = []
        self.patch(
            type(self.Shipment),
            "_on_transitions",
            lambda model, transitions: seen.append(
                (
                    model.browse(transitions[0].shipment_id).status,
                    len(model.browse(transitions[0].shipment_id).event_ids),
                )
            ),
        )
        self.assertEqual(shipment.status, "created")
        self.ingest(event("A1", 0, "picked_up"))
        self.assertEqual(seen, [("picked_up", 1)])

    def test_one_call_is_one_call_of_the_hook(self):
        waybills = [f"A{number}" for number in range(20)]
        self.upsert(*({"waybill": waybill} for waybill in waybills))
        calls = []
        self.patch(type(self.Shipment), "_on_transitions", lambda _model, transitions: calls.append(len(transitions)))
        self.ingest(*(event(waybill, hours, "departed") for waybill in waybills for hours in (0, 1)))
        self.assertEqual(calls, [20])

    def test_a_late_event_notifies_nobody(self):
        shipment = self.ship("A1")
        self.ingest(event("A1", 10, "out_for_delivery"))
        with self.transitions() as heard:
            self.ingest(event("A1", 2, "picked_up"), event("A1", 5, "exception", reason="damaged"))
        self.assertEqual(heard, [])
        self.assertEqual(shipment.status, "out_for_delivery")
        self.assertEqual(shipment.picked_up_at, START + timedelta(hours=2))

    def test_an_earlier_stop_of_the_same_instant_is_late(self):
        """Clocks that tell whole minutes: after *delivered*, the customer heard that the parcel is out for delivery."""
        shipment = self.ship("A1")
        self.ingest(event("A1", 10, "delivered"))
        with self.transitions() as heard:
            self.ingest(event("A1", 10, "out_for_delivery"))
        self.assertEqual(heard, [])
        self.assertEqual(shipment.status, "delivered")

    def test_a_later_stop_of_the_same_instant_is_not_late(self):
        self.ship("A1")
        self.ingest(event("A1", 10, "out_for_delivery"))
        with self.transitions() as heard:
            self.ingest(event("A1", 10, "delivered"))
        self.assertEqual([t.to_status for t in heard], ["delivered"])

    def test_a_duplicate_notifies_nobody(self):
        self.ship("A1")
        row = event("A1", 10, "exception", reason="damaged", eta=instant(50))
        self.ingest(row)
        with self.transitions() as heard, self.eta_changes() as etas:
            self.ingest(row, row)
        self.assertEqual((heard, etas), ([], []))

    def test_an_estimate_is_no_change_of_the_status(self):
        shipment = self.ship("A1")
        with self.transitions() as heard, self.eta_changes() as etas:
            self.ingest(event("A1", 40, "delivered", classifier="estimated"))
        self.assertEqual(heard, [])
        self.assertEqual([tuple(change) for change in etas], [(shipment.id, None, START + timedelta(hours=40))])

    def test_what_waited_in_the_inbox_is_heard_of_when_it_is_placed(self):
        self.ingest(event("A1", 1, "picked_up"), event("A1", 3, "departed"))
        with self.transitions() as heard:
            self.ship("A1")
        self.assertEqual([t.to_status for t in heard], ["picked_up", "departed"])

    def test_each_failed_attempt_is_heard_of(self):
        self.ship("A1")
        self.ingest(event("A1", 1, "attempt_failed", reason="recipient_absent"))
        with self.transitions() as heard:
            self.ingest(event("A1", 2, "attempt_failed", reason="recipient_absent"))
        self.assertEqual([(t.from_status, t.to_status) for t in heard], [("attempt_failed", "attempt_failed")])
