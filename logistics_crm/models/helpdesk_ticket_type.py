from odoo import fields, models


class HelpdeskTicketType(models.Model):
    _inherit = "helpdesk.ticket.type"

    on_tracking_page = fields.Boolean(
        string="Offer on the Tracking Page", help="A recipient may report a problem of this type without logging in."
    )
    tracking_sequence = fields.Integer(string="Place on the Tracking Page", default=10)
