from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    logistics_auto_confirm = fields.Selection(related="company_id.logistics_auto_confirm", readonly=False)
    logistics_duplicate_hours = fields.Integer(related="company_id.logistics_duplicate_hours", readonly=False)
