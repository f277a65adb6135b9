"""The portal: a customer's people see their shipments, and whoever tries finds no more than that."""

import csv
import io
import json
import re
from unittest.mock import patch

import openpyxl

from odoo.exceptions import AccessError
from odoo.http import Request
from odoo.tests import tagged

from .page_common import PageCase, amid_a_window, picture

PRIVATE = (
    "delivery_note",
    "delay_risk",
    "freight_amount",
    "courier_id",
    "message_ids",
    "rating_ids",
    "event_ids",
    "timeline",
)


@tagged("post_install", "-at_install")
class TestPortalShipments(PageCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sent = cls._shipment("PAGE0004", "+8613800004444", customer_id=cls.stranger.id, shipper_id=cls.customer.id)
        cls.elsewhere = cls._shipment(
            "PAGE0005", "+8613800005555", company_id=cls.other_company.id, carrier_id=False, customer_id=False
        )

    def setUp(self):
        super().setUp()
        self.authenticate("page_portal", "page_portal_password")

    def waybills(self, path):
        answer = self.get(path)
        self.assertEqual(answer.status_code, 200)
        return re.findall(r'href="/my/shipments/\d+"[^>]*>([^<]+)</a>', answer.text)

    # What belongs to a customer

    def test_shipper_or_payer(self):
        self.assertEqual(set(self.waybills("/my/shipments")), {"PAGE0001", "PAGE0004"})
        self.authenticate("page_foreign", "page_foreign_password")
        self.assertEqual(set(self.waybills("/my/shipments")), {"PAGE0002", "PAGE0004"})

    def test_people_below_the_company_count(self):
        branch = self.env["res.partner"].create({"name": "Branch", "parent_id": self.customer.id})
        self._shipment("PAGE0006", "+8613800006666", customer_id=False, shipper_id=branch.id)
        self.assertIn("PAGE0006", self.waybills("/my/shipments"))

    def test_the_card_at_home(self):
        self.assertIn("/my/shipments", self.get("/my/home").text)
        answer = self.url_open(
            "/my/counters", json={"id": 1, "jsonrpc": "2.0", "params": {"counters": ["shipment_count"]}}
        )
        self.assertEqual(answer.json()["result"]["shipment_count"], 2)

    def test_filters_search_sort_and_group(self):
        self._ingest(self.shipment, (2, "picked_up", {}), (1, "exception", {"reason": "damaged"}))
        self.sent.promised_at = "2020-01-01 00:00:00"
        self.assertEqual(self.waybills("/my/shipments?filterby=exception"), ["PAGE0001"])
        self.assertEqual(self.waybills("/my/shipments?filterby=late"), ["PAGE0004"])
        self.assertEqual(self.waybills("/my/shipments?filterby=delivered"), [])
        self.assertEqual(len(self.waybills("/my/shipments?filterby=open")), 2)
        self.assertEqual(self.waybills("/my/shipments?search=4444"), ["PAGE0004"])
        self.assertEqual(self.waybills("/my/shipments?search=0002"), [], "somebody else's")
        self.assertEqual(
            self.waybills("/my/shipments?search=张小三&search_in=people&sortby=waybill"), ["PAGE0001", "PAGE0004"]
        )
        self.assertEqual(self.waybills("/my/shipments?sortby=promised"), ["PAGE0004", "PAGE0001"])
        self.assertEqual(len(self.waybills("/my/shipments?groupby=status")), 2)
        self.assertEqual(len(self.waybills("/my/shipments?groupby=lane&sortby=last")), 2)

    def test_nonsense_in_the_url_is_ignored(self):
        query = "sortby=name;drop&filterby=__class__&groupby=customer_id&search_in=delivery_note&search=0001"
        self.assertEqual(self.waybills(f"/my/shipments?{query}"), ["PAGE0001"])
        self.assertEqual(len(self.waybills("/my/shipments/page/99999?sortby=delay_risk")), 2)
        self.assertEqual(self.get("/my/shipments/page/-3").status_code, 200)

    def test_pages(self):
        for number in range(45):
            self._shipment(f"PAGEX{number:03}", "+8613800007777")
        self.assertEqual(len(self.waybills("/my/shipments")), 40)
        self.assertEqual(len(self.waybills("/my/shipments/page/2")), 7)

    # One shipment

    def test_detail(self):
        photo = self._deliver(self.shipment)
        text = self.get(f"/my/shipments/{self.shipment.id}").text
        for shown in ("PAGE0001", "张小三", "西湖区文三路九号", "广州分拨中心", "77.25"):
            self.assertIn(shown, text)
        for hidden in ("beware of the dog",):
            self.assertNotIn(hidden, text)
        for part in (f"photo/{photo.id}", "signature"):
            self.assertEqual(self.get(f"/my/shipments/{self.shipment.id}/{part}").status_code, 200)

    def test_the_shipper_does_not_learn_what_the_payer_pays(self):
        self.assertNotIn("77.25", self.get(f"/my/shipments/{self.sent.id}").text)

    def test_others_shipments_do_not_exist(self):
        photo = self._deliver(self.theirs)
        token = self._path(self.theirs).rpartition("/")[2]
        for path in (
            f"/my/shipments/{self.theirs.id}",
            f"/my/shipments/{self.theirs.id}?access_token={token}",
            f"/my/shipments/{self.theirs.id}/photo/{photo.id}",
            f"/my/shipments/{self.theirs.id}/signature",
            f"/my/shipments/{self.elsewhere.id}",
            "/my/shipments/99999999",
            f"/my/shipments/{self.shipment.id}/photo/{photo.id}",
        ):
            self.assertEqual(self.get(path).status_code, 404, path)

    def test_without_login_there_is_nothing(self):
        self.authenticate(None, None)
        for path in ("/my/shipments", f"/my/shipments/{self.shipment.id}", "/my/shipments/export/csv"):
            answer = self.get(path)
            self.assertEqual(answer.status_code, 303)
            self.assertIn("/web/login", answer.headers["Location"])

    # Tickets

    def test_tickets_of_the_shipment_and_only_ours(self):
        ours, theirs = (
            self.env["helpdesk.ticket"].create(
                {
                    "name": f"Ticket of {partner.name}",
                    "description": "x",
                    "partner_id": partner.id,
                    "shipment_ids": [(6, 0, self.sent.ids)],
                }
            )
            for partner in (self.customer, self.stranger)
        )
        text = self.get(f"/my/shipments/{self.sent.id}").text
        self.assertIn(f"/my/ticket/{ours.id}", text)
        self.assertNotIn(theirs.number, text)
        self.assertNotIn("Ticket of Page Stranger", text)

    def report(self, shipment, **data):
        path = f"/my/shipments/{shipment.id}"
        kind = self.env.ref("logistics_crm.ticket_type_damaged")
        data = {"type_id": str(kind.id), "text": "box broken", "csrf_token": Request.csrf_token(self), **data}
        return self.post(path + "/report", data, [("photos", ("a.jpg", picture(), "image/jpeg"))])

    def test_a_report_becomes_a_ticket_of_whoever_reports(self):
        self.assertEqual(self.report(self.sent).status_code, 303)
        ticket = self.env["helpdesk.ticket"].search([("shipment_ids", "in", self.sent.ids)])
        self.assertEqual(ticket.partner_id, self.portal.partner_id)
        self.assertEqual(ticket.channel_id, self.env.ref("helpdesk_mgmt.helpdesk_ticket_channel_web"))
        self.assertIn(self.portal.partner_id, ticket.message_partner_ids)
        self.assertEqual(len(ticket.attachment_ids), 1)
        self.assertIn(ticket.number, self.get(f"/my/shipments/{self.sent.id}").text)

    def test_a_shipper_does_not_write_into_the_payers_ticket(self):
        self.report(self.sent)
        self.authenticate("page_foreign", "page_foreign_password")
        self.report(self.sent)
        tickets = self.env["helpdesk.ticket"].search([("shipment_ids", "in", self.sent.ids)])
        self.assertEqual(tickets.commercial_partner_id, self.customer | self.stranger)

    def test_no_report_on_others_shipments_nor_without_the_csrf_token(self):
        self.assertEqual(self.report(self.theirs).status_code, 404)
        self.assertEqual(self.report(self.shipment, csrf_token="").status_code, 400)
        self.assertFalse(
            self.env["helpdesk.ticket"].search([("shipment_ids", "in", (self.shipment | self.theirs).ids)])
        )

    # Files

    def rows(self, kind, query=""):
        answer = self.url_open(f"/my/shipments/export/{kind}?{query}")
        self.assertEqual(answer.status_code, 200)
        self.assertIn("attachment", answer.headers["Content-Disposition"])
        if kind == "csv":
            return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
        sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
        return [[cell.value for cell in row] for row in sheet.iter_rows()]

    def test_exports_hold_the_filtered_list_and_nothing_else(self):
        for kind in ("csv", "xlsx"):
            header, *rows = self.rows(kind)
            self.assertEqual({row[0] for row in rows}, {"PAGE0001", "PAGE0004"}, kind)
            freight = header.index("Freight")
            by_waybill = {row[0]: row[freight] for row in rows}
            self.assertEqual(float(by_waybill["PAGE0001"]), 77.25)
            self.assertFalse(by_waybill["PAGE0004"], "paid by somebody else")
            self.assertNotIn("beware", str(rows))
            self.assertEqual([row[0] for row in self.rows(kind, "search=4444")[1:]], ["PAGE0004"])
            self.assertEqual(len(self.rows(kind, "search=0002")), 1)
        self.assertEqual(self.get("/my/shipments/export/pdf").status_code, 404)

    def test_no_formula_leaves_in_a_file(self):
        self.shipment.consignee_name = '=HYPERLINK("http://evil.example","click")'
        header, *rows = self.rows("csv", "search=PAGE0001")
        self.assertTrue(rows[0][header.index("Consignee")].startswith("'="))
        answer = self.url_open("/my/shipments/export/xlsx?search=PAGE0001")
        sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
        self.assertEqual(sheet.cell(2, header.index("Consignee") + 1).data_type, "s")
        self.assertEqual(sheet.cell(2, header.index("Phone") + 1).value, "+8613812345678")

    def test_a_file_that_is_cut_says_so(self):
        with patch("odoo.addons.logistics_crm.controllers.portal_export.EXPORT_LIMIT", 1):
            rows = self.rows("csv")
        self.assertEqual(len(rows), 3)
        self.assertIn("Only the first 1 rows", rows[-1][0])

    @amid_a_window
    def test_exporting_without_end_ends(self):
        with patch("odoo.addons.logistics_crm.controllers.portal_export.EXPORTS_AN_HOUR", 2):
            codes = [self.get("/my/shipments/export/csv").status_code for _try in range(3)]
        self.assertEqual(codes, [200, 200, 429])

    # RPC as a portal user

    def test_rpc_reads_the_fields_of_ones_own_shipments_only(self):
        shipments = self.env["logistics.shipment"].with_user(self.portal)
        self.assertEqual(shipments.search([]), (self.shipment | self.sent).with_user(self.portal))
        values = shipments.browse(self.shipment.id).read()[0]
        self.assertEqual(values["consignee_phone"], "+8613812345678")
        self.assertIs(values["is_late"], False)
        self.assertFalse(set(PRIVATE) & values.keys())
        for name in PRIVATE:
            with self.assertRaises(AccessError, msg=name):
                shipments.browse(self.shipment.id).read([name])
        with self.assertRaises(AccessError):
            shipments.browse(self.theirs.id).read(["name"])
        self.assertFalse(set(PRIVATE) & shipments.fields_get().keys())

    def test_a_new_field_is_private_until_somebody_opens_it(self):
        shipment = self.shipment.with_user(self.portal)
        open_fields = {name for name, field in shipment._fields.items() if shipment._has_field_access(field, "read")}
        self.assertFalse([name for name in open_fields if shipment._has_field_access(shipment._fields[name], "write")])
        for name in ("picking_id", "sale_id", "consignee_id", "activity_ids", "signature", "ticket_ids", "rating_avg"):
            self.assertNotIn(name, open_fields)

    def test_searching_groups_and_orders_by_private_fields_is_refused(self):
        shipments = self.env["logistics.shipment"].with_user(self.portal)
        for attempt in (
            lambda: shipments.search([("delivery_note", "like", "dog")]),
            lambda: shipments.search([("delay_risk", ">", 0.1)]),
            lambda: shipments.search([], order="freight_amount"),
            lambda: shipments.search([("courier_id.login", "like", "a")]),
            lambda: shipments.search([("event_ids.raw_code", "like", "a")]),
            lambda: shipments.search([("message_ids.body", "like", "a")]),
            lambda: shipments.formatted_read_group([], ["courier_id"], ["__count"]),
            lambda: shipments.formatted_read_group([], [], ["freight_amount:sum"]),
            lambda: shipments.browse(self.shipment.id).web_read({"delivery_note": {}}),
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_related_records_are_no_way_in(self):
        shipments = self.env["logistics.shipment"].with_user(self.portal)
        # The carrier and the stranger are records that a portal user may not read.
        for domain in ([("customer_id.name", "=like", "Page Str%")], [("carrier_id.logistics_phone", "=", "95338")]):
            try:
                self.assertFalse(shipments.search(domain))
            except AccessError:
                continue
        with self.assertRaises(AccessError):
            self.env["logistics.tracking.event"].with_user(self.portal).search([])
        for model in ("logistics.tracking.link", "logistics.tracking.report", "logistics.hub", "logistics.reason"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(self.portal).search([])

    def test_nothing_can_be_written_or_run(self):
        shipment = self.shipment.with_user(self.portal)
        for attempt in (
            lambda: shipment.write({"consignee_name": "x"}),
            lambda: shipment.create({"name": "X"}),
            lambda: shipment.unlink(),
            lambda: shipment.copy(),
            lambda: shipment.action_cancel(),
            lambda: shipment.action_confirm(),
            lambda: shipment.message_post(body="x"),
            lambda: shipment.upsert([{"waybill": "X"}]),
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_what_colleagues_write_and_attach_is_not_read(self):
        message = self.shipment.message_post(body="he never pays", subtype_xmlid="mail.mt_comment")
        label = self.env["ir.attachment"].create(
            {"name": "label.png", "raw": picture("PNG"), "res_model": self.shipment._name, "res_id": self.shipment.id}
        )
        self.assertFalse(message.with_user(self.portal).has_access("read"))
        for path in (f"/web/content/{label.id}", f"/web/image/{label.id}"):
            answer = self.get(path)
            self.assertNotEqual(answer.content, label.raw, path)
        answer = self.url_open(
            "/mail/thread/messages",
            json={
                "id": 1,
                "jsonrpc": "2.0",
                "params": {"thread_model": self.shipment._name, "thread_id": self.shipment.id},
            },
        )
        self.assertNotIn("never pays", answer.text)

    def test_rpc_over_http(self):
        def call(method, *args):
            params = {"model": "logistics.shipment", "method": method, "args": args, "kwargs": {}}
            return self.url_open("/web/dataset/call_kw", json={"id": 1, "jsonrpc": "2.0", "params": params}).json()

        self.assertEqual({row["name"] for row in call("search_read", [], ["name"])["result"]}, {"PAGE0001", "PAGE0004"})
        self.assertIn("AccessError", json.dumps(call("read", [self.theirs.id], ["name"])))
        self.assertIn("AccessError", json.dumps(call("read", [self.shipment.id], ["delivery_note"])))
        for method in ("_find_for_visitor", "_get_tracking_url", "_rate_delivery", "_report_problem"):
            self.assertIn("error", call(method, [self.shipment.id]))
