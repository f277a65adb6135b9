"""Checks of the mapping's parts, each with a message that says what to write instead."""

from __future__ import annotations

import difflib
from typing import Any

from .errors import MappingError


def check_names(section: Any, allowed: set[str], label: str) -> None:
    """Refuse what is no table, and a name that we do not know, with the one that was probably meant."""
    if not isinstance(section, dict):
        raise MappingError(f'{label} is a table of fields, each written name = "column"')
    for name in section:
        if name not in allowed:
            close = difflib.get_close_matches(name, allowed, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known are: {', '.join(sorted(allowed))}"
            raise MappingError(f"{label} does not know {name!r}; {hint}")


def table(document: dict, name: str) -> dict:
    """A section of the mapping, empty when it is not there."""
    section = document.get(name, {})
    if not isinstance(section, dict):
        raise MappingError(f"[{name}] is a table")
    return section


def strings(value: Any, label: str) -> list[str]:
    """A text or a list of texts, as a list."""
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in values):
        raise MappingError(f"{label}: {value!r} is not a text or a list of texts")
    return values


def string(value: Any, label: str) -> str:
    """A text."""
    if not isinstance(value, str):
        raise MappingError(f"{label}: {value!r} is not a text; write it in quotes")
    return value


def one_character(section: dict, name: str, default: str) -> str:
    """A delimiter or quote."""
    value = section.get(name, default)
    if not isinstance(value, str) or len(value) != 1:
        raise MappingError(f'[csv] {name} is one character (a tab is "\\t")')
    return value
