from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import freeze_time, new_test_user
from odoo.tools import SQL

from .common import NOW, TrackingCase

TOKEN_LENGTH = 38  # 228 bits, 128 of them an HMAC


@freeze_time(NOW)
class TestTrackingLink(TrackingCase):
    def setUp(self):
        super().setUp()
        self.links = self.env["logistics.tracking.link"]
        self.shipment = self.ship("LINK1", consignee={"name": "张三", "phone": "13812345678", "country": "CN"})

    def token(self, shipment):
        return shipment._get_tracking_url()[shipment.id].rpartition("/")[2]

    def found(self, token):
        return self.links._find_shipment(token)

    def test_every_message_carries_the_same_url(self):
        first = self.shipment._get_tracking_url()
        self.assertEqual(self.shipment._get_tracking_url(), first)
        self.assertTrue(first[self.shipment.id].startswith(self.company.get_base_url() + "/track/"))
        self.assertEqual(len(self.token(self.shipment)), TOKEN_LENGTH)
        self.assertEqual(self.found(self.token(self.shipment)), self.shipment)

    def test_links_of_many_shipments_take_two_statements(self):
        receipt = self.upsert(*({"waybill": f"MANY{number}"} for number in range(50)))
        shipments = self.Shipment.browse(receipt["ids"].values())
        self.shipment._get_tracking_url()  # system parameters are kept after their first reading
        made = self.statements(lambda: self.links._standing_tokens(shipments.ids))
        self.assertLessEqual(made, 2)
        self.assertEqual(self.statements(lambda: self.links._standing_tokens(shipments.ids)), 1)
        self.assertEqual(len(set(shipments._get_tracking_url().values())), 50)

    def test_the_database_does_not_hold_the_token(self):
        token = self.token(self.shipment)
        self.env.flush_all()
        rows = self.env.execute_query(SQL("SELECT l::text FROM logistics_tracking_link l"))
        self.assertNotIn(token, str(rows))

    def test_a_changed_token_opens_nothing(self):
        token = self.token(self.shipment)
        for position in range(len(token)):
            changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
            # The last character carries four bits only; what it does not carry may differ.
            if position < len(token) - 1:
                self.assertFalse(self.found(changed), position)
        for other in ("", None, token[:-1], token + "A", token.upper(), "%" * TOKEN_LENGTH, token + "\n", "x" * 5000):
            self.assertFalse(self.found(other))

    def test_the_key_of_another_shipment_does_not_fit(self):
        token, other = self.token(self.shipment), self.ship("LINK2")
        self.links.search([("shipment_id", "=", self.shipment.id)]).shipment_id = other
        self.assertFalse(self.found(token))

    def test_a_link_ends(self):
        token = self.token(self.shipment)
        with freeze_time(NOW + timedelta(days=364)):
            self.assertTrue(self.found(token))
        with freeze_time(NOW + timedelta(days=366)):
            self.assertFalse(self.found(token))

    def test_a_message_late_in_the_year_prolongs_the_link_and_keeps_it(self):
        token = self.token(self.shipment)
        with freeze_time(NOW + timedelta(days=300)):
            self.assertEqual(self.token(self.shipment), token)
        with freeze_time(NOW + timedelta(days=500)):
            self.assertTrue(self.found(token))

    def test_a_link_that_ended_comes_back_under_another_token(self):
        token = self.token(self.shipment)
        with freeze_time(NOW + timedelta(days=400)):
            self.assertNotEqual(self.token(self.shipment), token)
            self.assertFalse(self.found(token))
            self.assertTrue(self.found(self.token(self.shipment)))

    def test_ninety_days_after_the_delivery_nobody_looks_any_more(self):
        self.shipment._add_events("delivered")
        token = self.token(self.shipment)
        with freeze_time(NOW + timedelta(days=89)):
            self.assertTrue(self.found(token))
            self.assertTrue(self.Shipment._find_for_visitor("LINK1", "5678"))
        with freeze_time(NOW + timedelta(days=91)):
            self.assertFalse(self.found(token))
            self.assertFalse(self.Shipment._find_for_visitor("LINK1", "5678"))

    def test_the_days_are_configured(self):
        self.env["ir.config_parameter"].set_param("logistics_crm.tracking_days_after_end", "10")
        self.shipment._add_events("delivered")
        token = self.token(self.shipment)
        with freeze_time(NOW + timedelta(days=11)):
            self.assertFalse(self.found(token))
        self.env["ir.config_parameter"].set_param("logistics_crm.tracking_days_after_end", "nonsense")
        with freeze_time(NOW + timedelta(days=11)):
            self.assertTrue(self.found(token))

    def test_a_visit_ends_after_a_day(self):
        token = self.links._visit_token(self.shipment)
        self.assertEqual(self.found(token), self.shipment)
        with freeze_time(NOW + timedelta(hours=25)):
            self.assertFalse(self.found(token))
        self.assertNotEqual(token, self.token(self.shipment))

    def test_ended_links_are_forgotten(self):
        self.links._visit_token(self.shipment)
        standing = self.token(self.shipment)
        with freeze_time(NOW + timedelta(days=3)):
            self.links._gc_links()
        self.assertEqual(self.links.search([("shipment_id", "=", self.shipment.id)]).mapped("kind"), ["standing"])
        self.assertTrue(self.found(standing))

    def test_only_readers_of_the_shipment_hand_out_its_page(self):
        nobody = new_test_user(self.env, login="page_nobody", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.shipment.with_user(nobody)._get_tracking_url()
        agent = self._user("page_agent", "logistics_crm.group_logistics_agent")
        self.assertEqual(self.shipment.with_user(agent)._get_tracking_url(), self.shipment._get_tracking_url())
        action = self.shipment.with_user(agent).action_copy_tracking_link()
        self.assertEqual(action["params"]["text"], self.shipment._get_tracking_url()[self.shipment.id])
        with self.assertRaises(AccessError):
            self.links.with_user(agent).search([])

    def test_the_page_takes_one_statement_whatever_the_log(self):
        page = self.shipment.sudo()
        self.assertEqual(self.statements(page._get_tracking_page), 1)
        for hour in range(60):
            self.ingest(
                {
                    "waybill": "LINK1",
                    "status": "in_transit",
                    "hub": f"Hub {hour}",
                    "occurred_at": f"{fields.Datetime.to_string(NOW - timedelta(hours=hour)).replace(' ', 'T')}Z",
                }
            )
        self.assertEqual(self.statements(page._get_tracking_page), 1)
        self.assertEqual(self.statements(self.found, self.token(self.shipment)), 1)
        self.shipment._add_events("delivered")
        self.assertEqual(self.statements(page._get_tracking_page), 2, "with proof and stars")

    def test_unknown_waybill_and_wrong_digits_are_the_same_work(self):
        find = self.Shipment._find_for_visitor
        find("LINK1", "5678")  # system parameters are kept after their first reading
        for waybill, digits in (("LINK1", "5678"), ("LINK1", "0000"), ("NOSUCH", "5678"), ("", ""), ("%", "%%%%")):
            self.assertEqual(self.statements(find, waybill, digits), 1)
        self.assertEqual(find("LINK1", "5678"), self.shipment)
        self.assertEqual(find("link1", "5678"), self.shipment)
        for waybill, digits in (
            ("LINK1", "0000"),
            ("LINK1", ""),
            ("LINK%", "5678"),
            ("LINK1", "____"),
            ("LINK1", "678"),
        ):
            self.assertFalse(find(waybill, digits), (waybill, digits))

    def test_a_shipment_without_phone_is_not_found_by_any_digits(self):
        self.ship("LINK3").consignee_phone = ""
        for digits in ("", "0000", "None", "fals"):
            self.assertFalse(self.Shipment._find_for_visitor("LINK3", digits))

    def test_the_digits_tell_which_of_several_carriers_parcels_is_meant(self):
        one = self.ship("SHARED", carrier="SFT", consignee={"phone": "13800001111", "country": "CN"})
        two = self.ship("SHARED", carrier="YDT", consignee={"phone": "13800002222", "country": "CN"})
        find = self.Shipment.with_company(self.other_company)._find_for_visitor
        self.assertEqual(find("SHARED", "1111"), one)
        self.assertEqual(find("SHARED", "2222"), two)
