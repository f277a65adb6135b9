import json
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from ..tools.event_rows import dedup_key, read_event
from ..tools.problems import Problem, RowProblem, shown
from ..tools.projection import LogEntry, State

DEFAULT_SOURCE_CODE = "api"


class EventBatch(NamedTuple):
    """What became of a batch: indexes of the input rows, each in exactly one place.

    `placed` maps index → shipment id (new events and duplicates), `created` counts the new ones among them, `parked`
    and `rejected` map index → Problem, `source_ids` index → source (where the row got so far).
    """

    placed: dict
    created: int
    parked: dict
    rejected: dict
    source_ids: dict


class LogisticsTrackingEvent(models.Model):
    """Bulk ingestion: the one write path of the tracking log."""

    _inherit = "logistics.tracking.event"

    @api.model
    def ingest(self, events):
        """Take tracking events in bulk. The contract for integrators, over XML-RPC and JSON-2.

        :param events: at most 5,000 dicts: `waybill`, `occurred_at` (ISO 8601 with offset) and `status` or `code`
            are required; `source` (code or name, default: API), `external_id`, `carrier` (code or name), `hub`,
            `location`, `reason` (code), `description`, `eta` (ISO 8601 with offset), `classifier` (actual,
            estimated, planned) are optional
        :return: `{"received", "created", "duplicates", "parked", "rejected": [{"index", "waybill", "field",
            "error"}]}`; received = created + duplicates + parked + len(rejected). What is parked or rejected is in
            the inbox; a bad row never stops its neighbours
        :raise AccessError: the user may not send data in bulk
        :raise UserError: `events` is not a list, or too long
        """
        self._check_bulk_call(events, "events")
        batch = self._take_events(events)
        return {
            "received": len(events),
            "created": batch.created,
            "duplicates": len(batch.placed) - batch.created,
            "parked": len(batch.parked),
            "rejected": [
                self._rejection(index, self._row_waybill(events[index]), problem)
                for index, problem in sorted(batch.rejected.items())
            ],
        }

    @api.model
    def _take_events(self, events, source_ids=()):
        """`ingest` without the check of the caller, for events that were fetched, or came in by a webhook.

        :param source_ids: list of the source of each event, where the caller knows it
        :return: EventBatch; what it parked or rejected is in the inbox
        """
        batch = self._ingest_batch(events)
        leftovers = {**batch.parked, **batch.rejected}
        if leftovers:
            known = dict(enumerate(source_ids)) | batch.source_ids
            self.env["logistics.tracking.inbox"]._store(
                "event",
                [
                    (events[index], problem, index in batch.parked, known.get(index))
                    for index, problem in leftovers.items()
                ],
            )
        return batch

    @api.model
    def _replay_rows(self, rows):
        """Take rows of the inbox again: a list of (shipment id, Problem, whether it waits, source id), or None each."""
        batch = self._ingest_batch(rows)
        return [
            (
                batch.placed.get(index),
                batch.parked.get(index) or batch.rejected.get(index),
                index in batch.parked,
                batch.source_ids.get(index),
            )
            for index in range(len(rows))
        ]

    @api.model
    def _row_waybill(self, row):
        waybill = row.get("waybill") if isinstance(row, dict) else None
        return shown(waybill)[:64] if waybill else ""

    @api.model
    def _ingest_batch(self, events, shipment_ids=None):
        """Validate, place and project `events`; the number of SQL statements does not depend on how many they are.

        The caller keeps what was parked or rejected.

        :param shipment_ids: for callers of ours that know the shipment of each row: a list of ids beside `events`
        :return: EventBatch
        """
        now = self._bulk_now()
        rows, rejected = {}, {}
        for index, event in enumerate(events):
            try:
                rows[index] = read_event(event, now)
            except RowProblem as problem:
                rejected[index] = problem.problem
        parked, placed = {}, {}
        names = self._ingest_lookups(rows.values())
        source_ids = {index: names.source_named(events[index]) for index in rejected}
        by_waybill = self.env["logistics.shipment"]._lock_for_events({row.waybill for row in rows.values()})
        columns = {}  # dedup key → column values; a repetition inside the batch falls away here
        for index, row in rows.items():
            meaning = self._row_meaning(row, names)
            if type(meaning) is Problem:
                (parked if meaning.code == "unknown_code" else rejected)[index] = meaning
                source_ids[index] = names.source_of(row)
                continue
            source_id, carrier_id, status, reason_id = meaning
            source_ids[index] = source_id
            candidates = by_waybill.get(row.waybill, ())
            shipment = candidates[0] if len(candidates) == 1 and carrier_id is None else None
            if shipment_ids is not None:
                shipment = next(known for known in candidates if known[0] == shipment_ids[index])
            elif shipment is None:
                shipment = self._row_shipment(candidates, carrier_id, row)
                if type(shipment) is Problem:
                    parked[index] = shipment
                    continue
            shipment_id = shipment[0]
            placed[index] = shipment_id
            if row.external_id:
                key = dedup_key("x", self.env.company.id, source_id, row.external_id)
            else:
                key = dedup_key(
                    "h", shipment_id, row.occurred_at, row.code or row.status, row.hub or row.location, row.classifier
                )
            if key not in columns:
                columns[key] = (shipment, row, status, reason_id, source_id)
        created = self._insert_events(columns, names, now) if columns else 0
        return EventBatch(placed, created, parked, rejected, source_ids)

    @api.model
    def _row_shipment(self, candidates, carrier_id, row):
        """The locked shipment that the row belongs to, or the Problem why there is none (yet)."""
        if carrier_id is not None:
            exact = [shipment for shipment in candidates if shipment[1] == carrier_id]
            # A shipment entered before its carrier was known still takes the carrier's events.
            candidates = exact or [shipment for shipment in candidates if shipment[1] is None]
        if not candidates:
            return Problem("unknown_waybill", "waybill", row.waybill)
        if len(candidates) > 1:
            return Problem("ambiguous_waybill", "waybill", row.waybill)
        return candidates[0]

    @api.model
    def _row_meaning(self, row, names):
        """(source id, carrier id, status, reason id) of a row, or the Problem."""
        if row.source is None:
            source = names.default_source
        else:
            source = names.sources.get(row.source.lower())
            if source is None:
                return Problem("unknown_source", "source", row.source)
        source_id, carrier_id = source
        if row.carrier is not None:
            carrier_id = names.carriers.get(row.carrier.lower())
            if carrier_id is None:
                return Problem("unknown_carrier", "carrier", row.carrier)
        status, reason_id = row.status, None
        if row.code is not None:
            mapped = names.codes.get((source_id, row.code.lower()))
            if mapped is not None:
                status, reason_id = (status or mapped[0]), (mapped[1] if status in (None, mapped[0]) else None)
            elif status is None:
                return Problem("unknown_code", "code", row.code)
        if row.reason is not None:
            reason_id = names.reasons.get(row.reason)
            if reason_id is None:
                return Problem("unknown_reason", "reason", row.reason)
        return source_id, carrier_id, status, reason_id

    @api.model
    def _insert_events(self, columns, names, now):
        """Insert the events of `columns` that are new and project them; return how many were new."""
        company_id = self.env.company.id
        hubs = names.hubs
        data = [
            {
                "s": shipment[0],
                "st": status,
                "r": reason_id,
                "c": row.code,
                "cl": row.classifier,
                "t": str(row.occurred_at),
                "o": row.utc_offset,
                "h": hubs[row.hub] if row.hub else None,
                "l": row.location,
                "d": row.description,
                "e": str(row.eta) if row.eta else None,
                "src": source_id,
                "x": row.external_id,
                "k": key,
            }
            for key, (shipment, row, status, reason_id, source_id) in columns.items()
        ]
        inserted = self.env.execute_query(
            SQL(
                """
                INSERT INTO logistics_tracking_event (
                    shipment_id, company_id, status, reason_id, raw_code, classifier, occurred_at, utc_offset,
                    received_at, hub_id, location, description, eta, source_id, external_id, dedup_key)
                SELECT s, %s, st, r, c, cl, t, o, %s, h, l, d, e, src, x, k
                  FROM json_to_recordset(%s::json) AS row(
                       s int, st varchar, r int, c varchar, cl varchar, t timestamp, o int, h int, l varchar,
                       d text, e timestamp, src int, x varchar, k varchar)
                    ON CONFLICT (dedup_key) DO NOTHING
                RETURNING id, dedup_key
                """,
                company_id,
                now,
                json.dumps(data),
            )
        )
        undoing = names.undoing_reasons
        entries = {}  # shipment id → (locked row, new log entries)
        for event_id, key in inserted:
            shipment, row, status, reason_id, _source = columns[key]
            entry = LogEntry(
                row.occurred_at, status, key, reason_id, reason_id in undoing, row.classifier, row.eta, event_id
            )
            known = entries.get(shipment[0])
            if known is None:
                entries[shipment[0]] = (State(*shipment[2:]), [entry])
            else:
                known[1].append(entry)
        if entries:
            self.invalidate_model(["shipment_id"])
            self.env["logistics.shipment"]._project_new_events(entries, now)
        return len(inserted)

    @api.model
    def _ingest_lookups(self, rows):
        return IngestNames(self, rows)


