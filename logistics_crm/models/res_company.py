from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    logistics_auto_confirm = fields.Selection(
        [
            ("manual", "By hand or by another system"),
            ("clean", "By itself when no check objects"),
            ("always", "By itself, always"),
        ],
        string="Order Confirmation",
        required=True,
        default="manual",
    )
    logistics_duplicate_hours = fields.Integer(
        string="Duplicate Window (Hours)",
        default=24,
        help="Two orders of one customer to the same phone and address, with the same goods and weight, within this "
        "many hours of each other are marked as a possible duplicate. 0: no such check.",
    )
