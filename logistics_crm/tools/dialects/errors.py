"""What can be wrong with a delivery or with the set-up of its source."""


class DialectError(Exception):
    """A delivery that cannot be taken; `reason` is one sentence for the sender or the admin."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


class SignatureError(DialectError):
    """The delivery is not proven to come from the vendor: answer 401."""


class UnreadableError(DialectError):
    """The body is not what this vendor sends: answer 400 with the reason."""


class ConfigError(DialectError):
    """The source is set up wrongly (an unknown zone, a bad secret, a bad path); raised by `__init__` only."""
