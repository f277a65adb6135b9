from odoo import api, fields, models

# The type of a ticket by the group of its reason, where the reason names none.
TICKET_TYPES = {
    "damage": "ticket_type_damaged",
    "loss": "ticket_type_lost",
    "misdelivery": "ticket_type_misdelivered",
    "order": "ticket_type_wrong_data",
}


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

    ticket_type_id = fields.Many2one(
        "helpdesk.ticket.type", help="Type of the tickets that this reason opens. Empty: that of its group."
    )
    ticket_category_id = fields.Many2one(
        "helpdesk.ticket.category", help="Category of the tickets that this reason opens. Empty: Shipment."
    )

    _code_uniq = models.UniqueIndex("(code)", "Another reason has this code already.")

    @api.depends("name", "code")
    @api.depends_context("show_reason_code")
    def _compute_display_name(self):
        super()._compute_display_name()
        if self.env.context.get("show_reason_code"):
            for reason in self:
                reason.display_name = f"{reason.name} ({reason.code})"

    def _get_ticket_values(self):
        """Type and category of a ticket about this reason."""
        self.ensure_one()

        def ref(name):
            return self.env.ref(f"logistics_crm.{name}", raise_if_not_found=False)

        ticket_type = self.ticket_type_id or ref(TICKET_TYPES.get(self.group, "")) or ref("ticket_type_exception")
        category = self.ticket_category_id or ref("ticket_category_shipment")
        return {
            "type_id": ticket_type.id if ticket_type else False,
            "category_id": category.id if category else False,
        }
