#!/usr/bin/env python3
"""Push shipments and tracking events from a CSV file into Odoo's logistics addons.

A TOML mapping says which column is which field (see README.md beside this file). The CSV is read as a
stream, pushed in batches over JSON-2 or XML-RPC, and can be pushed again without harm: shipments are keyed by
waybill, events by their external id (or by waybill, instant, code and place).

Needs Python 3.10 or newer and `requests`.
Exit code: 0 everything was taken, 1 some rows were rejected, 2 the push failed.
"""

from __future__ import annotations

import argparse
import csv
import difflib
import email.utils
import io
import itertools
import json
import math
import os
import random
import re
import sys
import time
import xmlrpc.client
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit
from xml.parsers.expat import ExpatError
from zoneinfo import ZoneInfo

try:
    import requests
except ImportError:
    sys.exit("push_csv.py needs requests: python3 -m pip install requests")
try:
    import tomllib
except ImportError:  # Python 3.10
    try:
        import tomli as tomllib
    except ImportError:
        sys.exit("push_csv.py needs Python 3.11 or newer, or on Python 3.10: python3 -m pip install tomli")

EXIT_OK, EXIT_REJECTED, EXIT_FAILED = 0, 1, 2
KEY_VARIABLE = "ODOO_API_KEY"

# The contract of the two bulk methods: their fields and the types of those that are not text.
MAX_ROWS_PER_CALL = 5000
PARTY_FIELDS = {"name", "phone", "email", "street", "city", "zip", "state", "country"}
NESTED_FIELDS = {
    "customer": {"ref", "vat", "phone", "email", "name"},
    "shipper": PARTY_FIELDS,
    "consignee": PARTY_FIELDS,
}
SHIPMENT_FIELDS = set(NESTED_FIELDS) | {
    *("waybill", "carrier", "customer_id", "service_level", "pieces", "weight_kg", "volume_m3"),
    *("declared_value", "freight", "currency", "cargo", "ordered_at", "promised_at"),
}
EVENT_FIELDS = {
    *("waybill", "occurred_at", "status", "code", "source", "external_id", "carrier", "hub", "location"),
    *("reason", "description", "eta", "classifier"),
}
FIELD_TYPES = {
    **dict.fromkeys(("customer_id", "pieces"), "integer"),
    **dict.fromkeys(("weight_kg", "volume_m3", "declared_value", "freight"), "number"),
    **dict.fromkeys(("ordered_at", "promised_at", "occurred_at", "eta"), "datetime"),
}
LARGEST_INTEGER = 2**31 - 1  # of PostgreSQL's int4 and of XML-RPC

SOURCE_OPTIONS = {"column", "value", "template", "latest"}
OPTIONS_BY_TYPE = {
    "text": {"map", "otherwise", "zfill"},
    "integer": {"map", "otherwise", "decimal", "thousands", "factor"},
    "number": {"map", "otherwise", "decimal", "thousands", "factor"},
    "datetime": {"format", "timezone", "end_of_day", "plus_minutes"},
}
# Placed before the original columns: people see them first, and a row with too many cells keeps them all.
REJECTED_COLUMNS = ["push_line", "push_field", "push_error"]

TEMPLATE_PART = re.compile(r"\{([^{}:]+)(?::(\d+))?\}")
# Neither XML nor PostgreSQL can hold these; one of them would fail the whole batch.
CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


class PushError(Exception):
    """The push cannot go on; the message is for the person who started it."""


class MappingError(PushError):
    """The TOML mapping is wrong."""


class CellError(Exception):
    """A cell does not hold what its field needs."""


# ------------------------------------------------------------------------------------------------------------
# Mapping: TOML → readers, each of which turns a row's text into one value
# ------------------------------------------------------------------------------------------------------------

Row = dict[str, str]
Reader = Callable[[Row], Any]


@dataclass(frozen=True)
class Formats:
    """How numbers and dates are written in the file, unless a field says otherwise."""

    date_format: str | list[str] = "iso"
    timezone: str | None = None
    decimal: str = "."
    thousands: str = ""


@dataclass(frozen=True)
class FieldReader:
    """One field of a shipment or event: where it is in what we send, and how it is read from a row."""

    label: str
    path: tuple[str, ...]
    read: Reader
    columns: tuple[str, ...]


@dataclass(frozen=True)
class EventReader:
    """One event that a row may tell of."""

    label: str
    applies: Callable[[Row], bool]
    fields: list[FieldReader]
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Mapping:
    """A compiled mapping file."""

    encoding: str
    delimiter: str
    quote: str
    empty: frozenset[str]
    shipment: list[FieldReader]
    events: list[EventReader]

    @property
    def columns(self) -> set[str]:
        """Every column that the mapping reads."""
        readers = itertools.chain(self.shipment, self.events)
        return {column for reader in readers for column in reader.columns}


