"""Plain JSON with a field map that the admin edits: for a sender that has a webhook of its own shape.

Config, beside what every dialect has:

- `events_path`: dotted path to the event or the list of events; empty for the body itself;
- `fields`: event key → dotted path inside the event. `$.` starts at the body (`$.data.mailNo`), a number
  is an index into a list (`traces.0.time`, `-1` is the last), ` + ` joins what two paths give by a space
  (`date + time`);
- `defaults`: event key → constant, used where the path gives nothing;
- `date_format`: `iso`, `epoch`, `epoch_ms` or a strptime pattern (default `iso`); `zone` for times
  without offset;
- `signature`: `none`, `hmac` (hex or base64 HMAC of the body), `secret` (a header holds the secret) or
  `bearer`; `signature_header` names the header, `signature_algorithm` is `sha256` (default), `sha512` or
  `sha1`;
- `delivery_id_header`, `delivery_id_path`: where the sender puts an id of the delivery.
"""

import base64
import re
from datetime import datetime, timezone

from .base import Dialect, header, hmac_hex
from .errors import ConfigError, UnreadableError
from .values import MAX_PLACE, MAX_TEXT, key_text, read_time, stable_key, text

FIELDS = (
    "waybill",
    "occurred_at",
    "status",
    "code",
    "external_id",
    "carrier",
    "hub",
    "location",
    "description",
    "eta",
    "reason",
    "classifier",
)
SIGNATURES = (
    ("none", "None"),
    ("hmac", "HMAC of the Body"),
    ("secret", "Secret in a Header"),
    ("bearer", "Bearer Token"),
)
ALGORITHMS = ("sha256", "sha512", "sha1")
_TIMES = ("occurred_at", "eta")
_TEXTS = {"location": MAX_PLACE, "description": MAX_TEXT}
_KEY = re.compile(r"-?\d{1,9}")


class PlainJson(Dialect):
    name = "plain_json"
    label = "Plain JSON"

    def __init__(self, config=None):
        super().__init__(config)
        config = self.config
        self.events_path = read_path(config.get("events_path") or "")
        self.fields = {}
        for key, path in (config.get("fields") or {}).items():
            if key not in FIELDS:
                raise ConfigError(f"There is no event field {key!r}; known are {', '.join(FIELDS)}.")
            if path:
                self.fields[key] = [read_path(part) for part in str(path).split(" + ")]
        self.defaults = {key: value for key, value in (config.get("defaults") or {}).items() if value}
        self.date_format = read_format(config.get("date_format") or "iso")
        self.delivery_id_path = read_path(config.get("delivery_id_path") or "")
        self.signature = config.get("signature") or "none"
        if self.signature not in dict(SIGNATURES):
            raise ConfigError(f"There is no signature scheme {self.signature!r}.")
        self.algorithm = config.get("signature_algorithm") or "sha256"
        if self.algorithm not in ALGORITHMS:
            raise ConfigError(f"There is no signature algorithm {self.algorithm!r}.")
        self.signature_header = config.get("signature_header") or "X-Signature"

    def verify(self, headers, body, now=None):
        """Check what the config asks for; with `none`, knowing the source's address is all the proof."""
        if self.signature == "none":
            return
        if self.signature == "bearer":
            scheme, _space, given = header(headers, "Authorization").partition(" ")
            given = given.strip() if scheme.lower() == "bearer" else ""
            self.check(lambda secret: secret, given, "bearer token")
            return
        given, what = header(headers, self.signature_header), f"{self.signature_header} header"
        if self.signature == "secret":
            self.check(lambda secret: secret, given, what)
            return
        given = given.removeprefix(f"{self.algorithm}=")
        as_hex = re.fullmatch(r"[0-9a-fA-F]+", given) is not None

        def expected(secret):
            digest = hmac_hex(secret, body, self.algorithm)
            return digest if as_hex else base64.b64encode(bytes.fromhex(digest)).decode()

        self.check(expected, given.lower() if as_hex else given, what)

    def delivery_id(self, headers, body):
        name = self.config.get("delivery_id_header")
        found = stable_key(header(headers, name)) if name else None
        if found is None and self.delivery_id_path:
            try:
                root = self.load(body)
            except UnreadableError:
                return None
            found = stable_key(follow(root, root, self.delivery_id_path))
        return found

    def parse(self, body, headers=None):
        """One event per entry at `events_path`; one that is an object counts as a list of one."""
        root = self.load(body)
        found = follow(root, root, self.events_path)
        if isinstance(found, dict):
            found = [found]
        if not isinstance(found, list):
            where = ".".join(map(str, self.events_path)) or "the body"
            raise UnreadableError(f"There is no event and no list of events at {where}.")
        return [self._event(root, entry) for entry in found]

    def _event(self, root, entry):
        event = {}
        for key in FIELDS:
            value = self._value(root, entry, key)
            if value is None:
                value = self.defaults.get(key)
            if value is not None:
                event[key] = value
        return event

    def _value(self, root, entry, key):
        found = [follow(root, entry, path) for path in self.fields.get(key, ())]
        value = found[0] if len(found) == 1 else " ".join(part for part in map(text, found) if part)
        if key in _TIMES:
            return read_time(value, self.zone, self.date_format, day_end=key == "eta")
        if key in _TEXTS:
            return text(value, _TEXTS[key])
        if key == "external_id":
            return stable_key(value)
        if key == "carrier":
            # Without a map the sender's name is taken to be ours; with one, an unmapped name is left out.
            slug = key_text(value)
            return self.carriers.get((slug or "").lower()) if self.carriers else slug
        return key_text(value)


def read_path(path):
    """`"data.0.time"` → `("data", "0", "time")`; raise `ConfigError` for what is no path."""
    if not isinstance(path, str):
        raise ConfigError(f"{path!r} is not a dotted path.")
    path = path.strip()
    steps = tuple(path.split(".")) if path else ()
    if "" in steps:
        raise ConfigError(f"{path!r} is not a dotted path: a name is missing.")
    return steps


def read_format(date_format):
    """`date_format` itself; raise `ConfigError` when it is neither a keyword nor a strptime pattern."""
    if date_format in ("iso", "epoch", "epoch_ms"):
        return date_format
    try:
        moment = datetime(2001, 2, 3, 4, 5, 6, tzinfo=timezone.utc)
        datetime.strptime(moment.strftime(date_format), date_format)
    except (ValueError, TypeError, re.error):
        raise ConfigError(f"{date_format!r} is not a date format.") from None
    return date_format


def follow(root, start, steps):
    """What `steps` lead to from `start` (from `root` when the first is `$`); None when they lead nowhere."""
    value = start
    if steps and steps[0] == "$":
        value, steps = root, steps[1:]
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and _KEY.fullmatch(step) and -len(value) <= int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
