"""A recipient reports a problem without logging in."""

import io
import re

from PIL import Image

from odoo.tests import tagged

from .page_common import PageCase, amid_a_window, picture

EVIL = "<b onclick=alert(1)>broken</b>"


@tagged("post_install", "-at_install")
class TestTrackingReport(PageCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.damaged = cls.env.ref("logistics_crm.ticket_type_damaged")
        cls.other = cls.env.ref("logistics_crm.ticket_type_other")
        cls.team = cls.env["helpdesk.ticket.team"].create({"name": "Page Team", "company_id": cls.company.id})
        cls.company.logistics_report_team_id = cls.team

    def setUp(self):
        super().setUp()
        self.path = self._path(self.shipment)

    def report(self, text="The box is crushed", problem_type=None, files=(), path=None, **data):
        data = {"type_id": str((problem_type or self.damaged).id), "text": text, **data}
        files = [("photos", file) for file in files] or None
        return self.post((path or self.path) + "/report", data, files)

    def tickets(self, shipment=None):
        self.env.invalidate_all()
        return self.env["helpdesk.ticket"].search([("shipment_ids", "in", (shipment or self.shipment).ids)])

    def test_it_becomes_a_ticket_with_photos(self):
        answer = self.report(
            contact="微信 zhang3", files=[("a.jpg", picture(), "image/jpeg"), ("b.png", picture("PNG"), "image/png")]
        )
        self.assertEqual(answer.status_code, 303)
        [ticket] = self.tickets()
        self.assertEqual(ticket.company_id, self.company)
        self.assertEqual(ticket.team_id, self.team)
        self.assertEqual(ticket.partner_id, self.customer)
        self.assertEqual(ticket.type_id, self.damaged)
        self.assertEqual(ticket.channel_id, self.env.ref("logistics_crm.ticket_channel_tracking"))
        self.assertEqual(ticket.category_id, self.env.ref("logistics_crm.ticket_category_shipment"))
        self.assertTrue(ticket.stage_id)
        self.assertFalse(ticket.user_id)
        self.assertIn("PAGE0001", ticket.name)
        self.assertIn("The box is crushed", ticket.description)
        self.assertIn("微信 zhang3", ticket.description)
        self.assertEqual(ticket.attachment_ids.mapped("mimetype"), ["image/jpeg"] * 2)
        page = self.get(re.search("/track/.*", answer.headers["Location"]).group()).text
        self.assertIn("Your report was received", page)
        self.assertIn(ticket.number, page)

    def test_sent_twice_it_is_one_ticket(self):
        for _click in range(3):
            self.assertEqual(self.report(files=[("a.jpg", picture(), "image/jpeg")]).status_code, 303)
        self.assertEqual(len(self.tickets()), 1)
        self.assertEqual(len(self.tickets().attachment_ids), 1)
        self.assertEqual(len(self.env["logistics.tracking.report"].search([("shipment_id", "=", self.shipment.id)])), 1)

    def test_more_about_the_same_goes_to_the_open_ticket(self):
        self.report()
        self.report("And the glass inside is broken too", files=[("b.jpg", picture(), "image/jpeg")])
        [ticket] = self.tickets()
        self.assertIn("glass inside", str(ticket.message_ids.mapped("body")))
        self.assertEqual(len(ticket.attachment_ids), 1)

    def test_another_problem_is_another_ticket(self):
        self.report()
        self.report(problem_type=self.other)
        self.assertEqual(len(self.tickets()), 2)

    def test_after_the_ticket_was_closed_the_same_words_are_a_new_one(self):
        self.report()
        self.tickets().stage_id = self.env.ref("helpdesk_mgmt.helpdesk_ticket_stage_done")
        self.report()
        self.assertEqual(len(self.tickets()), 2)

    def test_the_parcels_company_not_the_visitors(self):
        theirs = self._shipment(
            "PAGE0003", "+8613812345678", company_id=self.other_company.id, carrier_id=False, customer_id=False
        )
        self.report(path=self._path(theirs))
        ticket = self.tickets(theirs)
        self.assertEqual((ticket.company_id, ticket.team_id), (self.other_company, self.team.browse()))

    def test_what_was_written_is_text(self):
        self.report(EVIL, contact=EVIL)
        self.assertNotIn("<b onclick", self.tickets().description)
        self.assertIn("&lt;b onclick", self.tickets().description)

    def test_photos_are_painted_anew(self):
        exif = Image.Exif()
        exif[0x010E] = "SECRET PLACE"
        source = picture(exif=exif, comment=b"SECRET COMMENT") + b"<?php SECRET"
        self.report(files=[("a.jpg", source, "image/jpeg")])
        photo = self.tickets().attachment_ids.raw
        self.assertNotIn(b"SECRET", photo)
        self.assertEqual(Image.open(io.BytesIO(photo)).format, "JPEG")

    def test_what_is_no_photo_is_refused_and_the_words_are_kept(self):
        for content, name in (
            (b"<html><script>alert(1)</script></html>", "a.jpg"),
            (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "a.svg"),
            (b"%PDF-1.7", "a.pdf"),
            (picture()[:200], "cut.jpg"),
            (b"\xff\xd8\xff" + b"\x00" * 100, "broken.jpg"),
            (b"", "empty.jpg"),
        ):
            answer = self.report("my words", files=[(name, content, "image/jpeg")])
            self.assertEqual(answer.status_code, 422, name)
            self.assertIn("my words", answer.text)
        self.assertFalse(self.tickets())

    def test_too_many_or_too_large(self):
        photo = ("a.jpg", picture(), "image/jpeg")
        self.assertEqual(self.report(files=[photo] * 6).status_code, 422)
        large = ("l.jpg", picture() + b"\0" * (10 * 1024 * 1024), "image/jpeg")
        self.assertEqual(self.report(files=[large]).status_code, 422)
        huge = ("h.jpg", b"\xff\xd8\xff" + b"\0" * (61 * 1024 * 1024), "image/jpeg")
        self.assertEqual(self.report(files=[huge]).status_code, 413)
        self.assertFalse(self.tickets())

    def test_nothing_said_is_no_report(self):
        self.assertEqual(self.report("   ").status_code, 422)
        hidden = self.damaged.copy({"name": "Internal", "on_tracking_page": False})
        self.assertEqual(self.report(problem_type=hidden).status_code, 422)
        for type_id in ("", "0", "x", "1 OR 1"):
            self.assertEqual(self.post(self.path + "/report", {"type_id": type_id, "text": "x"}).status_code, 422)
        self.assertFalse(self.tickets())

    def test_without_the_token_nothing_is_reported(self):
        for path in ("/track/" + "A" * 38, "/track/x"):
            self.assertEqual(self.report(path=path).status_code, 404)

    @amid_a_window
    def test_flooding_ends(self):
        codes = [self.report(f"again {number}").status_code for number in range(12)]
        self.assertEqual(codes, [303] * 10 + [429] * 2)
        self.assertEqual(len(self.tickets()), 1)

    def test_colleagues_read_it_in_their_language(self):
        self.company.partner_id.lang = "en_US"
        self.post(
            self.path + "/report",
            {"type_id": str(self.damaged.id), "text": "箱子破了", "contact": "1"},
            **{"Accept-Language": "zh-CN"},
        )
        ticket = self.tickets()
        self.assertTrue(ticket.name.startswith("Damaged"))
        self.assertIn("How to reach the recipient", ticket.description)
