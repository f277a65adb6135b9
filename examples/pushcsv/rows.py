"""A row of the file becomes a shipment and its events, or the reasons why it does not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from .errors import CellError
from .fields import FieldReader, Row
from .mapping import EventReader, Mapping


@dataclass
class SourceRow:
    """A row of the file: what it became, or why it became nothing.

    Each error is (field, text); the field is empty where the row as a whole is wrong.
    """

    line: int
    cells: list[str]
    shipment: dict | None = None
    events: list[dict] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)


def map_row(row: SourceRow, columns: list[str], mapping: Mapping) -> None:
    """Fill the row's shipment and events, or its errors."""
    if len(row.cells) != len(columns):
        found = f"the row has {len(row.cells)} cells, the header {len(columns)}"
        row.errors.append(("", f"{found}; look for a delimiter or quote inside a text"))
        return
    texts = (cell.strip() for cell in row.cells)
    values = dict(zip(columns, ("" if text in mapping.empty else text for text in texts), strict=True))
    if mapping.shipment:
        row.shipment = read_fields(mapping.shipment, values, row)
        require(row, row.shipment, "shipment", "waybill")
        if "waybill" not in row.shipment:
            return  # its events would only say the same again
    for event in mapping.events:
        if event.applies(values):
            map_event(event, values, row)


def map_event(event: EventReader, values: Row, row: SourceRow) -> None:
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
