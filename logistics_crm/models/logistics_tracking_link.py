import base64
import re
import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, consteq, hmac

VISIT_HOURS = 24
DAYS = 365
_KEY_BYTES = 12
_MAC_BYTES = 16
_KEY_LENGTH = 16  # in base64
_TOKEN = re.compile(r"[A-Za-z0-9_-]{38}")


class LogisticsTrackingLink(models.Model):
    """The right to see one shipment's tracking page, apart from the shipment so that tracking never waits for it.

    The token in the URL is a random key of 96 bits and an HMAC of 128 bits over it, made with the database's secret.
    Only the key is stored: who reads this table, a backup of it or a log of its statements cannot make a URL, yet
    every message about a shipment carries the same one. A shipment has one standing link for messages; each search
    on /track makes a visit's link, which ends after a day.
    """

    _name = "logistics.tracking.link"
    _description = "Tracking Link"
    _log_access = False

    shipment_id = fields.Many2one("logistics.shipment", required=True, ondelete="cascade", index=True)
    kind = fields.Selection([("standing", "Permanent"), ("visit", "Visit")], required=True)
    key = fields.Char(required=True)
    expires_at = fields.Datetime(required=True, index=True)
    touched_at = fields.Datetime(help="When a visitor last wrote through the page.")

    _key_uniq = models.UniqueIndex("(key)")
    _standing_uniq = models.UniqueIndex("(shipment_id) WHERE kind = 'standing'")

    # Handing out

    @api.model
    def _standing_tokens(self, shipment_ids):
        """shipment id → token of its standing link, made or renewed where needed. At most two statements."""
        if not shipment_ids:
            return {}
        now = fields.Datetime.now()
        days = self.env["logistics.shipment"]._tracking_days("tracking_link_days", DAYS)
        found = self.env.execute_query(
            SQL(
                "SELECT shipment_id, key FROM logistics_tracking_link"
                " WHERE kind = 'standing' AND shipment_id = ANY(%s) AND expires_at > %s",
                list(shipment_ids),
                now + timedelta(days=days / 2),
            )
        )
        keys = dict(found)
        missing = sorted(set(shipment_ids) - keys.keys())
        if missing:
            # A link that still works is prolonged with its key, so that the URLs in older messages work on.
            rows = self.env.execute_query(
                SQL(
                    """
                    INSERT INTO logistics_tracking_link AS link (shipment_id, key, kind, expires_at)
                    SELECT shipment_id, key, 'standing', %s FROM unnest(%s, %s) AS given (shipment_id, key)
                        ON CONFLICT (shipment_id) WHERE kind = 'standing' DO UPDATE
                       SET key = CASE WHEN link.expires_at > %s THEN link.key ELSE EXCLUDED.key END,
                           expires_at = EXCLUDED.expires_at
                    RETURNING shipment_id, key
                    """,
                    now + timedelta(days=days),
                    missing,
                    [self._new_key() for _shipment in missing],
                    now,
                )
            )
            keys.update(rows)
        return {shipment_id: self._token(key, shipment_id) for shipment_id, key in keys.items()}

    @api.model
    def _visit_token(self, shipment):
        """A token of its own for one visitor who knew the waybill and the digits."""
        link = self.create(
            {
                "shipment_id": shipment.id,
                "kind": "visit",
                "key": self._new_key(),
                "expires_at": fields.Datetime.now() + timedelta(hours=VISIT_HOURS),
            }
        )
        return self._token(link.key, shipment.id)

    @api.model
    def _new_key(self):
        return secrets.token_urlsafe(_KEY_BYTES)

    def _token(self, key, shipment_id):
        digest = bytes.fromhex(hmac(self.env(su=True), "logistics-tracking-link", f"{key}/{shipment_id}"))
        return key + base64.urlsafe_b64encode(digest[:_MAC_BYTES]).decode().rstrip("=")

    # Coming back

    @api.model
    def _find_shipment(self, token):
        """The shipment that a token opens; none if it is wrong, or its time or the journey is long over."""
        shipments = self.env["logistics.shipment"]
        if not _TOKEN.fullmatch(token or ""):
            return shipments
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT link.key, link.expires_at, shipment.id, shipment.status, shipment.last_event_at
                  FROM logistics_tracking_link link JOIN logistics_shipment shipment ON shipment.id = link.shipment_id
                 WHERE link.key = %s
                """,
                token[:_KEY_LENGTH],
            )
        )
        for key, expires_at, shipment_id, status, last_event_at in rows:
            if (
                consteq(token, self._token(key, shipment_id))
                and expires_at > fields.Datetime.now()
                and shipments._still_tracked(status, last_event_at)
            ):
                return shipments.browse(shipment_id)
        return shipments

    @api.model
    def _take_turns(self, shipment):
        """Let what visitors write about one shipment happen one after the other, on whatever server.

        Whoever comes second waits for the first, then meets a serialization failure; Odoo runs that request again,
        and it sees what the first one wrote.
        """
        self._standing_tokens(shipment.ids)
        self.env.cr.execute(
            SQL(
                "UPDATE logistics_tracking_link SET touched_at = %s WHERE shipment_id = %s AND kind = 'standing'",
                fields.Datetime.now(),
                shipment.id,
            )
        )

    @api.autovacuum
    def _gc_links(self):
        """Forget links that ended, a batch at a time; the next run takes the rest."""
        self.search([("expires_at", "<", fields.Datetime.now() - timedelta(days=1))], limit=10_000).unlink()