def load_mapping(path: Path) -> Mapping:
    """Read and check a mapping file; every mistake in it is found here, before anything is pushed."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise MappingError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(f"{path}: is not valid TOML: {error}") from error
    try:
        return compile_mapping(document)
    except MappingError as error:
        raise MappingError(f"{path}: {error}") from error


def compile_mapping(document: dict) -> Mapping:
    """Turn the parsed TOML into readers."""
    check_names(document, {"csv", "formats", "shipment", "every_event", "event"}, "the mapping")
    layout = table(document, "csv")
    check_names(layout, {"encoding", "delimiter", "quote", "empty"}, "[csv]")
    formats = compile_formats(table(document, "formats"))
    shipment = table(document, "shipment")
    events = document.get("event", [])
    if not isinstance(events, list):
        raise MappingError("events are written as [[event]], with two brackets")
    if not shipment and not events:
        raise MappingError("has neither [shipment] nor [[event]]: there is nothing to push")
    if shipment and "waybill" not in shipment:
        raise MappingError('[shipment] needs waybill, for example: waybill = "tracking_number"')
    # An event belongs to its row's shipment unless it says otherwise.
    common = {name: shipment[name] for name in ("waybill", "carrier") if name in shipment}
    common.update(table(document, "every_event"))
    return Mapping(
        encoding=layout.get("encoding", "utf-8-sig"),
        delimiter=one_character(layout, "delimiter", ","),
        quote=one_character(layout, "quote", '"'),
        empty=frozenset(["", *strings(layout.get("empty", []), "[csv] empty")]),
        shipment=compile_fields(shipment, SHIPMENT_FIELDS, "shipment", formats),
        events=[compile_event(common | event, index, formats) for index, event in enumerate(events, 1)],
    )


def compile_formats(section: dict) -> Formats:
    """Check [formats] once, so that fields may rely on it."""
    check_names(section, {"date_format", "timezone", "decimal", "thousands"}, "[formats]")
    formats = Formats(**section)
    if formats.timezone:
        load_zone(formats.timezone, "[formats]")
    check_number_format(formats.decimal, formats.thousands, "[formats]")
    strings(formats.date_format, "[formats] date_format")
    return formats


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


def compile_event(section: dict, index: int, formats: Formats) -> EventReader:
    """Compile one [[event]]: its fields and the condition under which the row tells of it."""
    label = f"event {index}"
    check_names(section, EVENT_FIELDS | {"when", "unless"}, f"[[event]] number {index}")
    when = compile_condition(section.pop("when", {}), f"{label} when")
    unless = compile_condition(section.pop("unless", {}), f"{label} unless")
    for required in ("waybill", "occurred_at"):
        if required not in section:
            raise MappingError(f"{label} needs {required}")
    if not {"status", "code"} & section.keys():
        raise MappingError(f'{label} needs status or code, for example: status = {{ value = "delivered" }}')
    status = section.get("status")
    if isinstance(status, dict) and "value" in status:
        label = f"event {status['value']}"
    fields = compile_fields(section, EVENT_FIELDS, label, formats)
    columns = {*when, *unless, *(column for reader in fields for column in reader.columns)}

    def applies(row: Row) -> bool:
        return all(row[column] in values for column, values in when.items()) and not any(
            row[column] in values for column, values in unless.items()
        )

    return EventReader(label, applies, fields, tuple(columns))


def compile_condition(section: Any, label: str) -> dict[str, frozenset[str]]:
    """{ column = "value" } or { column = ["one", "other"] } → column: values; "" stands for an empty cell."""
    if not isinstance(section, dict):
        raise MappingError(f'{label} is a table: write for example {{ order_status = "canceled" }}')
    return {column: frozenset(strings(values, f"{label}.{column}")) for column, values in section.items()}


def compile_field(path: tuple[str, ...], spec: Any, section: str, formats: Formats) -> FieldReader:
    """Compile one field: the short form is a column's name, the long form a table of options."""
    label = ".".join((section, *path))
    if isinstance(spec, str):
        spec = {"column": spec}
    if not isinstance(spec, dict):
        raise MappingError(f'{label}: write "column name", or {{ value = {spec!r} }} for a constant')
    kind = FIELD_TYPES.get(path[0], "text")
    check_names(spec, SOURCE_OPTIONS | OPTIONS_BY_TYPE[kind], label)
    if len(SOURCE_OPTIONS & spec.keys()) != 1:
        raise MappingError(f"{label} needs exactly one of column, value, template, latest")
    convert = COMPILERS[kind](spec, label, formats)
    if "latest" in spec:
        if kind != "datetime":
            raise MappingError(f"{label}: latest is for dates only")
        columns = tuple(strings(spec["latest"], label))
        read = latest_reader(columns, convert)
    elif "value" in spec:
        columns, read = (), constant_reader(spec["value"], kind, convert, label)
    elif "template" in spec:
        columns, read = template_reader(spec["template"], convert, label)
    else:
        (column,) = columns = tuple(strings([spec["column"]], label))

        def read(row: Row) -> Any:
            return convert(row[column]) if row[column] else None

    return FieldReader(label, path, read, columns)


def latest_reader(columns: tuple[str, ...], convert: Callable[[str], datetime]) -> Reader:
    """The latest of the instants that are there, for what has no column of its own (a cancellation)."""

    def read(row: Row) -> datetime | None:
        return max((convert(row[column]) for column in columns if row[column]), default=None)

    return read


def constant_reader(value: Any, kind: str, convert: Callable[[str], Any], label: str) -> Reader:
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
    return lambda row: constant


