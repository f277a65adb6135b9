"""A shipment's state as a projection of its ordered tracking log.

The log is the truth. `project` folds all of it; `advance` carries a known state on with events that come after
everything already in it and gives the same result, which is what makes bulk ingestion cheap. Both are pure, so any
permutation, repetition or split of the same events ends in the same state.
"""

from typing import NamedTuple

from .tracking_status import FINAL, HANDLED, OFFICE, RANK

# From these alone one can tell whether the parcel is on its way back, so that `advance` may start from them.
_TELLING = frozenset(RANK) - {"exception", "expired"}
# An estimate that says when it was made (`eta` beside `occurred_at`) outweighs one that is known only by its content.
_STATED = 2
_IMPLIED = {"planned": 0, "estimated": 1}


class LogEntry(NamedTuple):
    """One tracking event as the projection needs it.

    `occurred_at` and `eta` are naive UTC datetimes, `key` is the event's dedup key (the last tie-breaker: it depends
    on content, never on the order of arrival), `undoes` tells that the reason revokes a delivery (a misdelivery).
    """

    occurred_at: object
    status: str
    key: str
    reason_id: int | None = None
    undoes: bool = False
    classifier: str = "actual"
    eta: object = None
    event_id: int | None = None


class Step(NamedTuple):
    """One change of the shipment's state: what it was, what it became and the event that did it."""

    entry: LogEntry
    from_status: str
    to_status: str
    from_reason_id: int | None


class State:
    """The projected fields of a shipment. Datetimes are naive UTC."""

    FIELDS = ("status", "reason_id", "last_event_at", "picked_up_at", "delivered_at", "attempts", "eta")
    __slots__ = (*FIELDS, "handled", "heading_back")

    def __init__(
        self,
        status="created",
        reason_id=None,
        last_event_at=None,
        picked_up_at=None,
        delivered_at=None,
        attempts=0,
        eta=None,
    ):
        self.status = status
        self.reason_id = reason_id
        self.last_event_at = last_event_at
        self.picked_up_at = picked_up_at
        self.delivered_at = delivered_at
        self.attempts = attempts
        self.eta = eta
        self.heading_back = status in ("returning", "returned")
        self.handled = picked_up_at is not None or delivered_at is not None or self.heading_back

    def values(self):
        return tuple(getattr(self, name) for name in self.FIELDS)

    def as_json(self):
        """Field → value that JSON can carry; datetimes as text."""
        return {
            "status": self.status,
            "reason_id": self.reason_id,
            "last_event_at": self.last_event_at and str(self.last_event_at),
            "picked_up_at": self.picked_up_at and str(self.picked_up_at),
            "delivered_at": self.delivered_at and str(self.delivered_at),
            "attempts": self.attempts,
            "eta": self.eta and str(self.eta),
        }

    def __eq__(self, other):
        return isinstance(other, State) and self.values() == other.values()

    def __repr__(self):
        return f"State({', '.join(f'{name}={getattr(self, name)!r}' for name in self.FIELDS)})"


def log_order(entry):
    """Sort key of the log: by instant, then by the parcel's life, then by content."""
    return entry.occurred_at, RANK[entry.status], entry.key


def can_advance(state, entries):
    """Whether `advance(state, entries)` equals projecting the whole log anew."""
    if state.last_event_at is None:
        # No actual event yet; but estimates may be in the log, and they only meet in a full projection.
        return state.eta is None and all(entry.classifier == "actual" for entry in entries)
    if state.status not in _TELLING:
        return False
    last, has_eta = state.last_event_at, state.eta is not None
    return all(
        # Whether a new estimate is newer than the known one, only the log can tell.
        entry.classifier == "actual" and entry.occurred_at > last and not (has_eta and entry.eta is not None)
        for entry in entries
    )


def advance(state, entries):
    """Apply sorted actual `entries`, all later than the state's last event; return the steps that they made.

    `state` is changed in place.
    """
    steps = []
    for entry in entries:
        step = _apply(state, entry)
        if step:
            steps.append(step)
        if entry.eta is not None:
            state.eta = entry.eta
    return steps


def project(entries):
    """Fold the whole log, in any order: `(state, steps)`."""
    state, steps = State(), []
    best_eta = None
    for entry in sorted(entries, key=log_order):
        if entry.classifier == "actual":
            step = _apply(state, entry)
            if step:
                steps.append(step)
        eta, weight = entry.eta, _STATED
        if eta is None and entry.classifier != "actual" and entry.status == "delivered":
            eta, weight = entry.occurred_at, _IMPLIED[entry.classifier]
        if eta is not None:
            candidate = (weight, *log_order(entry), eta)
            if best_eta is None or candidate > best_eta:
                best_eta = candidate
    state.eta = best_eta[-1] if best_eta else None
    return state, steps


def _apply(state, entry):
    """Apply one actual event to `state`; return the Step when the status or its reason changed."""
    status = entry.status
    state.last_event_at = entry.occurred_at
    if status in HANDLED and state.picked_up_at is None and state.status not in FINAL:
        state.picked_up_at = entry.occurred_at
        state.handled = True
    new_status = _next_status(state, entry)
    if new_status is None:
        return None
    if status == "attempt_failed":
        state.attempts += 1
    elif new_status == "delivered" and state.delivered_at is None:
        state.delivered_at = entry.occurred_at
        state.attempts += 1
    elif state.status == "delivered" and new_status == "exception":
        state.delivered_at = None
        state.attempts -= 1
    if state.status in FINAL or new_status in ("delivered", "returning", "returned"):
        state.handled = True  # only what was under way can be delivered, sent back or handed to the wrong person
    if new_status in ("returning", "returned"):
        state.heading_back = True
    elif new_status in FINAL:
        state.heading_back = False
    step = None
    if (new_status, entry.reason_id) != (state.status, state.reason_id) or status == "attempt_failed":
        step = Step(entry, state.status, new_status, state.reason_id)
    state.status, state.reason_id = new_status, entry.reason_id
    return step


def _next_status(state, entry):
    """The status that `entry` leads to, or None when the event is history only."""
    status, current = entry.status, state.status
    if current in FINAL:
        undone = status == "exception" and entry.undoes
        return status if undone or (status in ("returning", "returned") and status != current) else None
    if status in OFFICE:
        if state.handled:
            return None
        return None if status == "created" and current != "created" else status
    if state.heading_back and status in HANDLED:
        return "returning"
    return status
