"""What the tests of the tracking page and the portal share: a company, its parcels, a visitor and attackers."""

import io
from datetime import date, timedelta

from PIL import Image

from odoo import fields
from odoo.tests import HttpCase, freeze_time, new_test_user, tagged

# Tries are counted in windows of time; in the middle of one, a test that counts them does not cross its end.
amid_a_window = freeze_time(f"{date.today()} 12:05:00")


def picture(fmt="JPEG", size=(640, 480), color="#b07040", **options):
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, fmt, **options)
    return out.getvalue()


@tagged("post_install", "-at_install")
class PageCase(HttpCase):
    """Two companies; a customer with a portal user, and a stranger's company with another."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True, "no_reset_password": True})
        for code in ("en_US", "zh_CN"):
            cls.env["res.lang"]._activate_lang(code)
        cls.env["logistics.rate.limit"].sudo().search([]).unlink()  # a kept database may be in use elsewhere
        cls.china = cls.env.ref("base.cn")
        cls.company = cls.env.ref("base.main_company")
        cls.other_company = cls.env["res.company"].create({"name": "Page Other Express", "country_id": cls.china.id})
        cls.env.user.company_ids |= cls.other_company
        partners = cls.env["res.partner"]
        cls.customer = partners.create({"name": "Page Customer", "is_company": True, "email": "c@page.example"})
        cls.stranger = partners.create({"name": "Page Stranger", "is_company": True})
        cls.portal = cls._portal_user("page_portal", cls.customer)
        cls.foreign = cls._portal_user("page_foreign", cls.stranger)
        cls.carrier = cls.env["delivery.carrier"].create(
            {
                "name": "Page Carrier",
                "logistics_phone": "95338",
                "product_id": cls.env["product.product"].create({"name": "Page freight", "type": "service"}).id,
            }
        )
        cls.shipment = cls._shipment("PAGE0001", "+8613812345678")
        cls.theirs = cls._shipment("PAGE0002", "+8613900001111", customer_id=cls.stranger.id)

    @classmethod
    def _portal_user(cls, login, parent):
        user = new_test_user(cls.env, login=login, groups="base.group_portal", password=login + "_password")
        user.partner_id.parent_id = parent
        return user

    @classmethod
    def _shipment(cls, waybill, phone, **values):
        return cls.env["logistics.shipment"].create(
            {
                "name": waybill,
                "company_id": cls.company.id,
                "customer_id": cls.customer.id,
                "carrier_id": cls.carrier.id,
                "shipper_name": "李雷",
                "shipper_phone": "+8613900000000",
                "consignee_name": "张小三",
                "consignee_phone": phone,
                "consignee_street": "西湖区文三路九号",
                "consignee_city": "杭州市",
                "destination_country_id": cls.china.id,
                "promised_at": fields.Datetime.now() + timedelta(days=1),
                "delivery_note": "beware of the dog",
                "freight_amount": 77.25,
                **values,
            }
        )

    @classmethod
    def _ingest(cls, shipment, *events):
        """Events as (hours ago, status, further keys)."""
        now = fields.Datetime.now()
        rows = [
            {
                "waybill": shipment.name,
                "carrier": shipment.carrier_id.name,
                "status": status,
                "occurred_at": f"{(now - timedelta(hours=hours) + timedelta(hours=8)).isoformat()}+08:00",
                **values,
            }
            for hours, status, values in events
        ]
        receipt = cls.env["logistics.tracking.event"].with_company(shipment.company_id).sudo().ingest(rows)
        assert receipt["created"] == len(rows), receipt

    @classmethod
    def _deliver(cls, shipment):
        cls._ingest(
            shipment,
            (30, "picked_up", {"hub": "广州分拨中心"}),
            (20, "in_transit", {}),
            (3, "out_for_delivery", {"description": "快递员 13700002222 正在派送"}),
            (1, "delivered", {"description": "已签收,签收人:张小三 13812345678"}),
        )
        photo = cls.env["ir.attachment"].create(
            {"name": "proof.jpg", "raw": picture(), "res_model": shipment._name, "res_id": shipment.id}
        )
        shipment.sudo().write(
            {"signatory": "张小三", "signature": _base64(picture("PNG")), "proof_photo_ids": photo.ids}
        )
        return photo

    @classmethod
    def _path(cls, shipment):
        """/track/<token> as a message would carry it."""
        return "/track/" + shipment._get_tracking_url()[shipment.id].rpartition("/")[2]

    def get(self, path, **headers):
        return self.url_open(path, headers=headers, allow_redirects=False)

    def post(self, path, data=None, files=None, **headers):
        return self.url_open(path, data=data or {"_": ""}, files=files, headers=headers, allow_redirects=False)

    def search_for(self, waybill, digits):
        return self.post("/track", {"waybill": waybill, "digits": digits})


def _base64(content):
    import base64

    return base64.b64encode(content)
