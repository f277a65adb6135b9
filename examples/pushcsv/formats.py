"""How numbers and dates are written in the file, unless a field says otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from .checks import check_names, strings
from .errors import MappingError


@dataclass(frozen=True)
class Formats:
    """The mapping's [formats]."""

    date_format: str | list[str] = "iso"
    timezone: str | None = None
    decimal: str = "."
    thousands: str = ""


def compile_formats(section: dict) -> Formats:
    """Check [formats] once, so that fields may rely on it."""
    check_names(section, {"date_format", "timezone", "decimal", "thousands"}, "[formats]")
    formats = Formats(**section)
    if formats.timezone:
        load_zone(formats.timezone, "[formats]")
    check_number_format(formats.decimal, formats.thousands, "[formats]")
    strings(formats.date_format, "[formats] date_format")
    return formats


def check_number_format(decimal: Any, thousands: Any, label: str) -> None:
    """A decimal mark is needed, and must not be the thousands mark too."""
    both_texts = isinstance(decimal, str) and isinstance(thousands, str)
    if not both_texts or len(decimal) != 1 or decimal == thousands:
        raise MappingError(f"{label}: decimal is one character and thousands another one (or empty)")


def load_zone(name: Any, label: str) -> tzinfo:
    """An IANA time zone, with a message that also helps where the system has no zone data."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, TypeError, AttributeError, OSError) as error:
        raise MappingError(
            f"{label}: time zone {name!r} is not known here; use an IANA name such as America/Sao_Paulo"
            " (on a system without zone data: python3 -m pip install tzdata)"
        ) from error
