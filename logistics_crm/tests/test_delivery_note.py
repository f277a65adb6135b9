"""The printed delivery note."""

import re

from odoo.tests import freeze_time, tagged

from .common import NOW
from .courier_common import CourierCase, picture


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestDeliveryNote(CourierCase):
    def note(self, shipments, lang="en_US"):
        report = self.env["ir.actions.report"].with_user(self.agent).with_context(lang=lang)
        html, _type = report._render_qweb_html("logistics_crm.report_delivery_note", shipments.ids)
        return html.decode()

    def test_with_proof(self):
        shipment = self.out_for_delivery(
            cargo="玻璃器皿", pieces=3, shipper={"name": "Yiwu Glass"}, consignee={"street": "人民路 1 号"}
        )
        self.act(self.delivered(shipment, photos=[picture(), picture()]))
        html = self.note(shipment)
        for text in (
            "C1",
            "Yiwu Glass",
            "王芳",
            "玻璃器皿",
            "人民路 1 号",
            "Signed by",
            "Family",
            "Out for Delivery",
            "(UTC+8)",
        ):
            self.assertIn(text, html)
        # The barcode, the signature and two photos are part of the page itself: nothing is fetched to print it.
        pictures = re.findall(r'<img alt="(\w+)"[^>]*src="data:image/', html)
        self.assertEqual(sorted(pictures), ["Barcode", "Photo", "Photo", "Signature"])

    def test_before_the_delivery_it_is_to_be_signed(self):
        shipment = self.out_for_delivery()
        html = self.note(shipment)
        self.assertIn("Date and signature", html)
        self.assertNotIn("Signed by", html)

    def test_each_shipment_has_its_own(self):
        first, second = self.out_for_delivery(), self.out_for_delivery("C2")
        html = self.note(first | second)
        self.assertEqual(html.count("Delivery Note"), 2)
