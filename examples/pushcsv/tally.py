"""The accounts of a push, and the receipt that is printed at its end."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from .rows import SourceRow


@dataclass
class Tally:
    """What was done so far: rows of ours, and the sum of the server's receipts."""

    rows: Counter = field(default_factory=Counter)
    shipments: Counter = field(default_factory=Counter)
    events: Counter = field(default_factory=Counter)
    statuses: Counter = field(default_factory=Counter)
    example: SourceRow | None = None
    last_line: int = 1

    def count_mapped(self, rows: list[SourceRow]) -> None:
        """Count what a batch was mapped to."""
        self.rows["read"] += len(rows)
        for row in rows:
            if row.errors:
                self.rows["not mapped"] += 1
            else:
                self.example = self.example or row
                self.statuses.update(event.get("status") or f"code {event['code']}" for event in row.events)


def summary(tally: Tally, dry_run: bool, rejected: Path) -> str:
    """The receipt that is printed at the end."""
    lines = [_line("Rows", tally.rows, "read", "not mapped", "rejected")]
    if dry_run:
        lines += _would_be_pushed(tally)
    else:
        lines += [
            _line("Shipments", tally.shipments, "received", "created", "updated", "unchanged", "rejected"),
            _line("Events", tally.events, "received", "created", "duplicates", "parked", "rejected"),
        ]
    if tally.events["parked"]:
        lines.append("Parked events wait in Odoo's inbox for their shipment or code; see the reasons there.")
    if tally.rows["rejected"]:
        lines.append(f"Rejected rows are in {rejected}: correct them there and push it with the same mapping.")
    return "\n".join(lines)


def _line(title: str, counter: Counter, *names: str) -> str:
    return f"{title:<10} " + ", ".join(f"{name} {counter[name]:,}" for name in names)


def _would_be_pushed(tally: Tally) -> list[str]:
    lines = [f"Events     {sum(tally.statuses.values()):,} would be sent"]
    lines += [f"  {status:<20} {count:>9,}" for status, count in tally.statuses.most_common()]
    if tally.example:
        example = {"shipment": tally.example.shipment, "events": tally.example.events}
        text = json.dumps(example, indent=2, ensure_ascii=False)
        lines.append(f"Line {tally.example.line} becomes\n{text}")
    return [*lines, "Nothing was pushed (dry run)."]
