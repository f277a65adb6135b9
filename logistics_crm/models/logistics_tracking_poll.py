import logging
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import timedelta

from psycopg2.errors import DeadlockDetected, LockNotAvailable, SerializationFailure

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools.dialects import DialectError
from ..tools.http_client import FetchError
from ..tools.tracking_status import FINAL

_logger = logging.getLogger(__name__)
WORKERS = 4
# Nobody else takes a source while its turn lasts; a server that dies in it gives it free after this long.
LEASE = timedelta(minutes=10)
TURN_SECONDS = 60
JOB_SECONDS = 90
MAX_BACKOFF = timedelta(hours=6)
TRIES = 5
# What a carrier does to us, rather than a fault of ours: told on the source, not in the log.
EXPECTED = (FetchError, DialectError, UserError)


class LogisticsTrackingPoll(models.Model):
    """How the polling of one source stands. Narrow, because every turn writes it."""

    _name = "logistics.tracking.poll"
    _description = "Tracking Poll"
    _order = "next_at, id"
    _rec_name = "source_id"
    _log_access = False

    source_id = fields.Many2one("logistics.tracking.source", required=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="source_id.company_id")
    next_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    last_at = fields.Datetime(readonly=True)
    error = fields.Char(readonly=True)
    failures = fields.Integer(readonly=True, help="In a row.")
    position = fields.Integer(readonly=True, default=0, help="The last shipment that was asked for in this round.")

    _source_uniq = models.UniqueIndex("(source_id)")
    _next_idx = models.Index("(next_at)")

    @api.model
    def _cron_poll(self):
        """Poll what is due, several sources at once: one that hangs or fails neither stops nor delays the others."""
        ends = time.monotonic() + JOB_SECONDS
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="logistics.poll") as pool:
            running = set()
            while True:
                due = self._claim(WORKERS - len(running)) if time.monotonic() < ends else []
                # The threads must see what was claimed.
                self.env.cr.commit()  # pylint: disable=invalid-commit
                running |= {pool.submit(self._turn_apart, poll_id) for poll_id in due}
                if not running:
                    break
                done, running = wait(running, timeout=1, return_when=FIRST_COMPLETED)
                for turn in done:
                    turn.result()

    @api.model
    def _claim(self, limit):
        """Ids of up to `limit` polls that are due, taken for this server until the lease ends."""
        if limit <= 0:
            return []
        now = fields.Datetime.now()
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE logistics_tracking_poll SET next_at = %s WHERE id IN (
                    SELECT p.id FROM logistics_tracking_poll p JOIN logistics_tracking_source s ON s.id = p.source_id
                     WHERE p.next_at <= %s AND s.poll_enabled AND s.active
                     ORDER BY p.next_at LIMIT %s FOR UPDATE OF p SKIP LOCKED)
                RETURNING id
                """,
                now + LEASE,
                now,
                limit,
            )
        )
        return [poll_id for [poll_id] in rows]

    @api.model
    def _turn_apart(self, poll_id):
        """One turn on a connection of its own, in a thread; never raises."""
        try:
            with self.pool.cursor() as cr:
                env = api.Environment(cr, self.env.uid, {})
                env[self._name].browse(poll_id)._turn()
        except Exception:
            # The lease ends by itself and the source is polled again.
            _logger.exception("Polling: turn of %s failed", poll_id)

    def _turn(self):
        """Ask for this source's open shipments, batch by batch, a commit each, until all were asked or time is up.

        A batch that fails is passed over until the next round, so that it cannot starve those behind it.
        """
        ends = time.monotonic() + TURN_SECONDS
        source = self.source_id.with_company(self.source_id.company_id)
        while True:
            shipments = self._next_shipments(source)
            if not shipments:
                self._finish(source, None)
                return
            position = shipments[-1].id
            try:
                events = source.carrier_id._logistics_fetch_events(shipments)
                self._check_events(events)
            except Exception as error:
                self.env.cr.rollback()
                self.env.invalidate_all(flush=False)
                if not isinstance(error, EXPECTED):
                    _logger.warning("Polling of %s failed", source.code, exc_info=True)
                self._finish(source, source._poll_reason(error), position)
                return
            # What was fetched goes into a transaction that begins now: the shipments moved on while we waited.
            self.env.cr.commit()  # pylint: disable=invalid-commit
            self._take(source, events, position)
            if time.monotonic() > ends:
                self._finish(source, None, position, again=True)
                return

    def _next_shipments(self, source):
        """The next shipments of this source's carrier whose journey is not over."""
        shipments = self.env["logistics.shipment"].with_company(source.company_id)
        shipments.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id FROM logistics_shipment
                 WHERE carrier_id = %s AND company_id = %s AND id > %s AND status NOT IN %s AND ordered_at > %s
                 ORDER BY id LIMIT %s
                """,
                source.carrier_id.id,
                source.company_id.id,
                self.position,
                tuple(FINAL),
                fields.Datetime.now() - timedelta(days=source.poll_max_days),
                source.poll_batch,
            )
        )
        return shipments.browse([row[0] for row in rows])

    @api.model
    def _check_events(self, events):
        if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
            raise TypeError("_logistics_fetch_events must return a list of dictionaries")

    def _take(self, source, events, position):
        """Put fetched events into the log and note how far we are, together."""
        for attempt in range(1, TRIES + 1):
            try:
                if events:
                    # A source's own code, whatever the integration says: events belong to who was asked.
                    rows = [{**event, "source": source.code} for event in events]
                    model = self.env["logistics.tracking.event"].with_company(source.company_id)
                    model._take_events(rows, [source.id] * len(rows))
                self._note(position=position)
                # Batch by batch, on its own cursor.
                self.env.cr.commit()  # pylint: disable=invalid-commit
                return
            except (SerializationFailure, DeadlockDetected, LockNotAvailable):
                self.env.cr.rollback()
                self.env.invalidate_all(flush=False)
                if attempt == TRIES:
                    raise

    def _finish(self, source, error, position=0, again=False):
        """The turn is over: note when the next one is. After failures it comes later and later."""
        now = fields.Datetime.now()
        pause = timedelta(minutes=source.poll_minutes)
        failures = self.failures + 1 if error else 0
        if error:
            pause = min(pause * 2 ** min(failures, 10), max(MAX_BACKOFF, pause))
        if again:
            pause = timedelta()
        self._note(next_at=now + pause, last_at=now, error=error, failures=failures, position=position)
        # The end of a turn, on its own cursor.
        self.env.cr.commit()  # pylint: disable=invalid-commit

    def _note(self, **values):
        """Write this row's state by SQL: the row is this turn's own, nobody else writes it meanwhile."""
        self.flush_recordset()
        sets = SQL(", ").join(SQL("%s = %s", SQL.identifier(name), value) for name, value in values.items())
        self.env.execute_query(SQL("UPDATE logistics_tracking_poll SET %s WHERE id = %s", sets, self.id))
        self.invalidate_recordset(flush=False)


class LogisticsShipment(models.Model):
    _inherit = "logistics.shipment"

    _carrier_open_idx = models.Index("(carrier_id, id) WHERE status NOT IN ('delivered', 'returned', 'cancelled')")
