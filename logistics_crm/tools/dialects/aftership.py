"""AfterShip Tracking webhooks.

Source: AfterShip's documentation, "Webhook Specifications", "Webhook Signature", "Delivery Sub-statuses"
and the webhook changelog up to version 2026-07. Header `aftership-hmac-sha256` is the base64 HMAC-SHA256
of the body.
"""

import base64

from .base import Dialect, header, hmac_hex
from .errors import UnreadableError
from .values import items, key_text, newest, node, place, read_time, stable_key, text

# Tags about the tracking itself, not about a scan: they stand on the tracking and on none of its
# checkpoints.
_ABOUT_TRACKING = ("Pending", "Expired")


class AfterShip(Dialect):
    name = "aftership"
    label = "AfterShip"

    def verify(self, headers, body, now=None):
        def expected(secret):
            return base64.b64encode(bytes.fromhex(hmac_hex(secret, body))).decode()

        self.check(expected, header(headers, "aftership-hmac-sha256"), "aftership-hmac-sha256 header")

    def delivery_id(self, headers, body):
        return self.body_id(body, "event_id")

    def parse(self, body, headers=None):
        """Each delivery carries the whole tracking: all its checkpoints, its tag and its estimates."""
        payload = self.load_object(body)
        tracking = node(payload, "msg")
        if key_text(tracking.get("tracking_number")) is None:
            raise UnreadableError("The body has no msg.tracking_number.")
        sent_at = read_time(payload.get("ts"), self.zone, "epoch")
        made_at = read_time(tracking.get("updated_at"), self.zone) or sent_at
        events = [self._checkpoint(tracking, checkpoint) for checkpoint in items(tracking.get("checkpoints"))]
        last = newest(events)
        if payload.get("event") != "edd_revise":
            events += self._about_tracking(tracking, events, made_at)
        return events + self._estimate(tracking, sent_at or made_at or last, last)

    @staticmethod
    def coarse(code):
        """`Exception_013` → `Exception`: AfterShip adds sub-statuses every year, the tags stay."""
        tag, found, _number = code.partition("_")
        return tag if found else None

    def _checkpoint(self, tracking, checkpoint):
        checkpoint = node(checkpoint)
        return self.event(
            tracking.get("tracking_number"),
            tracking.get("slug"),
            code=_code(checkpoint),
            occurred_at=read_time(checkpoint.get("checkpoint_time"), self.zone),
            location=place(checkpoint.get("location"))
            or place(checkpoint.get("city"), checkpoint.get("state"), _country(checkpoint)),
            description=text(checkpoint.get("message")) or text(checkpoint.get("subtag_message")),
            # Since version 2026-07; it identifies the checkpoint among those of its tracking.
            external_id=stable_key(tracking.get("id"), checkpoint.get("hash")),
        )

    def _about_tracking(self, tracking, events, made_at):
        """The tracking's own tag as an event when no checkpoint tells it: not scanned yet, or expired."""
        code = _code(tracking)
        if code is None or (events and code.partition("_")[0] not in _ABOUT_TRACKING):
            return []
        if any(event.get("code") == code for event in events):
            return []
        return [
            self.event(
                tracking.get("tracking_number"),
                tracking.get("slug"),
                code=code,
                occurred_at=made_at,
                description=text(tracking.get("subtag_message")),
                external_id=stable_key(tracking.get("id"), code, newest(events) or "none"),
            )
        ]

    def _estimate(self, tracking, made_at, last):
        """The best of AfterShip's estimates: the one it picked, its own prediction, the carrier's."""
        for eta in (
            node(tracking, "latest_estimated_delivery").get("datetime"),
            node(tracking, "aftership_estimated_delivery_date").get("estimated_delivery_date"),
            node(tracking, "courier_estimated_delivery_date").get("estimated_delivery_date"),
            tracking.get("expected_delivery"),
        ):
            if key_text(eta):
                slug, number = tracking.get("slug"), tracking.get("tracking_number")
                return self.estimate(number, slug, eta, made_at, tracking.get("id"), last)
        return []


def _code(holder):
    return key_text(holder.get("subtag")) or key_text(holder.get("tag"))


def _country(checkpoint):
    names = ("country_region_name", "country_name", "country_region", "country_iso3")
    return next((checkpoint[name] for name in names if text(checkpoint.get(name))), None)
