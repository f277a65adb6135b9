"""What can go wrong, by who can mend it."""


class PushError(Exception):
    """The push cannot go on; the message is for the person who started it."""


class MappingError(PushError):
    """The TOML mapping is wrong."""


class CellError(Exception):
    """A cell does not hold what its field needs; only its row is rejected."""
