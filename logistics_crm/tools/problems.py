"""What can be wrong with one input row.

A problem carries a code, the field at fault and the value; the sentence that a person reads is made where the
reader's language is known (`logistics.bulk.mixin`).
"""

from typing import NamedTuple


class Problem(NamedTuple):
    code: str
    field: str | None = None
    value: str = ""


class RowProblem(Exception):
    """Raised inside a parser to leave it at once; carries the Problem."""

    def __init__(self, code, field=None, value=""):
        super().__init__(code)
        # The field too: the name of an unknown key is the sender's.
        self.problem = Problem(code, field and shown(field), shown(value))


def shown(value):
    """`value` as a short text fit for an error message."""
    if isinstance(value, str):
        text = value
    else:
        try:
            text = repr(value)
        except (ValueError, RecursionError):  # a number of thousands of digits, lists in lists in lists
            text = f"<{type(value).__name__}>"
    text = clean(text)
    return text if len(text) <= 80 else text[:77] + "…"


def clean(text):
    """`text` without what PostgreSQL cannot store (NUL, lone surrogates), stripped of outer white space."""
    if "\0" in text:
        text = text.replace("\0", "")
    if not text.isascii():
        text = text.encode("utf-8", "ignore").decode("utf-8")
    return text.strip()