def template_reader(
    template: Any, convert: Callable[[str], Any], label: str
) -> tuple[tuple[str, ...], Reader]:
    """{column} is a cell, {column:6} its first six characters; an empty cell leaves no value at all."""
    if not isinstance(template, str) or not TEMPLATE_PART.search(template):
        raise MappingError(f'{label}: a template names columns in braces, for example "{{order_id}}:created"')
    if set("{}") & set(TEMPLATE_PART.sub("", template)):
        raise MappingError(f"{label}: braces do not match in {template!r}; use {{column}} or {{column:6}}")
    columns = tuple(part.group(1) for part in TEMPLATE_PART.finditer(template))

    def fill(row: Row) -> Any:
        if not all(row[column] for column in columns):
            return None
        return convert(
            TEMPLATE_PART.sub(lambda part: row[part[1]][: int(part[2]) if part[2] else None], template)
        )

    return columns, fill


def compile_text(spec: dict, label: str, formats: Formats) -> Callable[[str], Any]:
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


def compile_number(spec: dict, label: str, formats: Formats) -> Callable[[str], Any]:
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
            raise CellError(
                f"{text!r} is not a number like {example}; correct it, or decimal/thousands in the mapping"
            )
        plain = text.replace(thousands, "") if thousands else text
        value = float(Decimal(plain.replace(decimal, ".")) * factor)
        if not math.isfinite(value):
            raise CellError(f"{text!r} is too large")
        return value

    return convert


def compile_integer(spec: dict, label: str, formats: Formats) -> Callable[[str], Any]:
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


def compile_datetime(spec: dict, label: str, formats: Formats) -> Callable[[str], datetime]:
    """A date, made an instant by its own offset or else by the time zone.

    An hour that a clock change repeats is taken as its first pass; one that it skips, by the offset before.
    """
    patterns = strings(spec.get("format", formats.date_format), f"{label} format")
    zone_name = spec.get("timezone", formats.timezone)
    zone = load_zone(zone_name, label) if zone_name else None
    end_of_day = spec.get("end_of_day", False)
    if not isinstance(end_of_day, bool):
        raise MappingError(f"{label}: end_of_day is true or false")
    try:
        shift = timedelta(minutes=spec.get("plus_minutes", 0))
    except TypeError as error:
        raise MappingError(f"{label}: plus_minutes is a number") from error

    def convert(text: str) -> datetime:
        moment = parse_datetime(text, patterns)
        if moment.tzinfo is None:
            if zone is None:
                raise CellError(f"{text!r} has no offset from UTC; set timezone in the mapping's [formats]")
            moment = moment.replace(tzinfo=zone)
        elif moment.tzinfo is timezone.utc and zone:
            moment = moment.astimezone(zone)  # the same instant, on the clock that people there read
        try:
            if end_of_day:
                moment = last_second_of_day(moment)
            # Added in UTC: on the wall clock, Python would lose which pass of a repeated hour this is.
            return (moment.astimezone(timezone.utc) + shift).astimezone(moment.tzinfo)
        except OverflowError as error:
            raise CellError(f"{text!r} is out of range") from error

    return convert


def parse_datetime(text: str, patterns: list[str]) -> datetime:
    """Read a date by the first pattern that fits: "iso", "epoch" (seconds), "epoch_ms" or strptime's."""
    for pattern in patterns:
        with suppress(ValueError, OverflowError, OSError):
            if pattern == "iso":
                # Python 3.10 does not know Z.
                return datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text))
            if pattern in ("epoch", "epoch_ms"):
                return datetime.fromtimestamp(
                    float(text) / (1000 if pattern == "epoch_ms" else 1), timezone.utc
                )
            return datetime.strptime(text, pattern)
    raise CellError(
        f"{text!r} is not a date like {' or '.join(patterns)}; correct it, or the format in the mapping"
    )


def last_second_of_day(moment: datetime) -> datetime:
    """23:59:59 on the wall clock of the moment's day; the second one where a clock change repeats it."""
    midnight = (moment + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight.astimezone(timezone.utc) - timedelta(seconds=1)).astimezone(moment.tzinfo)


def compile_value_map(spec: dict, label: str) -> Callable[[str], str]:
    """map = { raw = "ours" }; another raw value is an error unless `otherwise` gives one ("": no key)."""
    if "map" not in spec:
        if "otherwise" in spec:
            raise MappingError(f"{label}: otherwise goes with map")
        return lambda text: text
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


COMPILERS = {
    "text": compile_text,
    "integer": compile_integer,
    "number": compile_number,
    "datetime": compile_datetime,
}


