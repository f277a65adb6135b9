"""The interface of a webhook dialect, and what all of them share.

A dialect knows how one vendor signs a delivery and how it spells a tracking event. It knows no ORM: it turns
bytes and headers into event dicts in the shape that `logistics.tracking.event.ingest` takes.
"""

import hmac

from .errors import SignatureError, UnreadableError
from .values import clean, key_text, read_json, read_time, read_zone, stable_key, utf8


class Dialect:
    """One vendor's way to sign and to spell tracking events.

    `config` is a dict; every key is optional:

    - `secrets`: list of one or two texts, two while a secret is being rotated;
    - `tolerance`: seconds that a signed timestamp may be off, for schemes that sign one (default 300);
    - `zone`: IANA zone of local times that come without an offset (default UTC);
    - `carrier_map`: the vendor's carrier slug → the name of our carrier. An unmapped slug is left out of
      the event.
    """

    name = ""
    label = ""
    # Headers that `parse` reads: they are kept with the delivery. Never a signature or a secret.
    parse_headers = ()

    def __init__(self, config=None):
        config = config or {}
        self.config = config
        secrets = config.get("secrets") or []
        self.secrets = [text.strip() for text in secrets if isinstance(text, str) and text.strip()]
        tolerance = config.get("tolerance")
        self.tolerance = 300 if tolerance is None else float(tolerance)
        self.zone = read_zone(config.get("zone"))
        carriers = config.get("carrier_map") or {}
        self.carriers = {str(slug).strip().lower(): name for slug, name in carriers.items() if name}
        self._read = (None, None)

    def verify(self, headers, body, now=None):
        """Raise `SignatureError` unless one of our secrets signed `body`.

        `headers` is a mapping (case does not matter), `body` the bytes as they came, `now` a POSIX time
        for schemes that sign a timestamp (default: the clock).
        """
        raise NotImplementedError

    def delivery_id(self, headers, body):
        """The vendor's own id of this delivery, the same when it is sent again; None when it gives none."""
        return

    def parse(self, body, headers=None):
        """Return the event dicts in `body`; an empty list when it is readable but tells of no parcel.

        An event that lacks something, or has it in a bad form, is still returned, so that it waits in the
        inbox. Raise `UnreadableError` when the body as a whole is not what this vendor sends.
        """
        raise NotImplementedError

    @staticmethod
    def coarse(code):
        """The vendor's coarser code that covers `code`, or None; looked up when the code map lacks `code`."""
        return

    # what the dialects build upon

    def load(self, body):
        """`read_json(body)`, done once per body: `delivery_id` and `parse` both need it."""
        seen, value = self._read
        if seen is not body:
            value = read_json(body)
            self._read = (body, value)
        return value

    def load_object(self, body):
        value = self.load(body)
        if not isinstance(value, dict):
            raise UnreadableError("The body is not a JSON object.")
        return value

    def body_id(self, body, key):
        """Top-level `key` of `body` as a delivery id; None for whatever cannot be read."""
        try:
            return stable_key(self.load_object(body).get(key))
        except UnreadableError:
            return None

    def check(self, expected, given, what):
        """Compare in constant time, against every secret: `expected` maps a secret to the right value."""
        if not self.secrets:
            raise SignatureError("No secret is set for this source.")
        if not given:
            raise SignatureError(f"The delivery has no {what}.")
        # A list, not a generator: each secret is tried, so that time does not tell which one matched.
        if not any([same(expected(secret), given) for secret in self.secrets]):
            raise SignatureError(f"The {what} is wrong.")

    def event(self, waybill, slug, **values):
        """An event dict of the keys that have a value; `slug` is the vendor's name of the carrier."""
        values["waybill"] = key_text(waybill)
        values["carrier"] = self.carriers.get((key_text(slug) or "").lower())
        return {key: value for key, value in values.items() if value is not None}

    def estimate(self, waybill, slug, eta, made_at, tracker, last):
        """The vendor's promise for the whole parcel as an event of its own.

        Scans are final, an estimate changes: it is logged with the instant `made_at` that it was made.
        Its external id holds the estimate and `last`, the newest scan that it knew of, so that the same
        estimate sent with every delivery is logged once.
        """
        eta = read_time(eta, self.zone, day_end=True)
        if eta is None:
            return []
        return [
            self.event(
                waybill,
                slug,
                status="delivered",
                classifier="estimated",
                occurred_at=made_at,
                eta=eta,
                external_id=stable_key("eta", tracker or waybill, eta, last or made_at),
            )
        ]


def header(headers, name):
    """Header `name` as text, whatever its case; "" when absent."""
    if not headers:
        return ""
    value = headers.get(name)
    if value is None:
        wanted = name.lower()
        value = next((found for key, found in headers.items() if str(key).lower() == wanted), None)
    return clean(value).strip() if isinstance(value, str) else ""


def same(expected, given):
    """Whether two texts are equal, in constant time; odd characters are no error, only not equal."""
    return hmac.compare_digest(utf8(expected), utf8(given))


def hmac_hex(secret, body, algorithm="sha256"):
    return hmac.new(utf8(secret), body, algorithm).hexdigest()
