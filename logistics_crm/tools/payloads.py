"""Input rows as JSON that PostgreSQL can store, whatever they were."""

import json

from .problems import clean

_DEEPEST = 12
_LONGEST = 10_000


def jsonable(value, depth=0):
    """`value` with only what JSON and PostgreSQL can hold: texts cleaned, odd numbers and objects as text."""
    if isinstance(value, str):
        text = clean(value)
        return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else repr(value)[:_LONGEST] if value.bit_length() < 4000 else "…"
    if isinstance(value, float):
        return value if value - value == 0 else repr(value)
    if depth >= _DEEPEST:
        return "…"
    if isinstance(value, dict):
        return {clean(str(key))[:256]: jsonable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item, depth + 1) for item in value]
    return clean(str(value))[:_LONGEST]


def payload_of(row):
    """`row` as a dict that is kept in the inbox; what was no dict is wrapped."""
    payload = jsonable(row)
    return payload if isinstance(payload, dict) and payload else {"row": payload}


def canonical(payload):
    """One text for equal payloads."""
    return json.dumps(payload, sort_keys=True, ensure_ascii=True)
