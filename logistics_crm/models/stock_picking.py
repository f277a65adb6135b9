import re

from odoo import api, fields, models

from ..tools.groups import SHIPMENT_READERS
from ..tools.tracking_status import STATUSES

_WAYBILL_SEPARATORS = re.compile(r"[,;，；\s]+")


class StockPicking(models.Model):
    _inherit = "stock.picking"

    # A warehouse worker sees how the own transfer travels (sudo), without rights on shipments.
    shipment_ids = fields.One2many("logistics.shipment", "picking_id", string="Shipments", groups=SHIPMENT_READERS)
    shipment_count = fields.Integer(compute="_compute_shipment_count", compute_sudo=True)
    shipment_status = fields.Selection(STATUSES, compute="_compute_shipment_state", compute_sudo=True)
    shipment_promised_at = fields.Datetime(
        string="Promised Delivery", compute="_compute_shipment_state", compute_sudo=True
    )
    shipment_eta = fields.Datetime(string="ETA", compute="_compute_shipment_state", compute_sudo=True)
    shipment_timeline = fields.Json(compute="_compute_shipment_state", compute_sudo=True)

    @api.depends("shipment_ids")
    def _compute_shipment_count(self):
        for picking in self:
            picking.shipment_count = len(picking.shipment_ids)

    @api.depends("shipment_ids.status", "shipment_ids.promised_at", "shipment_ids.eta")
    def _compute_shipment_state(self):
        """Of several parcels, the one that is furthest behind speaks for the picking."""
        for picking in self:
            shipment = picking.shipment_ids.sorted(lambda shipment: (shipment.is_done, shipment.id))[:1]
            picking.shipment_status = shipment.status
            picking.shipment_promised_at = shipment.promised_at
            picking.shipment_eta = shipment.eta
            picking.shipment_timeline = shipment.timeline

    @api.model_create_multi
    def create(self, vals_list):
        pickings = super().create(vals_list)
        if any(vals.get("carrier_tracking_ref") for vals in vals_list):
            pickings._make_shipments()
        return pickings

    def write(self, vals):
        result = super().write(vals)
        if {"carrier_id", "carrier_tracking_ref"} & vals.keys():
            self._make_shipments()
        return result

    def _make_shipments(self):
        """Give each picking with a carrier one shipment a waybill, set-wise; what it has already stays.

        A waybill that came in from elsewhere first (a TMS) is adopted: its shipment gets the picking. Where the steps
        of one delivery share a waybill (pick, pack, ship), it is that of the step that leaves the house.
        """
        # sudo: a warehouse worker who prints a label need not have rights on shipments.
        wanted = {
            (picking.company_id, picking.carrier_id, waybill): picking
            for picking in self.sudo().sorted(lambda picking: picking._leaves_the_house())
            if picking.carrier_id and picking.carrier_tracking_ref
            for waybill in _WAYBILL_SEPARATORS.split(picking.carrier_tracking_ref)
            if waybill
        }
        if not wanted:
            return
        shipment_model = self.env["logistics.shipment"].sudo()
        existing = {
            (shipment.company_id, shipment.carrier_id, shipment.name): shipment
            for shipment in shipment_model.search([("name", "in", [waybill for _company, _carrier, waybill in wanted])])
        }
        to_adopt, to_make = {}, {}
        for key, picking in wanted.items():
            shipment = existing.get(key)
            if shipment is None:
                to_make.setdefault(picking, []).append(key[2])
            elif not shipment.picking_id or (
                picking._leaves_the_house() and not shipment.picking_id._leaves_the_house()
            ):
                to_adopt.setdefault(picking, shipment_model.browse())
                to_adopt[picking] |= shipment
        for picking, shipments in to_adopt.items():
            shipments.write({"picking_id": picking.id, "sale_id": picking.sale_id.id})
        shipment_model.create(
            [
                picking._prepare_shipment(waybill, 1 / len(waybills))
                for picking, waybills in to_make.items()
                for waybill in waybills
            ]
        )

    def _leaves_the_house(self):
        self.ensure_one()
        return self.picking_type_code == "outgoing"

    def _prepare_shipment(self, waybill, share):
        """Values of the shipment that carries this picking, or this share of it, under `waybill`."""
        self.ensure_one()
        consignee = self.partner_id
        shipper = self.picking_type_id.warehouse_id.partner_id or self.company_id.partner_id
        order = self.sale_id
        level = self.carrier_id.logistics_service_level_id
        ordered_at = order.date_order or self.create_date
        promised_at = order.commitment_date or self.date_deadline
        if not promised_at and level.promise_days:
            promised_at = fields.Datetime.add(ordered_at, days=level.promise_days)
        return {
            "name": waybill,
            "company_id": self.company_id.id,
            "carrier_id": self.carrier_id.id,
            "service_level_id": level.id,
            "picking_id": self.id,
            "sale_id": order.id,
            "customer_id": (order.partner_id or consignee).commercial_partner_id.id,
            "shipper_id": shipper.id,
            "consignee_id": consignee.id,
            **self._prepare_shipment_party("shipper", "origin", shipper),
            **self._prepare_shipment_party("consignee", "destination", consignee),
            "weight": (self.shipping_weight or self.weight) * share,
            "freight_amount": self.carrier_price * share,
            "declared_value": order.amount_total * share,
            "currency_id": (order.currency_id or self.company_id.currency_id).id,
            "ordered_at": ordered_at,
            "promised_at": promised_at,
        }

    @api.model
    def _prepare_shipment_party(self, party, end, partner):
        """The snapshot of a shipper or consignee."""
        return {
            f"{party}_name": partner.display_name if partner else False,
            f"{party}_phone": partner._phone_format(fname="phone") or partner.phone if partner else False,
            f"{party}_email": partner.email,
            f"{party}_street": ", ".join(filter(None, (partner.street, partner.street2))),
            f"{party}_city": partner.city,
            f"{party}_zip": partner.zip,
            f"{party}_state": partner.state_id.name,
            f"{end}_state_id": partner.state_id.id,
            f"{end}_country_id": partner.country_id.id,
        }

    def action_view_shipments(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("logistics_crm.action_logistics_shipment")
        action["domain"] = [("picking_id", "=", self.id)]
        action["context"] = {}
        if len(self.shipment_ids) == 1:
            action.update(views=[(False, "form")], res_id=self.shipment_ids.id)
        return action
