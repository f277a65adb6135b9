"""The contract of `upsert`: shipments made and changed in bulk, by what their rows say and nothing more."""

from datetime import datetime

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL

from .common import NOW, TrackingCase, event

FULL = {
    "waybill": "A1",
    "carrier": "SFT",
    "customer": {"ref": "C-1", "name": "Yunfan Electronics"},
    "shipper": {"name": "Warehouse 3", "phone": "010 8888 6666", "city": "北京", "state": "北京", "country": "CN"},
    "consignee": {
        "name": "王小明",
        "phone": "138 0013 8000",
        "email": "wang@example.com",
        "street": "示例路 1 号",
        "city": "深圳",
        "zip": "518000",
        "state": "广东",
        "country": "CN",
    },
    "service_level": "standard",
    "pieces": 2,
    "weight_kg": 3.5,
    "volume_m3": 0.02,
    "declared_value": 399.5,
    "freight": 12,
    "currency": "CNY",
    "cargo": "electronics",
    "insured": True,
    "ordered_at": "2026-03-01T09:15:00+08:00",
    "promised_at": "2026-03-04T18:00:00+08:00",
}


@tagged("post_install", "-at_install")
class TestUpsert(TrackingCase):
    def test_what_was_sent_is_on_the_shipment(self):
        receipt = self.upsert(FULL)
        [shipment_id] = receipt["ids"].values()
        self.assertEqual(
            receipt,
            {"received": 1, "created": 1, "updated": 0, "unchanged": 0, "rejected": [], "ids": {"A1": shipment_id}},
        )
        shipment = self.Shipment.browse(shipment_id)
        self.assertEqual(shipment.company_id, self.company)
        self.assertEqual(shipment.carrier_id, self.sf)
        self.assertEqual((shipment.customer_id.name, shipment.customer_id.ref), ("Yunfan Electronics", "C-1"))
        self.assertEqual(shipment.customer_id.company_id, self.company)
        self.assertEqual(shipment.shipper_phone, "+861088886666")
        self.assertEqual(shipment.consignee_phone, "+8613800138000")
        self.assertEqual(shipment.consignee_name, "王小明")
        self.assertEqual(shipment.consignee_street, "示例路 1 号")
        self.assertEqual(shipment.consignee_state, "广东")
        self.assertEqual(shipment.origin_state_id, self.env.ref("base.state_cn_BJ"))
        self.assertEqual(shipment.destination_state_id, self.env.ref("base.state_cn_GD"))
        self.assertEqual(shipment.destination_country_id, self.china)
        self.assertEqual(shipment.lane, "北京市 → 广东省")
        self.assertEqual(shipment.service_level_id, self.env.ref("logistics_crm.service_level_standard"))
        self.assertEqual((shipment.pieces, shipment.weight, shipment.volume), (2, 3.5, 0.02))
        self.assertEqual((shipment.declared_value, shipment.freight_amount), (399.5, 12))
        self.assertEqual(shipment.currency_id.name, "CNY")
        self.assertEqual((shipment.cargo, shipment.insured), ("electronics", True))
        self.assertEqual(shipment.ordered_at, datetime(2026, 3, 1, 1, 15))
        self.assertEqual(shipment.promised_at, datetime(2026, 3, 4, 10))
        self.assertEqual((shipment.status, shipment.attempts, shipment.create_uid), ("created", 0, self.integrator))

    def test_a_waybill_is_enough(self):
        shipment = self.ship("A1")
        self.assertEqual((shipment.pieces, shipment.insured, shipment.ordered_at), (1, False, NOW))
        self.assertEqual(shipment.currency_id, self.company.currency_id)
        self.assertFalse(shipment.carrier_id or shipment.customer_id or shipment.promised_at or shipment.lane)

    def test_the_same_again_changes_nothing(self):
        shipment = self.ship("A1", **{key: value for key, value in FULL.items() if key != "waybill"})
        self.env.execute_query(SQL("UPDATE logistics_shipment SET write_date = '2020-01-01' RETURNING 1"))
        receipt = self.upsert(FULL, FULL)
        self.assertEqual((receipt["created"], receipt["updated"], receipt["unchanged"]), (0, 0, 2))
        shipment.invalidate_recordset()
        self.assertEqual(str(shipment.write_date), "2020-01-01 00:00:00")

    def test_only_the_keys_that_are_present_change(self):
        shipment = self.ship("A1", **{key: value for key, value in FULL.items() if key != "waybill"})
        before = shipment.read()[0]
        receipt = self.upsert({"waybill": "A1", "weight_kg": 4, "consignee": {"city": "广州"}})
        self.assertEqual(receipt["updated"], 1)
        after = shipment.read()[0]
        changed = {name for name in before if before[name] != after[name]} - {"write_date", "message_ids"}
        self.assertEqual(changed, {"weight", "consignee_city"})
        self.assertEqual((shipment.weight, shipment.consignee_city), (4, "广州"))

    def test_the_journey_is_not_the_integrators_to_write(self):
        receipt = self.upsert({"waybill": "A1", "status": "delivered"})
        self.assertEqual(self.rejected(receipt), (0, "status"))
        shipment = self.ship("A1")
        self.ingest(event("A1", 0, "delivered"))
        self.upsert({"waybill": "A1", "pieces": 7})
        self.assertEqual((shipment.status, shipment.pieces), ("delivered", 7))

    def test_an_empty_value_clears(self):
        shipment = self.ship("A1", **{key: value for key, value in FULL.items() if key != "waybill"})
        for empty in (None, "", False):
            with self.subTest(empty=empty), self.undone():
                self.upsert(
                    {
                        "waybill": "A1",
                        "service_level": empty,
                        "cargo": empty,
                        "weight_kg": empty,
                        "promised_at": empty,
                        "customer_id": empty,
                        "consignee": {"name": empty, "state": empty, "country": empty},
                    }
                )
                self.assertFalse(
                    shipment.service_level_id
                    or shipment.cargo
                    or shipment.weight
                    or shipment.promised_at
                    or shipment.customer_id
                    or shipment.consignee_name
                    or shipment.consignee_state
                    or shipment.destination_state_id
                    or shipment.destination_country_id
                )
                self.assertEqual(shipment.consignee_phone, "+8613800138000")
                self.assertEqual(shipment.lane, "北京市 → ?")

    def test_an_empty_party_clears_all_of_it(self):
        """`"consignee": null` was taken for a dictionary without keys, and nothing was cleared."""
        shipment = self.ship("A1", **{key: value for key, value in FULL.items() if key != "waybill"})
        for empty in (None, False):
            with self.undone():
                self.assertEqual(self.upsert({"waybill": "A1", "consignee": empty})["updated"], 1)
                names = ("name", "phone", "email", "street", "city", "zip", "state")
                self.assertFalse(any(shipment[f"consignee_{name}"] for name in names))
                self.assertFalse(shipment.destination_state_id or shipment.destination_country_id)
                self.assertEqual(shipment.shipper_name, "Warehouse 3")
        self.assertEqual(self.upsert({"waybill": "A1", "consignee": {}})["unchanged"], 1)

    def test_what_a_shipment_must_have_goes_back_to_its_default(self):
        """Cleared pieces stayed as they were, and the receipt said that nothing changed."""
        shipment = self.ship("A1", pieces=5, insured=True, currency="EUR", ordered_at="2026-02-01T00:00:00Z")
        receipt = self.upsert({"waybill": "A1", "pieces": None, "insured": None, "currency": None})
        self.assertEqual(receipt["updated"], 1)
        self.assertEqual((shipment.pieces, shipment.insured), (1, False))
        self.assertEqual(shipment.currency_id, self.company.currency_id)
        self.assertEqual(self.upsert({"waybill": "A1", "ordered_at": None})["unchanged"], 1)
        self.assertEqual(str(shipment.ordered_at), "2026-02-01 00:00:00", "there is no other order date to go back to")

    # Which shipment is meant

    def test_the_carrier_is_part_of_the_key(self):
        none, sf = self.ship("A1"), self.ship("A1", carrier="sft")
        yunda = self.ship("A1", carrier="Yunda Test")
        self.assertEqual(len(none | sf | yunda), 3)
        self.assertEqual(yunda.carrier_id, self.yunda)
        self.assertEqual(self.ship("A1", carrier="SFT", pieces=2), sf)
        self.assertEqual(self.ship("A1", carrier=None, pieces=2), none)
        receipt = self.upsert({"waybill": "A1", "pieces": 3})
        self.assertEqual(self.rejected(receipt), (0, "carrier"))

    def test_without_a_carrier_the_one_shipment_is_meant(self):
        shipment = self.ship("A1", carrier="SFT")
        self.assertEqual(self.ship("A1", pieces=3), shipment)
        self.assertEqual(shipment.carrier_id, self.sf)

    def test_one_waybill_twice_in_a_call(self):
        receipt = self.upsert(
            {"waybill": "A1", "pieces": 2, "cargo": "tea"},
            {"waybill": "A1", "pieces": 3},
            {"waybill": "A1", "pieces": 3},
        )
        self.assertEqual((receipt["created"], receipt["updated"], receipt["unchanged"]), (1, 1, 1))
        shipment = self.Shipment.browse(receipt["ids"]["A1"])
        self.assertEqual((shipment.pieces, shipment.cargo), (3, "tea"))
        self.assertEqual(self.Shipment.search_count([("name", "=", "A1")]), 1)

    def test_companies_are_worlds_apart(self):
        ours = self.ship("A1", customer={"ref": "C-1", "name": "Ours"})
        self.integrator.company_ids |= self.other_company
        shipments = self.Shipment.with_user(self.integrator).with_company(self.other_company)
        receipt = shipments.upsert([{"waybill": "A1", "customer": {"ref": "C-1", "name": "Theirs"}}])
        theirs = self.Shipment.browse(receipt["ids"]["A1"])
        self.assertNotEqual(theirs, ours)
        self.assertEqual(theirs.company_id, self.other_company)
        self.assertEqual(theirs.customer_id.name, "Theirs")
        self.assertEqual(ours.customer_id.name, "Ours")
        receipt = shipments.upsert([{"waybill": "A2", "customer_id": ours.customer_id.id}])
        self.assertEqual(self.rejected(receipt), (0, "customer_id"))

    # Names that must be known, and names that need not

    def test_every_bad_field_is_named_and_stops_nobody(self):
        self.ship("A1", carrier="SFT")
        self._carrier("Their Carrier", "THEIRS", company_id=self.other_company.id)
        for field, change in (
            ("waybill", {"waybill": " "}),
            ("waybill", {"waybill": 1.5}),
            ("carrier", {"carrier": "nobody"}),
            ("carrier", {"carrier": "THEIRS"}),
            ("service_level", {"service_level": "teleport"}),
            ("currency", {"currency": "XXZ"}),
            ("customer", {"customer": "C-1"}),
            ("customer.name", {"customer": {"ref": "no name"}}),
            ("customer.ref", {"customer": {"ref": ""}}),
            ("customer.ref", {"customer": {"name": "no key"}}),
            ("customer.street", {"customer": {"ref": "C-9", "street": "x"}}),
            ("customer_id", {"customer_id": 2_000_000_000}),
            ("customer_id", {"customer_id": "x"}),
            ("customer_id", {"customer_id": 1, "customer": {"ref": "C-1"}}),
            ("consignee", {"consignee": "somebody"}),
            ("consignee.planet", {"consignee": {"planet": "Mars"}}),
            ("consignee.country", {"consignee": {"country": "China"}}),
            ("consignee.name", {"consignee": {"name": "x" * 257}}),
            ("pieces", {"pieces": 1.5}),
            ("pieces", {"pieces": 3_000_000_000}),
            ("weight_kg", {"weight_kg": -1}),
            ("weight_kg", {"weight_kg": "heavy"}),
            ("volume_m3", {"volume_m3": "nan"}),
            ("declared_value", {"declared_value": 1e13}),
            ("freight", {"freight": True}),
            ("insured", {"insured": "yes"}),
            ("ordered_at", {"ordered_at": "2026-03-01"}),
            ("promised_at", {"promised_at": 5}),
            ("wieght", {"wieght": 5}),
        ):
            with self.subTest(change=change), self.undone():
                receipt = self.upsert({"waybill": "N1"}, {"waybill": "B1", **change}, {"waybill": "N2"})
                self.assertEqual(self.rejected(receipt), (1, field))
                self.assertEqual((receipt["created"], sorted(receipt["ids"])), (2, ["N1", "N2"]))
                [entry] = self.inbox("rejected")
                self.assertEqual((entry.kind, entry.field_name), ("shipment", field))
                self.assertEqual(entry.error, receipt["rejected"][0]["error"])

    def test_states_as_people_and_systems_write_them(self):
        guangdong = self.env.ref("base.state_cn_GD")
        for number, name in enumerate(
            ("广东", "广东省", "GD", "CN-GD", "gd", "Guangdong", " guangdong  Province", "粤")
        ):
            shipment = self.ship(f"S{number}", consignee={"state": name})
            self.assertEqual(shipment.destination_state_id, guangdong, name)
            self.assertEqual(shipment.destination_country_id, self.china)
        for name, state in (
            ("新疆", "XJ"),
            ("内蒙古", "NM"),
            ("Inner Mongolia", "NM"),
            ("上海市", "SH"),
            ("香港", "HK"),
        ):
            self.assertEqual(
                self.ship(f"S-{name}", shipper={"state": name}).origin_state_id, self.env.ref(f"base.state_cn_{state}")
            )
        texas = self.ship("S-TX", consignee={"state": "Texas", "country": "us"})
        self.assertEqual((texas.destination_state_id.code, texas.destination_country_id.code), ("TX", "US"))

    def test_a_state_that_we_do_not_know_is_kept_as_text(self):
        shipment = self.ship("A1", consignee={"state": "Gotham", "country": "US", "city": "Gotham City"})
        self.assertFalse(shipment.destination_state_id)
        self.assertEqual((shipment.consignee_state, shipment.consignee_city), ("Gotham", "Gotham City"))
        self.assertEqual(shipment.lane, "? → US")

    def test_phones_in_e164_where_they_can_be(self):
        for number, (phone, country, expected) in enumerate(
            (
                ("13800138000", None, "+8613800138000"),
                ("138-0013-8000", "CN", "+8613800138000"),
                ("+1 415 555 2671", "CN", "+14155552671"),
                ("(415) 555-2671", "US", "+14155552671"),
                ("call the guard", None, "call the guard"),
                ("110", None, "110"),
            )
        ):
            party = {"phone": phone, **({"country": country} if country else {})}
            self.assertEqual(self.ship(f"P{number}", consignee=party).consignee_phone, expected)

    def test_a_partys_reference_links_the_partner(self):
        partner = self.env["res.partner"].create({"name": "Wang", "ref": "W-1"})
        self.env["res.partner"].create({"name": "Theirs", "ref": "W-2", "company_id": self.other_company.id})
        shipment = self.ship("A1", consignee={"ref": "W-1"}, shipper={"ref": "W-2"})
        self.assertEqual(shipment.consignee_id, partner)
        self.assertFalse(shipment.shipper_id)

    # The promise

    def test_without_a_promise_the_service_level_promises(self):
        values = {"service_level": "Standard", "ordered_at": "2026-03-01T09:00:00+08:00"}
        self.assertEqual(self.ship("A1", **values).promised_at, datetime(2026, 3, 4, 1))
        self.assertEqual(
            self.ship("A2", **values, promised_at="2026-03-02T00:00:00Z").promised_at, datetime(2026, 3, 2)
        )
        self.assertFalse(self.ship("A3", **values, promised_at=None).promised_at)
        self.assertFalse(self.ship("A4", service_level="same_day").promised_at)

    def test_a_promise_that_was_made_stays_when_the_service_level_changes(self):
        shipment = self.ship("A1", service_level="standard", ordered_at="2026-03-01T00:00:00Z")
        self.upsert({"waybill": "A1", "service_level": "economy"})
        self.assertEqual(shipment.promised_at, datetime(2026, 3, 4))

    def test_an_own_service_level_comes_before_a_shared_one(self):
        own = self.env["logistics.service.level"].create(
            {"name": "Ours", "code": "standard", "company_id": self.company.id}
        )
        self.assertEqual(self.ship("A1", service_level="STANDARD").service_level_id, own)

    # The call as a whole

    def test_a_bad_call_gets_one_clear_error(self):
        shipments = self.Shipment.with_user(self.integrator)
        for rows in ({"waybill": "A1"}, "A1", None, 7):
            with self.subTest(rows=rows), self.assertRaisesRegex(UserError, "list of dictionaries"):
                shipments.upsert(rows)
        with self.assertRaisesRegex(UserError, "5001 rows; at most 5000"):
            shipments.upsert([{}] * 5001)
        with self.assertRaisesRegex(AccessError, "Integrator"):
            self.Shipment.with_user(self._user("plain")).upsert([{"waybill": "A1"}])

    def test_no_rows_is_an_empty_receipt(self):
        self.assertEqual(
            self.upsert(), {"received": 0, "created": 0, "updated": 0, "unchanged": 0, "rejected": [], "ids": {}}
        )

    def test_the_hook_hears_once_of_all(self):
        shipment = self.ship("A1")
        heard = []
        self.patch(
            type(self.Shipment),
            "_on_upserted",
            lambda model, created, updated: heard.append((model.browse(created).mapped("name"), updated)),
        )
        self.upsert(
            {"waybill": "A1", "pieces": 2}, {"waybill": "A2"}, {"waybill": "A3"}, {"waybill": "A3", "pieces": 2}
        )
        self.upsert({"waybill": "A1", "pieces": 2})
        self.assertEqual(heard, [(["A2", "A3"], [shipment.id])])

    def test_the_number_of_statements_does_not_depend_on_the_number_of_rows(self):
        shipments = self.Shipment.with_user(self.integrator)
        self.env["res.partner"].create({"name": "Known", "ref": "C-known", "company_id": self.company.id})

        def rows(size, start, pieces):
            return [
                {**FULL, "waybill": f"S{number}", "pieces": pieces, "customer": {"ref": "C-known"}}
                for number in range(start, start + size)
            ] + [{"waybill": f"S{number}", "carrier": "nobody"} for number in range(start, start + size)]

        def run(size, start):
            return (
                self.statements(shipments.upsert, rows(size, start, 1)),
                self.statements(shipments.upsert, rows(size, start, 2)),
            )

        run(1, 10_000)
        few, many = run(2, 20_000), run(200, 30_000)
        self.assertEqual(few, many)
        self.assertEqual(many, (20, 18))
