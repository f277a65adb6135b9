"""Readers of single values in an input row: each returns the value in our form or raises RowProblem.

They run a hundred thousand times a minute, so each takes the common case first.
"""

import math
from datetime import datetime, timedelta, timezone

from .problems import RowProblem, clean

EARLIEST = datetime(1990, 1, 1)
# A clock that runs ahead is tolerated by this much; an "actual" event later than that cannot have happened.
FUTURE_TOLERANCE = timedelta(hours=24)
LATEST = datetime(2200, 1, 1)


def read_text(value, field, limit):
    """A text of at most `limit` characters, or None when empty. Numbers are taken as written."""
    if isinstance(value, str):
        text = clean(value)
    elif value is None or value is False:
        return None
    elif isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 10_000:
        text = str(value)
    else:
        raise RowProblem("not_text", field, value)
    if len(text) > limit:
        raise RowProblem("too_long", field, text)
    return text or None


def read_instant(value, field):
    """ISO 8601 with offset → (naive UTC datetime, whole seconds; offset in minutes), or (None, None) when empty."""
    if value is None or value is False or value == "":
        return None, None
    if not isinstance(value, str):
        raise RowProblem("not_instant", field, value)
    text = value.strip()
    if text[-1:] in ("Z", "z"):
        text = text[:-1] + "+00:00"  # Python 3.10 does not read the Z
    try:
        local = datetime.fromisoformat(text)
        offset = local.utcoffset()
        if offset is None:
            raise RowProblem("no_offset", field, value)
        instant = (local - offset).replace(tzinfo=None, microsecond=0)
    except (ValueError, OverflowError):
        raise RowProblem("not_instant", field, value) from None
    if not EARLIEST <= instant < LATEST:
        raise RowProblem("instant_range", field, value)
    return instant, int(offset.total_seconds() // 60)


def utc_now():
    return datetime.now(timezone.utc).replace(tzinfo=None)


def read_number(value, field, whole=False):
    """A finite number that is not negative (an int when `whole`), or None when empty."""
    if value is None or value is False or value == "":
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise RowProblem("not_number", field, value) from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RowProblem("not_number", field, value)
    if value != value or value in (math.inf, -math.inf):
        raise RowProblem("not_number", field, value)
    if value < 0:
        raise RowProblem("negative", field, value)
    if value > 1e12 or (whole and value > 2_000_000_000):
        raise RowProblem("too_large", field, value)
    if whole:
        if value != int(value):
            raise RowProblem("not_whole", field, value)
        return int(value)
    return float(value)


def check_keys(row, allowed, prefix=""):
    """Refuse keys that the contract does not have: a misspelt key would otherwise lose its value unseen."""
    if not isinstance(row, dict):
        raise RowProblem("not_dict", prefix.rstrip(".") or None, row)
    if not row.keys() <= allowed:
        unknown = sorted(str(key) for key in row.keys() - allowed)
        raise RowProblem("unknown_key", prefix + unknown[0], ", ".join(unknown))