class IngestNames:
    """What the rows of a batch name, looked up at once: a fixed number of statements, whatever the batch."""

    def __init__(self, events, rows):
        """:param events: the (empty) model; :param rows: EventRows"""
        env = events.env
        self.company_id = env.company.id
        self.sources, self.default_source, map_of = self._read_sources(env)
        codes = {row.code for row in rows if row.code}
        self.codes = self._read_codes(env, codes, map_of) if codes else {}
        self.carriers = events._lookup_names(
            "delivery.carrier", "logistics_code", {row.carrier for row in rows if row.carrier}
        )
        reasons = env.execute_query(SQL("SELECT code, id, undoes_delivery FROM logistics_reason"))
        self.reasons = {code: reason_id for code, reason_id, _undoes in reasons}
        self.undoing_reasons = frozenset(reason_id for _code, reason_id, undoes in reasons if undoes)
        self.hubs = env["logistics.hub"]._find_or_create({row.hub for row in rows if row.hub})

    def source_named(self, event):
        """The id of the source that an event as received names, where it can be read."""
        name = event.get("source") if isinstance(event, dict) else None
        if not name:
            return self.default_source[0]
        return self.sources.get(name.strip().lower(), (None,))[0] if isinstance(name, str) else None

    def source_of(self, row):
        """The id of the source that the row names, or None."""
        source = self.sources.get(row.source.lower()) if row.source else self.default_source
        return source and source[0]

    def _read_sources(self, env):
        env["logistics.tracking.source"].flush_model()
        rows = env.execute_query(
            SQL(
                """
                SELECT id, code, name, carrier_id, map_source_id
                  FROM logistics_tracking_source
                 WHERE active AND (company_id IS NULL OR company_id = %s)
                 ORDER BY company_id NULLS FIRST, id DESC
                """,
                self.company_id,
            )
        )
        # As with every name look-up: the company's own before shared ones, a code before a name.
        sources = {name.lower(): (source_id, carrier_id) for source_id, _code, name, carrier_id, _map in rows}
        sources.update((code.lower(), (source_id, carrier_id)) for source_id, code, _name, carrier_id, _map in rows)
        default = sources.get(DEFAULT_SOURCE_CODE) or env["logistics.tracking.source"]._make_default_source()
        return sources, default, {source_id: map_id for source_id, *_rest, map_id in rows if map_id}

    def _read_codes(self, env, codes, map_of):
        """(source id, lower raw code) → (status, reason id), with the codes of `map_source_id` behind the own."""
        env["logistics.tracking.code"].flush_model()
        rows = env.execute_query(
            SQL(
                "SELECT source_id, raw_code, status, reason_id FROM logistics_tracking_code"
                " WHERE lower(raw_code) = ANY(SELECT lower(code) FROM unnest(%s) AS code)",
                list(codes),
            )
        )
        found = {(source_id, code.lower()): (status, reason_id) for source_id, code, status, reason_id in rows}
        for source_id, map_id in map_of.items():
            for code in map(str.lower, codes):
                if (source_id, code) not in found and (map_id, code) in found:
                    found[source_id, code] = found[map_id, code]
        return found
