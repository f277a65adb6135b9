"""Standard Webhooks carrying our own event dicts: for a TMS that can sign and post.

Source: the Standard Webhooks specification 1.0.0. `webhook-signature` is a space-delimited list of `v1,`
+ base64 HMAC-SHA256 over `id.timestamp.body`; the secret is base64 after the prefix `whsec_`.
"""

import base64
import binascii
import hashlib
import hmac
import re
import time

from .base import Dialect, header
from .errors import ConfigError, SignatureError, UnreadableError
from .values import stable_key, utf8

PREFIX = "whsec_"
# More than two secrets' worth of signatures is no rotation but a search.
_MAX_SIGNATURES = 16


class StandardWebhooks(Dialect):
    name = "standard_webhooks"
    label = "Standard Webhooks"

    def __init__(self, config=None):
        super().__init__(config)
        self.keys = [_key(secret) for secret in self.secrets]

    def verify(self, headers, body, now=None):
        identifier, sent_at = header(headers, "webhook-id"), header(headers, "webhook-timestamp")
        signatures = header(headers, "webhook-signature")
        if not self.keys:
            raise SignatureError("No secret is set for this source.")
        if not (identifier and sent_at and signatures):
            raise SignatureError("The delivery lacks webhook-id, webhook-timestamp or webhook-signature.")
        if not re.fullmatch(r"[0-9]{1,12}", sent_at):
            raise SignatureError("The webhook-timestamp is not a POSIX time in seconds.")
        now = time.time() if now is None else now
        if abs(now - int(sent_at)) > self.tolerance:
            raise SignatureError("The webhook-timestamp is too far from our clock.")
        signed = utf8(identifier) + b"." + sent_at.encode() + b"." + body
        given = [found for found in map(_signature, signatures.split()[:_MAX_SIGNATURES]) if found]
        right = [hmac.new(key, signed, hashlib.sha256).digest() for key in self.keys]
        # A list, not a generator: every pair is compared, so that time does not tell which one matched.
        if not any([hmac.compare_digest(one, other) for one in right for other in given]):
            raise SignatureError("The webhook-signature is wrong.")

    def delivery_id(self, headers, body):
        return stable_key(header(headers, "webhook-id"))

    def parse(self, body, headers=None):
        """Read `{"type", "timestamp", "data"}`; `data` is an event, a list of events or `{"events": […]}`.

        The events are handed on as they are: `ingest` knows its own contract best.
        """
        payload = self.load_object(body)
        if "data" not in payload:
            raise UnreadableError("The body has no data.")
        data = payload["data"]
        events = data.get("events", [data] if data else []) if isinstance(data, dict) else data
        if not isinstance(events, list):
            raise UnreadableError("The body has neither an event nor a list of events in data.")
        return [event if isinstance(event, dict) else _not_an_event(event) for event in events]


def sign(secret, identifier, timestamp, body):
    """One `webhook-signature` of `body` (bytes), as every Standard Webhooks library accepts it."""
    signed = f"{identifier}.{int(timestamp)}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()


def _not_an_event(value):
    """What the inbox shows of an entry that is no event at all."""
    return {"description": f"Not an event: {str(value)[:200]}"}


def _key(secret):
    try:
        # Some tools print the secret without padding; superfluous padding is ignored.
        key = base64.b64decode(secret.removeprefix(PREFIX) + "==")
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ConfigError("A Standard Webhooks secret is whsec_ and base64.")
    return key


def _signature(text):
    version, _comma, encoded = text.partition(",")
    if version != "v1":
        return None
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
