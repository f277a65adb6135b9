"""A transfer with a carrier has its shipments by itself, and shows how they travel."""

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import TrackingCase, event


@tagged("post_install", "-at_install")
class TestPickings(TrackingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.warehouse = cls.env["stock.warehouse"].search([("company_id", "=", cls.company.id)], limit=1)
        cls.warehouse.partner_id = cls.env["res.partner"].create(
            {
                "name": "Test Warehouse",
                "city": "杭州",
                "state_id": cls.env.ref("base.state_cn_ZJ").id,
                "country_id": cls.china.id,
            }
        )
        cls.customer = cls.env["res.partner"].create({"name": "Yunfan", "is_company": True})
        cls.consignee = cls.env["res.partner"].create(
            {
                "name": "王小明",
                "parent_id": cls.customer.id,
                "type": "delivery",
                "phone": "138 0013 8000",
                "street": "示例路 1 号",
                "street2": "2 室",
                "city": "深圳",
                "zip": "518000",
                "state_id": cls.env.ref("base.state_cn_GD").id,
                "country_id": cls.china.id,
            }
        )
        cls.product = cls.env["product.product"].create(
            {"name": "Box", "type": "consu", "is_storable": True, "weight": 3, "list_price": 90}
        )
        cls.worker = cls._user("stock_worker", "stock.group_stock_user", "base.group_partner_manager")

    def picking(self, picking_type=None, company=None, **values):
        picking_type = picking_type or self.warehouse.out_type_id
        return self.env["stock.picking"].create(
            {
                "partner_id": self.consignee.id,
                "picking_type_id": picking_type.id,
                "location_id": picking_type.default_location_src_id.id,
                "location_dest_id": picking_type.default_location_dest_id.id
                or self.env.ref("stock.stock_location_customers").id,
                "move_ids": [
                    (
                        0,
                        0,
                        {
                            "product_id": self.product.id,
                            "product_uom_qty": 2,
                            "location_id": picking_type.default_location_src_id.id,
                            "location_dest_id": picking_type.default_location_dest_id.id
                            or self.env.ref("stock.stock_location_customers").id,
                        },
                    )
                ],
                **values,
            }
        )

    def test_one_shipment_a_waybill(self):
        picking = self.picking(carrier_id=self.sf.id, carrier_price=20)
        self.assertFalse(picking.shipment_ids)
        picking.carrier_tracking_ref = "SF1, SF2"
        one, two = picking.shipment_ids.sorted("name")
        self.assertEqual((one.name, two.name), ("SF1", "SF2"))
        for shipment in (one, two):
            self.assertEqual((shipment.carrier_id, shipment.company_id), (self.sf, self.company))
            self.assertEqual((shipment.customer_id, shipment.consignee_id), (self.customer, self.consignee))
            self.assertEqual(shipment.consignee_phone, "+8613800138000")
            self.assertEqual(shipment.consignee_street, "示例路 1 号, 2 室")
            self.assertEqual(shipment.lane, "浙江省 → 广东省")
            self.assertEqual(shipment.shipper_name, "Test Warehouse")
        self.assertEqual(picking.shipment_count, 2)

    def test_shipments_made_together_share_weight_and_freight(self):
        """Each of two parcels weighed and cost what both did: totals by carrier came out twice too high."""
        picking = self.picking(carrier_id=self.sf.id, carrier_price=20)
        picking.carrier_tracking_ref = "SF1,SF2"
        self.assertEqual(picking.shipment_ids.mapped("weight"), [3, 3])
        self.assertEqual(picking.shipment_ids.mapped("freight_amount"), [10, 10])

    def test_a_picking_that_comes_with_its_waybill(self):
        picking = self.picking(carrier_id=self.sf.id, carrier_tracking_ref="SF1")
        self.assertEqual(picking.shipment_ids.name, "SF1")

    def test_no_carrier_or_no_waybill_is_no_shipment(self):
        picking = self.picking(carrier_tracking_ref="SF1")
        self.assertFalse(picking.shipment_ids)
        picking.carrier_id = self.sf
        self.assertEqual(picking.shipment_ids.name, "SF1")
        picking.write({"carrier_tracking_ref": "SF1"})
        self.assertEqual(len(picking.shipment_ids), 1)

    def test_another_waybill_later_is_another_shipment(self):
        picking = self.picking(carrier_id=self.sf.id, carrier_tracking_ref="SF1")
        first = picking.shipment_ids
        picking.carrier_tracking_ref = "SF1；SF2"
        self.assertEqual(picking.shipment_ids.sorted("name").mapped("name"), ["SF1", "SF2"])
        self.assertIn(first, picking.shipment_ids)

    def test_a_shipment_that_came_first_is_adopted(self):
        shipment = self.ship("SF1", carrier="SFT", weight_kg=9, consignee={"name": "As the TMS says"})
        self.ingest(event("SF1", 0, "picked_up"))
        picking = self.picking(carrier_id=self.sf.id, carrier_tracking_ref="SF1")
        self.assertEqual(picking.shipment_ids, shipment)
        self.assertEqual((shipment.weight, shipment.consignee_name), (9, "As the TMS says"))
        self.assertEqual(picking.shipment_status, "picked_up")

    def test_another_pickings_and_another_carriers_shipment_stay_theirs(self):
        first = self.picking(carrier_id=self.sf.id, carrier_tracking_ref="SF1")
        second = self.picking(carrier_id=self.sf.id, carrier_tracking_ref="SF1")
        third = self.picking(carrier_id=self.yunda.id, carrier_tracking_ref="SF1")
        self.assertEqual(first.shipment_ids.name, "SF1")
        self.assertFalse(second.shipment_ids)
        self.assertEqual(third.shipment_ids.carrier_id, self.yunda)

    def test_of_the_steps_of_a_delivery_the_last_has_the_shipment(self):
        """A label's waybill is written to pick, pack and ship at once; the shipment went to the pick."""
        ship = self.picking(carrier_id=self.sf.id)
        pick = self.picking(self.warehouse.int_type_id, carrier_id=self.sf.id)
        (ship | pick).carrier_tracking_ref = "SF1"
        self.assertEqual(ship.shipment_ids.name, "SF1")
        self.assertFalse(pick.shipment_ids)

    def test_the_last_step_takes_over_the_shipment_of_an_earlier_one(self):
        pick = self.picking(self.warehouse.int_type_id, carrier_id=self.sf.id, carrier_tracking_ref="SF1")
        self.assertEqual(pick.shipment_ids.name, "SF1")
        ship = self.picking()
        ship.write({"carrier_id": self.sf.id, "carrier_tracking_ref": "SF1"})
        self.assertEqual(ship.shipment_ids.name, "SF1")

    def test_events_that_waited_for_the_waybill_are_placed(self):
        self.ingest(event("SF1", 0, "picked_up"))
        picking = self.picking(carrier_id=self.sf.id, carrier_tracking_ref="SF1")
        self.assertEqual(picking.shipment_ids.status, "picked_up")

    def test_the_parcel_that_is_furthest_behind_speaks_for_the_picking(self):
        picking = self.picking(carrier_id=self.sf.id, carrier_tracking_ref="SF1 SF2")
        self.ingest(event("SF1", 0, "delivered"), event("SF2", 1, "departed"))
        self.env.invalidate_all()
        self.assertEqual(picking.shipment_status, "departed")
        self.assertEqual([item["status"] for item in picking.shipment_timeline], ["departed"])
        self.ingest(event("SF2", 2, "delivered"))
        self.env.invalidate_all()
        self.assertEqual(picking.shipment_status, "delivered")

    def test_an_order_gives_customer_promise_and_value(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "partner_shipping_id": self.consignee.id,
                "warehouse_id": self.warehouse.id,
                "company_id": self.company.id,
                "commitment_date": "2026-03-15 10:00:00",
                "order_line": [
                    (0, 0, {"product_id": self.product.id, "product_uom_qty": 2, "price_unit": 90, "tax_ids": False})
                ],
            }
        )
        order.action_confirm()
        picking = order.picking_ids
        picking.write({"carrier_id": self.sf.id, "carrier_tracking_ref": "SF1"})
        shipment = picking.shipment_ids
        self.assertEqual((shipment.sale_id, shipment.customer_id), (order, self.customer))
        self.assertEqual(shipment.declared_value, 180)
        self.assertEqual(str(shipment.promised_at), "2026-03-15 10:00:00")
        self.assertEqual(order.shipment_count, 1)
        seller = self._user("seller", "sales_team.group_sale_salesman_all_leads")
        self.assertEqual(order.with_user(seller).shipment_count, 1)

    def test_a_worker_without_rights_on_shipments_prints_labels_and_sees_the_journey(self):
        picking = self.picking(carrier_id=self.sf.id).with_user(self.worker)
        with self.assertRaises(AccessError):
            self.Shipment.with_user(self.worker).search([])
        with Form(picking) as form:
            form.carrier_tracking_ref = "SF1"
        self.ingest(event("SF1", 0, "picked_up", hub="Wuhan Hub"))
        self.env.invalidate_all()
        self.assertEqual(picking.shipment_count, 1)
        self.assertEqual(picking.shipment_status, "picked_up")
        self.assertEqual(picking.shipment_timeline[0]["hub"], "Wuhan Hub")
        picking.button_validate()

    def test_each_company_has_its_own(self):
        theirs = self.Shipment.with_company(self.other_company).create({"name": "SF1", "carrier_id": self.sf.id})
        picking = self.picking(carrier_id=self.sf.id)
        # Who writes works in the other company just now.
        env = self.env(context={"allowed_company_ids": (self.other_company + self.company).ids})
        picking.with_env(env).carrier_tracking_ref = "SF1"
        self.assertEqual(picking.shipment_ids.company_id, self.company)
        self.assertFalse(theirs.picking_id)
