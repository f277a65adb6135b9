"""Batches of rows on their way to Odoo, and the receipts that come back."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Any

from .clients import Json2Client, XmlRpcClient
from .contract import INGEST, UPSERT, BulkMethod
from .errors import PushError
from .progress import Progress
from .rejected import RejectedFile
from .rows import SourceRow
from .source import CsvSource
from .tally import Tally

Client = Json2Client | XmlRpcClient
Item = tuple[dict, list[SourceRow]]  # a record to send, and the rows that it came from


def push_file(source: CsvSource, pusher: Pusher, rejected: RejectedFile, progress: Progress, limit: int | None) -> None:
    """Push the whole file (or its first `limit` rows), batch by batch."""
    tally = pusher.tally
    for batch in chunks(itertools.islice(source.rows(), limit), pusher.batch):
        tally.count_mapped(batch)
        try:
            pusher.push(batch)
        finally:
            for row in batch:
                if row.errors:
                    tally.rows["rejected"] += 1
                    rejected.write(row)
        tally.last_line = batch[-1].line
        progress.update(source.position, tally.rows["read"])
    progress.finish(tally.rows["read"])


class Pusher:
    """Sends batches of rows and keeps the accounts; without a client (a dry run) it sends nothing."""

    def __init__(self, client: Client | None, batch: int, tally: Tally):
        self.client, self.batch, self.tally = client, batch, tally

    def push(self, rows: list[SourceRow]) -> None:
        """Push one batch: shipments first, so that their events find them.

        A row whose shipment is refused keeps its events back: it is corrected and pushed again as a whole.
        """
        if self.client is None:
            return
        # A file with a row for each event repeats its shipment: once a batch is enough.
        shipments: dict[str, Item] = {}
        for row in rows:
            if row.shipment and not row.errors:
                shipments.setdefault(json.dumps(row.shipment), (row.shipment, []))[1].append(row)
        for chunk in chunks(shipments.values(), self.batch):
            self.tally.shipments.update(self._call(UPSERT, chunk))
        events = [(event, [row]) for row in rows if not row.errors for event in row.events]
        for chunk in chunks(events, self.batch):
            self.tally.events.update(self._call(INGEST, chunk))

    def _call(self, method: BulkMethod, items: list[Item]) -> dict[str, int]:
        """Call one bulk method and lay its refusals at the rows that they came from; gives its counts."""
        receipt = self.client.call(method, [record for record, _ in items])
        if not is_receipt(receipt, len(items)):
            called = f"{method.model}.{method.name}"
            raise PushError(f"{called} gave no receipt for {len(items)} rows but {receipt!r:.200}")
        for refusal in receipt["rejected"]:
            record, rows = items[refusal["index"]]
            label = "shipment" if method == UPSERT else f"event {record.get('status') or record.get('code')}"
            note = (f"{label}.{refusal['field']}" if refusal.get("field") else label, str(refusal["error"]))
            for row in rows:
                row.errors.append(note)
        numbers = {name: value for name, value in receipt.items() if isinstance(value, int)}
        return {**numbers, "rejected": len(receipt["rejected"])}


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


def chunks(items: Iterable, size: int) -> Iterator[list]:
    """Lists of at most `size` items."""
    iterator = iter(items)
    while chunk := list(itertools.islice(iterator, size)):
        yield chunk
