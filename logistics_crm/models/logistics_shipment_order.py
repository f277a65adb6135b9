from odoo import api, fields, models
from odoo.exceptions import UserError

NAMED = 50  # waybills that a warning names; of more it gives the number


class LogisticsShipment(models.Model):
    """The life of an order before it becomes a journey: confirmation and cancellation."""

    _inherit = "logistics.shipment"

    can_confirm = fields.Boolean(compute="_compute_order_actions")
    can_cancel = fields.Boolean(compute="_compute_order_actions")

    @api.depends("status", "picked_up_at")
    def _compute_order_actions(self):
        for shipment in self:
            shipment.can_confirm = shipment.status == "created"
            shipment.can_cancel = not shipment.is_done and shipment.status != "returning"

    # Confirmation

    def action_confirm(self):
        """Confirm orders, a button and an RPC call; those that are confirmed already stay as they are.

        The checks run first; what they find is marked and does not stop a person who decides to confirm.
        """
        self.check_access("write")
        orders = self.filtered("can_confirm")
        orders._check_orders()
        orders._add_events("confirmed")
        return True

    def _confirm_by_rule(self):
        """Confirm what the company's rule confirms by itself, after the checks ran."""
        rule = self.env.company.logistics_auto_confirm
        if rule == "manual" or not self:
            return
        domain = [("id", "in", self.ids), ("status", "=", "created")]
        if rule == "clean":
            domain.append(("check_state", "in", ("clean", "kept")))
        self.search(domain)._add_events("confirmed")

    # Cancellation

    def action_cancel(self):
        """Cancel: before the pickup the order ends; after it the parcel is called back and becomes a return."""
        self.check_access("write")
        if any(shipment.is_done for shipment in self):
            raise UserError(self.env._("A journey that is over cannot be cancelled."))
        self._cancel_orders("cancelled_by_customer")
        return True

    def _cancel_orders(self, reason_code):
        started = self.filtered("picked_up_at")
        (self - started)._add_events("cancelled", reason_code)
        started._add_events("returning", reason_code)

    def _add_events(self, status, reason_code=None, **values):
        """Add one event of now to each of these shipments, through the one write path; further keys as in `ingest`."""
        if not self:
            return
        now = self._bulk_now().isoformat() + "+00:00"
        optional = {"reason": reason_code, **values} if reason_code else values
        self.flush_model()
        for company, shipments in self.grouped("company_id").items():
            # sudo: the caller checked that the user may write these shipments; the log itself takes no direct writes.
            events = self.env["logistics.tracking.event"].sudo().with_company(company)
            rows = [
                {
                    "waybill": shipment.name,
                    "status": status,
                    "occurred_at": now,
                    "source": "manual",
                    "external_id": f"{status}/{shipment.id}/{now}",
                    **optional,
                }
                for shipment in shipments
            ]
            batch = events._ingest_batch(rows, shipments.ids)
            if batch.rejected:
                raise UserError("\n".join({events._problem_sentence(problem) for problem in batch.rejected.values()}))

    @api.model
    def _on_transitions(self, transitions):
        super()._on_transitions(transitions)
        cancelled = [move.shipment_id for move in transitions if move.to_status == "cancelled"]
        if cancelled:
            # sudo: whoever cancels need not have rights on the warehouse's transfers; only activities are made.
            self.sudo().browse(cancelled)._warn_of_cancellation()

    def _warn_of_cancellation(self):
        """Tell the warehouse and the transport of orders that were cancelled before they were picked up."""
        shipments = self.filtered(lambda shipment: not shipment.picked_up_at)
        pickings = shipments.picking_id.filtered(lambda picking: picking.state not in ("done", "cancel"))
        for picking in pickings:
            waybills = ", ".join((shipments & picking.shipment_ids).mapped("name"))
            picking.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Shipment cancelled: do not hand over"),
                note=self.env._("Waybill %s was cancelled before the pickup.", waybills),
                user_id=(picking.user_id or picking.picking_type_id.warehouse_id.create_uid or self.env.user).id,
            )
        for hub, hub_shipments in shipments._get_origin_hubs().items():
            # One activity on the hub for all of them: a thousand cancelled orders are one thing to do.
            names = hub_shipments.mapped("name")
            more = self.env._("… and %s more", len(names) - NAMED) if len(names) > NAMED else ""
            hub.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Shipments cancelled: stop the pickup (%s)", len(names)),
                note=" ".join([", ".join(names[:NAMED]), more]),
                user_id=hub.user_id.id,
            )

    def _get_origin_hubs(self):
        """Hub → those of these shipments that it would pick up: the hub of their city, else of their state.

        Only hubs with somebody responsible.
        """
        hubs = self.env["logistics.hub"].search(
            [
                ("company_id", "in", self.company_id.ids),
                ("partner_id.state_id", "in", self.origin_state_id.ids),
                ("user_id", "!=", False),
            ]
        )
        by_place = {}
        for hub in hubs:
            place = (hub.company_id, hub.partner_id.state_id)
            by_place.setdefault((*place, hub.partner_id.city), hub)
            by_place.setdefault((*place, None), hub)
        found = {}
        for shipment in self:
            place = (shipment.company_id, shipment.origin_state_id)
            hub = by_place.get((*place, shipment.shipper_city)) or by_place.get((*place, None))
            if hub:
                found[hub] = found.get(hub, self.browse()) | shipment
        return found
