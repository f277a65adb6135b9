from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools.tracking_status import CLASSIFIERS, STATUSES


class LogisticsTrackingEvent(models.Model):
    """One entry of a shipment's tracking log. Append-only: a correction is another event."""

    _name = "logistics.tracking.event"
    _description = "Tracking Event"
    _inherit = ["logistics.bulk.mixin"]
    _order = "occurred_at desc, id desc"
    _rec_name = "status"
    _log_access = False

    shipment_id = fields.Many2one("logistics.shipment", required=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    status = fields.Selection(STATUSES, required=True, readonly=True)
    reason_id = fields.Many2one("logistics.reason", readonly=True, ondelete="restrict")
    raw_code = fields.Char(readonly=True, help="The code exactly as the source sent it.")
    classifier = fields.Selection(CLASSIFIERS, required=True, default="actual", readonly=True)
    occurred_at = fields.Datetime(required=True, readonly=True)
    utc_offset = fields.Integer(string="UTC Offset (minutes)", readonly=True, aggregator=None)
    occurred_local = fields.Char(
        string="Local Time", compute="_compute_occurred_local", help="The time where it happened."
    )
    received_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    hub_id = fields.Many2one("logistics.hub", readonly=True, ondelete="restrict")
    location = fields.Char(readonly=True)
    description = fields.Text(readonly=True)
    eta = fields.Datetime(string="ETA", readonly=True)
    source_id = fields.Many2one("logistics.tracking.source", required=True, readonly=True, ondelete="restrict")
    external_id = fields.Char(string="External ID", readonly=True)
    dedup_key = fields.Char(
        readonly=True,
        required=True,
        help="Hash of (company, source, external id), or without an external id of (shipment, instant, code, place).",
    )

    _dedup_key_uniq = models.UniqueIndex("(dedup_key)", "This event is in the log already.")
    _shipment_idx = models.Index("(shipment_id, occurred_at)")
    _hub_idx = models.Index("(hub_id, occurred_at) WHERE hub_id IS NOT NULL")
    _received_idx = models.Index("USING brin (received_at)")

    def init(self):
        """Widen the id: a regional carrier's million events a day would use up 2**31 ids within six years."""
        super().init()
        cr = self.env.cr
        cr.execute(
            SQL(
                "SELECT data_type FROM information_schema.columns WHERE table_schema = current_schema"
                " AND table_name = %s AND column_name = 'id'",
                self._table,
            )
        )
        if cr.fetchone() == ("integer",):
            table = SQL.identifier(self._table)
            cr.execute(SQL("ALTER TABLE %s ALTER COLUMN id TYPE bigint", table))
            cr.execute(SQL("ALTER SEQUENCE %s AS bigint", SQL.identifier(f"{self._table}_id_seq")))

    @api.depends("occurred_at", "utc_offset")
    def _compute_occurred_local(self):
        for event in self:
            event.occurred_local = self._local_text(event.occurred_at, event.utc_offset)

    @api.model
    def _local_text(self, occurred_at, utc_offset):
        """`2026-03-01 08:30 (UTC+8)`: the wall clock at the place, whatever the reader's own zone."""
        if not occurred_at:
            return False
        local = fields.Datetime.add(occurred_at, minutes=utc_offset)
        sign = "-" if utc_offset < 0 else "+"
        hours, minutes = divmod(abs(utc_offset), 60)
        zone = f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")
        return f"{local:%Y-%m-%d %H:%M} ({zone})"

    @api.model_create_multi
    def create(self, vals_list):
        raise UserError(self.env._("Tracking events are added by their sources or by 'Add Event' on the shipment."))

    def write(self, vals):
        raise UserError(self.env._("The tracking log is never changed. Add an event that corrects it."))
