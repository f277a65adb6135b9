"""The public page over HTTP: what a recipient sees, and what an attacker does not."""

import re
from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .page_common import PageCase, amid_a_window, picture

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)> & {{7*7}}"


@tagged("post_install", "-at_install")
class TestTrackingSearch(PageCase):
    def test_waybill_and_digits_lead_to_the_page(self):
        answer = self.search_for("PAGE0001", "5678")
        self.assertEqual(answer.status_code, 303)
        location = answer.headers["Location"]
        self.assertRegex(location, r"/track/[\w-]{38}$")
        page = self.get(re.search("/track/.*", location).group())
        self.assertEqual(page.status_code, 200)
        self.assertIn("PAGE0001", page.text)

    def test_each_visit_has_a_token_of_its_own(self):
        first, second = (self.search_for("PAGE0001", "5678").headers["Location"] for _visit in range(2))
        self.assertNotEqual(first, second)
        self.assertNotIn(self._path(self.shipment), (first, second))

    def test_typed_as_people_type(self):
        for waybill, digits in ((" page0001 ", "5678"), ("PAGE 0001", "56 78"), ("PAGE0001", "５６７８")):
            self.assertEqual(self.search_for(waybill, digits).status_code, 303, (waybill, digits))

    def test_unknown_waybill_and_wrong_digits_get_the_same_answer(self):
        def text(waybill, digits):
            answer = self.search_for(waybill, digits)
            self.assertEqual(answer.status_code, 200)
            return answer.text.replace(waybill, "WAYBILL") if waybill else answer.text

        wrong = text("PAGE0001", "0000")
        self.assertIn("No parcel was found", wrong)
        for waybill, digits in (("NOSUCH", "5678"), ("PAGE0001", ""), ("PAGE0001", "' OR 1=1"), ("PAGE%", "5678")):
            self.assertEqual(text(waybill, digits), wrong, (waybill, digits))

    def test_the_typed_waybill_is_text(self):
        answer = self.search_for('"><script>alert(1)</script>', "1234")
        self.assertNotIn("<script>alert", answer.text)

    def test_a_visitor_who_is_refused_leaves_the_tries_to_others(self):
        calls = []

        def allow(_model, scope, *_arguments):
            calls.append(scope)
            return False

        self.patch(type(self.env["logistics.rate.limit"]), "_allow", allow)
        self.assertEqual(self.search_for("PAGE0001", "5678").status_code, 429)
        self.assertEqual(calls, ["track.visitor"])

    def test_a_form_is_small(self):
        self.assertEqual(self.search_for("X" * 100_000, "5678").status_code, 413)

    def test_both_companies_parcels_are_found_without_naming_the_company(self):
        self.shipment.copy(
            {
                "name": "PAGE0001",
                "company_id": self.other_company.id,
                "carrier_id": False,
                "customer_id": False,
                "service_level_id": False,
                "consignee_phone": "+8613800009999",
            }
        )
        self.assertEqual(self.search_for("PAGE0001", "9999").status_code, 303)

    def test_two_parcels_with_the_same_waybill_and_digits_are_offered(self):
        self.shipment.copy({"name": "PAGE0001", "carrier_id": False, "consignee_phone": "+8613900005678"})
        answer = self.search_for("PAGE0001", "5678")
        self.assertEqual(answer.status_code, 200)
        links = re.findall(r"/track/[\w-]{38}", answer.text)
        self.assertEqual(len(set(links)), 2)
        for link in links:
            self.assertEqual(self.get(link).status_code, 200)

    @amid_a_window
    def test_guessing_digits_of_a_waybill_ends_soon(self):
        codes = [self.search_for("PAGE0001", f"{number:04}").status_code for number in range(12)]
        self.assertEqual(codes, [200] * 10 + [429] * 2)
        refused = self.search_for("PAGE0001", "5678")  # even with the right digits
        self.assertEqual(refused.status_code, 429)
        self.assertTrue(refused.headers["Retry-After"])
        self.assertEqual(self.search_for("page0001", "5678").status_code, 429, "however it is written")
        self.assertEqual(self.get(self._path(self.shipment)).status_code, 200, "the link from a message works on")

    @amid_a_window
    def test_trying_many_waybills_ends_soon(self):
        codes = [self.search_for(f"GUESS{number}", "5678").status_code for number in range(22)]
        self.assertEqual(codes, [200] * 20 + [429] * 2)


