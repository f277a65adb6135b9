"""Whose shipment it is: customers found by what a row says of them, or made once."""

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import TrackingCase


@tagged("post_install", "-at_install")
class TestCustomersOfRows(TrackingCase):
    def partner(self, **values):
        return self.env["res.partner"].create({"name": "Known", "company_id": self.company.id, **values})

    def customer_of(self, **customer):
        number = self.Shipment.search_count([("company_id", "=", self.company.id)])
        return self.ship(f"C{number}", customer=customer).customer_id

    def test_found_by_reference_vat_phone_or_email(self):
        partner = self.partner(ref="C-1", vat="CN91310000", phone="138 0013 8000", email="Ops <ops@example.com>")
        partner.country_id = self.china
        for customer in (
            {"ref": "C-1"},
            {"vat": "cn 9131 0000"},
            {"phone": "+8613800138000"},
            {"phone": "138-0013-8000"},
            {"email": "OPS@example.com"},
        ):
            self.assertEqual(self.customer_of(**customer), partner, customer)

    def test_the_surest_key_that_is_given_decides(self):
        by_ref, by_phone = self.partner(ref="C-1"), self.partner(phone="+8613800138000", email="a@example.com")
        self.assertEqual(self.customer_of(ref="C-1", phone="+8613800138000"), by_ref)
        self.assertEqual(self.customer_of(phone="+8613800138000", email="nobody@example.com", name="x"), by_phone)

    def test_the_account_that_pays_is_the_commercial_partner(self):
        company = self.partner(is_company=True)
        contact = self.partner(ref="C-2", parent_id=company.id)
        self.assertEqual(self.customer_of(ref="C-2"), company)
        self.assertEqual(self.ship("X1", customer_id=contact.id).customer_id, company)

    def test_an_own_customer_comes_before_a_shared_one_and_the_oldest_before_younger_ones(self):
        self.partner(ref="C-1", company_id=False)
        own = self.partner(ref="C-1")
        self.partner(ref="C-1")
        self.assertEqual(self.customer_of(ref="C-1"), own)

    def test_another_companys_and_an_archived_customer_are_not_found(self):
        theirs = self.partner(ref="C-1", company_id=self.other_company.id)
        archived = self.partner(ref="C-1", active=False)
        made = self.customer_of(ref="C-1", name="New")
        self.assertNotIn(made, theirs | archived)
        self.assertEqual((made.name, made.company_id), ("New", self.company))

    def test_a_new_customer_has_what_the_row_says(self):
        made = self.customer_of(ref="C-7", name="Yunfan", phone="13800138000", email="ops@yunfan.example", vat="X123")
        self.assertEqual(
            (made.name, made.ref, made.phone_sanitized, made.email, made.vat, made.is_company, made.company_id),
            ("Yunfan", "C-7", "+8613800138000", "ops@yunfan.example", "X123", True, self.company),
        )

    def test_rows_with_the_same_new_customer_make_one(self):
        receipt = self.upsert(
            {"waybill": "A1", "customer": {"ref": "C-7"}},
            {"waybill": "A2", "customer": {"ref": "C-7", "name": "Yunfan"}},
            {"waybill": "A3", "customer": {"ref": "C-7", "name": "Yunfan Ltd"}},
        )
        self.assertEqual(receipt["created"], 3)
        shipments = self.Shipment.browse(receipt["ids"].values())
        self.assertEqual(len(shipments.customer_id), 1)
        self.assertEqual(shipments.customer_id.name, "Yunfan", "the first name that is given")
        self.assertEqual(self.customer_of(ref="C-7"), shipments.customer_id)

    def test_a_customer_is_found_again_by_a_key_that_odoo_wrote_otherwise(self):
        # What is no number by Odoo's lights has no sanitized phone to be found by.
        for customer in ({"phone": "ext. 5"}, {"phone": "110"}, {"email": "no address"}, {"vat": "  "}):
            with self.subTest(customer=customer), self.undone():
                receipt = self.upsert({"waybill": "A1", "customer": {**customer, "name": "Odd"}})
                if receipt["rejected"]:
                    self.assertEqual(self.rejected(receipt), (0, "customer.ref"))
                    continue
                made = self.Shipment.browse(receipt["ids"]["A1"]).customer_id
                self.assertEqual(self.customer_of(**customer, name="Odd"), made)

    def test_a_known_customer_is_never_changed(self):
        partner = self.partner(ref="C-1", email="old@example.com")
        self.customer_of(ref="C-1", name="Other Name", email="new@example.com")
        self.assertEqual((partner.name, partner.email), ("Known", "old@example.com"))

    def test_an_empty_customer_clears(self):
        shipment = self.ship("A1", customer={"ref": "C-1", "name": "x"})
        for empty in (None, False, {}):
            with self.undone():
                self.upsert({"waybill": "A1", "customer": empty})
                self.assertFalse(shipment.customer_id)

    def test_a_customer_that_odoo_refuses_stops_no_neighbour(self):
        def refuse(partners):
            if any(partner.vat == "BAD" for partner in partners):
                raise ValidationError("The VAT number BAD is not valid.")  # pylint: disable=translation-required

        self.patch(type(self.env["res.partner"]), "_validate_fields", lambda partners, *_args: refuse(partners))
        receipt = self.upsert(
            {"waybill": "A1", "customer": {"ref": "C-1", "name": "One"}},
            {"waybill": "A2", "customer": {"ref": "C-2", "name": "Two", "vat": "BAD"}},
            {"waybill": "A3", "customer": {"ref": "C-3", "name": "Three"}},
            {"waybill": "A4", "customer": {"ref": "C-2"}},
            {"waybill": "A5"},
        )
        self.assertEqual(receipt["created"], 3)
        self.assertEqual([(r["index"], r["field"]) for r in receipt["rejected"]], [(1, "customer"), (3, "customer")])
        self.assertIn("VAT number BAD", receipt["rejected"][0]["error"])
        made = self.env["res.partner"].search(
            [("ref", "in", ("C-1", "C-2", "C-3")), ("company_id", "=", self.company.id)]
        )
        self.assertEqual(sorted(made.mapped("name")), ["One", "Three"])
        entries = self.inbox("rejected")
        self.assertEqual(entries.mapped("waybill"), ["A2", "A4"])
        entries[0].payload_text = '{"waybill": "A2", "customer": {"ref": "C-2", "name": "Two", "vat": "GOOD"}}'
        entries[0].action_replay()
        entries[1].action_replay()
        self.assertEqual(entries.mapped("state"), ["placed"] * 2)
        self.assertEqual(entries.shipment_id.customer_id.name, "Two")

    def test_a_merged_customer_is_found_by_its_key(self):
        one = self.customer_of(ref="C-1", name="One")
        two = self.customer_of(ref="C-2", name="Two")
        self.env["base.partner.merge.automatic.wizard"]._merge((one | two).ids, two)
        self.assertEqual(self.customer_of(ref="C-1", name="One"), two)
        self.assertEqual(self.Shipment.search([("customer_id", "=", two.id)]).mapped("customer_id"), two)

    def test_the_number_of_statements_does_not_depend_on_the_number_of_known_customers(self):
        self.env["res.partner"].create(
            [{"name": f"K{n}", "ref": f"K{n}", "company_id": self.company.id} for n in range(200)]
        )

        def run(prefix, size):
            rows = [{"waybill": f"{prefix}{n}", "customer": {"ref": f"K{n}"}} for n in range(size)]
            return self.statements(self.Shipment.with_user(self.integrator).upsert, rows)

        run("W", 1)
        self.assertEqual(run("X", 2), run("Y", 200))
