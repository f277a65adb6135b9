from odoo import fields, models


class DeliveryCarrier(models.Model):
    _inherit = "delivery.carrier"

    logistics_code = fields.Char(
        string="Carrier Code",
        help="What integrators send as the carrier of a shipment or an event, besides the carrier's name. Example: SF.",
    )
    logistics_phone = fields.Char(string="Customer Hotline")
    logistics_service_level_id = fields.Many2one(
        "logistics.service.level",
        string="Service Level",
        index="btree_not_null",
        help="Service level of the shipments that are made from deliveries with this carrier.",
    )
