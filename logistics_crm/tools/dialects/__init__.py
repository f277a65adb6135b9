"""Webhook dialects: how each vendor signs a delivery and spells a tracking event.

`dialect(name, config)` makes one; `SELECTION` is (name, label) in the order to offer them.
"""

from .aftership import AfterShip
from .base import Dialect
from .easypost import EasyPost
from .errors import ConfigError, DialectError, SignatureError, UnreadableError
from .karrio import Karrio
from .plain_json import PlainJson
from .seventeentrack import SeventeenTrack
from .standard_webhooks import StandardWebhooks

DIALECTS = {cls.name: cls for cls in (AfterShip, EasyPost, SeventeenTrack, Karrio, StandardWebhooks, PlainJson)}
LABELS = {name: cls.label for name, cls in DIALECTS.items()}
SELECTION = tuple(LABELS.items())

__all__ = [
    "DIALECTS",
    "LABELS",
    "SELECTION",
    "ConfigError",
    "Dialect",
    "DialectError",
    "SignatureError",
    "UnreadableError",
    "dialect",
]


def dialect(name, config=None):
    """The dialect called `name`, set up with `config`; raise `ConfigError` when either is wrong."""
    try:
        cls = DIALECTS[name]
    except KeyError:
        raise ConfigError(f"There is no webhook dialect {name!r}.") from None
    return cls(config)
