from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import TransactionCase, new_test_user, tagged

NOW = "2026-03-02 08:00:00"


@tagged("post_install", "-at_install")
class OrderCase(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.write({"logistics_auto_confirm": "manual", "logistics_duplicate_hours": 24})
        cls.shipments = cls.env["logistics.shipment"]
        cls.agent = new_test_user(cls.env, "order-agent", groups="logistics_crm.group_logistics_agent")

    def order(self, waybill, **values):
        """An order without fault, made in bulk, with what differs."""
        row = {
            "waybill": waybill,
            "customer": {"ref": "ORDERS", "name": "杭州茶叶有限公司"},
            "consignee": self.consignee(),
            "weight_kg": 2,
            "declared_value": 100,
            "cargo": "茶叶",
            "ordered_at": "2026-03-02T15:00:00+08:00",
            **values,
        }
        receipt = self.shipments.upsert([row])
        self.assertFalse(receipt["rejected"])
        return self.shipments.browse(receipt["ids"][waybill])

    def consignee(self, **values):
        return {
            "name": "李四",
            "phone": "13900139000",
            "street": "人民路1号",
            "city": "深圳市",
            "state": "广东",
            "country": "CN",
            **values,
        }


@freeze_time(NOW)
class TestChecks(OrderCase):
    def test_an_order_without_fault_is_clean(self):
        self.assertEqual(self.order("OK1").check_state, "clean")

    def test_a_phone_that_the_country_does_not_have(self):
        order = self.order("P1", consignee=self.consignee(phone="12345"))
        self.assertEqual((order.check_state, order.check_codes), ("to_check", "phone"))
        self.assertIn("phone", order.check_text)

    def test_an_address_without_state_or_city(self):
        self.assertEqual(self.order("A1", consignee=self.consignee(city=None)).check_codes, "address")
        self.assertEqual(
            self.order("A2", consignee=self.consignee(state=None, phone="13900139002")).check_codes, "address"
        )

    def test_an_unknown_state_is_still_a_state(self):
        order = self.order("A3", consignee=self.consignee(state="某省", phone="13900139003"))
        self.assertEqual(order.check_state, "clean")
        self.assertEqual(order.consignee_state, "某省")

    def test_what_the_service_level_needs(self):
        level = self.env.ref("logistics_crm.service_level_cold_chain")
        level.required_field_ids = self.env["ir.model.fields"].search(
            [("model", "=", "logistics.shipment"), ("name", "in", ("cargo", "volume"))]
        )
        order = self.order("R1", service_level="cold_chain", volume_m3=0.5, cargo=None)
        self.assertEqual(order.check_codes, "missing_cargo")
        self.shipments.upsert([{"waybill": "R1", "cargo": "疫苗"}])
        self.assertEqual(order.check_state, "clean")

    def test_a_weight_or_value_far_above_the_usual(self):
        rows = [
            {
                "waybill": f"U{number}",
                "customer": {"ref": "ORDERS", "name": "杭州茶叶有限公司"},
                "weight_kg": 1 + number % 3,
                "declared_value": 100 + number,
                "ordered_at": "2026-03-01T10:00:00+08:00",
            }
            for number in range(30)
        ]
        self.shipments.upsert(rows)
        self.env["logistics.customer.usual"]._compute_company(self.env.company)
        self.assertEqual(self.order("U100", weight_kg=3).check_state, "clean")
        self.assertEqual(self.order("U101", weight_kg=40, declared_value=9000).check_codes, "weight value")
        # Another customer has no usual yet.
        other = self.order("U102", customer={"ref": "NEW", "name": "新客户"}, weight_kg=40)
        self.assertEqual(other.check_state, "clean")

    def test_the_same_order_twice_within_the_window(self):
        first = self.order("T1")
        second = self.order(
            "T2", consignee=self.consignee(street="人民路 1 号"), ordered_at="2026-03-02T20:00:00+08:00"
        )
        self.assertEqual((second.check_codes, second.duplicate_of_id), ("duplicate", first))
        self.assertEqual(first.check_state, "clean")
        for number, values in enumerate(
            (
                {"ordered_at": "2026-03-04T10:00:00+08:00"},
                {"cargo": "瓷器"},
                {"weight_kg": 5},
                {"customer": {"ref": "ELSE", "name": "别家"}},
                {"consignee": self.consignee(street="解放路9号")},
            )
        ):
            self.assertEqual(self.order(f"T3{number}", **values).check_state, "clean", values)

    def test_both_of_a_pair_that_comes_in_one_call(self):
        row = {"customer": {"ref": "ORDERS", "name": "杭州茶叶有限公司"}, "consignee": self.consignee(), "weight_kg": 2}
        ids = self.shipments.upsert(
            [
                {**row, "waybill": "B1", "ordered_at": "2026-03-02T10:00:00+08:00"},
                {**row, "waybill": "B2", "ordered_at": "2026-03-02T10:05:00+08:00"},
            ]
        )["ids"]
        self.assertEqual(self.shipments.browse(ids["B2"]).duplicate_of_id.id, ids["B1"])

    def test_the_window_can_be_turned_off(self):
        self.env.company.logistics_duplicate_hours = 0
        self.order("W1")
        self.assertEqual(self.order("W2").check_state, "clean")

    def test_statements_do_not_grow_with_the_orders(self):
        def rows(first, count):
            return [
                {
                    "waybill": f"S{number}",
                    "customer": {"ref": "ORDERS", "name": "杭州茶叶有限公司"},
                    "consignee": self.consignee(phone=f"139{number:08}"),
                    "weight_kg": 2,
                }
                for number in range(first, first + count)
            ]

        def statements(batch):
            before = self.env.cr.sql_log_count
            self.shipments.upsert(batch)
            return self.env.cr.sql_log_count - before

        self.shipments.upsert(rows(0, 5))
        self.assertEqual(statements(rows(10, 10)), statements(rows(1000, 300)))

    def test_kept_stays_kept_until_the_findings_change(self):
        order = self.order("K1", consignee=self.consignee(phone="12345"))
        order.with_user(self.agent).action_check_keep()
        self.shipments.upsert([{"waybill": "K1", "weight_kg": 3}])
        self.assertEqual(order.check_state, "kept")
        self.shipments.upsert([{"waybill": "K1", "consignee": {"city": None}}])
        self.assertEqual(order.check_state, "to_check")

    def test_merge_cancels_the_younger_and_loses_nothing(self):
        first = self.order("M1", cargo=None)
        second = self.order("M2", cargo=None, shipper={"phone": "13800138000"})
        ticket = self.env["helpdesk.ticket"].create(
            {"name": "where", "description": "?", "shipment_ids": [(4, second.id)]}
        )
        self.assertEqual(second.duplicate_of_id, first)
        second.with_user(self.agent).action_check_merge()
        self.assertEqual((second.status, second.reason_id.code), ("cancelled", "duplicate_order"))
        self.assertEqual(first.ticket_ids, ticket)
        self.assertEqual(first.shipper_phone, second.shipper_phone)
        self.assertEqual(first.status, "created")


@freeze_time(NOW)
class TestConfirmation(OrderCase):
    def test_a_new_order_takes_no_status_from_the_column_it_was_made_in(self):
        order = self.shipments.with_user(self.agent).with_context(default_status="delivered").create({"name": "C0"})
        self.assertEqual(order.status, "created")

    def test_by_button(self):
        order = self.order("C1")
        order.with_user(self.agent).action_confirm()
        self.assertEqual(order.status, "confirmed")
        self.assertEqual(order.event_ids.source_id.code, "manual")

    def test_twice_is_once(self):
        order = self.order("C2")
        order.action_confirm()
        order.action_confirm()
        self.assertEqual(len(order.event_ids), 1)

    def test_by_rule_only_when_no_check_objects(self):
        self.env.company.logistics_auto_confirm = "clean"
        self.assertEqual(self.order("C3").status, "confirmed")
        doubtful = self.order("C4", consignee=self.consignee(phone="12345"))
        self.assertEqual(doubtful.status, "created")
        doubtful.action_check_keep()
        self.assertEqual(doubtful.status, "confirmed")

    def test_by_rule_always(self):
        self.env.company.logistics_auto_confirm = "always"
        self.assertEqual(self.order("C5", consignee=self.consignee(phone="12345")).status, "confirmed")

    def test_of_a_waybill_that_two_carriers_share(self):
        """The button knows its shipment; that the waybill alone is ambiguous must not stop it."""
        product = self.env["product.product"].create({"name": "Delivery", "type": "service"})
        carriers = self.env["delivery.carrier"].create(
            [{"name": name, "product_id": product.id} for name in ("Carrier One", "Carrier Two")]
        )
        orders = self.shipments.create([{"name": "C6", "carrier_id": carrier.id} for carrier in carriers])
        orders[1].action_confirm()
        self.assertEqual(orders.mapped("status"), ["created", "confirmed"])

    def test_not_by_a_stranger(self):
        order = self.order("C7")
        for groups in ("base.group_user", "logistics_crm.group_logistics_integrator"):
            stranger = new_test_user(self.env, f"stranger-{groups}", groups=groups)
            for action in ("action_confirm", "action_cancel", "action_check_keep", "action_check_merge"):
                with self.assertRaises(AccessError):
                    getattr(order.with_user(stranger), action)()


@freeze_time(NOW)
class TestCancellation(OrderCase):
    def test_before_the_pickup_the_order_ends(self):
        order = self.order("X1")
        order.with_user(self.agent).action_cancel()
        self.assertEqual((order.status, order.reason_id.code), ("cancelled", "cancelled_by_customer"))

    def test_after_the_pickup_it_becomes_a_return(self):
        order = self.order("X2")
        self.env["logistics.tracking.event"].ingest(
            [{"waybill": "X2", "status": "picked_up", "occurred_at": "2026-03-02T07:00:00Z"}]
        )
        order.with_user(self.agent).action_cancel()
        self.assertEqual(order.status, "returning")

    def test_what_is_over_cannot_be_cancelled(self):
        order = self.order("X3")
        order.action_cancel()
        with self.assertRaises(UserError):
            order.action_cancel()

    def test_the_warehouse_and_the_hub_are_told(self):
        keeper = new_test_user(self.env, "keeper", groups="stock.group_stock_user")
        hub_user = new_test_user(self.env, "hub-user", groups="logistics_crm.group_logistics_agent")
        state = self.env.ref("base.state_cn_ZJ")
        place = self.env["res.partner"].create({"name": "测试分拨", "city": "测试市", "state_id": state.id})
        hub = self.env["logistics.hub"].create({"name": "测试分拨中心", "partner_id": place.id, "user_id": hub_user.id})
        picking = self.env["stock.picking"].create(
            {"picking_type_id": self.env.ref("stock.picking_type_out").id, "user_id": keeper.id}
        )
        shipper = {"city": "测试市", "state": "浙江", "country": "CN"}
        order = self.order("X4", shipper=shipper)
        order.picking_id = picking
        # The cancellation comes from another system: who cancels makes no difference.
        self.env["logistics.tracking.event"].ingest(
            [{"waybill": "X4", "status": "cancelled", "occurred_at": "2026-03-02T07:00:00Z"}]
        )
        self.assertEqual(picking.activity_ids.user_id, keeper)
        self.assertIn("X4", picking.activity_ids.note)
        self.assertEqual(hub.activity_ids.user_id, hub_user)
        self.assertIn("X4", hub.activity_ids.note)

    def test_many_at_once_in_few_statements(self):
        hub_user = new_test_user(self.env, "hub-user", groups="logistics_crm.group_logistics_agent")
        place = self.env["res.partner"].create(
            {"name": "测试分拨", "city": "测试市", "state_id": self.env.ref("base.state_cn_ZJ").id}
        )
        hub = self.env["logistics.hub"].create({"name": "测试分拨中心", "partner_id": place.id, "user_id": hub_user.id})

        def cancel(first, count):
            rows = [
                {"waybill": f"Y{number}", "shipper": {"city": "测试市", "state": "浙江", "country": "CN"}}
                for number in range(first, first + count)
            ]
            orders = self.shipments.browse(self.shipments.upsert(rows)["ids"].values())
            self.env.flush_all()
            activities = len(hub.activity_ids)
            before = self.env.cr.sql_log_count
            orders.action_cancel()
            self.env.flush_all()
            self.assertEqual(set(orders.mapped("status")), {"cancelled"})
            self.assertEqual(len(hub.activity_ids), activities + 1)
            return self.env.cr.sql_log_count - before

        cancel(0, 5)
        self.assertEqual(cancel(1000, 100), cancel(100, 10))
