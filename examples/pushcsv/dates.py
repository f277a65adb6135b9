"""Dates and times: every one becomes an instant, by its own offset or by the mapping's time zone."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta, timezone

from .cells import Convert
from .checks import strings
from .errors import CellError, MappingError
from .formats import Formats, load_zone

EXAMPLES = {"iso": "2025-01-31 09:15", "epoch": "1738314900", "epoch_ms": "1738314900000"}


def compile_datetime(spec: dict, label: str, formats: Formats) -> Convert:
    """A date, made an instant by its own offset or else by the time zone.

    An hour that a clock change repeats is taken as its first pass; one that it skips, by the offset before.
    """
    patterns = strings(spec.get("format", formats.date_format), f"{label} format")
    zone_name = spec.get("timezone", formats.timezone)
    zone = load_zone(zone_name, label) if zone_name else None
    end_of_day = spec.get("end_of_day", False)
    if not isinstance(end_of_day, bool):
        raise MappingError(f"{label}: end_of_day is true or false")
    try:
        shift = timedelta(minutes=spec.get("plus_minutes", 0))
    except (TypeError, ValueError, OverflowError) as error:
        raise MappingError(f"{label}: plus_minutes is a number") from error

    def convert(text: str) -> datetime:
        moment = parse_datetime(text, patterns)
        if moment.tzinfo is None:
            if zone is None:
                raise CellError(f"{text!r} has no offset from UTC; set timezone in the mapping's [formats]")
            moment = moment.replace(tzinfo=zone)
        elif moment.tzinfo is timezone.utc and zone:
            moment = moment.astimezone(zone)  # the same instant, on the clock that people there read
        try:
            if end_of_day:
                moment = last_second_of_day(moment)
            # Added in UTC: on the wall clock, Python would lose which pass of a repeated hour this is.
            return (moment.astimezone(timezone.utc) + shift).astimezone(moment.tzinfo)
        except OverflowError as error:
            raise CellError(f"{text!r} is out of range") from error

    return convert


def parse_datetime(text: str, patterns: list[str]) -> datetime:
    """Read a date by the first pattern that fits: "iso", "epoch" (seconds), "epoch_ms" or strptime's."""
    for pattern in patterns:
        with suppress(ValueError, OverflowError, OSError):
            if pattern == "iso":
                # Python 3.10 does not know Z.
                return datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text))
            if pattern in ("epoch", "epoch_ms"):
                seconds = float(text) / (1000 if pattern == "epoch_ms" else 1)
                return datetime.fromtimestamp(seconds, timezone.utc)
            return datetime.strptime(text, pattern)
    expected = " or ".join(EXAMPLES.get(pattern, pattern) for pattern in patterns)
    raise CellError(f"{text!r} is not a date like {expected}; correct it, or the format in the mapping")


def last_second_of_day(moment: datetime) -> datetime:
    """23:59:59 on the wall clock of the moment's day; the second one where a clock change repeats it."""
    midnight = (moment + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight.astimezone(timezone.utc) - timedelta(seconds=1)).astimezone(moment.tzinfo)
