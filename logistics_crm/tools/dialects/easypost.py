"""EasyPost tracker webhooks.

Source: EasyPost's API reference ("Trackers", "Webhooks") and `validate_webhook` of its Python library:
header `X-Hmac-Signature` is `hmac-sha256-hex=` + the hex HMAC-SHA256 of the body, the secret
NFKD-normalised.
"""

import unicodedata

from .base import Dialect, header, hmac_hex
from .errors import UnreadableError
from .values import items, key_text, newest, node, place, read_time, stable_key, text


class EasyPost(Dialect):
    name = "easypost"
    label = "EasyPost"

    def verify(self, headers, body, now=None):
        def expected(secret):
            return "hmac-sha256-hex=" + hmac_hex(unicodedata.normalize("NFKD", secret), body)

        self.check(expected, header(headers, "X-Hmac-Signature"), "X-Hmac-Signature header")

    def delivery_id(self, headers, body):
        return self.body_id(body, "id")

    def parse(self, body, headers=None):
        """`tracker.created` and `tracker.updated` carry the whole tracker; the rest is not about a parcel."""
        payload = self.load_object(body)
        tracker = payload.get("result")
        if not isinstance(tracker, dict):
            raise UnreadableError("The body has no result: it is not an EasyPost event.")
        about = text(payload.get("description")) or ""
        if tracker.get("object") != "Tracker" and not about.startswith("tracker."):
            return []
        if key_text(tracker.get("tracking_code")) is None:
            raise UnreadableError("The body has no result.tracking_code.")
        made_at = read_time(tracker.get("updated_at") or payload.get("created_at"), self.zone)
        events = [self._detail(tracker, detail) for detail in items(tracker.get("tracking_details"))]
        if not events and key_text(tracker.get("status")):
            events = [self._whole(tracker, made_at)]
        last = newest(events)
        return events + self.estimate(
            tracker["tracking_code"],
            tracker.get("carrier"),
            _day(tracker.get("est_delivery_date")),
            made_at or last,
            tracker.get("id"),
            last,
        )

    @staticmethod
    def coarse(code):
        """`in_transit:departed_facility` → `in_transit`: the statuses are few, their details many."""
        status, found, _detail = code.partition(":")
        return status if found else None

    def _detail(self, tracker, detail):
        detail = node(detail)
        where = node(detail, "tracking_location")
        return self.event(
            tracker.get("tracking_code"),
            tracker.get("carrier"),
            code=_code(detail),
            occurred_at=read_time(detail.get("datetime"), self.zone),
            location=place(where.get("city"), where.get("state"), where.get("country")),
            description=text(detail.get("message")) or text(detail.get("description")),
        )

    def _whole(self, tracker, made_at):
        """A tracker that has no scan yet still has a status."""
        code = _code(tracker)
        return self.event(
            tracker.get("tracking_code"),
            tracker.get("carrier"),
            code=code,
            occurred_at=made_at,
            external_id=stable_key(tracker.get("id"), code),
        )


def _code(holder):
    """`status:status_detail`, for the status alone (in_transit) hides a hub, a delay and a loss alike."""
    status, detail = key_text(holder.get("status")), key_text(holder.get("status_detail"))
    return f"{status}:{detail}" if status and detail and detail != status else status


def _day(value):
    """EasyPost gives the promised day as midnight UTC; the day is meant, not its first second."""
    raw = text(value) or ""
    return raw[:10] if raw[10:] in ("T00:00:00Z", "T00:00:00+00:00", "T00:00:00.000Z") else value
