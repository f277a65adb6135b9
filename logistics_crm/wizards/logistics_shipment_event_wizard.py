from datetime import timedelta, timezone

import pytz

from odoo import fields, models
from odoo.exceptions import UserError

from ..tools.tracking_status import STATUSES


class LogisticsShipmentEventWizard(models.TransientModel):
    """*Add Event*: an agent enters what a courier or a customer said."""

    _name = "logistics.shipment.event.wizard"
    _description = "Add Tracking Event"

    shipment_id = fields.Many2one("logistics.shipment", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="shipment_id.company_id")
    status = fields.Selection(STATUSES, required=True)
    reason_id = fields.Many2one("logistics.reason")
    occurred_at = fields.Datetime(string="Happened At", required=True, default=lambda self: fields.Datetime.now())
    hub_id = fields.Many2one("logistics.hub", domain="[('company_id', '=', company_id)]")
    location = fields.Char()
    description = fields.Text()

    def action_add(self):
        """Put the event into the log. It counts like any other: an older one goes into the history only."""
        self.ensure_one()
        shipment = self.shipment_id
        shipment.check_access("write")
        # sudo: nobody may write the log by hand, and agents may not send in bulk. This is one event of one shipment
        # that the user may change, it goes the same way as every other event, and its source says who speaks.
        events = self.env["logistics.tracking.event"].sudo().with_company(shipment.company_id)
        batch = events._ingest_batch([self._prepare_event()], [shipment.id])
        problem = batch.parked.get(0) or batch.rejected.get(0)
        if problem:
            raise UserError(events._problem_sentence(problem))
        if not batch.created:
            raise UserError(self.env._("The log has this event already: same status, time and place."))
        return {"type": "ir.actions.act_window_close"}

    def _prepare_event(self):
        """The event as `logistics.tracking.event.ingest` takes it."""
        return {
            "source": "manual",
            "waybill": self.shipment_id.name,
            "status": self.status,
            "reason": self.reason_id.code,
            "occurred_at": self._occurred_at_text(),
            "hub": self.hub_id.name,
            "location": self.location,
            "description": self.description,
        }

    def _occurred_at_text(self):
        """ISO 8601 with the offset of the user's zone: the wall clock that the user typed."""
        local = pytz.utc.localize(self.occurred_at).astimezone(pytz.timezone(self.env.user.tz or "UTC"))
        # Whole minutes only: zones of old had odd offsets such as +08:05:43.
        offset = timezone(timedelta(minutes=local.utcoffset().total_seconds() // 60))
        return self.occurred_at.replace(tzinfo=timezone.utc).astimezone(offset).isoformat()
