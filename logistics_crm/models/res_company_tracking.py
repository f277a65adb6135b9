from odoo import fields, models

from .logistics_shipment_access import DAYS_AFTER_END
from .logistics_tracking_link import DAYS


class ResCompany(models.Model):
    _inherit = "res.company"

    logistics_report_team_id = fields.Many2one(
        "helpdesk.ticket.team",
        string="Team for Recipients' Reports",
        domain="['|', ('company_id', '=', False), ('company_id', '=', id)]",
        help="Gets the tickets that recipients open on the tracking page. Empty: they come without a team.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    logistics_report_team_id = fields.Many2one(related="company_id.logistics_report_team_id", readonly=False)
    logistics_tracking_days_after_end = fields.Integer(
        string="Days after the End",
        config_parameter="logistics_crm.tracking_days_after_end",
        default=DAYS_AFTER_END,
        help="How long after the delivery or return the tracking page can still be opened.",
    )
    logistics_tracking_link_days = fields.Integer(
        string="Days of a Link",
        config_parameter="logistics_crm.tracking_link_days",
        default=DAYS,
        help="How long a link from a message works at most.",
    )
