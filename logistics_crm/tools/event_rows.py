"""Reading of tracking events as integrators send them (`logistics.tracking.event.ingest`)."""

import hashlib
from base64 import b64encode
from typing import NamedTuple

from .problems import RowProblem
from .row_values import FUTURE_TOLERANCE, check_keys, read_instant, read_text
from .tracking_status import CLASSIFIERS, RANK

_CLASSIFIERS = frozenset(code for code, _label in CLASSIFIERS)


class EventRow(NamedTuple):
    """One event in our form. `occurred_at` and `eta` are naive UTC, `utc_offset` is in minutes."""

    waybill: str
    occurred_at: object
    utc_offset: int
    status: str | None
    code: str | None
    source: str | None
    external_id: str | None
    carrier: str | None
    hub: str | None
    location: str | None
    reason: str | None
    description: str | None
    eta: object
    classifier: str


KEYS = frozenset(EventRow._fields) - {"utc_offset"}


def read_event(row, now):
    """Read one event dict; `now` is naive UTC. Raises RowProblem, which names the field at fault."""
    check_keys(row, KEYS)
    get = row.get
    waybill = read_text(get("waybill"), "waybill", 64)
    if waybill is None:
        raise RowProblem("missing", "waybill")
    occurred_at, utc_offset = read_instant(get("occurred_at"), "occurred_at")
    if occurred_at is None:
        raise RowProblem("missing", "occurred_at")
    classifier = get("classifier") or "actual"
    if not isinstance(classifier, str) or classifier not in _CLASSIFIERS:
        raise RowProblem("unknown_classifier", "classifier", classifier)
    if classifier == "actual" and occurred_at > now + FUTURE_TOLERANCE:
        raise RowProblem("in_future", "occurred_at", row["occurred_at"])
    status = get("status") or None
    if status is not None and (not isinstance(status, str) or status not in RANK):
        raise RowProblem("unknown_status", "status", status)
    code = read_text(get("code"), "code", 128)
    if status is None and code is None:
        raise RowProblem("missing_status", "status")
    return EventRow(
        waybill,
        occurred_at,
        utc_offset,
        status,
        code,
        read_text(get("source"), "source", 128),
        read_text(get("external_id"), "external_id", 256),
        read_text(get("carrier"), "carrier", 128),
        read_text(get("hub"), "hub", 128),
        read_text(get("location"), "location", 256),
        read_text(get("reason"), "reason", 64),
        read_text(get("description"), "description", 4000),
        read_instant(get("eta"), "eta")[0],
        classifier,
    )


def dedup_key(*parts):
    """A 20-character key of the parts' text: equal parts, equal key. 120 bits, so that chance never makes a pair."""
    text = "\x1f".join("" if part is None else str(part) for part in parts)
    return b64encode(hashlib.blake2b(text.encode(), digest_size=15).digest()).decode()
