from odoo import fields, models

from ..tools.groups import SHIPMENT_READERS


class SaleOrder(models.Model):
    _inherit = "sale.order"

    # Who may not read shipments reads orders all the same: the list is left out for them, the count is sudo.
    shipment_ids = fields.One2many("logistics.shipment", "sale_id", string="Shipments", groups=SHIPMENT_READERS)
    shipment_count = fields.Integer(compute="_compute_shipment_count", compute_sudo=True)

    def _compute_shipment_count(self):
        counts = dict(
            self.env["logistics.shipment"]._read_group([("sale_id", "in", self.ids)], ["sale_id"], ["__count"])
        )
        for order in self:
            order.shipment_count = counts.get(order, 0)

    def action_view_shipments(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("logistics_crm.action_logistics_shipment")
        action["domain"] = [("sale_id", "=", self.id)]
        action["context"] = {}
        return action
