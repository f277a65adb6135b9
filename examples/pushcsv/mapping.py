"""The TOML mapping file, compiled into readers of a row."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .checks import check_names, one_character, string, strings, table
from .contract import EVENT_FIELDS, SHIPMENT_FIELDS
from .errors import MappingError
from .fields import FieldReader, Row, compile_fields
from .formats import Formats, compile_formats

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


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
        return compile_mapping(document)
    except OSError as error:
        raise MappingError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(f"{path}: is not valid TOML: {error}") from error
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
        encoding=string(layout.get("encoding", "utf-8-sig"), "[csv] encoding"),
        delimiter=one_character(layout, "delimiter", ","),
        quote=one_character(layout, "quote", '"'),
        empty=frozenset(["", *strings(layout.get("empty", []), "[csv] empty")]),
        shipment=compile_fields(shipment, SHIPMENT_FIELDS, "shipment", formats),
        events=[compile_event(event, common, index, formats) for index, event in enumerate(events, 1)],
    )


def compile_event(event: Any, common: dict, index: int, formats: Formats) -> EventReader:
    """Compile one [[event]]: its fields and the condition under which the row tells of it."""
    label = f"event {index}"
    check_names(event, EVENT_FIELDS | {"when", "unless"}, f"[[event]] number {index}")
    section = common | event
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
