from odoo import api, fields, models


class LogisticsReason(models.Model):
    """Why something is off: the second axis beside the status."""

    _name = "logistics.reason"
    _description = "Shipment Reason"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="What integrators send as the reason of an event.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    group = fields.Selection(
        [
            ("delay", "Delay"),
            ("damage", "Damage"),
            ("loss", "Loss"),
            ("misdelivery", "Misdelivery"),
            ("delivery", "Delivery"),
            ("order", "Order"),
            ("warehouse", "Warehouse"),
            ("hold", "Hold"),
        ],
        required=True,
        default="delay",
    )
    undoes_delivery = fields.Boolean(
        help="An exception with this reason after the delivery means that the parcel was not delivered after all, "
        "as when it was handed to the wrong person.",
    )

    _code_uniq = models.UniqueIndex("(code)", "Another reason has this code already.")

    @api.depends("name", "code")
    @api.depends_context("show_reason_code")
    def _compute_display_name(self):
        super()._compute_display_name()
        if self.env.context.get("show_reason_code"):
            for reason in self:
                reason.display_name = f"{reason.name} ({reason.code})"
