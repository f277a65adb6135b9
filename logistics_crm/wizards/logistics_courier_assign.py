from odoo import api, fields, models


class LogisticsCourierAssign(models.TransientModel):
    """*Assign to Courier*: a round for somebody, from the shipments marked in a list."""

    _name = "logistics.courier.assign"
    _description = "Assign to Courier"

    shipment_ids = fields.Many2many("logistics.shipment", string="Shipments", required=True)
    courier_id = fields.Many2one(
        "res.users",
        domain=lambda self: self.env["logistics.shipment"]._domain_courier(),
        help="Empty: the shipments are taken back from their couriers.",
    )
    number_stops = fields.Boolean(
        string="Number the Stops",
        help="Keep the order in which the shipments are listed here as the courier's round. Otherwise the courier's "
        "list goes by the promised time.",
    )
    first_stop = fields.Integer(default=1)
    open_count = fields.Integer(compute="_compute_counts")
    done_count = fields.Integer(compute="_compute_counts")
    moved_count = fields.Integer(compute="_compute_counts")

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        if "shipment_ids" in fields_list and self.env.context.get("active_model") == "logistics.shipment":
            values["shipment_ids"] = [fields.Command.set(self.env.context.get("active_ids", []))]
        return values

    @api.depends("shipment_ids", "courier_id")
    def _compute_counts(self):
        for wizard in self:
            shipments = wizard.shipment_ids
            still_open = shipments.filtered(lambda shipment: not shipment.is_done)
            wizard.open_count = len(still_open)
            wizard.done_count = len(shipments) - len(still_open)
            others = still_open.courier_id - wizard.courier_id
            wizard.moved_count = len(still_open.filtered(lambda shipment, others=others: shipment.courier_id in others))

    def action_assign(self):
        """Assign what is still open; the rest is left as it is."""
        self.ensure_one()
        shipments = self.shipment_ids.filtered(lambda shipment: not shipment.is_done)
        if shipments:
            shipments._assign_courier(self.courier_id, max(1, self.first_stop) if self.number_stops else 0)
        return {"type": "ir.actions.act_window_close"}
