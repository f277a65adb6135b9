"""Reading of what a courier's phone sends (`logistics.courier.action._act`)."""

import binascii
import hashlib
import json
import uuid
from base64 import b64decode
from datetime import timedelta
from typing import NamedTuple

from .problems import RowProblem
from .row_values import check_keys, read_instant, read_text

KINDS = ("delivered", "failed", "exception")
# Who took it: what Odoo shows, and what the phone may send.
RELATIONS = [
    ("consignee", "Consignee"),
    ("family", "Family"),
    ("colleague", "Colleague"),
    ("reception", "Reception"),
    ("neighbor", "Neighbor"),
    ("other", "Other"),
]
MAX_PHOTOS = 8
MAX_IMAGE_BYTES = 4_000_000
# What a phone's clock may be off by before we say so.
CLOCK_TOLERANCE = timedelta(minutes=2)
# What waited longer than this on a phone was not: its clock is wrong.
LONGEST_WAIT = timedelta(days=30)
KEYS = frozenset(
    {
        *("key", "kind", "shipment_id", "waybill", "happened_at", "sent_at", "reason", "note", "place"),
        *("signatory", "relation", "signature", "photos"),
    }
)


class CourierAction(NamedTuple):
    """One action in our form; instants are naive UTC, `digest` tells two uses of one key apart."""

    key: str
    kind: str
    shipment_id: int
    waybill: str | None
    happened_at: object
    utc_offset: int
    device_time: str
    clock_off: bool
    reason: str | None
    signatory: str | None
    relation: str | None
    note: str | None
    place: tuple | None
    signature: bytes | None
    photos: tuple
    digest: str


def read_action(payload, now):
    """Read one action; `now` is naive UTC. Raises RowProblem, which names the field at fault."""
    check_keys(payload, KEYS)
    get = payload.get
    kind = get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise RowProblem("unknown_kind", "kind", kind)
    shipment_id = get("shipment_id")
    if type(shipment_id) is not int or not 0 < shipment_id < 2**31:
        raise RowProblem("not_whole", "shipment_id", shipment_id)
    happened_at, utc_offset = read_instant(get("happened_at"), "happened_at")
    if happened_at is None:
        raise RowProblem("missing", "happened_at")
    corrected_at, clock_off = honest_instant(happened_at, read_instant(get("sent_at"), "sent_at")[0], now)
    photos = get("photos") or []
    if not isinstance(photos, list) or len(photos) > MAX_PHOTOS:
        raise RowProblem("too_many_photos", "photos", str(MAX_PHOTOS))
    action = CourierAction(
        key=_read_key(get("key")),
        kind=kind,
        shipment_id=shipment_id,
        waybill=read_text(get("waybill"), "waybill", 64),
        happened_at=corrected_at,
        utc_offset=utc_offset,
        device_time=payload["happened_at"].strip(),
        clock_off=clock_off,
        reason=read_text(get("reason"), "reason", 64),
        signatory=read_text(get("signatory"), "signatory", 128),
        relation=_read_relation(get("relation")),
        note=read_text(get("note"), "note", 2000),
        place=_read_place(get("place")),
        signature=_read_bytes(get("signature"), "signature"),
        photos=tuple(_read_bytes(photo, "photos") for photo in photos),
        digest="",
    )
    return action._replace(digest=_digest(action))


def honest_instant(happened_at, sent_at, now):
    """When it happened by our clock, and whether the phone's clock had to be corrected.

    `sent_at` is what the phone's clock said when it sent: by as much as that differs from `now`, its clock is wrong.
    Nothing happens after it was received.
    """
    clock_off = False
    if sent_at is not None and abs(now - sent_at) > CLOCK_TOLERANCE:
        happened_at += now - sent_at
        clock_off = True
    if happened_at > now:
        clock_off = clock_off or happened_at - now > CLOCK_TOLERANCE
        happened_at = now
    elif now - happened_at > LONGEST_WAIT:
        happened_at, clock_off = now, True
    return happened_at, clock_off


def _read_key(value):
    try:
        if not isinstance(value, str) or len(value) > 45:
            raise ValueError
        return str(uuid.UUID(value))
    except ValueError:
        raise RowProblem("not_key", "key", value) from None


def _read_relation(value):
    if not value:
        return None
    if not isinstance(value, str) or value not in dict(RELATIONS):
        raise RowProblem("unknown_relation", "relation", value)
    return value


def _read_place(value):
    """(latitude, longitude, accuracy in metres), or None where the phone did not tell."""
    if not value:
        return None
    check_keys(value, {"latitude", "longitude", "accuracy"}, "place.")
    numbers = [value.get(name, 0) for name in ("latitude", "longitude", "accuracy")]
    if any(type(number) not in (int, float) for number in numbers):
        raise RowProblem("not_number", "place", value)
    latitude, longitude, accuracy = numbers
    # Comparisons that are false for NaN, too.
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180 and 0 <= accuracy < 1e7):
        raise RowProblem("not_number", "place", value)
    return latitude, longitude, accuracy


def _read_bytes(value, field):
    """The bytes of a base64 text, also as a data URL; None when empty."""
    if value is None or value is False or value == "":
        return None
    if not isinstance(value, str):
        raise RowProblem("not_base64", field, type(value).__name__)
    if value.startswith("data:"):
        value = value.partition(",")[2]
    if len(value) > MAX_IMAGE_BYTES * 4 // 3 + 4:
        raise RowProblem("too_large_image", field, str(MAX_IMAGE_BYTES // 1_000_000))
    try:
        return b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise RowProblem("not_base64", field, value[:20]) from None


def _digest(action):
    """A hash of what the courier did: the same for every try to send it, whatever the clocks."""
    images = [hashlib.sha256(image or b"").hexdigest() for image in (action.signature, *action.photos)]
    told = [action.kind, action.shipment_id, action.device_time, action.reason, action.signatory, action.relation]
    return hashlib.sha256(json.dumps([*told, action.note, images]).encode()).hexdigest()
