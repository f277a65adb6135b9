"""A mapping, rows for it, and ways to push them."""

import csv
from pathlib import Path

from pushcsv.cli import main
from pushcsv.mapping import load_mapping
from pushcsv.source import CsvSource

from .server import DB, KEY

MAPPING = """
[formats]
date_format = "%d.%m.%Y %H:%M"
timezone = "Europe/Berlin"
decimal = ","
thousands = "."

[shipment]
waybill = "nr"
pieces = "n"
freight = "cost"
carrier = "carrier"
customer = { ref = "cust", name = { template = "Customer {cust}" } }

[[event]]
status = { value = "created" }
occurred_at = "made"
external_id = { template = "{nr}/created" }

[[event]]
when = { gone = "yes" }
status = { value = "cancelled" }
occurred_at = { latest = ["made", "seen"], plus_minutes = 1 }
external_id = { template = "{nr}/cancelled" }
"""
HEADER = "nr,cust,n,cost,carrier,made,seen,gone"
GOOD = 'W1,C1,2,"1.234,50",,31.01.2025 09:15,,'


def push(server, files, *options, key=KEY):
    return main([*files, "--url", server.url, "--db", DB, "--key", key, *options])


def rejected_rows(path="data.rejected.csv", **options):
    with open(path, encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, **options))


def mapped(files, **options):
    """What the first row becomes: (shipment, events)."""
    mapping = load_mapping(Path(files[1]))
    with CsvSource(Path(files[0]), mapping) as source:
        row = next(source.rows())
    assert not row.errors, row.errors
    return row.shipment, row.events
