"""Karrio webhooks.

Source: Karrio's server and its documentation, which differ. The server (module `events`, task `webhook`)
posts `{"event", "data"}` and sends the webhook's secret itself in header `X-Event-Id`; the documentation
describes a hex HMAC-SHA256 of the body in `X-Karrio-Signature` and an `id`. Both are accepted, the
signature first when it is there.
"""

from .base import Dialect, header, hmac_hex
from .errors import UnreadableError
from .values import items, key_text, newest, node, place, read_time, stable_key, text

# Karrio's normalised incident reasons (`TrackingIncidentReason`) in our vocabulary. A reason without a
# counterpart is left to the code map.
REASONS = {
    "carrier_damaged_parcel": "damaged",
    "carrier_sorting_error": "misrouted",
    "carrier_address_not_found": "bad_address",
    "carrier_parcel_lost": "lost",
    "carrier_not_enough_time": "delay_carrier",
    "carrier_vehicle_issue": "delay_vehicle",
    "carrier_capacity_exceeded": "delay_peak",
    "carrier_mechanical_delay": "delay_vehicle",
    "carrier_delay": "delay_carrier",
    "retailer_cancelled": "cancelled_by_customer",
    "retailer_incorrect_data": "info_error",
    "retailer_incorrect_dimensions": "info_error",
    "consignee_refused": "refused",
    "consignee_business_closed": "recipient_absent",
    "consignee_not_available": "recipient_absent",
    "consignee_not_home": "recipient_absent",
    "consignee_cancelled": "cancelled_by_customer",
    "consignee_incorrect_address": "bad_address",
    "consignee_access_restricted": "recipient_absent",
    "customs_delay": "delay_customs",
    "customs_documentation": "documents",
    "customs_duties_unpaid": "payment_hold",
    "customs_prohibited": "security",
    "customs_inspection": "delay_customs",
    "weather_delay": "delay_weather",
    "natural_disaster": "delay_weather",
    "security_issue": "security",
    "regulatory_hold": "documents",
    "parcel_being_researched": "lost",
}


class Karrio(Dialect):
    name = "karrio"
    label = "Karrio"

    def verify(self, headers, body, now=None):
        signature = header(headers, "X-Karrio-Signature")
        if signature:
            given = signature.removeprefix("sha256=").lower()
            self.check(lambda secret: hmac_hex(secret, body), given, "X-Karrio-Signature header")
        else:
            self.check(lambda secret: secret, header(headers, "X-Event-Id"), "X-Event-Id header")

    def delivery_id(self, headers, body):
        return self.body_id(body, "id")

    def parse(self, body, headers=None):
        """`tracker_created` and `tracker_updated` carry the whole tracker; the rest tells no journey."""
        payload = self.load_object(body)
        kind = text(payload.get("event")) or text(payload.get("type"))
        tracker = payload.get("data")
        if kind is None or not isinstance(tracker, dict):
            raise UnreadableError("The body has no event and data: it is not a Karrio notification.")
        if not kind.startswith("tracker"):
            return []
        if key_text(tracker.get("tracking_number")) is None:
            raise UnreadableError("The body has no data.tracking_number.")
        scans = [node(scan) for scan in items(tracker.get("events"))]
        events = [self._scan(tracker, scan) for scan in scans]
        last = newest(events)
        made_at = read_time(tracker.get("updated_at") or payload.get("created_at"), self.zone) or last
        if not any(_status(scan) for scan in scans):
            events += self._whole(tracker, last, last or made_at)
        return events + self.estimate(
            tracker["tracking_number"],
            tracker.get("carrier_name"),
            tracker.get("estimated_delivery"),
            made_at,
            tracker.get("id"),
            last,
        )

    @staticmethod
    def coarse(code):
        """`scan:KB` → `scan`: a carrier's own code that Karrio did not classify."""
        prefix, found, _rest = code.partition(":")
        return prefix if found else None

    def _scan(self, tracker, scan):
        raw = key_text(scan.get("code"))
        return self.event(
            tracker.get("tracking_number"),
            tracker.get("carrier_name"),
            code=_status(scan) or (f"scan:{raw}" if raw else "scan"),
            occurred_at=self._time(scan),
            location=place(scan.get("location")),
            description=text(scan.get("description")),
            reason=REASONS.get(key_text(scan.get("reason"))),
        )

    def _whole(self, tracker, last, when):
        """The tracker's status as an event: servers before 2026 do not classify the scans."""
        status = key_text(tracker.get("status"))
        if status is None:
            return []
        return [
            self.event(
                tracker.get("tracking_number"),
                tracker.get("carrier_name"),
                code=status,
                occurred_at=when,
                external_id=stable_key(tracker.get("id"), status, last or "none"),
            )
        ]

    def _time(self, scan):
        """`timestamp`, else `date` and `time` as the carrier's wall clock (24 h or AM/PM)."""
        if key_text(scan.get("timestamp")):
            return read_time(scan["timestamp"], self.zone)
        day, clock = text(scan.get("date")), text(scan.get("time"))
        if clock and clock[-2:].upper() in ("AM", "PM"):
            return read_time(f"{day or ''} {clock}", self.zone, "%Y-%m-%d %I:%M %p")
        return read_time(" ".join(part for part in (day, clock) if part), self.zone)


def _status(scan):
    """The scan's normalised status; `unknown` says that there is none."""
    status = key_text(scan.get("status"))
    return status if status != "unknown" else None
