"""The screens in a real browser."""

from odoo import fields
from odoo.tests import HttpCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestScreensInBrowser(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("en_US")
        new_test_user(
            cls.env,
            login="ui_agent",
            password="ui_agent_password",
            groups="logistics_crm.group_logistics_agent",
            lang="en_US",
            tz="Asia/Shanghai",
            company_id=cls.env.company.id,
        )
        now = fields.Datetime.now()
        cls.late, cls.in_time = cls.env["logistics.shipment"].create(
            [
                {"name": "UI-LATE", "promised_at": fields.Datetime.subtract(now, days=1), "ordered_at": now},
                {"name": "UI-IN-TIME", "promised_at": fields.Datetime.add(now, days=9), "ordered_at": now},
            ]
        )
        log = [("created", "2026-03-01T08:00:00+08:00", "")]
        log += [("in_transit", f"2026-03-01T{hour:02}:00:00+08:00", "") for hour in range(9, 22)]
        log += [("arrived_hub", "2026-03-02T08:30:00+08:00", "<b>loud</b>")]
        rows = [
            {"waybill": "UI-LATE", "status": status, "occurred_at": instant, "description": text}
            for status, instant, text in log
        ]
        rows.append(
            {
                "waybill": "UI-LATE",
                "status": "delivered",
                "classifier": "estimated",
                "occurred_at": "2026-03-04T12:00:00+08:00",
            }
        )
        rows.append({"waybill": "UI-IN-TIME", "status": "picked_up", "occurred_at": "2026-03-03 09:00:00"})
        cls.env["logistics.tracking.inbox"].search([("state", "in", ("waiting", "rejected"))]).action_discard()
        cls.env.flush_all()
        cls.env["logistics.tracking.event"].ingest(rows)

    def test_agent_works_through_a_morning(self):
        self.start_tour("/odoo/shipments", "logistics_agent", login="ui_agent")
        self.assertEqual(self.late.status, "attempt_failed")
        self.assertEqual(self.late.reason_id.code, "recipient_absent")
        newest = self.late.event_ids.filtered(lambda event: event.classifier == "actual")[:1]
        self.assertEqual((newest.source_id.code, newest.utc_offset), ("manual", 480))
        self.assertEqual(self.in_time.status, "picked_up")
