from odoo import fields, models


class LogisticsShipment(models.Model):
    """The last mile: who delivers, what they should know, and the proof that they did."""

    _inherit = "logistics.shipment"

    courier_id = fields.Many2one(
        "res.users", index="btree_not_null", tracking=True, check_company=True, help="Who delivers this shipment."
    )
    delivery_note = fields.Text(help="What the courier should know before the visit, such as: call first.")
    signatory = fields.Char(string="Signed By", readonly=True, copy=False)
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
    has_proof = fields.Boolean(compute="_compute_has_proof", string="Proof of Delivery")

    def _compute_has_proof(self):
        for shipment in self:
            shipment.has_proof = bool(shipment.signatory or shipment.proof_photo_ids)
