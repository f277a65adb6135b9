from odoo import fields, models
from odoo.exceptions import UserError

from .logistics_shipment_page import rating_changeable

MAX_COMMENT = 2000


class LogisticsShipment(models.Model):
    """Stars for a delivery: one rating a shipment, which may be thought over for some days."""

    _name = "logistics.shipment"
    _inherit = ["rating.mixin", "logistics.shipment"]

    def _rating_get_parent_field_name(self):
        return "carrier_id"

    def _rating_get_operator(self):
        return self.courier_id.partner_id

    def _rating_get_partner(self):
        return self.consignee_id

    def _rate_delivery(self, stars, tag_ids, comment):
        """Give or change the one rating of this delivery. Call it as superuser, after checking the visitor's token."""
        self.ensure_one()
        if self.status != "delivered":
            raise UserError(self.env._("A parcel can be rated once it is delivered."))
        if stars not in range(1, 6):
            raise UserError(self.env._("Choose one to five stars."))
        self.env["logistics.tracking.link"]._take_turns(self)
        rating = self.env["rating.rating"].search(
            [("res_model", "=", self._name), ("res_id", "=", self.id)], order="id", limit=1
        )
        if rating.consumed and not rating_changeable(rating.create_date, fields.Datetime.now()):
            raise UserError(self.env._("This rating was given a while ago and stays as it is."))
        if not rating:
            rating = rating.create(
                {
                    "res_model_id": self.env["ir.model"]._get_id(self._name),
                    "res_id": self.id,
                    "partner_id": self._rating_get_partner().id,
                    "rated_partner_id": self._rating_get_operator().id,
                }
            )
        rating.logistics_tag_ids = self.env["logistics.rating.tag"].search([("id", "in", list(tag_ids))])
        return self.rating_apply(
            stars, rating=rating, feedback=(comment or "").strip()[:MAX_COMMENT], subtype_xmlid="mail.mt_note"
        )
