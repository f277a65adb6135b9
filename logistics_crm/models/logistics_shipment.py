from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.projection import State
from ..tools.tracking_status import FINAL, OPEN, STATUSES

AT_RISK = 0.5  # delay_risk from here on counts as "at risk"
ORDINARY_STOPS = ("created", "picked_up", "departed", "in_transit", "arrived_hub", "out_for_delivery")


class LogisticsShipment(models.Model):
    """One parcel or consignment under one waybill.

    A narrow row beside the stock picking, made to be written in bulk. The tracked fields (status … delay risk) are a
    projection of the tracking log: nothing else writes them.
    """

    _name = "logistics.shipment"
    _description = "Shipment"
    _inherit = ["logistics.bulk.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "ordered_at desc, id desc"
    _rec_names_search = ["name", "consignee_name", "consignee_phone"]

    name = fields.Char(string="Waybill", required=True, copy=False, tracking=True)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    customer_id = fields.Many2one(
        "res.partner",
        index="btree_not_null",
        tracking=True,
        domain="[('parent_id', '=', False)]",
        check_company=True,
        help="The account that pays.",
    )
    shipper_id = fields.Many2one("res.partner", index="btree_not_null", check_company=True)
    consignee_id = fields.Many2one("res.partner", index="btree_not_null", check_company=True)
    picking_id = fields.Many2one("stock.picking", string="Transfer", index="btree_not_null", check_company=True)
    sale_id = fields.Many2one("sale.order", string="Sales Order", index="btree_not_null", check_company=True)
    carrier_id = fields.Many2one("delivery.carrier", tracking=True, check_company=True)
    service_level_id = fields.Many2one("logistics.service.level", check_company=True)

    # Snapshots: what was written on the waybill, whatever becomes of the partners later.
    shipper_name = fields.Char()
    shipper_phone = fields.Char()
    shipper_email = fields.Char()
    shipper_street = fields.Char(string="Shipper Address")
    shipper_city = fields.Char()
    shipper_zip = fields.Char(string="Shipper ZIP")
    shipper_state = fields.Char(string="Shipper State Text")
    consignee_name = fields.Char()
    consignee_phone = fields.Char()
    consignee_email = fields.Char()
    consignee_street = fields.Char(string="Consignee Address")
    consignee_city = fields.Char()
    consignee_zip = fields.Char(string="Consignee ZIP")
    consignee_state = fields.Char(string="Consignee State Text")
    origin_country_id = fields.Many2one("res.country")
    origin_state_id = fields.Many2one(
        "res.country.state", string="Origin", domain="[('country_id', '=?', origin_country_id)]"
    )
    destination_country_id = fields.Many2one("res.country")
    destination_state_id = fields.Many2one(
        "res.country.state", string="Destination", domain="[('country_id', '=?', destination_country_id)]"
    )
    lane = fields.Char(compute="_compute_lane", store=True, help="Origin → destination.")

    pieces = fields.Integer(default=1)
    weight = fields.Float(string="Weight (kg)", digits=(16, 3))
    volume = fields.Float(string="Volume (m³)", digits=(16, 4))
    cargo = fields.Char(string="Cargo Category")
    insured = fields.Boolean()
    currency_id = fields.Many2one("res.currency", required=True, default=lambda self: self.env.company.currency_id)
    declared_value = fields.Monetary()
    freight_amount = fields.Monetary(string="Freight")

    ordered_at = fields.Datetime(required=True, default=fields.Datetime.now, string="Ordered")
    promised_at = fields.Datetime(string="Promised", tracking=True)

    status = fields.Selection(
        STATUSES, required=True, default="created", readonly=True, copy=False, group_expand="_expand_status"
    )
    reason_id = fields.Many2one("logistics.reason", readonly=True, copy=False, ondelete="restrict")
    last_event_at = fields.Datetime(string="Last Event", readonly=True, copy=False)
    picked_up_at = fields.Datetime(string="Picked Up", readonly=True, copy=False)
    delivered_at = fields.Datetime(string="Delivered", readonly=True, copy=False)
    attempts = fields.Integer(
        string="Delivery Attempts",
        readonly=True,
        copy=False,
        default=0,
        aggregator="avg",
        help="Deliveries tried so far, the successful one included.",
    )
    eta = fields.Datetime(
        string="ETA", readonly=True, copy=False, help="Estimated time of arrival, as the source last said."
    )
    eta_low = fields.Datetime(string="ETA From", readonly=True, copy=False)
    eta_high = fields.Datetime(string="ETA Until", readonly=True, copy=False)
    delay_risk = fields.Float(
        readonly=True, copy=False, aggregator="avg", help="Probability from 0 to 1 of missing the promise."
    )

    is_done = fields.Boolean(compute="_compute_is_done", help="The journey is over.")
    is_late = fields.Boolean(
        string="Late", compute="_compute_lateness", search="_search_is_late", help="Still open, and the promise passed."
    )
    is_at_risk = fields.Boolean(
        string="At Risk",
        compute="_compute_lateness",
        search="_search_is_at_risk",
        help="Still open and in time, but expected after the promise, or likely to be.",
    )
    missed_promise = fields.Boolean(compute="_compute_lateness", help="Delivered after the promise, or late already.")

    event_ids = fields.One2many("logistics.tracking.event", "shipment_id", string="Tracking Events", readonly=True)
    timeline = fields.Json(compute="_compute_timeline")
    ticket_ids = fields.Many2many(
        "helpdesk.ticket",
        "helpdesk_ticket_logistics_shipment_rel",
        "shipment_id",
        "ticket_id",
        string="Tickets",
        copy=False,
    )
    ticket_count = fields.Integer(compute="_compute_ticket_count")

    _waybill_uniq = models.UniqueIndex(
        "(name, company_id, COALESCE(carrier_id, 0))", "This carrier has a shipment with this waybill already."
    )
    _open_promise_idx = models.Index(
        "(company_id, promised_at) WHERE status NOT IN ('delivered', 'returned', 'cancelled')"
    )
    _ordered_idx = models.Index("(company_id, ordered_at)")
    _delivered_idx = models.Index("(company_id, delivered_at) WHERE delivered_at IS NOT NULL")
    _status_idx = models.Index("(company_id, status) WHERE status NOT IN ('delivered', 'returned', 'cancelled')")

    # Computed fields

    @api.depends("status")
    def _compute_is_done(self):
        for shipment in self:
            shipment.is_done = shipment.status in FINAL

    @api.depends("status", "promised_at", "delivered_at", "eta", "delay_risk")
    def _compute_lateness(self):
        now = fields.Datetime.now()
        for shipment in self:
            promise, is_open = shipment.promised_at, shipment.status not in FINAL
            late = bool(is_open and promise and promise < now)
            shipment.is_late = late
            shipment.is_at_risk = bool(
                is_open
                and promise
                and not late
                and (shipment.delay_risk >= AT_RISK or (shipment.eta and shipment.eta > promise))
            )
            shipment.missed_promise = late or bool(
                promise and shipment.delivered_at and shipment.delivered_at > promise
            )

    def _search_is_late(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = Domain("status", "in", OPEN) & Domain("promised_at", "<", fields.Datetime.now())
        return self._boolean_search(domain, value)

    def _search_is_at_risk(self, operator, value):
        if operator != "in":
            return NotImplemented

        def later_than_promised(model, alias, _query):
            eta, promise = (model._field_to_sql(alias, name) for name in ("eta", "promised_at"))
            return SQL("%s > %s", eta, promise)

        domain = (
            Domain("status", "in", OPEN)
            & Domain("promised_at", ">=", fields.Datetime.now())
            & (Domain("delay_risk", ">=", AT_RISK) | Domain.custom(to_sql=later_than_promised))
        )
        return self._boolean_search(domain, value)

    @api.model
    def _boolean_search(self, domain, values):
        """The search domain of a computed boolean that is true on `domain`."""
        values = set(values)
        if values == {True}:
            return domain
        return ~domain if values == {False} else Domain.TRUE

    @api.depends("origin_state_id", "origin_country_id", "destination_state_id", "destination_country_id")
    def _compute_lane(self):
        for shipment in self:
            origin = shipment.origin_state_id.name or shipment.origin_country_id.code
            destination = shipment.destination_state_id.name or shipment.destination_country_id.code
            shipment.lane = self._lane_text(origin, destination)

    @api.model
    def _lane_text(self, origin, destination):
        return f"{origin or '?'} → {destination or '?'}" if origin or destination else None

    @api.depends("ticket_ids")
    def _compute_ticket_count(self):
        for shipment in self:
            shipment.ticket_count = len(shipment.ticket_ids)

    @api.depends("event_ids")
    def _compute_timeline(self):
        """What the timeline shows, newest first, as one JSON so that no reader needs rights on every part."""
        timelines = self._get_timelines()
        for shipment in self:
            shipment.timeline = timelines.get(shipment.id) or []

    def _get_timelines(self):
        """shipment id → list of dicts: status, status_label, reason, hub, location, local_time, description, …"""
        events = self.env["logistics.tracking.event"].search(
            [("shipment_id", "in", self.ids)], order="occurred_at desc, id desc"
        )
        labels = dict(events._fields["status"]._description_selection(self.env))
        timelines = {}
        for event in events:
            timelines.setdefault(event.shipment_id.id, []).append(
                {
                    "id": event.id,
                    "status": event.status,
                    "status_label": labels[event.status],
                    "reason": event.reason_id.name or "",
                    "hub": event.hub_id.name or "",
                    "hub_id": event.hub_id.id,
                    "location": event.location or "",
                    "local_time": event.occurred_local,
                    "occurred_at": fields.Datetime.to_string(event.occurred_at),
                    "utc_offset": event.utc_offset,
                    "description": event.description or "",
                    "classifier": event.classifier,
                    "source": event.source_id.name,
                    "raw_code": event.raw_code or "",
                }
            )
        return timelines

    @api.model
    def _expand_status(self, statuses, _domain):
        """The kanban shows every stop of an ordinary journey, also where no parcel stands just now, in its order."""
        return [status for status, _label in STATUSES if status in statuses or status in ORDINARY_STOPS]

    # Hooks of the bulk paths, each called once a batch in the transaction that wrote it

    @api.model
    def _on_upserted(self, created_ids, updated_ids):
        """Shipments were made and changed in bulk."""

    @api.model
    def _on_transitions(self, transitions):
        """Tracking events that were not late changed these shipments: list of Transition, in order of occurrence."""

    @api.model
    def _on_eta_changes(self, changes):
        """The estimated arrival of these shipments changed: list of EtaChange."""

    # Records entered by hand

    @api.model
    def default_get(self, fields):
        """*New* in a kanban column brings the column's status as a default: the journey takes none."""
        context = {key: value for key, value in self.env.context.items() if key[8:] not in State.FIELDS}
        without = self.with_context(context)  # pylint: disable=context-overridden
        return super(LogisticsShipment, without).default_get(fields)

    @api.model_create_multi
    def create(self, vals_list):
        self._check_journey_untouched(set().union(*vals_list))
        shipments = super().create(vals_list)
        self._place_waiting(shipments._waybill_keys())
        return shipments

    def write(self, vals):
        self._check_journey_untouched(vals.keys())
        if not {"name", "carrier_id", "company_id"} & vals.keys():
            return super().write(vals)
        before = self._waybill_keys()
        result = super().write(vals)
        self._place_waiting(before | self._waybill_keys())
        return result

    def unlink(self):
        before = self._waybill_keys()
        result = super().unlink()
        self._place_waiting(before)
        return result

    def _check_journey_untouched(self, names):
        if not self.env.su and names & set(State.FIELDS):
            raise UserError(self.env._("The journey follows from the tracking log. Use 'Add Event' instead."))

    def _waybill_keys(self):
        return {(shipment.company_id, shipment.name) for shipment in self}

    @api.model
    def _place_waiting(self, waybill_keys):
        """Events wait in the inbox for these waybills, or for one of several shipments with them to go: place them."""
        waybills = {}
        for company, waybill in waybill_keys:
            waybills.setdefault(company, []).append(waybill)
        for company, names in waybills.items():
            self.env["logistics.tracking.inbox"].with_company(company)._place_waiting_for_waybills(names)

    # Actions

    def action_view_tickets(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("helpdesk_mgmt.helpdesk_ticket_action")
        action.update(
            domain=[("shipment_ids", "in", self.ids)],
            context={
                "default_shipment_ids": self.ids,
                "default_partner_id": self.customer_id.id,
                "default_name": self.name,
            },
        )
        return action

    def action_create_ticket(self):
        """Open a new ticket about this shipment, filled in as far as we know it."""
        self.ensure_one()
        label = dict(self._fields["status"]._description_selection(self.env))[self.status]
        state = f"{label} – {self.reason_id.name}" if self.reason_id else label
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New Ticket"),
            "res_model": "helpdesk.ticket",
            "view_mode": "form",
            "views": [(False, "form")],
            "context": {
                "default_shipment_ids": self.ids,
                "default_partner_id": self.customer_id.id,
                "default_name": f"{self.name}: {state}",
                "default_company_id": self.company_id.id,
            },
        }

    def action_view_customer_shipments(self):
        """The other shipments of this one's customer, those that have arrived included."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("logistics_crm.action_logistics_shipment")
        action.update(
            display_name=self.customer_id.display_name,
            domain=[("customer_id", "=", self.customer_id.id)],
            context={"default_customer_id": self.customer_id.id},
        )
        return action

    def action_view_picking(self):
        self.ensure_one()
        return self._action_open(self.picking_id)

    def action_view_sale(self):
        self.ensure_one()
        return self._action_open(self.sale_id)

    @api.model
    def _action_open(self, record):
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }
