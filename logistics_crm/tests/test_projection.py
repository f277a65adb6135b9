"""The shipment's state follows from its log alone, in whatever order and in whatever parts the log came."""

from datetime import datetime, timedelta
from itertools import pairwise
from unittest import TestCase

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.logistics_crm.tools.projection import (
    LogEntry,
    State,
    advance,
    can_advance,
    log_order,
    project,
)
from odoo.addons.logistics_crm.tools.tracking_status import FINAL, HANDLED, OFFICE, STATUSES

START = datetime(2026, 3, 1, 8)
ALL = [status for status, _label in STATUSES]
MISDELIVERED = 14


def at(hours):
    return START + timedelta(hours=hours)


def entry(hours, status, key=None, **values):
    return LogEntry(at(hours), status, key or f"{hours}-{status}", **values)


def misdelivery(hours):
    return entry(hours, "exception", reason_id=MISDELIVERED, undoes=True)


def statuses(*names):
    """The state after these statuses, an hour apart."""
    return project([entry(hours, name) for hours, name in enumerate(names)])[0]


class Log:
    """A shipment's log as the database keeps it: a key comes in once, and only State.FIELDS are stored."""

    def __init__(self):
        self.entries = {}
        self.stored = State().values()

    def receive(self, batch):
        new = {entry.key: entry for entry in batch if entry.key not in self.entries}
        self.entries.update(new)
        state, fresh = State(*self.stored), sorted(new.values(), key=log_order)
        if can_advance(state, fresh):
            advance(state, fresh)
        else:
            state, _steps = project(self.entries.values())
        self.stored = state.values()


@st.composite
def logs(draw, max_size=9):
    """Logs with many ties: few instants, every status, estimates among them."""
    entries = draw(
        st.lists(
            st.builds(
                LogEntry,
                occurred_at=st.integers(0, 5).map(at),
                status=st.sampled_from(ALL),
                key=st.text("abcdef", min_size=3, max_size=3),
                reason_id=st.sampled_from([None, 1, 2]),
                undoes=st.booleans(),
                classifier=st.sampled_from(["actual"] * 6 + ["estimated", "planned"]),
                eta=st.none() | st.integers(0, 5).map(lambda hours: at(48 + hours)),
            ),
            max_size=max_size,
        )
    )
    return list({entry.key: entry for entry in entries}.values())


class TestProjectionOfAnyLog(TestCase):
    @settings(max_examples=200, deadline=None)
    @given(st.data())
    def test_any_order_repetition_and_split_ends_in_the_same_state(self, data):
        entries = data.draw(logs())
        expected = project(entries)[0]
        again = data.draw(st.lists(st.sampled_from(entries), max_size=4)) if entries else []
        todo = data.draw(st.permutations(entries + again))
        log = Log()
        while todo:
            size = data.draw(st.integers(1, len(todo)))
            log.receive(todo[:size])
            todo = todo[size:]
        self.assertEqual(State(*log.stored), expected)

    @settings(max_examples=200, deadline=None)
    @given(logs(max_size=12), st.integers(0, 12))
    def test_advancing_equals_projecting_anew(self, entries, cut):
        """What `can_advance` allows, `advance` does: same state, same steps, and the same start for the next batch."""
        entries.sort(key=log_order)
        known, new = entries[:cut], entries[cut:]
        state = State(*project(known)[0].values())
        if not can_advance(state, new):
            return
        steps = advance(state, new)
        whole, all_steps = project(entries)
        self.assertEqual(state, whole)
        self.assertEqual(steps, all_steps[len(all_steps) - len(steps) :])
        self.assertEqual(state.heading_back, whole.heading_back)

    @settings(max_examples=200, deadline=None)
    @given(logs())
    def test_what_holds_for_every_log(self, entries):
        state, steps = project(entries)
        actual = [entry for entry in entries if entry.classifier == "actual"]
        self.assertEqual(state.last_event_at, max((entry.occurred_at for entry in actual), default=None))
        self.assertGreaterEqual(state.attempts, 0)
        if state.status == "delivered":
            self.assertIsNotNone(state.delivered_at)
            self.assertGreaterEqual(state.attempts, 1)
        if state.picked_up_at is not None:
            self.assertIn(state.picked_up_at, [entry.occurred_at for entry in actual if entry.status in HANDLED])
            self.assertNotIn(state.status, OFFICE)
        self.assertIn(state.eta, {None, *(e.eta for e in entries), *(e.occurred_at for e in entries)})
        self.assertEqual(steps[-1].to_status if steps else "created", state.status)
        for one, following in pairwise(steps):
            self.assertEqual(one.to_status, following.from_status)

    @settings(max_examples=100, deadline=None)
    @given(logs(), st.sampled_from(sorted(FINAL)))
    def test_nothing_but_a_return_or_a_misdelivery_follows_an_end(self, entries, end):
        entries = [
            entry
            for entry in entries
            if entry.status not in ("returning", "returned")
            and not (entry.status == "exception" and entry.undoes)
            and entry.status not in FINAL
        ]
        ended = LogEntry(START - timedelta(hours=1), end, "end")
        self.assertEqual(project([ended, *entries])[0].status, end)


