"""One field of a shipment or event: where its text comes from in a row, and what it is turned into."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .cells import Convert, compile_integer, compile_number, compile_text
from .checks import check_names, strings
from .contract import FIELD_TYPES, NESTED_FIELDS
from .dates import compile_datetime
from .errors import CellError, MappingError
from .formats import Formats

Row = dict[str, str]
Reader = Callable[[Row], Any]
Source = tuple[tuple[str, ...], Reader]  # the columns that are read, and the function that reads them

TEMPLATE_PART = re.compile(r"\{([^{}:]+)(?::(\d+))?\}")

NUMBER_OPTIONS = {"map", "otherwise", "decimal", "thousands", "factor"}
TYPES = {
    "text": (compile_text, {"map", "otherwise", "zfill"}),
    "integer": (compile_integer, NUMBER_OPTIONS),
    "number": (compile_number, NUMBER_OPTIONS),
    "datetime": (compile_datetime, {"format", "timezone", "end_of_day", "plus_minutes"}),
}


@dataclass(frozen=True)
class FieldReader:
    """One field of a shipment or event: where it is in what we send, and how it is read from a row."""

    label: str
    path: tuple[str, ...]
    read: Reader
    columns: tuple[str, ...]


def compile_fields(section: dict, allowed: set[str], label: str, formats: Formats) -> list[FieldReader]:
    """Compile a table of fields; customer, shipper and consignee are tables of fields themselves."""
    check_names(section, allowed, f"[{label}]")
    readers = []
    for name, spec in section.items():
        if name in NESTED_FIELDS:
            check_names(spec, NESTED_FIELDS[name], f"[{label}.{name}]")
            for part, part_spec in spec.items():
                readers.append(compile_field((name, part), part_spec, label, formats))
        else:
            readers.append(compile_field((name,), spec, label, formats))
    return readers


def compile_field(path: tuple[str, ...], spec: Any, section: str, formats: Formats) -> FieldReader:
    """Compile one field: the short form is a column's name, the long form a table of options."""
    label = ".".join((section, *path))
    if isinstance(spec, str):
        spec = {"column": spec}
    if not isinstance(spec, dict):
        raise MappingError(f'{label}: write "column name", or {{ value = {spec!r} }} for a constant')
    kind = FIELD_TYPES.get(path[0], "text")
    compile_type, options = TYPES[kind]
    check_names(spec, SOURCES.keys() | options, label)
    sources = SOURCES.keys() & spec.keys()
    if len(sources) != 1:
        raise MappingError(f"{label} needs exactly one of {', '.join(SOURCES)}")
    source = sources.pop()
    columns, read = SOURCES[source](spec[source], kind, compile_type(spec, label, formats), label)
    return FieldReader(label, path, read, columns)


def from_column(column: Any, kind: str, convert: Convert, label: str) -> Source:
    """A cell."""
    strings([column], label)
    return (column,), lambda row: convert(row[column]) if row[column] else None


def from_value(value: Any, kind: str, convert: Convert, label: str) -> Source:
    """A constant; numbers may be written as TOML numbers."""
    if kind in ("integer", "number") and type(value) in (int, float):
        constant = value
    elif isinstance(value, str) and value:
        try:
            constant = convert(value)
        except CellError as error:
            raise MappingError(f"{label}: {error}") from error
    else:
        raise MappingError(f"{label}: value = {value!r} does not fit; write it as a text in quotes")
    return (), lambda row: constant


def from_template(template: Any, kind: str, convert: Convert, label: str) -> Source:
    """{column} is a cell, {column:6} its first six characters; an empty cell leaves no value at all."""
    if not isinstance(template, str) or not TEMPLATE_PART.search(template):
        raise MappingError(f'{label}: a template names columns in braces, for example "{{order_id}}:created"')
    if set("{}") & set(TEMPLATE_PART.sub("", template)):
        raise MappingError(f"{label}: braces do not match in {template!r}; use {{column}} or {{column:6}}")
    columns = tuple(part[1] for part in TEMPLATE_PART.finditer(template))

    def read(row: Row) -> Any:
        if not all(row[column] for column in columns):
            return None

        def cell(part: re.Match) -> str:
            return row[part[1]][: int(part[2]) if part[2] else None]

        return convert(TEMPLATE_PART.sub(cell, template))

    return columns, read


def from_latest(names: Any, kind: str, convert: Convert, label: str) -> Source:
    """The latest of the instants that are there, for what has no column of its own (a cancellation)."""
    if kind != "datetime":
        raise MappingError(f"{label}: latest is for dates only")
    columns = tuple(strings(names, label))
    return columns, lambda row: max((convert(row[name]) for name in columns if row[name]), default=None)


SOURCES = {"column": from_column, "value": from_value, "template": from_template, "latest": from_latest}