def check_names(section: dict, allowed: set[str], label: str) -> None:
    """Refuse a name that we do not know, with the one that was probably meant."""
    if not isinstance(section, dict):
        raise MappingError(f'{label} is a table of fields, each written name = "column"')
    for name in section:
        if name not in allowed:
            close = difflib.get_close_matches(name, allowed, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known are: {', '.join(sorted(allowed))}"
            raise MappingError(f"{label} does not know {name!r}; {hint}")


def check_number_format(decimal: Any, thousands: Any, label: str) -> None:
    """A decimal mark is needed, and must not be the thousands mark too."""
    if (
        not (isinstance(decimal, str) and len(decimal) == 1 and isinstance(thousands, str))
        or decimal == thousands
    ):
        raise MappingError(f"{label}: decimal is one character and thousands another one (or empty)")


def load_zone(name: str, label: str) -> tzinfo:
    """An IANA time zone, with a message that also helps where the system has no zone data."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, TypeError, OSError) as error:
        raise MappingError(
            f"{label}: time zone {name!r} is not known here; use an IANA name such as America/Sao_Paulo"
            " (on a system without zone data: python3 -m pip install tzdata)"
        ) from error


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


def one_character(section: dict, name: str, default: str) -> str:
    """A delimiter or quote."""
    value = section.get(name, default)
    if not isinstance(value, str) or len(value) != 1:
        raise MappingError(f'[csv] {name} is one character (a tab is "\\t")')
    return value


# ------------------------------------------------------------------------------------------------------------
# Reading the file
# ------------------------------------------------------------------------------------------------------------


@dataclass
class SourceRow:
    """A row of the file: what it became, or why it became nothing."""

    line: int
    cells: list[str]
    shipment: dict | None = None
    events: list[dict] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)


class CsvSource:
    """The CSV, read as a stream: memory does not depend on its length."""

    def __init__(self, path: Path, mapping: Mapping):
        self.path, self.mapping = path, mapping

    def __enter__(self) -> CsvSource:
        try:
            self._raw = self.path.open("rb")
            self.size = os.fstat(self._raw.fileno()).st_size
            self._text = io.TextIOWrapper(self._raw, encoding=self.mapping.encoding, newline="")
        except OSError as error:
            raise PushError(f"{self.path}: cannot be read: {error.strerror}") from error
        except LookupError as error:
            raise MappingError(
                f"[csv] encoding {self.mapping.encoding!r} is not known; try utf-8-sig or gb18030"
            ) from error
        self._reader = csv.reader(
            self._text, delimiter=self.mapping.delimiter, quotechar=self.mapping.quote, strict=True
        )
        header = next(self._guarded(), (0, []))[1]
        # A file of rejected rows can be pushed again as it is.
        self._skip = len(REJECTED_COLUMNS) if header[: len(REJECTED_COLUMNS)] == REJECTED_COLUMNS else 0
        self.columns = [name.strip() for name in header[self._skip :]]
        self._check_columns()
        return self

    def __exit__(self, *exception: object) -> None:
        self._text.close()

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._raw.tell()

    def rows(self) -> Iterator[SourceRow]:
        """Every row below the header, mapped."""
        for line, cells in self._guarded():
            yield self._map(SourceRow(line, cells[self._skip :]))

    def _guarded(self) -> Iterator[tuple[int, list[str]]]:
        """Records with the line on which they begin; an unreadable one ends in a clear message."""
        while True:
            line = self._reader.line_num + 1
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except UnicodeDecodeError as error:
                raise PushError(
                    f"{self.path}, at or soon after line {line}: is not {self.mapping.encoding}"
                    f" ({error.reason}); set encoding in the mapping's [csv], for example gb18030 or cp1252"
                ) from error
            except csv.Error as error:
                raise PushError(
                    f"{self.path}, line {line}: {error}; look for a quote that is not closed,"
                    " or set delimiter or quote in the mapping's [csv]"
                ) from error
            if cells:
                yield line, cells

    def _check_columns(self) -> None:
        missing = sorted(self.mapping.columns - set(self.columns))
        if missing:
            raise PushError(
                f"{self.path}: has no column {', '.join(map(repr, missing))}, which the mapping names;"
                f" its columns are {', '.join(map(repr, self.columns)) or 'none'}"
                f" (delimiter {self.mapping.delimiter!r})"
            )
        twice = [name for name in sorted(self.mapping.columns) if self.columns.count(name) > 1]
        if twice:
            raise PushError(f"{self.path}: column {twice[0]!r} is there more than once; rename one of them")

    def _map(self, row: SourceRow) -> SourceRow:
        """Fill the row's shipment and events, or its errors."""
        if len(row.cells) != len(self.columns):
            found = f"the row has {len(row.cells)} cells, the header {len(self.columns)}"
            row.errors.append(("", f"{found}; look for a delimiter or quote inside a text"))
            return row
        texts = (cell.strip() for cell in row.cells)
        values = dict(
            zip(self.columns, ("" if text in self.mapping.empty else text for text in texts), strict=True)
        )
        if self.mapping.shipment:
            row.shipment = read_fields(self.mapping.shipment, values, row)
            require(row, row.shipment, "shipment", "waybill")
            if "waybill" not in row.shipment:
                return row  # its events would only say the same again
        for event in self.mapping.events:
            if event.applies(values):
                self._map_event(event, values, row)
        return row

    @staticmethod
    def _map_event(event: EventReader, values: Row, row: SourceRow) -> None:
        """Add the event to the row; without an instant it has not happened, and there is none."""
        before = len(row.errors)
        fields = read_fields(event.fields, values, row)
        if len(row.errors) == before and "occurred_at" in fields:
            require(row, fields, event.label, "waybill")
            require(row, fields, event.label, "status", "code")
            row.events.append(fields)


def read_fields(readers: list[FieldReader], values: Row, row: SourceRow) -> dict:
    """The fields that have a value; a cell that cannot be read is noted on the row."""
    result: dict = {}
    for reader in readers:
        try:
            value = reader.read(values)
        except CellError as error:
            where = f"column {', '.join(reader.columns)}: " if reader.columns else ""
            note = (reader.label, where + str(error))
            if note not in row.errors:
                row.errors.append(note)
            continue
        if value is not None:
            *parents, name = reader.path
            target = result
            for parent in parents:
                target = target.setdefault(parent, {})
            target[name] = value.isoformat() if isinstance(value, datetime) else value
    return result


def require(row: SourceRow, fields: dict, label: str, *names: str) -> None:
    """Note an error unless one of the fields is there (or already has an error of its own)."""
    noted = {name for name, _ in row.errors}
    if not any(name in fields or f"{label}.{name}" in noted for name in names):
        row.errors.append((f"{label}.{names[0]}", f"{' or '.join(names)} is empty; fill it in"))


# ------------------------------------------------------------------------------------------------------------
# Talking to Odoo
# ------------------------------------------------------------------------------------------------------------

UPSERT = ("logistics.shipment", "upsert", "shipments")
INGEST = ("logistics.tracking.event", "ingest", "events")
RETRIED_STATUSES = {429, 502, 503, 504}
LONGEST_WAIT = 300.0
HINTS = {
    401: "the API key is not accepted by this database; make a new one in its user's preferences",
    403: "the key's user may not do this; give the user the group Integrator",
    404: "check --url and --db, and that the addon logistics_crm is installed there",
    413: "the request is too large for a proxy on the way; use a smaller --batch",
}


class KeyAuth(requests.auth.AuthBase):
    """The bearer key as requests' own authentication, so that a .netrc entry cannot replace it."""

    def __init__(self, key: str):
        self.key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"bearer {self.key}"
        return request


class Http:
    """POST with patience: retries what may pass by itself, explains what will not.

    Both bulk methods may be called twice with the same rows, so a call whose answer was lost is made again.
    """

    def __init__(self, url: str, timeout: float, retries: int, tell: Callable[[str], None]):
        self.url, self.timeout, self.retries, self.tell = url, timeout, retries, tell
        self.session = requests.Session()
        self.session.headers["User-Agent"] = "push_csv.py"

    def post(self, path: str, body: bytes, content_type: str, headers: dict | None = None) -> bytes:
        """The body of a 200 answer; PushError for anything else."""
        attempt = 0
        while True:
            try:
                # A redirected POST would become a GET.
                response = self.session.post(
                    self.url + path,
                    data=body,
                    headers={"Content-Type": content_type, **(headers or {})},
                    timeout=self.timeout,
                    allow_redirects=False,
                )
            except requests.exceptions.SSLError as error:
                raise PushError(f"{self.url}: no trusted connection: {root_cause(error)}") from error
            except (
                requests.ConnectionError,
                requests.Timeout,
                requests.exceptions.ChunkedEncodingError,
            ) as error:
                problem, wait = f"no answer from {self.url}: {root_cause(error)}", None
            except requests.RequestException as error:
                raise PushError(f"{self.url}: {error}") from error
            else:
                if response.status_code == requests.codes.ok:
                    return response.content
                if response.status_code not in RETRIED_STATUSES:
                    raise PushError(explain(self.url, response))
                problem, wait = explain(self.url, response), retry_after(response)
            if attempt == self.retries:
                raise PushError(f"{problem}; gave up after {attempt + 1} attempts")
            if wait is None:
                wait = min(2.0**attempt, 60.0) * random.uniform(0.75, 1.25)
            attempt += 1
            self.tell(f"{problem}; trying again in {wait:.0f} s ({attempt} of {self.retries})")
            time.sleep(wait)


class Json2Client:
    """Odoo's JSON-2: one POST a call, keyword arguments as JSON, the key as bearer."""

    def __init__(self, http: Http, db: str, key: str):
        self.http, self.db = http, db
        http.session.auth = KeyAuth(key)

    def call(self, model: str, method: str, argument: str, rows: list[dict]) -> Any:
        body = json.dumps({argument: rows}, ensure_ascii=False).encode()
        answer = self.http.post(
            f"/json/2/{model}/{method}", body, "application/json", {"X-Odoo-Database": self.db}
        )
        try:
            return json.loads(answer)
        except ValueError as error:
            raise PushError(f"{self.http.url} did not answer in JSON; is it an Odoo 19?") from error


class XmlRpcClient:
    """Odoo's XML-RPC: marshalled by xmlrpc.client, sent by the same patient POST."""

    def __init__(self, http: Http, db: str, key: str, user: str):
        self.http, self.db, self.key, self.user = http, db, key, user
        self.uid: int | None = None

    def call(self, model: str, method: str, argument: str, rows: list[dict]) -> Any:
        if self.uid is None:
            self.uid = self._post("common", "authenticate", self.db, self.user, self.key, {})
            if not self.uid:
                raise PushError(f"user {self.user!r} or the API key is not accepted by database {self.db!r}")
        return self._post("object", "execute_kw", self.db, self.uid, self.key, model, method, [rows])

    def _post(self, service: str, method: str, *params: Any) -> Any:
        body = xmlrpc.client.dumps(params, method, encoding="utf-8", allow_none=True).encode()
        answer = self.http.post(f"/xmlrpc/2/{service}", body, "text/xml; charset=utf-8")
        try:
            return xmlrpc.client.loads(answer, use_builtin_types=True)[0][0]
        except xmlrpc.client.Fault as fault:
            # For an unforeseen error the text is a traceback, whose last line says what it was.
            lines = [line for line in str(fault.faultString).strip().splitlines() if line.strip()]
            text = lines[-1].strip() if str(fault.faultString).startswith("Traceback") else " ".join(lines)
            hint = {3: HINTS[401], 4: HINTS[403]}.get(fault.faultCode)
            raise PushError(
                f"the server refused the call: {text}" + (f" ({hint})" if hint else "")
            ) from fault
        except (ExpatError, xmlrpc.client.Error, LookupError, TypeError, ValueError) as error:
            raise PushError(f"{self.http.url} did not answer in XML-RPC; is it an Odoo?") from error


def root_cause(error: Exception) -> str:
    """The last words of a chain of wrapped network errors: 'Connection refused' and not three class names."""
    text = str(error)
    for pattern in (
        r"\[Errno -?\d+\] ([^')\"]+)",
        r"(Read timed out)",
        r"certificate verify failed: ([^(]+)",
    ):
        if found := re.search(pattern, text):
            return found[1].strip()
    return text[:200]


def explain(url: str, response: requests.Response) -> str:
    """What an answer other than 200 means, with the server's own message."""
    if response.is_redirect:
        return (
            f"{url} sends us on to {response.headers['Location']}; give the address it sends us to as --url"
        )
    hint = HINTS.get(response.status_code)
    message = server_message(response)
    return f"{url} answered {response.status_code}: {message or response.reason}" + (
        f" ({hint})" if hint else ""
    )


def server_message(response: requests.Response) -> str:
    """The message of Odoo's JSON error, or the words of an HTML error page."""
    with suppress(ValueError):
        answer = response.json()
        if isinstance(answer, dict) and answer.get("message"):
            return str(answer["message"])
    text = re.sub(r"(?s)<(script|style|title).*?</\1>|<[^>]*>", " ", response.text)
    return " ".join(text.split())[:300]


def retry_after(response: requests.Response) -> float | None:
    """Seconds that the server asks us to wait: a number or a date (RFC 9110, 10.2.3)."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return min(float(value), LONGEST_WAIT)
    with suppress(ValueError, TypeError):
        moment = email.utils.parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        return min(max((moment - datetime.now(timezone.utc)).total_seconds(), 0.0), LONGEST_WAIT)
    return None


# ------------------------------------------------------------------------------------------------------------
# Pushing
# ------------------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What was done so far: rows of ours, and the sum of the server's receipts."""

    rows: Counter = field(default_factory=Counter)
    shipments: Counter = field(default_factory=Counter)
    events: Counter = field(default_factory=Counter)
    statuses: Counter = field(default_factory=Counter)
    example: SourceRow | None = None
    last_line: int = 1


class RejectedFile:
    """The rows to correct, as a CSV of the input's own shape; made only when there are any."""

    def __init__(self, path: Path, source: CsvSource):
        self.path, self.source = path, source
        self._stream: TextIO | None = None

    def write(self, row: SourceRow) -> None:
        if self._stream is None:
            self._open()
        fields = "; ".join(dict.fromkeys(name for name, _ in row.errors if name))
        self._writer.writerow([row.line, fields, "; ".join(text for _, text in row.errors), *row.cells])

    def close(self) -> None:
        if self._stream:
            self._stream.close()

    def _open(self) -> None:
        mapping = self.source.mapping
        try:
            # A message of ours or of the server may hold what the file's own encoding cannot.
            self._stream = self.path.open(
                "w", encoding=mapping.encoding, errors="backslashreplace", newline=""
            )
        except OSError as error:
            raise PushError(
                f"{self.path}: cannot be written: {error.strerror}; use --rejected FILE"
            ) from error
        self._writer = csv.writer(self._stream, delimiter=mapping.delimiter, quotechar=mapping.quote)
        self._writer.writerow([*REJECTED_COLUMNS, *self.source.columns])


class Pusher:
    """Sends batches of rows and keeps the accounts."""

    def __init__(self, client: Json2Client | XmlRpcClient | None, batch: int, tally: Tally):
        self.client, self.batch, self.tally = client, batch, tally

    def push(self, rows: list[SourceRow]) -> None:
        """Push one batch: shipments first, so that their events find them.

        A row whose shipment is refused keeps its events back: it is corrected and pushed again as a whole.
        """
        ready = [row for row in rows if not row.errors]
        self._push_shipments(ready)
        events = [(event, [row]) for row in ready if not row.errors for event in row.events]
        for chunk in chunks(events, self.batch):
            receipt = self._call(INGEST, chunk, "event")
            self.tally.events.update(counts(receipt))

    def _push_shipments(self, rows: list[SourceRow]) -> None:
        # A file with a row for each event repeats its shipment: once a batch is enough.
        distinct: dict[str, tuple[dict, list[SourceRow]]] = {}
        for row in rows:
            if row.shipment:
                distinct.setdefault(json.dumps(row.shipment), (row.shipment, []))[1].append(row)
        for chunk in chunks(distinct.values(), self.batch):
            receipt = self._call(UPSERT, chunk, "shipment")
            self.tally.shipments.update(counts(receipt))

    def _call(self, method: tuple, items: list[tuple[dict, list[SourceRow]]], label: str) -> dict:
        """Call one bulk method and lay its refusals at the rows that they came from."""
        receipt = self.client.call(*method, [record for record, _ in items])
        if not is_receipt(receipt, len(items)):
            called = f"{method[0]}.{method[1]}"
            raise PushError(f"{called} gave no receipt for {len(items)} rows but {receipt!r:.200}")
        for refusal in receipt["rejected"]:
            record, rows = items[refusal["index"]]
            name = label if label == "shipment" else f"event {record.get('status') or record.get('code')}"
            note = (f"{name}.{refusal['field']}" if refusal.get("field") else name, str(refusal["error"]))
            for row in rows:
                row.errors.append(note)
        return receipt


def is_receipt(answer: Any, sent: int) -> bool:
    """Whether the answer accounts for what was sent, so that we may rely on it."""
    return (
        isinstance(answer, dict)
        and answer.get("received") == sent
        and isinstance(answer.get("rejected"), list)
        and all(
            isinstance(refusal, dict) and refusal.get("index") in range(sent) and "error" in refusal
            for refusal in answer["rejected"]
        )
    )


def counts(receipt: dict) -> dict[str, int]:
    """The receipt's numbers, to be summed up."""
    numbers = {name: value for name, value in receipt.items() if isinstance(value, int)}
    return {**numbers, "rejected": len(receipt["rejected"])}


def chunks(items: Iterable, size: int) -> Iterator[list]:
    """Lists of at most `size` items."""
    iterator = iter(items)
    while chunk := list(itertools.islice(iterator, size)):
        yield chunk


def push_file(
    source: CsvSource, pusher: Pusher, rejected: RejectedFile, progress: Progress, limit: int | None
) -> None:
    """Push the whole file (or its first `limit` rows), batch by batch."""
    tally = pusher.tally
    for batch in chunks(itertools.islice(source.rows(), limit), pusher.batch):
        tally.rows["read"] += len(batch)
        tally.rows["not mapped"] += sum(bool(row.errors) for row in batch)
        for row in batch:
            if not row.errors:
                tally.example = tally.example or row
                tally.statuses.update(event.get("status") or f"code {event['code']}" for event in row.events)
        try:
            if pusher.client:
                pusher.push(batch)
        finally:
            for row in batch:
                if row.errors:
                    tally.rows["rejected"] += 1
                    rejected.write(row)
        tally.last_line = batch[-1].line
        progress.update(source.position, tally.rows["read"])
    progress.finish(tally.rows["read"])


class Progress:
    """A bar on a terminal; elsewhere a plain line every ten seconds, so that logs stay readable."""

    WIDTH, PLAIN_SECONDS, TTY_SECONDS = 30, 10.0, 0.1

    def __init__(self, total: int, stream: TextIO):
        self.total, self.stream = max(total, 1), stream
        self.tty = stream.isatty()
        self.start = self.shown = time.monotonic()
        self.drawn = False

    def update(self, done: int, rows: int) -> None:
        now = time.monotonic()
        if now - self.shown < (self.TTY_SECONDS if self.tty else self.PLAIN_SECONDS):
            return
        self.shown = now
        share = min(done / self.total, 1.0)
        left = (now - self.start) * (1 / share - 1) if share else math.inf
        note = f"{share:4.0%}  {rows:,} rows, {rows / (now - self.start):,.0f} rows/s"
        note += f", {left:,.0f} s left" if math.isfinite(left) else ""
        if self.tty:
            bar = "#" * round(share * self.WIDTH)
            self._draw(f"[{bar:.<{self.WIDTH}}] {note}")
        else:
            self._line(note)

    def message(self, text: str) -> None:
        """Say something without tearing the bar."""
        self.clear()
        self._line(text)

    def finish(self, rows: int) -> None:
        self.clear()
        took = time.monotonic() - self.start
        self._line(f"{rows:,} rows in {took:.1f} s")

    def clear(self) -> None:
        if self.drawn:
            self.stream.write("\r\x1b[K")
            self.drawn = False

    def _draw(self, text: str) -> None:
        self.stream.write(f"\r{text}\x1b[K")
        self.stream.flush()
        self.drawn = True

    def _line(self, text: str) -> None:
        self.stream.write(text + "\n")
        self.stream.flush()


# ------------------------------------------------------------------------------------------------------------
# Command line
# ------------------------------------------------------------------------------------------------------------


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Push shipments and tracking events from a CSV file into Odoo.",
        epilog=f"The API key comes from --key, --key-file or the environment variable {KEY_VARIABLE};"
        " the last two keep it out of the shell's history."
        " Exit code: 0 all taken, 1 some rows rejected, 2 failed.",
        allow_abbrev=False,
    )
    parser.add_argument("data", type=Path, help="the CSV file")
    parser.add_argument("mapping", type=Path, help="the TOML mapping of its columns")
    parser.add_argument("--url", help="address of the Odoo server, for example https://erp.example.com")
    parser.add_argument("--db", help="name of the database")
    parser.add_argument("--key", help="API key (better: --key-file or the environment)")
    parser.add_argument("--key-file", type=Path, help="file that holds the API key and nothing else")
    parser.add_argument("--user", help="login of the key's user; needed for XML-RPC")
    parser.add_argument(
        "--protocol", choices=["json2", "xmlrpc"], default="json2", help="default: %(default)s"
    )
    parser.add_argument(
        "--batch", type=whole_number(1, MAX_ROWS_PER_CALL), default=1000, metavar="N",
        help=f"rows a call, at most {MAX_ROWS_PER_CALL} (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--limit", type=whole_number(1), metavar="N", help="push only the first N rows")
    parser.add_argument(
        "--rejected", type=Path, metavar="FILE",
        help="where rejected rows go (default: the data's name with .rejected.csv, in the current directory)",
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="map every row and say what would be pushed")
    parser.add_argument(
        "--retries", type=whole_number(0), default=6, metavar="N", help="default: %(default)s"
    )
    parser.add_argument(
        "--timeout", type=whole_number(1), default=120, metavar="SECONDS", help="default: %(default)s"
    )
    return parser


