from odoo import api, fields, models

from ..tools.groups import SHIPMENT_READERS


class HelpdeskTicket(models.Model):
    _inherit = "helpdesk.ticket"

    shipment_ids = fields.Many2many(
        "logistics.shipment",
        "helpdesk_ticket_logistics_shipment_rel",
        "ticket_id",
        "shipment_id",
        string="Shipments",
        groups=SHIPMENT_READERS,
        check_company=True,
    )
    shipment_reason_id = fields.Many2one(
        "logistics.reason", index="btree_not_null", help="What is wrong with the shipments, in tracking's own terms."
    )

    @api.onchange("shipment_ids")
    def _onchange_shipment_ids(self):
        """Whoever picks the shipment need not look up its customer."""
        if not self.partner_id:
            self.partner_id = self.shipment_ids.customer_id[:1]
