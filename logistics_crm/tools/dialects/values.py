"""Reading a hostile body without surprises: JSON, text, keys, places and times.

A body comes from the internet, so nothing here trusts a type, a length or a depth. Every function returns a
plain value or None; only `read_json` raises `UnreadableError` and `read_zone` `ConfigError`.
"""

import contextlib
import hashlib
import json
import math
import re
import zoneinfo
from datetime import datetime, timezone

from .errors import ConfigError, UnreadableError

# JSON that nests deeper than this is an attack on whoever walks it, not a tracking event.
MAX_DEPTH = 64
# A text that is shown is cut, a key that is indexed is digested: no column or index overflows.
MAX_TEXT = 2000
MAX_PLACE = 256
MAX_KEY = 200
# An instant outside these years is a typing error or an attack, and its UTC form may not even exist.
FIRST_YEAR, LAST_YEAR = 1971, 2199
_INT64 = 2**63
# Fractions of a second are read and dropped; vendors write offsets with and without the colon.
_ISO = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:[.,][0-9]{1,12})? ?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)


def utf8(value):
    """`value` as bytes; a lone surrogate, which a header or a config may hold, is passed on."""
    return value.encode("utf-8", "surrogatepass")


def read_json(body):
    """`body` as JSON of which every text can be stored and every number printed.

    NUL and lone surrogates, which JSON may escape but PostgreSQL and UTF-8 refuse, become U+FFFD. NaN and
    infinities, which RFC 8259 does not have, are unreadable.
    """
    try:
        text = body.decode("utf-8-sig")
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except UnreadableError:
        raise
    except UnicodeDecodeError:
        raise UnreadableError("The body is not UTF-8 text.") from None
    except RecursionError:
        raise UnreadableError("The body nests too deeply.") from None
    except ValueError as error:
        raise UnreadableError(f"The body is not JSON: {str(error)[:200]}") from None
    return _clean(value, MAX_DEPTH)


def _refuse_constant(name):
    raise UnreadableError(f"The body is not JSON: it has {name}.")


def _finite(digits):
    number = float(digits)
    if not math.isfinite(number):
        raise UnreadableError("The body has a number that is too large.")
    return number


def _clean(value, depth):
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        if not depth:
            raise UnreadableError("The body nests too deeply.")
        return {clean(key): _clean(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list):
        if not depth:
            raise UnreadableError("The body nests too deeply.")
        return [_clean(item, depth - 1) for item in value]
    if type(value) is int and not -_INT64 <= value < _INT64:
        return str(value)
    return value


def clean(text):
    """`text` without what PostgreSQL or UTF-8 refuse."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def node(value, *path):
    """`value[path[0]][path[1]]…` as a dict; {} when anything on the way is missing or of another type."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def items(value):
    """`value` when it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value, limit=MAX_TEXT):
    """A scalar as stripped text, cut at `limit`; None when it is empty or not a scalar."""
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, float) and value.is_integer() and abs(value) < _INT64:
        value = str(int(value))
    elif isinstance(value, int | float):
        value = str(value)
    if not isinstance(value, str):
        return None
    return value.strip()[:limit].rstrip() or None


def key_text(value):
    """A waybill, a code or a slug: never cut, for cutting could make two parcels one."""
    return text(value, limit=None)


def stable_key(*parts):
    """The parts joined by `:`, digested when too long for an index; None when a part is missing."""
    texts = [key_text(part) for part in parts]
    if None in texts:
        return None
    key = ":".join(texts)
    if len(key) > MAX_KEY:
        key = "sha256:" + hashlib.sha256(utf8(key)).hexdigest()
    return key


def place(*parts):
    """The parts of an address that are given, each once, as one line."""
    texts = [found for found in map(text, parts) if found]
    return text(", ".join(dict.fromkeys(texts)), MAX_PLACE)


def read_zone(name):
    """The zone called `name`, UTC for none; raise `ConfigError` when there is no such zone."""
    if not name:
        return timezone.utc
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise ConfigError(f"There is no time zone {name!r}.") from None


def read_time(value, zone, time_format="iso", day_end=False):
    """`value` as ISO 8601 with offset, to the second.

    `time_format` is `iso`, `epoch` (seconds), `epoch_ms` or a strptime pattern; a time without offset is
    in `zone`. With `day_end` a bare date means the end of that day, as a promise does. What cannot be
    read comes back as the text it is, for the inbox to show; None when there is nothing.
    """
    raw = text(value, MAX_KEY)
    if raw is None:
        return None
    with contextlib.suppress(ValueError, OverflowError, OSError):
        when = _to_datetime(raw, zone, time_format)
        if FIRST_YEAR <= when.year <= LAST_YEAR:
            if day_end and time_format == "iso" and len(raw) <= 10:
                when = when.replace(hour=23, minute=59, second=59)
            return when.isoformat(timespec="seconds")
    return raw


def _to_datetime(raw, zone, time_format):
    if time_format in ("epoch", "epoch_ms"):
        seconds = float(raw) / (1000 if time_format == "epoch_ms" else 1)
        return datetime.fromtimestamp(seconds, timezone.utc).astimezone(zone)
    when = _from_iso(raw) if time_format == "iso" else datetime.strptime(raw, time_format)
    return when if when.utcoffset() is not None else when.replace(tzinfo=zone)


def _from_iso(raw):
    """ISO 8601 as vendors write it; `datetime.fromisoformat` reads less of it the older the Python is."""
    match = _ISO.fullmatch(raw)
    if match is None:
        raise ValueError(raw)
    day, clock, offset = match.groups()
    if offset is None:
        return datetime.fromisoformat(f"{day}T{clock or '00:00'}")
    offset = "+00:00" if offset in "Zz" else f"{offset[:3]}:{offset[3:].lstrip(':') or '00'}"
    return datetime.fromisoformat(f"{day}T{clock}{offset}")


def has_offset(value):
    """Whether `value` is an ISO 8601 text that names its own offset, in years that we take."""
    raw = text(value, MAX_KEY)
    if raw is None:
        return False
    try:
        when = _from_iso(raw)
    except ValueError:
        return False
    return when.utcoffset() is not None and FIRST_YEAR <= when.year <= LAST_YEAR


def latest(times):
    """The latest of the ISO 8601 texts, or None; what is not a time with offset does not count."""
    return max(filter(has_offset, times), key=_from_iso, default=None)


def newest(events):
    """The latest `occurred_at` of `events`, or None."""
    return latest(event.get("occurred_at") for event in events)
