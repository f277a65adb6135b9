from odoo import fields, models

from ..tools.order_checks import REQUIRABLE


class LogisticsServiceLevel(models.Model):
    """What was sold: same day, next day, economy …"""

    _name = "logistics.service.level"
    _description = "Service Level"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="What integrators send as the service level of a shipment.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", index=True, help="Empty: for every company.")
    promise_days = fields.Integer(
        string="Promised Days",
        help="Calendar days from the order to the promised delivery, where an order states no promise of its own. "
        "0: no promise.",
    )
    description = fields.Text(translate=True)
    required_field_ids = fields.Many2many(
        "ir.model.fields",
        "logistics_service_level_required_field_rel",
        "service_level_id",
        "field_id",
        string="Required Data",
        groups="logistics_crm.group_logistics_manager",
        domain=[("model", "=", "logistics.shipment"), ("name", "in", REQUIRABLE)],
        help="An order of this service level without any of these is marked to be checked.",
    )

    _code_uniq = models.UniqueIndex(
        "(code, COALESCE(company_id, 0))", "Another service level of this company has this code already."
    )
