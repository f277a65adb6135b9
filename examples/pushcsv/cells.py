"""Texts and numbers: a field's options become a function from a cell's text to its value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .contract import LARGEST_INTEGER
from .errors import CellError, MappingError
from .formats import Formats, check_number_format

Convert = Callable[[str], Any]

# Neither XML nor PostgreSQL can hold these; one of them would fail the whole batch.
CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def compile_text(spec: dict, label: str, formats: Formats) -> Convert:
    """Text, through a value map where there is one."""
    translate = compile_value_map(spec, label)
    width = spec.get("zfill", 0)
    if not isinstance(width, int):
        raise MappingError(f"{label}: zfill is a number of digits")

    def convert(text: str) -> str | None:
        text = translate(text)
        if found := CONTROL_CHARACTER.search(text):
            raise CellError(f"holds the control character U+{ord(found[0]):04X}; remove it")
        return text.zfill(width) if text else None

    return convert


def compile_number(spec: dict, label: str, formats: Formats) -> Convert:
    """A number in the file's notation; strict, because a misread separator is wrong by a factor of 100."""
    decimal, thousands = spec.get("decimal", formats.decimal), spec.get("thousands", formats.thousands)
    check_number_format(decimal, thousands, label)
    whole = r"\d+" if not thousands else rf"(?:\d+|\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+)"
    pattern = re.compile(rf"[+-]?{whole}(?:{re.escape(decimal)}\d+)?", re.ASCII)
    translate = compile_value_map(spec, label)
    try:
        factor = Decimal(str(spec.get("factor", 1)))
    except ArithmeticError as error:
        raise MappingError(f"{label}: factor = {spec['factor']!r} is not a number") from error

    def convert(text: str) -> float | None:
        text = translate(text)
        if not text:
            return None
        if not pattern.fullmatch(text):
            example = f"1{thousands}234{decimal}5"
            raise CellError(f"{text!r} is not a number like {example}; correct it, or decimal/thousands in the mapping")
        plain = text.replace(thousands, "") if thousands else text
        value = float(Decimal(plain.replace(decimal, ".")) * factor)
        if not math.isfinite(value):
            raise CellError(f"{text!r} is too large")
        return value

    return convert


def compile_integer(spec: dict, label: str, formats: Formats) -> Convert:
    """A whole number, also when it is written 2.0 as spreadsheets do."""
    number = compile_number(spec, label, formats)

    def convert(text: str) -> int | None:
        value = number(text)
        if value is None:
            return None
        if not value.is_integer():
            raise CellError(f"{text!r} is not a whole number")
        if abs(value) > LARGEST_INTEGER:
            raise CellError(f"{text!r} is too large")
        return int(value)

    return convert


def compile_value_map(spec: dict, label: str) -> Callable[[str], str]:
    """map = { raw = "ours" }; another raw value is an error unless `otherwise` gives one ("": no key)."""
    if "map" not in spec:
        if "otherwise" in spec:
            raise MappingError(f"{label}: otherwise goes with map")
        return str
    if not isinstance(spec["map"], dict):
        raise MappingError(f'{label}: map is a table, for example {{ "Ja" = "yes" }}')
    values = {raw: str(value) for raw, value in spec["map"].items()}
    otherwise = spec.get("otherwise")

    def translate(text: str) -> str:
        value = values.get(text, otherwise)
        if value is None:
            raise CellError(f"{text!r} is not in the mapping's map; add it there, or set otherwise")
        return str(value)

    return translate
