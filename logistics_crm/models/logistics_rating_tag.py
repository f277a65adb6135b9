from odoo import fields, models


class LogisticsRatingTag(models.Model):
    """What a recipient's stars are about: speed, attitude, the parcel's condition, information."""

    _name = "logistics.rating.tag"
    _description = "Rating Reason"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
