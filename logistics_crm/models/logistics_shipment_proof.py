from odoo import api, fields, models

from ..tools.courier_actions import RELATIONS


class LogisticsShipment(models.Model):
    """The last mile: who delivers, what they should know, and the proof that they did."""

    _inherit = "logistics.shipment"

    courier_id = fields.Many2one(
        "res.users",
        index="btree_not_null",
        tracking=True,
        check_company=True,
        domain=lambda self: self._domain_courier(),
        help="Who delivers this shipment.",
    )
    route_sequence = fields.Integer(
        string="Stop",
        aggregator=None,
        copy=False,
        help="Place in the courier's round, from 1. 0: the courier's list goes by the promised time.",
    )
    delivery_note = fields.Text(
        string="Note for the Courier", help="What the courier should know before the visit, such as: call first."
    )
    signatory = fields.Char(string="Signed By", readonly=True, copy=False)
    signatory_relation = fields.Selection(RELATIONS, string="Relation to Consignee", readonly=True, copy=False)
    signature = fields.Image(max_width=1200, max_height=600, readonly=True, copy=False)
    proof_photo_ids = fields.Many2many(
        "ir.attachment",
        "logistics_shipment_proof_photo_rel",
        "shipment_id",
        "attachment_id",
        string="Proof Photos",
        readonly=True,
        copy=False,
    )
    proof_at = fields.Datetime(string="Time of Delivery", readonly=True, copy=False)
    proof_by_id = fields.Many2one("res.users", string="Delivered By", readonly=True, copy=False)
    proof_place = fields.Char(string="Place of Delivery", readonly=True, copy=False)
    has_proof = fields.Boolean(compute="_compute_has_proof", string="Proof of Delivery")

    @api.depends("signatory", "proof_photo_ids")
    def _compute_has_proof(self):
        for shipment in self:
            shipment.has_proof = bool(shipment.signatory or shipment.proof_photo_ids)

    @api.model
    def _domain_courier(self):
        return [("all_group_ids", "in", self.env.ref("logistics_crm.group_logistics_courier").ids)]
