from odoo import fields, models


class LogisticsTrackingReport(models.Model):
    """One thing that a recipient told through the tracking page, and the ticket it went to."""

    _name = "logistics.tracking.report"
    _description = "Report from the Tracking Page"
    _order = "id desc"

    shipment_id = fields.Many2one("logistics.shipment", required=True, ondelete="cascade", index=True)
    ticket_id = fields.Many2one("helpdesk.ticket", required=True, ondelete="cascade", index=True)
    type_id = fields.Many2one("helpdesk.ticket.type", required=True, ondelete="restrict")
    digest = fields.Char(required=True, help="Hash of what was told: the same again is the same report.")
