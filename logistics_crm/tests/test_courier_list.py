"""What a courier sees before the visit, and how rounds are handed out."""

from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from .common import NOW, event
from .courier_common import CourierCase


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestCourierList(CourierCase):
    def listed(self, user=None):
        return [card["waybill"] for card in self.Shipment.with_user(user or self.courier)._get_courier_list()]

    def test_what_is_listed(self):
        soon, tomorrow = NOW + timedelta(hours=2), NOW + timedelta(days=1)  # 22:00 today, 20:00 tomorrow in Shanghai
        self.out_for_delivery("OUT").promised_at = tomorrow
        self.out_for_delivery("NOT-MINE", self.colleague)
        for waybill, promise in (("TODAY", soon), ("LATER", tomorrow), ("NONE", False)):
            self.ship(waybill).write({"courier_id": self.courier.id, "promised_at": promise})
        self.out_for_delivery("TRIED")
        self.act(self.report(self.Shipment.search([("name", "=", "TRIED")]), "failed", reason="refused"))
        for waybill, status in (("HELD", "exception"), ("BACK", "returning"), ("GONE", "delivered")):
            self.out_for_delivery(waybill).promised_at = soon
            self.ingest(event(waybill, 3, status))
        self.assertEqual(sorted(self.listed()), ["OUT", "TODAY", "TRIED"])

    def test_order_of_the_round(self):
        for waybill, stop, hours in (("A", 0, 3), ("B", 0, 1), ("C", 2, 5), ("D", 1, 9)):
            shipment = self.out_for_delivery(waybill)
            shipment.write({"route_sequence": stop, "promised_at": NOW + timedelta(hours=hours)})
        self.assertEqual(self.listed(), ["D", "C", "B", "A"])

    def test_badges(self):
        tag = self.env["res.partner.category"].create({"name": "Key Account"})
        customer = self.env["res.partner"].create({"name": "Acme", "is_company": True, "category_id": tag.ids})
        self.company.logistics_high_value = 7000
        self.env["res.currency.rate"].create(
            {
                "currency_id": self.env.ref("base.USD").id,
                "company_id": self.company.id,
                "rate": 0.125,
                "name": "2026-01-01",
            }
        )
        rich = self.out_for_delivery(declared_value=1000, currency="USD", cargo="冷链", insured=True)
        rich.write({"customer_id": customer.id, "delivery_note": "Call first\nGate code 1357"})
        plain = self.out_for_delivery("C2", declared_value=6999, currency="CNY")
        badges = (rich | plain).with_user(self.courier)._get_courier_badges()
        self.assertEqual(
            [(badge["label"], badge["kind"]) for badge in badges[rich.id]],
            [
                ("Call first", "note"),
                ("High value", "value"),
                ("Insured", "value"),
                ("冷链", "cargo"),
                ("Enterprise customer", "company"),
                ("Key Account", "tag"),
            ],
        )
        self.assertEqual(badges[plain.id], [])
        self.company.logistics_high_value = 0
        self.assertNotIn("High value", [badge["label"] for badge in rich._get_courier_badges()[rich.id]])

    def test_statements_do_not_depend_on_the_number(self):
        def customer(number):
            tag = self.env["res.partner.category"].create({"name": f"Tag {number}"})
            return self.env["res.partner"].create({"name": f"Customer {number}", "category_id": tag.ids}).id

        def measure():
            return self.statements(self.Shipment.with_user(self.courier)._get_courier_list)

        for number in range(2):
            self.out_for_delivery(f"F{number}").customer_id = customer(number)
        measure()
        few = measure()
        for number in range(2, 22):
            self.out_for_delivery(f"F{number}").customer_id = customer(number)
        self.assertEqual(measure(), few)
        self.assertEqual(len(self.listed()), 22)

    def test_address_as_written_there(self):
        chinese = self.ship(
            "A1", consignee={"name": "A", "street": "南京东路 100 号", "city": "上海", "state": "上海市"}
        )
        english = self.ship("A2", consignee={"name": "A", "street": "1 Main St", "city": "Reno", "zip": "89501"})
        self.assertEqual(chinese._get_courier_address(), "上海市南京东路 100 号")
        self.assertEqual(english._get_courier_address(), "1 Main St, Reno, 89501")

    def test_done_today(self):
        first, second = self.out_for_delivery(), self.out_for_delivery("C2")
        self.act(self.delivered(first))
        self.act(self.report(second, "failed", reason="refused", happened_at="2026-03-09T23:59:00+08:00"))
        self.act(self.report(first, "failed", reason="refused", happened_at="2026-03-10T19:59:00+08:00"))
        done = self.Action.with_user(self.courier)._get_courier_done()
        self.assertEqual(
            [(entry["kind"], entry["state"]) for entry in done], [("failed", "kept"), ("delivered", "done")]
        )
        self.assertTrue(done[0]["message"])
        self.assertFalse(self.Action.with_user(self.colleague)._get_courier_done())


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestAssignment(CourierCase):
    def wizard(self, shipments, user=None, **values):
        return (
            self.env["logistics.courier.assign"]
            .with_user(user or self.agent)
            .with_context(active_model="logistics.shipment", active_ids=shipments.ids)
            .create(values)
        )

    def ships(self, count, prefix="W"):
        shipments = self.Shipment
        for number in range(count):
            shipments |= self.ship(f"{prefix}{number}")
        return shipments

    def test_assign_numbers_the_stops_in_order(self):
        shipments = self.ships(3)
        ordered = shipments[2] | shipments[0] | shipments[1]
        self.wizard(ordered, courier_id=self.courier.id, number_stops=True, first_stop=5).action_assign()
        self.assertEqual(shipments.courier_id, self.courier)
        self.assertEqual(ordered.mapped("route_sequence"), [5, 6, 7])
        self.assertIn(self.courier.name, shipments[0].message_ids[0].body)

    def test_what_is_done_stays(self):
        shipments = self.ships(2)
        self.ingest(event("W0", 1, "delivered"))
        wizard = self.wizard(shipments, courier_id=self.courier.id)
        self.assertEqual((wizard.open_count, wizard.done_count), (1, 1))
        wizard.action_assign()
        self.assertEqual(shipments.mapped("courier_id.login"), [self.courier.login])
        self.assertFalse(shipments[0].courier_id)

    def test_take_back(self):
        shipments = self.ships(2)
        shipments.courier_id = self.courier
        self.wizard(shipments).action_assign()
        self.assertFalse(shipments.courier_id)

    def test_courier_of_another_company(self):
        stranger = self._user("stranger", "logistics_crm.group_logistics_courier")
        stranger.write({"company_id": self.other_company.id, "company_ids": [(6, 0, self.other_company.ids)]})
        with self.assertRaisesRegex(UserError, "Test Express"):
            self.wizard(self.ships(1), courier_id=stranger.id).action_assign()

    def test_only_agents_assign(self):
        shipments = self.ships(1)
        shipments.courier_id = self.courier
        for user in (self.courier, self._user("plain")):
            with self.assertRaises(AccessError):
                self.wizard(shipments, user, courier_id=self.colleague.id)
            with self.assertRaises(AccessError):
                shipments.with_user(user)._assign_courier(self.colleague)

    def test_few_statements(self):
        few, many = self.ships(2, "F"), self.ships(60, "M")

        def assign(shipments):
            shipments.with_user(self.agent)._assign_courier(self.courier, 1)
            self.env.flush_all()

        self.statements(assign, few)
        spent = self.statements(assign, few)
        self.assertLessEqual(self.statements(assign, many) - spent, 3)
        self.assertLess(spent, 30)
