import logging
from datetime import datetime, timedelta

from psycopg2.errors import SerializationFailure, UniqueViolation

from odoo import api, fields, models
from odoo.tools import SQL, hmac

_logger = logging.getLogger(__name__)
_TRIES = 5


class LogisticsRateLimit(models.Model):
    """How often something was tried, in windows of time, kept in the database so that every server counts the same."""

    _name = "logistics.rate.limit"
    _description = "Rate Limit"
    _log_access = False

    key = fields.Char(required=True, help="Keyed hash of what is counted: no address or waybill is kept in clear.")
    window_end = fields.Datetime(required=True, index=True)
    hits = fields.Integer(required=True)

    _key_uniq = models.UniqueIndex("(key, window_end)")

    @api.model
    def _allow(self, scope, subject, limit, seconds):
        """Count one try of `subject` (a visitor's address, a waybill …) and tell whether it is within the limit.

        It is counted in a transaction of its own, so that it counts whatever becomes of the request.

        :param scope: what is limited, such as "track.visitor"
        :param limit: how many tries are allowed in `seconds`
        """
        key = hmac(self.env(su=True), f"logistics-rate-limit-{scope}", str(subject))
        now = fields.Datetime.now()
        # Windows lie on a fixed grid, so that all servers agree on them without asking.
        epoch = datetime(2000, 1, 1)
        window_end = epoch + timedelta(seconds=((now - epoch).total_seconds() // seconds + 1) * seconds)
        for _attempt in range(_TRIES):
            try:
                with self.pool.cursor() as cr:
                    cr.execute(
                        SQL(
                            """
                            INSERT INTO logistics_rate_limit AS counter (key, window_end, hits) VALUES (%s, %s, 1)
                                ON CONFLICT (key, window_end) DO UPDATE SET hits = counter.hits + 1
                            RETURNING hits
                            """,
                            key,
                            window_end,
                        ),
                        log_exceptions=False,
                    )
                    return cr.fetchone()[0] <= limit
            except (SerializationFailure, UniqueViolation):
                continue  # another request counted the same key at the same instant
        _logger.info("Rate limit %s: too many at once, refused", scope)
        return False

    @api.autovacuum
    def _gc_windows(self):
        self.env.cr.execute(
            SQL("DELETE FROM logistics_rate_limit WHERE window_end < %s", fields.Datetime.now() - timedelta(hours=1))
        )