def whole_number(low: int, high: int | None = None) -> Callable[[str], int]:
    """An argparse type with bounds."""

    def parse(text: str) -> int:
        with suppress(ValueError):
            value = int(text)
            if value >= low and (high is None or value <= high):
                return value
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a whole number from {low}" + (f" to {high}" if high else "")
        )

    return parse


def find_key(options: argparse.Namespace) -> str:
    """The API key, checked here because an odd one would show up in the errors of libraries."""
    if options.key:
        key = options.key
    elif options.key_file:
        try:
            key = options.key_file.read_text(encoding="utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise PushError(f"--key-file {options.key_file}: cannot be read as a text file") from error
    else:
        key = os.environ.get(KEY_VARIABLE, "").strip()
    if not key:
        raise PushError(f"no API key: set {KEY_VARIABLE}, or use --key-file FILE")
    if not re.fullmatch(r"[!-~]+", key):
        raise PushError("the API key holds spaces, line breaks or letters that no key has; copy it again")
    return key


def check_url(url: str, tell: Callable[[str], None]) -> str:
    """The server's address without a slash at its end."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PushError("--url is an address such as https://erp.example.com")
    if parts.username or parts.password:
        raise PushError("--url holds a user or password; leave it out, the API key is all that is needed")
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        tell("warning: http sends the API key unencrypted; use https")
    return url.rstrip("/")


def make_client(
    options: argparse.Namespace, key: str, tell: Callable[[str], None]
) -> Json2Client | XmlRpcClient:
    """The client of the chosen protocol."""
    missing = [name for name in ("url", "db") if not getattr(options, name)]
    if options.protocol == "xmlrpc" and not options.user:
        missing.append("user")
    if missing:
        raise PushError(f"--{' and --'.join(missing)} needed (or --dry-run)")
    http = Http(check_url(options.url, tell), options.timeout, options.retries, tell)
    if options.protocol == "xmlrpc":
        return XmlRpcClient(http, options.db, key, options.user)
    return Json2Client(http, options.db, key)


def summary(tally: Tally, dry_run: bool, rejected: Path) -> str:
    """The receipt that is printed at the end."""

    def line(title: str, counter: Counter, *names: str) -> str:
        return f"{title:<10} " + ", ".join(f"{name} {counter[name]:,}" for name in names)

    lines = [line("Rows", tally.rows, "read", "not mapped", "rejected")]
    if dry_run:
        lines.append(f"Events     {sum(tally.statuses.values()):,} would be sent")
        lines += [f"  {status:<20} {count:>9,}" for status, count in tally.statuses.most_common()]
        if tally.example:
            example = {"shipment": tally.example.shipment, "events": tally.example.events}
            text = json.dumps(example, indent=2, ensure_ascii=False)
            lines.append(f"Line {tally.example.line} becomes\n{text}")
        lines.append("Nothing was pushed (dry run).")
    else:
        lines.append(
            line("Shipments", tally.shipments, "received", "created", "updated", "unchanged", "rejected")
        )
        lines.append(line("Events", tally.events, "received", "created", "duplicates", "parked", "rejected"))
    if tally.events["parked"]:
        lines.append("Parked events wait in Odoo's inbox for their shipment or code; see the reasons there.")
    if tally.rows["rejected"]:
        lines.append(
            f"Rejected rows are in {rejected}: correct them there and push it with the same mapping."
        )
    return "\n".join(lines)


def run(options: argparse.Namespace, key: str, say: Callable[[str], None]) -> int:
    """Do what the command line asks for; `say` prints to standard output."""
    mapping = load_mapping(options.mapping)
    rejected_path = options.rejected or Path(f"{options.data.stem}.rejected.csv")
    if rejected_path.resolve() in (options.data.resolve(), options.mapping.resolve()):
        raise PushError(f"--rejected {rejected_path} would overwrite what is read; choose another name")
    tally = Tally()
    with CsvSource(options.data, mapping) as source:
        progress = Progress(source.size, sys.stderr)

        def tell(text: str) -> None:
            progress.message(redact(text, key))

        client = None if options.dry_run else make_client(options, key, tell)
        rejected = RejectedFile(rejected_path, source)
        try:
            push_file(source, Pusher(client, options.batch, tally), rejected, progress, options.limit)
        except (PushError, KeyboardInterrupt) as error:
            progress.clear()
            say(summary(tally, options.dry_run, rejected_path))
            if tally.last_line > 1 and client:
                say(f"Pushed up to line {tally.last_line}; run again once it is mended, nothing is doubled.")
            raise PushError(str(error) or "interrupted") from error
        finally:
            rejected.close()
    say(summary(tally, options.dry_run, rejected_path))
    return EXIT_REJECTED if tally.rows["rejected"] else EXIT_OK


def redact(text: str, key: str) -> str:
    """Whatever a server or library says back to us, the key is not printed."""
    return text.replace(key, "***") if key else text


def main(arguments: list[str] | None = None) -> int:
    options = build_parser().parse_args(arguments)
    # A name that the terminal cannot show must not end the push.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    key = ""
    try:
        if not options.dry_run:
            key = find_key(options)
        return run(options, key, lambda text: print(redact(text, key)))
    except PushError as error:
        print(f"push_csv.py: {redact(str(error), key)}", file=sys.stderr)
        return EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main())
