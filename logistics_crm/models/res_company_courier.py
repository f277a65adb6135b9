from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    logistics_high_value = fields.Monetary(
        string="High Value From",
        currency_field="currency_id",
        default=10000,
        help="Couriers are told before the visit that a shipment with at least this declared value is of high value. "
        "0: never.",
    )
    logistics_courier_team_id = fields.Many2one(
        "helpdesk.ticket.team",
        string="Team for Couriers' Reports",
        check_company=True,
        help="Who gets the tickets of what couriers report at the door. Empty: they wait unassigned.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    logistics_high_value = fields.Monetary(
        related="company_id.logistics_high_value", readonly=False, currency_field="currency_id"
    )
    logistics_courier_team_id = fields.Many2one(related="company_id.logistics_courier_team_id", readonly=False)