class TestProjectionRules(TestCase):
    def test_an_ordinary_journey(self):
        names = ("created", "confirmed", "picked_up", "departed", "arrived_hub", "out_for_delivery", "delivered")
        state, steps = project([entry(hours, name) for hours, name in enumerate(names)])
        self.assertEqual(state.status, "delivered")
        self.assertEqual((state.picked_up_at, state.delivered_at, state.last_event_at), (at(2), at(6), at(6)))
        self.assertEqual(state.attempts, 1)
        # A shipment is born as created, so that the first event changes nothing.
        self.assertEqual([step.to_status for step in steps], list(names[1:]))

    def test_no_events_is_created(self):
        self.assertEqual(project([]), (State(), []))

    def test_delivered_is_sticky(self):
        for name in set(ALL) - {"returning", "returned"}:
            state = statuses("picked_up", "delivered", name)
            self.assertEqual((state.status, state.delivered_at, state.attempts), ("delivered", at(1), 1), name)

    def test_cancelled_is_sticky(self):
        for name in set(ALL) - {"returning", "returned"}:
            self.assertEqual(statuses("confirmed", "cancelled", name).status, "cancelled", name)

    def test_returned_is_sticky(self):
        for name in set(ALL) - {"returning", "returned"}:
            self.assertEqual(statuses("picked_up", "returning", "returned", name).status, "returned", name)

    def test_a_later_return_changes_an_end(self):
        for end in ("delivered", "cancelled"):
            self.assertEqual(statuses("picked_up", end, "returning").status, "returning")
            self.assertEqual(statuses("picked_up", end, "returning", "returned").status, "returned")

    def test_a_later_misdelivery_undoes_the_delivery(self):
        log = [entry(0, "picked_up"), entry(1, "delivered"), misdelivery(2)]
        state, steps = project(log)
        self.assertEqual((state.status, state.reason_id), ("exception", MISDELIVERED))
        self.assertIsNone(state.delivered_at)
        self.assertEqual(state.attempts, 0)
        self.assertEqual(steps[-1][1:3], ("delivered", "exception"))
        state, _steps = project([*log, entry(3, "out_for_delivery"), entry(4, "delivered")])
        self.assertEqual((state.status, state.delivered_at, state.attempts), ("delivered", at(4), 1))

    def test_a_misdelivery_before_the_delivery_undoes_nothing(self):
        state, _steps = project([entry(0, "picked_up"), misdelivery(1), entry(2, "delivered")])
        self.assertEqual((state.status, state.delivered_at), ("delivered", at(2)))

    def test_another_exception_after_the_delivery_undoes_nothing(self):
        state, _steps = project([entry(1, "delivered"), entry(2, "exception", reason_id=3)])
        self.assertEqual((state.status, state.reason_id), ("delivered", None))

    def test_the_first_delivery_counts(self):
        state = statuses("picked_up", "delivered", "delivered")
        self.assertEqual((state.delivered_at, state.attempts), (at(1), 1))

    def test_a_late_event_is_history(self):
        log = [entry(2, "picked_up"), entry(8, "out_for_delivery")]
        state = project([*log, entry(5, "arrived_hub")])[0]
        self.assertEqual((state.status, state.last_event_at), ("out_for_delivery", at(8)))

    def test_a_late_pickup_sets_the_pickup_back(self):
        state = project([entry(4, "departed"), entry(2, "picked_up")])[0]
        self.assertEqual((state.status, state.picked_up_at), ("departed", at(2)))

    def test_a_scan_after_the_delivery_is_no_pickup(self):
        """A scan that came after the delivery was taken for the pickup: a parcel in transit for less than no time."""
        self.assertIsNone(statuses("delivered", "in_transit").picked_up_at)
        self.assertIsNone(statuses("cancelled", "picked_up").picked_up_at)

    def test_a_returning_parcel_stays_on_its_way_back(self):
        for name in sorted(HANDLED):
            state = statuses("picked_up", "returning", name)
            self.assertEqual((state.status, state.last_event_at), ("returning", at(2)), name)
        self.assertEqual(statuses("picked_up", "returning", "exception").status, "exception")
        self.assertEqual(statuses("picked_up", "returning", "exception", "departed").status, "returning")
        self.assertEqual(statuses("picked_up", "returning", "departed", "returned").status, "returned")

    def test_a_delivery_ends_the_way_back(self):
        state = project([entry(0, "returning"), entry(1, "delivered"), misdelivery(2), entry(3, "in_transit")])[0]
        self.assertEqual(state.status, "in_transit")

    def test_failed_attempts_are_counted_with_the_delivery(self):
        state, steps = project(
            [
                entry(0, "picked_up"),
                entry(1, "attempt_failed", reason_id=5),
                entry(2, "attempt_failed", reason_id=5),
                entry(3, "delivered"),
            ]
        )
        self.assertEqual(state.attempts, 3)
        # Each attempt is a step, though neither the status nor the reason changed: somebody was not at home twice.
        self.assertEqual(
            [step.to_status for step in steps], ["picked_up", "attempt_failed", "attempt_failed", "delivered"]
        )

    def test_a_reason_ends_with_the_next_event(self):
        log = [entry(0, "picked_up"), entry(1, "exception", reason_id=2)]
        self.assertEqual(project(log)[0].reason_id, 2)
        self.assertIsNone(project([*log, entry(2, "departed")])[0].reason_id)

    def test_the_same_status_with_another_reason_is_a_step(self):
        log = [
            entry(0, "exception", "a", reason_id=1),
            entry(1, "exception", "b", reason_id=1),
            entry(2, "exception", "c", reason_id=2),
        ]
        self.assertEqual([step.entry.key for step in project(log)[1]], ["a", "c"])

    def test_an_office_never_takes_back_a_handled_parcel(self):
        for office in sorted(OFFICE):
            for name in sorted(HANDLED | {"returning", "delivered", "returned"}):
                self.assertNotIn(statuses(name, office).status, OFFICE, name)
        self.assertEqual(statuses("confirmed", "created").status, "confirmed")
        self.assertEqual(statuses("confirmed", "cancelled", "confirmed").status, "cancelled")
        self.assertEqual(statuses("exception", "confirmed").status, "confirmed")

    def test_an_office_never_takes_back_a_parcel_that_was_misdelivered(self):
        """After an undone delivery without any scan before it, a late confirmation made the parcel an order again."""
        state = project([entry(0, "delivered"), misdelivery(1), entry(2, "confirmed")])[0]
        self.assertEqual((state.status, state.reason_id), ("exception", MISDELIVERED))

    def test_expired_gives_way_to_any_trace(self):
        self.assertEqual(statuses("picked_up", "expired").status, "expired")
        self.assertEqual(statuses("picked_up", "expired", "departed").status, "departed")

    def test_events_of_one_instant_follow_the_parcels_life(self):
        same = [entry(1, name) for name in ("delivered", "picked_up", "out_for_delivery", "created")]
        state, steps = project([entry(0, "confirmed"), *same])
        self.assertEqual(state.status, "delivered")
        self.assertEqual(
            [step.to_status for step in steps], ["confirmed", "picked_up", "out_for_delivery", "delivered"]
        )

    def test_the_content_decides_between_equal_statuses_of_one_instant(self):
        one, other = entry(1, "exception", "a", reason_id=1), entry(1, "exception", "b", reason_id=2)
        self.assertEqual(project([one, other])[0].reason_id, 2)
        self.assertEqual(project([other, one])[0].reason_id, 2)