@tagged("post_install", "-at_install")
class TestTrackingPage(PageCase):
    def test_what_a_stranger_with_the_link_sees(self):
        self._deliver(self.shipment)
        text = self.get(self._path(self.shipment)).text
        for shown in ("PAGE0001", "Delivered", "张**", "138****5678", "杭州市", "广州分拨中心", "95338", "13700002222"):
            self.assertIn(shown, text)
        for hidden in ("张小三", "13812345678", "文三路", "李雷", "beware of the dog", "77.25", "Page Customer", "api"):
            self.assertNotIn(hidden, text.replace(self.company.name, ""))

    def test_nobody_needs_scripts_or_a_session(self):
        answer = self.get(self._path(self.shipment))
        self.assertNotIn("session_id", answer.headers.get("Set-Cookie", ""))
        self.assertNotRegex(answer.text, r"<script(?![^>]* src=\"/logistics_crm/)")
        self.assertNotRegex(answer.text, r"\son\w+=|style=")
        for url in re.findall(r'(?:src|href)="(/logistics_crm/[^"]+)"', answer.text):
            self.assertEqual(self.url_open(url).status_code, 200, url)

    def test_search_engines_and_other_sites_get_nothing(self):
        for path in ("/track", self._path(self.shipment), "/track/nonsense"):
            headers = self.get(path).headers
            self.assertIn("noindex", headers["X-Robots-Tag"])
            self.assertEqual(headers["Referrer-Policy"], "no-referrer")
            self.assertEqual(headers["Cache-Control"], "no-store")
            self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
            self.assertIn("frame-ancestors 'none'", headers["Content-Security-Policy"])
        self.assertIn('name="robots" content="noindex', self.get("/track").text)
        self.assertIn("Disallow: /", self.url_open("/robots.txt").text)

    def test_what_a_carrier_wrote_is_text(self):
        self._ingest(self.shipment, (1, "in_transit", {"description": EVIL, "location": EVIL, "hub": EVIL[:60]}))
        text = self.get(self._path(self.shipment)).text
        self.assertIn("&lt;script&gt;alert(1)&lt;/script&gt;", text)
        self.assertNotIn("<script>alert", text)
        self.assertNotIn("<img src=x", text)
        self.assertIn("{{7*7}}", text)

    def test_a_lost_link_tells_nothing(self):
        ended = self._path(self.shipment)
        self.env["logistics.tracking.link"].sudo().search([]).expires_at = fields.Datetime.now() - timedelta(hours=1)
        answers = {self.get(path).text.replace(path, "") for path in (ended, "/track/" + "A" * 38, "/track/x")}
        self.assertEqual(len(answers), 1)
        self.assertIn("does not work any more", answers.pop())

    def test_the_browsers_language(self):
        path = self._path(self.shipment)
        self.assertIn('<html lang="zh-CN">', self.get(path, **{"Accept-Language": "zh-Hans-CN,zh;q=0.9,en;q=0.5"}).text)
        self.assertIn('<html lang="en-US">', self.get(path, **{"Accept-Language": "en-GB,en;q=0.9"}).text)
        self.assertIn('<html lang="en-US">', self.get(path, **{"Accept-Language": "tlh"}).text)

    def test_the_switch_is_remembered(self):
        path = self._path(self.shipment)
        answer = self.get(path + "?lang=zh_CN", **{"Accept-Language": "en"})
        self.assertIn('<html lang="zh-CN">', answer.text)
        self.assertIn("tracking_lang=zh_CN", answer.headers["Set-Cookie"])
        self.assertIn('<html lang="zh-CN">', self.get(path, **{"Accept-Language": "en"}).text)
        self.assertNotIn("Set-Cookie", self.get(path + "?lang=xx_XX").headers)

    def test_times_are_those_of_the_destination(self):
        self.shipment.promised_at = "2031-03-01 16:30:00"  # the next day in China
        self.assertIn("Mar 2, 2031 00:30", self.get(self._path(self.shipment)).text)

    def test_a_delay_is_said(self):
        self.shipment.promised_at = fields.Datetime.now() - timedelta(days=1)
        self.assertIn('class="late"', self.get(self._path(self.shipment)).text)

    def test_proof_is_for_holders_of_the_link(self):
        photo = self._deliver(self.shipment)
        path = self._path(self.shipment)
        for part in (f"/photo/{photo.id}", "/signature"):
            answer = self.get(path + part)
            self.assertEqual(answer.status_code, 200, part)
            self.assertTrue(answer.headers["Content-Type"].startswith("image/"))
            self.assertEqual(answer.headers["Cache-Control"], "no-store")
            self.assertIn("noindex", answer.headers["X-Robots-Tag"])
        foreign = self._path(self.theirs)
        for wrong in (f"{foreign}/photo/{photo.id}", f"{foreign}/signature", f"/track/x/photo/{photo.id}"):
            self.assertEqual(self.get(wrong).status_code, 404, wrong)

    def test_other_files_of_the_shipment_are_no_proof(self):
        self._deliver(self.shipment)
        label = self.env["ir.attachment"].create(
            {"name": "label.png", "raw": picture("PNG"), "res_model": self.shipment._name, "res_id": self.shipment.id}
        )
        page = self.env["ir.attachment"].create({"name": "page.html", "raw": b"<script>alert(1)</script>"})
        self.shipment.sudo().proof_photo_ids = [(4, page.id)]
        for attachment in (label, page):
            self.assertEqual(self.get(f"{self._path(self.shipment)}/photo/{attachment.id}").status_code, 404)

    def test_proof_is_shown_after_the_delivery_only(self):
        photo = self.env["ir.attachment"].create({"name": "p.jpg", "raw": picture()})
        self.shipment.sudo().write({"proof_photo_ids": photo.ids, "signatory": "张小三"})
        self.assertEqual(self.get(f"{self._path(self.shipment)}/photo/{photo.id}").status_code, 404)
        self.assertNotIn("Proof of delivery", self.get(self._path(self.shipment)).text)

    def test_every_status_has_a_page_in_both_languages(self):
        path = self._path(self.shipment)
        self.env.flush_all()
        for status, label in self.shipment._fields["status"].selection:
            self.env.cr.execute("UPDATE logistics_shipment SET status = %s WHERE id = %s", (status, self.shipment.id))
            self.env.invalidate_all()
            for language in ("en", "zh"):
                answer = self.get(path, **{"Accept-Language": language})
                self.assertEqual(answer.status_code, 200, (status, language))
            self.assertIn(label, self.get(path, **{"Accept-Language": "en"}).text)


