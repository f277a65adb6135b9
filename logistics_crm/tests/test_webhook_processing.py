"""From a stored delivery to the log: sets, leftovers, what breaks, and who may look."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from ..tools.dialects.aftership import AfterShip
from . import webhook_common as common
from .webhook_common import WEBHOOK_SECRET, SourceMixin

PROCESSING = "odoo.addons.logistics_crm.models.logistics_webhook_processing"


class ProcessingCase(SourceMixin, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_up_webhooks()

    def standard(self, **values):
        return self.source(dialect="standard_webhooks", secret=WEBHOOK_SECRET, **values)

    def assert_settled(self, delivery):
        """The delivery is in exactly one place: its events in the log or the inbox, or the whole in the inbox."""
        whole = self.Inbox.search([("kind", "=", "delivery"), ("source_id", "=", delivery.source_id.id)])
        whole = whole.filtered(lambda entry: entry.payload["delivery"] == delivery.delivery_id)
        if delivery.state == "unreadable":
            self.assertEqual(len(whole), 1)
            self.assertTrue(whole.error and delivery.error)
            self.assertEqual((delivery.event_count, delivery.placed_count, delivery.inbox_count), (0, 0, 0))
        else:
            self.assertEqual(delivery.state, "processed")
            self.assertFalse(whole)
            self.assertEqual(delivery.event_count, delivery.placed_count + delivery.inbox_count)


@tagged("post_install", "-at_install")
class TestWebhookProcessing(ProcessingCase):
    def test_a_set_of_many_sources_and_companies(self):
        other = self.env["res.company"].create({"name": "Other Webhook Express"})
        ours, theirs = self.standard(), self.standard(company_id=other.id)
        [mine] = self.ship("SAME-1")
        [their] = self.ship("SAME-1", company_id=other.id)
        self.receive(ours, common.standard_body(common.own_event("SAME-1", status="delivered")))
        self.receive(theirs, common.standard_body(common.own_event("SAME-1", status="exception")))
        self.process()
        self.assertEqual((mine.status, their.status), ("delivered", "exception"))
        for source in (ours, theirs):
            self.assert_settled(self.deliveries(source))

    def test_statements_do_not_grow_with_the_set(self):
        source = self.source(dialect="aftership")

        def cost(first, count):
            waybills = [f"SET-{number}" for number in range(first, first + count)]
            self.ship(*waybills)
            for waybill in waybills:
                self.receive(source, common.aftership_body(waybill, code="InTransit_999"), waybill)
            deliveries = self.Delivery._select_received()
            self.assertEqual(len(deliveries), count)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            deliveries._process()
            spent = self.env.cr.sql_log_count - before
            self.assertEqual(set(deliveries.mapped("state")), {"processed"})
            return spent

        cost(0, 2)
        self.assertEqual(cost(10, 2), cost(100, 60))

    def test_what_cannot_be_placed_is_in_the_inbox_and_nothing_twice(self):
        source = self.standard()
        self.ship("KNOWN-1")
        events = [
            common.own_event("KNOWN-1"),
            common.own_event("KNOWN-1"),
            common.own_event("UNKNOWN-1"),
            {"waybill": "KNOWN-1", "occurred_at": "yesterday", "status": "delivered"},
            {"waybill": "KNOWN-1", "nonsense": 1},
        ]
        delivery = self.receive(source, common.standard_body(*events))
        self.process()
        self.assertEqual((delivery.event_count, delivery.placed_count, delivery.inbox_count), (5, 2, 3))
        self.assertEqual(len(self.env["logistics.tracking.event"].search([("source_id", "=", source.id)])), 1)
        entries = self.open_entries(source)
        self.assertEqual(sorted(entries.mapped("state")), ["rejected", "rejected", "waiting"])
        self.assertEqual(entries.company_id, self.company)
        delivery.action_process_again()
        self.assertEqual(len(self.open_entries(source)), 3)
        self.ship("UNKNOWN-1")
        self.assertEqual(len(self.open_entries(source)), 2)

    def test_an_unknown_code_uses_the_vendors_coarser_one(self):
        source = self.source(dialect="aftership")
        self.assertEqual(source.map_source_id, self.env.ref("logistics_crm.source_aftership"), "set by the dialect")
        [coarse, exact] = self.ship("COARSE-1", "COARSE-2")
        self.receive(source, common.aftership_body(coarse.name, code="Delivered_999"), "1")
        self.receive(source, common.aftership_body(exact.name, code="Exception_013"), "2")
        self.process()
        self.assertEqual((coarse.status, coarse.event_ids.raw_code), ("delivered", "Delivered_999"))
        self.assertEqual((exact.status, exact.reason_id.code), ("exception", "lost"))

    def test_an_unknown_code_without_a_coarser_one_waits_for_its_mapping(self):
        source = self.source(**common.PLAIN_MAP)
        [shipment] = self.ship("CODE-1")
        self.receive(source, common.plain_body("CODE-1", code="KB99"))
        self.process()
        self.assertEqual(self.open_entries(source).problem, "unknown_code")
        self.env["logistics.tracking.code"].create(
            {"source_id": source.id, "raw_code": "KB99", "status": "out_for_delivery"}
        )
        self.assertFalse(self.open_entries(source))
        self.assertEqual(shipment.status, "out_for_delivery")

    def test_carriers_by_their_foreign_name(self):
        product = self.env["product.product"].create({"name": "Carriage", "type": "service"})
        first, second = self.env["delivery.carrier"].create(
            [
                {"name": f"Carrier {number}", "product_id": product.id, "logistics_code": f"WH{number}"}
                for number in (1, 2)
            ]
        )
        source = self.source(
            dialect="aftership", carrier_line_ids=[(0, 0, {"slug": "SF-Express", "carrier_id": second.id})]
        )
        [wrong] = self.ship("SHARED-1", carrier_id=first.id)
        [right] = self.ship("SHARED-1", carrier_id=second.id)
        self.receive(source, common.aftership_body("SHARED-1"))
        self.process()
        self.assertEqual((wrong.status, right.status), ("created", "arrived_hub"))

    def test_one_delivery_that_breaks_everything_harms_no_other(self):
        source = self.source(dialect="aftership")
        shipments = self.ship(*(f"POISON-{number}" for number in range(9)))
        for shipment in shipments:
            self.receive(source, common.aftership_body(shipment.name), shipment.name)
        parse = AfterShip.parse

        def break_on_five(dialect, body, headers=None):
            if b"POISON-5" in body:
                raise ZeroDivisionError("a fault of ours")
            return parse(dialect, body, headers)

        self.patch(AfterShip, "parse", break_on_five)
        with mute_logger(PROCESSING):
            self.process()
        poisoned = shipments.filtered(lambda shipment: shipment.name == "POISON-5")
        self.assertEqual(set((shipments - poisoned).mapped("status")), {"arrived_hub"})
        self.assertEqual(poisoned.status, "created")
        for delivery in self.deliveries(source):
            self.assert_settled(delivery)
        [entry] = self.open_entries(source)
        self.assertIn("ZeroDivisionError", entry.error)
        self.patch(AfterShip, "parse", parse)
        entry._replay()
        self.assertEqual((entry.state, poisoned.status), ("placed", "arrived_hub"))

    def test_unreadable_until_the_map_is_corrected(self):
        source = self.source(**{**common.PLAIN_MAP, "events_path": "data.events"})
        [shipment] = self.ship("MAP-1")
        for again in ("inbox", "delivery"):
            with self.subTest(again):
                source.events_path = "data.events"
                delivery = self.receive(source, common.plain_body("MAP-1"), again)
                self.process()
                self.assert_settled(delivery)
                [entry] = self.open_entries(source)
                self.assertEqual(entry.payload["body"], common.plain_body("MAP-1"))
                source.events_path = "data.traces"
                if again == "inbox":
                    entry.action_replay()
                else:
                    delivery.action_process_again()
                self.assertEqual((entry.state, delivery.state), ("placed", "processed"))
                self.assertEqual((delivery.event_count, delivery.placed_count), (1, 1))
                self.assertFalse(delivery.error)
        self.assertEqual((shipment.status, len(shipment.event_ids)), ("arrived_hub", 1))

    def test_a_replay_in_vain_tells_why(self):
        source = self.source(**{**common.PLAIN_MAP, "events_path": "data.events"})
        self.receive(source, common.plain_body("MAP-2"))
        self.process()
        [entry] = self.open_entries(source)
        source.events_path = "data.elsewhere"
        self.assertFalse(entry._replay())
        self.assertEqual(entry.state, "rejected")
        self.assertIn("data.elsewhere", entry.error)

    def test_content_corrected_by_hand(self):
        source = self.source(**common.PLAIN_MAP)
        [shipment] = self.ship("HAND-1")
        delivery = self.receive(source, {"data": {"mailNo": "HAND-1"}})
        self.process()
        [entry] = self.open_entries(source)
        entry.payload_text = json.dumps({**entry.payload, "body": common.plain_body("HAND-1")})
        entry.action_replay()
        self.assertEqual((entry.state, delivery.state, shipment.status), ("placed", "processed", "arrived_hub"))

    def test_a_delivery_about_no_parcel(self):
        source = self.source(dialect="easypost")
        delivery = self.receive(source, {"id": "evt_2", "description": "batch.created", "result": {"object": "Batch"}})
        self.process()
        self.assert_settled(delivery)
        self.assertEqual(delivery.event_count, 0)

    def test_old_deliveries_are_dropped_and_waiting_ones_never(self):
        source = self.standard()
        old, new, waiting = (self.receive(source, common.standard_body(), name) for name in ("old", "new", "waiting"))
        (old | new)._process()
        long_ago = fields.Datetime.subtract(fields.Datetime.now(), days=40)
        self.env.cr.execute(
            "UPDATE logistics_webhook_delivery SET received_at = %s WHERE id IN %s", [long_ago, (old.id, waiting.id)]
        )
        self.Delivery._gc_deliveries()
        self.assertEqual(self.deliveries(source), new | waiting)
        self.env["ir.config_parameter"].set_param("logistics_crm.webhook_keep_days", "60")
        self.env.cr.execute("UPDATE logistics_webhook_delivery SET received_at = %s WHERE id = %s", [long_ago, new.id])
        self.Delivery._gc_deliveries()
        self.assertEqual(self.deliveries(source), new | waiting)

    @given(
        st.recursive(
            st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(
                    st.sampled_from(
                        ["data", "msg", "result", "traces", "events", "tracking_number", "mailNo", "waybill", "x"]
                    ),
                    inner,
                    max_size=5,
                )
            ),
            max_leaves=25,
        )
    )
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    def test_any_json_ends_in_exactly_one_place(self, payload):
        with self.env.cr.savepoint() as savepoint:
            text = json.dumps(payload)
            for source in (self.standard(), self.source(dialect="aftership"), self.source(**common.PLAIN_MAP)):
                delivery = self.receive(source, None, body=text)
                self.process()
                self.assert_settled(delivery)
            savepoint.rollback()
        self.env.invalidate_all(flush=False)


@tagged("post_install", "-at_install")
class TestWebhookAccess(ProcessingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent = cls.person("webhook-agent", "group_logistics_agent")
        cls.manager = cls.person("webhook-manager", "group_logistics_manager")
        cls.integrator = cls.person("webhook-integrator", "group_logistics_integrator")
        cls.courier = cls.person("webhook-courier", "group_logistics_courier")
        cls.plain = cls.source(**common.PLAIN_MAP, poll_url="https://example.com/{waybill}", poll_header_value="key")

    def test_secrets_are_for_managers(self):
        names = [
            "secret", "previous_secret", "webhook_token", "webhook_url", "poll_url", "poll_header", "poll_header_value"
        ]  # fmt: skip
        for user in (self.agent, self.integrator, self.courier):
            source = self.plain.with_user(user)
            for name in names:
                with self.subTest(name, user=user.login), self.assertRaises(AccessError):
                    source.read([name])
            visible = set(source.fields_get()) if user != self.courier else set()
            self.assertFalse(visible & set(names))
            with self.assertRaises(AccessError):
                source.search([("webhook_token", "=like", "a%")])
        [values] = self.plain.with_user(self.manager).read(names)
        self.assertTrue(all(values[name] for name in ("secret", "webhook_token", "webhook_url", "poll_header_value")))
        self.assertIn(values["webhook_token"], values["webhook_url"])

    def test_a_copy_of_a_source_has_no_secret_of_it(self):
        copy = self.plain.copy({"code": "copied"})
        self.assertFalse(copy.secret or copy.previous_secret or copy.webhook_token or copy.poll_header_value)
        self.assertFalse(copy.webhook_enabled)
        self.assertEqual(len(copy.field_line_ids), len(self.plain.field_line_ids))

    def test_deliveries_are_read_by_agents_of_the_company(self):
        delivery = self.receive(self.plain, common.plain_body("A-1"))
        stranger = self.person("webhook-stranger", "group_logistics_agent")
        main = self.env.ref("base.main_company")
        stranger.write({"company_ids": [(6, 0, main.ids)], "company_id": main.id})
        self.assertTrue(delivery.with_user(self.agent).read(["body", "state"]))
        foreign = delivery.with_user(stranger).with_context(allowed_company_ids=main.ids)
        self.assertFalse(foreign.search([("id", "=", delivery.id)]))
        with self.assertRaises(AccessError):
            foreign.read(["body"])
        with self.assertRaises(AccessError):
            delivery.with_user(self.courier).read(["body"])
        for user in (self.agent, self.integrator):
            with self.assertRaises(AccessError):
                delivery.with_user(user).write({"state": "processed"})
            with self.assertRaises(AccessError):
                delivery.with_user(user).action_process_again()
        delivery.with_user(self.manager).action_process_again()
        self.assertEqual(delivery.state, "processed")

    def test_an_agent_replays_a_delivery_from_the_inbox(self):
        self.plain.events_path = "elsewhere"
        delivery = self.receive(self.plain, common.plain_body("A-2"))
        [shipment] = self.ship("A-2")
        self.process()
        self.plain.events_path = "data.traces"
        self.open_entries(self.plain).with_user(self.agent).action_replay()
        self.env.invalidate_all()
        self.assertEqual((delivery.state, shipment.status), ("processed", "arrived_hub"))

    def test_headers_that_are_kept_hold_no_signature(self):
        delivery = self.receive(self.plain, common.plain_body("A-3"))
        self.assertFalse(delivery.headers)
