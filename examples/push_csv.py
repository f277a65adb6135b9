#!/usr/bin/env python3
"""Push shipments and tracking events from a CSV file into Odoo's logistics addons.

A TOML mapping says which column is which field (see README.md beside this file). The CSV is read as a
stream, pushed in batches over JSON-2 or XML-RPC, and can be pushed again without harm: shipments are keyed by
waybill, events by their external id (or by waybill, instant, code and place).

Needs the folder pushcsv beside this file, Python 3.10 or newer, and `requests`.
Exit code: 0 everything was taken, 1 some rows were rejected, 2 the push failed.
"""

import sys
from pathlib import Path

MISSING = {
    "pushcsv": "the folder pushcsv must be beside it; copy both",
    "requests": "needs requests: python3 -m pip install requests",
    "tomli": "needs Python 3.11 or newer, or on Python 3.10: python3 -m pip install tomli",
}

sys.path.insert(0, str(Path(__file__).resolve().parent))
try:
    from pushcsv.cli import main
except ModuleNotFoundError as missing:
    if missing.name not in MISSING:
        raise
    print(f"push_csv.py: {MISSING[missing.name]}", file=sys.stderr)
    sys.exit(2)

if __name__ == "__main__":
    sys.exit(main())