@tagged("post_install", "-at_install")
class TestTrackingRating(PageCase):
    def setUp(self):
        super().setUp()
        self._deliver(self.shipment)
        self.path = self._path(self.shipment)
        self.speed = self.env.ref("logistics_crm.rating_tag_speed")

    def rate(self, **data):
        return self.post(self.path + "/rate", data)

    def ratings(self):
        self.env.invalidate_all()
        return self.env["rating.rating"].search(
            [("res_model", "=", self.shipment._name), ("res_id", "=", self.shipment.id)]
        )

    def test_stars_with_reasons(self):
        answer = self.rate(stars="4", tags=[str(self.speed.id)], comment="  quick  ")
        self.assertEqual(answer.status_code, 303)
        [rating] = self.ratings()
        self.assertEqual((rating.rating, rating.feedback, rating.consumed), (4, "quick", True))
        self.assertEqual(rating.logistics_tag_ids, self.speed)
        self.assertEqual(self.shipment.rating_last_value, 4)
        self.assertEqual(rating.parent_res_id, self.carrier.id)
        self.assertIn("Your rating was saved", self.get(self.path + "?done=rate").text)

    def test_it_is_changed_and_stays_one(self):
        self.rate(stars="1", tags=[str(self.speed.id)])
        self.rate(stars="5", comment="arrived after all")
        [rating] = self.ratings()
        self.assertEqual((rating.rating, rating.logistics_tag_ids.ids), (5, []))
        visit = self.search_for("PAGE0001", "5678").headers["Location"]
        self.post(re.search("/track/.*", visit).group() + "/rate", {"stars": "3"})
        self.assertEqual(self.ratings().rating, 3, "another link to the same shipment changes the same rating")

    def test_after_a_week_it_stays(self):
        self.rate(stars="1")
        self.env.cr.execute("UPDATE rating_rating SET create_date = create_date - interval '8 days'")
        self.assertEqual(self.rate(stars="5").status_code, 422)
        self.assertEqual(self.ratings().rating, 1)
        self.assertNotIn('name="stars"', self.get(self.path).text)

    def test_no_nonsense(self):
        for stars in ("", "0", "6", "45", "-1", "NaN", "5; DROP"):
            self.assertEqual(self.rate(stars=stars).status_code, 422, stars)
        self.rate(stars="5", tags=["999999", "x", "-1"], comment=EVIL)
        self.assertFalse(self.ratings().logistics_tag_ids)
        self.assertNotIn("<script>alert", self.get(self.path).text)
        self.assertNotIn("<script>alert", self.shipment.message_ids[:1].body or "")

    def test_only_after_the_delivery(self):
        self.assertEqual(self.post(self._path(self.theirs) + "/rate", {"stars": "5"}).status_code, 422)
        self.assertEqual(self.post("/track/" + "A" * 38 + "/rate", {"stars": "5"}).status_code, 404)
