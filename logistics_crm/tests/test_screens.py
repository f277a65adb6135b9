"""What the screens' own methods do, and who may open which screen."""

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import TrackingCase, event

MODELS = (
    "logistics.shipment",
    "logistics.tracking.event",
    "logistics.tracking.inbox",
    "logistics.tracking.source",
    "logistics.tracking.code",
    "logistics.hub",
    "logistics.reason",
    "logistics.service.level",
)


@tagged("post_install", "-at_install")
class TestScreens(TrackingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent = cls._user("screen_agent", "logistics_crm.group_logistics_agent", tz="Asia/Shanghai")
        cls.manager = cls._user("screen_manager", "logistics_crm.group_logistics_manager")
        cls.courier = cls._user("screen_courier", "logistics_crm.group_logistics_courier")
        cls.clerk = cls._user("screen_clerk")
        cls.customer = cls.env["res.partner"].create({"name": "Yunfan", "is_company": True})
        cls.shipment = cls.Shipment.create(
            {"name": "SCREEN-1", "customer_id": cls.customer.id, "carrier_id": cls.sf.id, "company_id": cls.company.id}
        )

    def add_event(self, user, **values):
        wizard = self.env["logistics.shipment.event.wizard"].with_user(user)
        return wizard.create({"shipment_id": self.shipment.id, "status": "picked_up", **values}).action_add()

    # Add Event

    def test_agent_adds_an_event_by_hand(self):
        reason = self.env.ref("logistics_crm.reason_bad_address")
        hub = self.env["logistics.hub"].create({"name": "Screen Hub", "company_id": self.company.id})
        form = Form(
            self.env["logistics.shipment.event.wizard"]
            .with_user(self.agent)
            .with_context(default_shipment_id=self.shipment.id)
        )
        self.assertEqual(form.occurred_at, fields.Datetime.now(), "The time is now unless somebody changes it.")
        form.status = "exception"
        form.reason_id = reason
        form.hub_id = hub
        form.description = "Street without number"
        form.save().action_add()
        self.assertEqual((self.shipment.status, self.shipment.reason_id), ("exception", reason))
        added = self.shipment.event_ids
        self.assertEqual((added.source_id.code, added.hub_id), ("manual", hub))
        self.assertEqual(added.description, "Street without number")
        self.assertEqual(added.utc_offset, 480, "The time is told on the agent's own clock.")
        self.assertEqual(added.occurred_at, fields.Datetime.now())

    def test_older_event_goes_into_the_history_only(self):
        self.ingest(event("SCREEN-1", 10, "out_for_delivery"))
        self.add_event(self.agent, status="arrived_hub", occurred_at="2026-03-01 09:00:00")
        self.assertEqual(self.shipment.status, "out_for_delivery")
        self.assertEqual(len(self.shipment.event_ids), 2)

    def test_same_event_twice_is_told(self):
        self.add_event(self.agent)
        with self.assertRaisesRegex(UserError, "already"):
            self.add_event(self.agent)
        self.assertEqual(len(self.shipment.event_ids), 1)

    def test_event_far_ahead_is_refused_in_words(self):
        with self.assertRaisesRegex(UserError, "more than a day ahead"):
            self.add_event(self.agent, occurred_at="2027-01-01 00:00:00")

    def test_waybill_of_two_carriers_still_gets_the_event_on_its_own_shipment(self):
        twin = self.Shipment.create({"name": "SCREEN-1", "carrier_id": self.yunda.id, "company_id": self.company.id})
        self.add_event(self.agent)
        self.assertEqual((self.shipment.status, twin.status), ("picked_up", "created"))

    def test_nobody_else_adds_events(self):
        for user in (self.courier, self.integrator, self.clerk):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.add_event(user)
        foreign = self.Shipment.create({"name": "SCREEN-2", "company_id": self.other_company.id})
        wizard = self.env["logistics.shipment.event.wizard"].with_user(self.agent).sudo()
        wizard = wizard.create({"shipment_id": foreign.id, "status": "delivered"}).with_user(self.agent)
        with self.assertRaises(AccessError):
            wizard.action_add()
        self.assertEqual(foreign.status, "created")

    # Buttons

    def test_ticket_button_fills_in_what_is_known(self):
        self.ingest(event("SCREEN-1", 10, "exception", reason="damaged"))
        action = self.shipment.with_user(self.agent).action_create_ticket()
        tickets = self.env["helpdesk.ticket"].with_user(self.agent).with_context(**action["context"])
        with Form(tickets) as form:
            form.description = "The box is torn."
        ticket = form.record
        self.assertEqual(ticket.shipment_ids, self.shipment)
        self.assertEqual(ticket.partner_id, self.customer)
        self.assertEqual(ticket.name, "SCREEN-1: Exception – Damaged")
        self.assertEqual(self.shipment.ticket_count, 1)
        found = self.env["helpdesk.ticket"].search(self.shipment.action_view_tickets()["domain"])
        self.assertEqual(found, ticket)

    def test_inbox_is_grouped_by_problem_in_words(self):
        self.ingest(event("SCREEN-NOBODY", 1, "picked_up"), event("SCREEN-1", 1, code="4711"))
        groups = self.Inbox.formatted_read_group([("company_id", "=", self.company.id)], ["problem"], ["__count"])
        self.assertEqual({group["problem"] for group in groups}, {"unknown_waybill", "unknown_code"})
        labels = dict(self.Inbox._fields["problem"]._description_selection(self.env))
        self.assertEqual(labels["unknown_waybill"], "Unknown Waybill")
        sentences = self.env["logistics.bulk.mixin"]._problem_sentences()
        self.assertFalse(set(sentences) - set(labels), "Every problem can be shown.")

    def test_kanban_shows_the_ordinary_stops_in_order(self):
        self.ingest(event("SCREEN-1", 1, "customs"))
        groups = self.Shipment.with_context(read_group_expand=True).formatted_read_group(
            [("id", "=", self.shipment.id)], ["status"], ["__count"]
        )
        self.assertEqual(
            [group["status"] for group in groups],
            ["created", "picked_up", "departed", "in_transit", "arrived_hub", "customs", "out_for_delivery"],
        )

    # Who sees what

    def test_screens_open_for_those_who_may_and_only_for_them(self):
        self.ingest(event("SCREEN-1", 1, "picked_up"), event("SCREEN-NOBODY", 1, "picked_up"))
        for user in (self.agent, self.manager, self.integrator):
            for model in MODELS:
                with self.subTest(user=user.login, model=model):
                    records = self.env[model].with_user(user)
                    views = records.get_views([(False, "list"), (False, "form"), (False, "search")])
                    names = [name for name in views["models"][model]["fields"] if not name.startswith("activity")]
                    records.search([], limit=1).read(names)
        for user in (self.clerk, self.courier):
            for model in ("logistics.tracking.inbox", "logistics.tracking.source", "logistics.tracking.event"):
                with self.subTest(user=user.login, model=model), self.assertRaises(AccessError):
                    self.env[model].with_user(user).search_read([], limit=1)

    def test_menus_show_what_can_be_opened(self):
        def menus(user):
            visible = self.env["ir.ui.menu"].with_user(user).load_menus(False)
            names = ("logistics", "shipment", "tracking_inbox", "configuration", "tracking_source")
            return {name for name in names if self.env.ref(f"logistics_crm.menu_{name}").id in visible}

        everything = {"logistics", "shipment", "tracking_inbox", "configuration", "tracking_source"}
        self.assertEqual(menus(self.manager), everything)
        self.assertEqual(menus(self.agent), {"logistics", "shipment", "tracking_inbox"})
        self.assertEqual(menus(self.integrator), {"logistics", "shipment", "tracking_inbox"})
        self.assertFalse(menus(self.clerk))

    def test_secret_is_for_managers(self):
        sources = self.env["logistics.tracking.source"]
        self.assertIn('name="secret"', sources.with_user(self.manager).get_view(view_type="form")["arch"])
        self.assertNotIn('name="secret"', sources.with_user(self.agent).get_view(view_type="form")["arch"])
