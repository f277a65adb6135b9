import json
import logging

from psycopg2.errors import DeadlockDetected, LockNotAvailable, SerializationFailure

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.dialects import DialectError
from ..tools.dialects.values import clean
from ..tools.problems import Problem

_logger = logging.getLogger(__name__)
# One set of deliveries is one transaction: large enough that its fixed number of statements does not matter, small
# enough that what is locked is soon free again.
SET_SIZE = 500
SET_BYTES = 8_000_000
EVENTS_A_CALL = 2_000
TRIES = 5
CONFLICTS = (SerializationFailure, DeadlockDetected, LockNotAvailable)


class LogisticsWebhookDelivery(models.Model):
    """Processing: what was received becomes events, set by set."""

    _inherit = "logistics.webhook.delivery"

    @api.model
    def _cron_process(self):
        """Process what was received, a commit a set. Killed at any point, the open set is simply received again."""
        failures = 0
        while True:
            try:
                deliveries = self._select_received()
                if not deliveries:
                    break
                deliveries._process()
                more = self.env["ir.cron"]._commit_progress(len(deliveries))
            except CONFLICTS:
                # Somebody else wrote to the same shipments at the same time: begin the set again.
                failures += 1
                if failures >= TRIES:
                    raise
                self.env.cr.rollback()
                self.env.invalidate_all(flush=False)
                continue
            failures = 0
            if not more:
                if self._select_received(1):
                    self.env["ir.cron"]._commit_progress(remaining=1)
                break

    @api.model
    def _select_received(self, limit=SET_SIZE):
        """The oldest deliveries that wait and that no other server works on, locked."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, octet_length(body) FROM logistics_webhook_delivery
                 WHERE state = 'received' ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
                """,
                limit,
            )
        )
        ids, size = [], 0
        for delivery_id, length in rows:
            size += length or 0
            if ids and size > SET_BYTES:
                break
            ids.append(delivery_id)
        return self.browse(ids)

    def _process(self):
        """Process these deliveries. One that breaks everything is found by halving; the others do not suffer for it."""
        try:
            with self.env.cr.savepoint():
                self._process_set()
        except CONFLICTS:
            raise
        except Exception as error:
            self.env.invalidate_all(flush=False)
            if len(self) > 1:
                half = len(self) // 2
                self[:half]._process()
                self[half:]._process()
            else:
                _logger.exception("Webhook delivery %s cannot be processed", self.id)
                reason = f"It could not be processed: {type(error).__name__}: {error}"
                self._write_outcomes({self.id: (clean(reason)[:500], 0, 0)})

    def _process_set(self):
        """Parse, take the events of each company at once, and write what became of each delivery."""
        # sudo: sources' secrets belong to their set-up, nothing of it comes out; the events were accepted already.
        items = [
            (delivery.id, delivery.source_id, (delivery.body or "").encode(), delivery.headers)
            for delivery in self.sudo()
        ]
        self._write_outcomes(self._take_bodies(items))

    @api.model
    def _take_bodies(self, items):
        """Parse bodies and put their events into the log; what cannot be placed goes into the inbox.

        :param items: list of (key, source, bytes, headers)
        :return: key → (reason why it is unreadable or None, number of events, how many of them are in the log)
        """
        outcomes, by_company, dialects = {}, {}, {}
        for key, source, body, headers in items:
            try:
                if source not in dialects:
                    dialects[source] = source._dialect()
                events = dialects[source].parse(body, headers or {})
            except DialectError as error:
                outcomes[key] = (error.reason, 0, 0)
                continue
            outcomes[key] = (None, len(events), 0)
            by_company.setdefault(source.company_id, []).extend(
                (key, source, dialects[source], event) for event in events
            )
        for company, rows in by_company.items():
            for start in range(0, len(rows), EVENTS_A_CALL):
                chunk = rows[start : start + EVENTS_A_CALL]
                self.env["logistics.tracking.source"]._name_events([row[1:] for row in chunk])
                # sudo: the sender proved itself by the signature; it may send events of its source and no more.
                model = self.env["logistics.tracking.event"].sudo().with_company(company)
                batch = model._take_events([row[3] for row in chunk], [row[1].id for row in chunk])
                for index in batch.placed:
                    reason, events, placed = outcomes[chunk[index][0]]
                    outcomes[chunk[index][0]] = (reason, events, placed + 1)
        return outcomes

    @api.model
    def _write_outcomes(self, outcomes):
        """Write what became of deliveries, and put those that cannot be read into the inbox.

        :param outcomes: id → (reason or None, number of events, how many of them are in the log)
        """
        data = [
            {"id": key, "error": reason, "events": events, "placed": placed}
            for key, (reason, events, placed) in outcomes.items()
        ]
        self.env.execute_query(
            SQL(
                """
                UPDATE logistics_webhook_delivery d
                   SET state = CASE WHEN o.error IS NULL THEN 'processed' ELSE 'unreadable' END, error = o.error,
                       event_count = o.events, placed_count = o.placed, inbox_count = o.events - o.placed,
                       processed_at = %s
                  FROM json_to_recordset(%s::json) AS o(id int, error varchar, events int, placed int)
                 WHERE d.id = o.id
                """,
                fields.Datetime.now(),
                json.dumps(data),
            )
        )
        self.invalidate_model(flush=False)
        unreadable = self.browse([key for key, (reason, *_counts) in outcomes.items() if reason])
        # sudo: the inbox takes from everybody; who may read it is another matter.
        inbox = self.env["logistics.tracking.inbox"].sudo()
        for company, deliveries in unreadable.sudo().grouped("company_id").items():
            inbox.with_company(company)._store(
                "delivery",
                [
                    (
                        delivery._inbox_payload(),
                        Problem("unreadable_delivery", None, delivery.error),
                        False,
                        delivery.source_id.id,
                    )
                    for delivery in deliveries
                ],
            )

    def _inbox_payload(self):
        """What the inbox keeps of a delivery that cannot be read."""
        try:
            body = json.loads(self.body)
        except (ValueError, RecursionError):
            body = self.body
        return {"delivery": self.delivery_id, "body": body}

    def action_process_again(self):
        """Read these deliveries again, say after the field map was corrected. What is in the log already stays."""
        self.check_access("write")
        # sudo: events are written by the ingestion only; what is taken was accepted from its sender.
        self.sudo()._process()
        self.env["logistics.tracking.inbox"].sudo()._close_deliveries(self.filtered(lambda d: d.state == "processed"))
        left = self.filtered(lambda delivery: delivery.state == "unreadable")
        if left:
            message = self.env._("%(count)s still cannot be read: %(error)s", count=len(left), error=left[0].error_text)
        else:
            message = self.env._(
                "%(events)s events: %(placed)s in the log, %(inbox)s in the inbox.",
                events=sum(self.mapped("event_count")),
                placed=sum(self.mapped("placed_count")),
                inbox=sum(self.mapped("inbox_count")),
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if left else "success",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
