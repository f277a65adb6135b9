from odoo import models
from odoo.exceptions import UserError


class DeliveryCarrier(models.Model):
    _inherit = "delivery.carrier"

    def _logistics_fetch_events(self, shipments):
        """Ask this carrier for the tracking events of `shipments`; the hook for carriers that need code.

        An integration either overrides this, or defines `<delivery_type>_logistics_fetch_events` as Odoo's delivery
        modules do. It is called outside the request of any user, with at most *Waybills a Request* shipments of this
        carrier and one company, and must bring its own time-outs. What it raises is shown on the source, and the
        carrier is asked again later.

        :param shipments: `logistics.shipment` records
        :return: list of event dicts as `logistics.tracking.event.ingest` takes them
        """
        self.ensure_one()
        own = getattr(self, f"{self.delivery_type}_logistics_fetch_events", None)
        if own:
            return own(shipments)
        # sudo: the set-up of a source is for managers; only its answer is used here.
        source = (
            self.env["logistics.tracking.source"]
            .sudo()
            .search(
                [
                    ("carrier_id", "=", self.id),
                    ("company_id", "=", shipments.company_id.id),
                    ("poll_enabled", "=", True),
                ],
                limit=1,
            )
        )
        if not source.poll_url:
            raise UserError(
                self.env._("%s has no integration that could be asked: give its source an address to poll.", self.name)
            )
        return source._fetch_from_url(shipments.mapped("name"))
