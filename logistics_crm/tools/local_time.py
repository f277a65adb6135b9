"""Which clock hangs on the wall where a parcel arrives."""

from datetime import timedelta

import pytz

# Where a country has several zones but one official time.
_OFFICIAL = {"CN": "Asia/Shanghai"}


def offset_at(country_code, instant, fallback=None):
    """Minutes east of UTC at `instant` (naive UTC) in a country.

    A country with several clocks does not tell; then `fallback` counts (such as the offset of the parcel's last scan),
    and without one the clock of the country's most populous zone.
    """
    names = (
        [_OFFICIAL[country_code]] if country_code in _OFFICIAL else pytz.country_timezones.get(country_code or "", [])
    )
    offsets = [_zone_offset(name, instant) for name in names]
    if offsets and len(set(offsets)) == 1:
        return offsets[0]
    if fallback is not None:
        return fallback
    return offsets[0] if offsets else 0


def _zone_offset(name, instant):
    local = pytz.utc.localize(instant).astimezone(pytz.timezone(name))
    return int(local.utcoffset().total_seconds() // 60)


def shift(instant, offset):
    """The wall clock (naive) at `offset` minutes east of UTC."""
    return instant + timedelta(minutes=offset)


def offset_text(offset):
    """`UTC+8`, `UTC-3:30`, `UTC`."""
    if not offset:
        return "UTC"
    hours, minutes = divmod(abs(offset), 60)
    return f"UTC{'-' if offset < 0 else '+'}{hours}" + (f":{minutes:02}" if minutes else "")
