"""Setting a source up: address, secrets, field map, carriers, and trying a sample."""

import json
import re

from psycopg2 import IntegrityError

from odoo.exceptions import ValidationError
from odoo.tests import Form, TransactionCase, tagged
from odoo.tools import mute_logger

from . import webhook_common as common
from .webhook_common import WEBHOOK_SECRET, SourceMixin


@tagged("post_install", "-at_install")
class TestWebhookSources(SourceMixin, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_up_webhooks()
        cls.manager = cls.person("source-manager", "group_logistics_manager")

    def test_set_up_in_the_form_as_a_manager(self):
        with Form(self.Source.with_user(self.manager)) as form:
            form.name = "AfterShip"
            form.code = "aftership-own"
            form.dialect = "aftership"
            self.assertEqual(form.map_source_id, self.env.ref("logistics_crm.source_aftership"))
            form.webhook_enabled = True
        source = form.record
        self.assertEqual(source.company_id, self.company)
        self.assertTrue(source.webhook_url.endswith("/logistics/webhook/" + source.webhook_token))
        self.assertIn("secret", source.webhook_problem)
        source.secret = "x"
        self.assertFalse(source.webhook_problem)
        token = source.webhook_token
        source.action_renew_webhook_token()
        self.assertNotEqual(source.webhook_token, token)
        self.assertIsNone(self.Source._webhook_target(token))
        self.assertTrue(self.Source._webhook_target(source.webhook_token))
        source.webhook_enabled = False
        source.webhook_enabled = True
        self.assertTrue(self.Source._webhook_target(source.webhook_token), "the address outlives a pause")

    def test_what_receives_belongs_to_one_company(self):
        with self.assertRaisesRegex(ValidationError, "every company"):
            self.env.ref("logistics_crm.source_aftership").write({"webhook_enabled": True, "dialect": "aftership"})
        with self.assertRaisesRegex(ValidationError, "dialect"):
            self.source(dialect=False)

    def test_new_secrets(self):
        source = self.source(dialect="standard_webhooks", secret=WEBHOOK_SECRET)
        source.action_new_secret()
        self.assertTrue(source.secret.startswith("whsec_"))
        self.assertEqual(source.previous_secret, WEBHOOK_SECRET)
        self.assertEqual(len(source._dialect().secrets), 2)
        source.action_forget_previous_secret()
        self.assertEqual(source._dialect().secrets, [source.secret])

    def test_a_set_up_that_cannot_work_is_refused_with_the_reason(self):
        plain = self.source(**common.PLAIN_MAP)
        standard = self.source(dialect="standard_webhooks", secret=WEBHOOK_SECRET)
        line = plain.field_line_ids[0]
        for record, values, words in (
            (standard, {"secret": "whsec_"}, "whsec_"),
            (plain, {"events_path": "data..traces"}, "dotted path"),
            (plain, {"date_pattern": "%Q"}, "date format"),
            (plain, {"date_pattern": False}, "pattern"),
            (line, {"path": "a..b"}, "dotted path"),
        ):
            with self.subTest(values), self.assertRaisesRegex(ValidationError, words), self.env.cr.savepoint():
                record.write(values)
                self.env.flush_all()

    def test_a_carrier_that_cannot_be_told_from_another_is_refused(self):
        product = self.env["product.product"].create({"name": "Carriage", "type": "service"})
        first, second = self.env["delivery.carrier"].create([{"name": "Twin", "product_id": product.id}] * 2)
        source = self.source(**common.PLAIN_MAP)
        lines = self.env["logistics.tracking.source.carrier"]
        outcomes = []
        for carrier in (first, second):
            try:
                with self.env.cr.savepoint():
                    lines.create({"source_id": source.id, "slug": f"twin-{carrier.id}", "carrier_id": carrier.id})
                outcomes.append(True)
            except ValidationError as error:
                self.assertIn("Carrier Code", str(error))
                outcomes.append(False)
        self.assertEqual(sorted(outcomes), [False, True])
        second.logistics_code, first.logistics_code = "TWIN2", "TWIN1"
        lines.create({"source_id": source.id, "slug": "twin-b", "carrier_id": second.id})

    def try_sample(self, source, sample):
        sample = sample if isinstance(sample, str) else json.dumps(sample)
        wizard = (
            self.env["logistics.webhook.try"].with_user(self.manager).create({"source_id": source.id, "sample": sample})
        )
        return str(wizard.result)

    def test_trying_a_sample_stores_nothing(self):
        source = self.source(**common.PLAIN_MAP)
        [shipment] = self.ship("TRY-1")
        result = self.try_sample(source, common.plain_body("TRY-1"))
        for word in ("TRY-1", "2026-03-02T10:00:00+08:00", "KB01", "已到达杭州分拨中心", "Goes into the log"):
            self.assertIn(word, result)
        self.assertIn("no shipment has this waybill", self.try_sample(source, common.plain_body("TRY-2")))
        self.assertIn("KB77", self.try_sample(source, common.plain_body("TRY-1", code="KB77")))
        self.assertIn("data.traces", self.try_sample(source, {"data": {}}))
        self.assertIn("JSON", self.try_sample(source, "{"))
        broken = common.plain_body("TRY-1")
        broken["data"]["traces"][0]["time"] = "noon"
        self.assertIn("ISO 8601", self.try_sample(source, broken))
        self.assertFalse(shipment.event_ids or self.deliveries(source) or self.open_entries(source))

    def test_a_sample_is_text_and_never_markup(self):
        source = self.source(**common.PLAIN_MAP)
        evil = "<img src=x onerror=alert(1)>"
        body = common.plain_body(evil, code=evil)
        body["data"]["traces"][0]["text"] = evil
        for sample in (body, {"data": evil}, evil):
            self.assertNotIn("<img", self.try_sample(source, sample))

    def test_one_line_a_field(self):
        source = self.source(**common.PLAIN_MAP)
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
            source.field_line_ids = [(0, 0, {"field": "waybill", "path": "again"})]
            self.env.flush_all()

    def test_reasons_in_the_readers_language(self):
        """What the tools say is English, for senders; who reads it here reads it in their own words."""
        bulk = self.env["logistics.bulk.mixin"]
        known = (
            "The body is not JSON: Expecting value",
            "The body has no data.number: it is not a 17TRACK notification.",
            "The body has no data.",
            "There is no event and no list of events at data.traces.",
            "It answered 500.",
            "It did not finish within 20 seconds.",
            "'a..b' is not a dotted path: a name is missing.",
        )
        texts = bulk._reason_texts().values()
        for reason in known:
            self.assertTrue(any(re.fullmatch(pattern, reason) for pattern in bulk._reason_texts()), reason)
            self.assertNotIn("%(", bulk._shown_reason(reason))
        self.assertIn("500", bulk._shown_reason("It answered 500."))
        self.assertEqual(bulk._shown_reason("Something else, 100 %."), "Something else, 100 %.")
        self.assertFalse(bulk._shown_reason(False))
        self.env["res.lang"]._activate_lang("zh_CN")
        self.env["ir.module.module"]._load_module_terms(["logistics_crm"], ["zh_CN"])
        chinese = bulk.with_context(lang="zh_CN")._reason_texts().values()
        self.assertFalse(set(texts) & set(chinese))
