"""The courier's routes over HTTP: who gets in, and what they answer."""

import uuid

from odoo.tests import HttpCase, JsonRpcException, new_test_user, tagged

from .courier_common import picture

PAGE = "/logistics/courier"


@tagged("post_install", "-at_install")
class TestCourierRoutes(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        group = "base.group_user,logistics_crm.group_logistics_courier"
        cls.courier = new_test_user(cls.env, login="test_courier", groups=group, name="陈快递", lang="zh_CN")
        new_test_user(cls.env, login="test_plain", groups="base.group_user")
        new_test_user(cls.env, login="test_agent", groups="logistics_crm.group_logistics_agent")
        new_test_user(cls.env, login="test_portal", groups="base.group_portal")
        cls.shipment = cls.env["logistics.shipment"].create(
            {"name": "HTTP1", "courier_id": cls.courier.id, "promised_at": "2020-01-01"}
        )

    def rpc(self, route, **params):
        return self.make_jsonrpc_request(f"{PAGE}/{route}", params)

    def report(self, **values):
        return {
            "key": str(uuid.uuid4()),
            "kind": "delivered",
            "shipment_id": self.shipment.id,
            "happened_at": "2020-01-02T08:00:00Z",
            "photos": [picture()],
            **values,
        }

    def test_courier(self):
        self.authenticate("test_courier", "test_courier")
        page = self.url_open(PAGE)
        self.assertEqual(page.status_code, 200)
        self.assertEqual(page.headers["Cache-Control"], "no-store")
        self.assertIn(f'"uid": {self.courier.id}', page.text)
        answer = self.rpc("shipments")
        self.assertEqual([card["waybill"] for card in answer["shipments"]], ["HTTP1"])
        self.assertIn("recipient_absent", [reason["code"] for reason in answer["reasons"]["failed"]])
        self.assertIn("damaged", [reason["code"] for reason in answer["reasons"]["exception"]])
        payload = self.report()
        first = self.rpc("act", action=payload)
        self.assertEqual(first["state"], "done")
        self.assertEqual(self.rpc("act", action=payload), first)
        answer = self.rpc("shipments")
        self.assertEqual((answer["shipments"], [entry["waybill"] for entry in answer["done"]]), ([], ["HTTP1"]))

    def test_nobody_else(self):
        for login in ("test_plain", "test_agent", "test_portal"):
            with self.subTest(login=login):
                self.authenticate(login, login)
                self.assertEqual(self.url_open(PAGE).status_code, 403)
                for route, params in (("shipments", {}), ("act", {"action": self.report()})):
                    with self.assertRaises(JsonRpcException):
                        self.rpc(route, **params)
        self.logout()
        page = self.url_open(PAGE, allow_redirects=False)
        self.assertEqual(page.status_code, 303)
        self.assertIn("/web/login", page.headers["Location"])
        with self.assertRaises(JsonRpcException):
            self.rpc("act", action=self.report())
        self.assertEqual(self.shipment.status, "created")

    def test_parts_of_the_page(self):
        worker = self.url_open(f"{PAGE}/sw.js")
        self.assertIn("javascript", worker.headers["Content-Type"])
        self.assertEqual(worker.headers["Service-Worker-Allowed"], PAGE)
        manifest = self.url_open(f"{PAGE}/manifest.webmanifest").json()
        self.assertEqual((manifest["start_url"], manifest["display"]), (PAGE, "standalone"))

    def test_a_body_too_large_is_not_read(self):
        self.authenticate("test_courier", "test_courier")
        with self.assertRaisesRegex(JsonRpcException, "TooLarge"):
            self.rpc("act", action=self.report(note="x" * 25 * 1024 * 1024))
