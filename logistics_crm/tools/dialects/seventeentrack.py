"""17TRACK Tracking API webhooks, version 2 (2.0 to 2.4).

Source: 17TRACK's API documentation: header `sign` is the hex SHA-256 of the body, a slash and the API
key. Events have a `sub_status` since 2.2; before, a `stage` that is empty for most scans. 17TRACK gives a
delivery no id.
"""

import hashlib

from .base import Dialect, header
from .errors import UnreadableError
from .values import (
    has_offset,
    items,
    key_text,
    latest,
    newest,
    node,
    place,
    read_time,
    stable_key,
    text,
    utf8,
)

# Statuses about the tracking, not about a scan: no event ever tells them.
_ABOUT_TRACKING = ("NotFound", "Expired")
# A scan that 17TRACK itself did not classify moves the parcel and no more.
_UNCLASSIFIED = "InTransit_Other"


class SeventeenTrack(Dialect):
    name = "seventeentrack"
    label = "17TRACK"

    def verify(self, headers, body, now=None):
        def expected(secret):
            return hashlib.sha256(body + b"/" + utf8(secret)).hexdigest()

        self.check(expected, header(headers, "sign").lower(), "sign header")

    def parse(self, body, headers=None):
        """`TRACKING_UPDATED` carries the whole tracking; `TRACKING_STOPPED` tells nothing of the parcel."""
        payload = self.load_object(body)
        data = payload.get("data")
        if not isinstance(data, dict) or key_text(data.get("number")) is None:
            raise UnreadableError("The body has no data.number: it is not a 17TRACK notification.")
        if payload.get("event") == "TRACKING_STOPPED":
            return []
        info = node(data, "track_info")
        if not info:
            raise UnreadableError("The body has no data.track_info.")
        providers = [node(provider) for provider in items(node(info, "tracking").get("providers"))]
        scans = [node(scan) for provider in providers for scan in items(provider.get("events"))]
        events = [self._scan(data, scan) for scan in scans]
        synced = latest(read_time(provider.get("latest_sync_time"), self.zone) for provider in providers)
        last = newest(events)
        made_at = synced or last
        events += self._latest(data, info, scans, events, made_at)
        eta = node(info, "time_metrics", "estimated_delivery_date")
        promise = eta.get("to") or eta.get("from")
        return events + self.estimate(data["number"], data.get("carrier"), promise, made_at, None, last)

    @staticmethod
    def coarse(code):
        """`Exception_Lost` → `Exception`: the main status covers a sub-status that is new."""
        status, found, _sub = code.partition("_")
        return status if found else None

    def _scan(self, data, scan):
        return self.event(
            data.get("number"),
            data.get("carrier"),
            code=key_text(scan.get("sub_status")) or key_text(scan.get("stage")) or _UNCLASSIFIED,
            occurred_at=self._time(scan),
            location=_location(scan),
            description=text(scan.get("description")),
        )

    def _latest(self, data, info, scans, events, made_at):
        """The tracking's own status as an event, where the scans do not carry theirs or cannot."""
        status, scan = node(info, "latest_status"), node(info, "latest_event")
        code = key_text(status.get("sub_status")) or key_text(status.get("status"))
        if code is None or any(event.get("code") == code for event in events):
            return []
        about_tracking = self.coarse(code) or code
        if about_tracking in _ABOUT_TRACKING:
            when = made_at
        elif any(key_text(scan.get("sub_status")) for scan in scans):
            return []
        else:
            when = self._time(scan) or made_at
        return [
            self.event(
                data.get("number"),
                data.get("carrier"),
                code=code,
                occurred_at=when,
                location=_location(scan),
                description=text(status.get("sub_status_descr")) or text(scan.get("description")),
                external_id=stable_key(data.get("number"), code, newest(events) or "none"),
            )
        ]

    def _time(self, scan):
        """The local time where it names its offset, else UTC, else the carrier's wall clock."""
        if has_offset(scan.get("time_iso")):
            return read_time(scan["time_iso"], self.zone)
        if has_offset(scan.get("time_utc")):
            return read_time(scan["time_utc"], self.zone)
        raw = node(scan, "time_raw")
        clock = " ".join(part for part in (text(raw.get("date")), text(raw.get("time"))) if part)
        return read_time(scan.get("time_iso") or clock + (text(raw.get("timezone")) or ""), self.zone)


def _location(scan):
    where = node(scan, "address")
    return place(scan.get("location")) or place(where.get("city"), where.get("state"), where.get("country"))
