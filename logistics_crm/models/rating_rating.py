from odoo import fields, models


class RatingRating(models.Model):
    _inherit = "rating.rating"

    logistics_tag_ids = fields.Many2many(
        "logistics.rating.tag", string="Rating Reasons", groups="logistics_crm.group_logistics_agent"
    )
