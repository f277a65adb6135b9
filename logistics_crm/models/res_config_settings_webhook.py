from odoo import fields, models

from .logistics_webhook_delivery import KEEP_DAYS


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    logistics_webhook_keep_days = fields.Integer(
        string="Keep Webhook Deliveries (Days)",
        config_parameter="logistics_crm.webhook_keep_days",
        default=KEEP_DAYS,
    )