class TestEta(TestCase):
    def test_the_latest_event_that_gives_an_eta_decides(self):
        log = [entry(0, "picked_up", eta=at(50)), entry(1, "departed", eta=at(40)), entry(2, "arrived_hub")]
        self.assertEqual(project(log)[0].eta, at(40))

    def test_an_actual_event_outweighs_an_estimate_and_that_a_plan(self):
        plan = entry(60, "delivered", classifier="planned")
        estimate = entry(55, "delivered", classifier="estimated")
        actual = entry(1, "departed", eta=at(50))
        self.assertEqual(project([plan])[0].eta, at(60))
        self.assertEqual(project([plan, estimate])[0].eta, at(55))
        self.assertEqual(project([plan, estimate, actual])[0].eta, at(50))

    def test_an_estimate_of_another_stop_says_nothing_of_the_arrival(self):
        self.assertIsNone(project([entry(5, "arrived_hub", classifier="planned")])[0].eta)
        self.assertEqual(project([entry(5, "arrived_hub", classifier="planned", eta=at(9))])[0].eta, at(9))

    def test_estimates_move_nothing_but_the_eta(self):
        state, steps = project([entry(5, "delivered", classifier="estimated")])
        self.assertEqual((state.status, state.delivered_at, state.last_event_at), ("created", None, None))
        self.assertEqual(steps, [])

    def test_a_late_eta_does_not_replace_a_later_one(self):
        log = Log()
        log.receive([entry(4, "departed", eta=at(40))])
        log.receive([entry(2, "picked_up", eta=at(30))])
        self.assertEqual(State(*log.stored).eta, at(40))
