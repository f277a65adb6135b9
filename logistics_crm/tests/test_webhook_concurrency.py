"""Several servers at once, and one that dies: with real connections, for a test's own transaction hides both."""

import json
import threading
import uuid

from odoo import SUPERUSER_ID, api, fields
from odoo.sql_db import db_connect
from odoo.tests import TransactionCase, tagged

from . import webhook_common as common


@tagged("post_install", "-at_install")
class TestWebhookConcurrency(TransactionCase):
    def setUp(self):
        super().setUp()
        self.waybill = f"CONC-{uuid.uuid4().hex[:12]}"
        with self.transaction() as env:
            source = env["logistics.tracking.source"].create(
                {
                    "name": "Concurrent",
                    "code": self.waybill,
                    "company_id": env.company.id,
                    "webhook_enabled": True,
                    "dialect": "standard_webhooks",
                    "secret": common.WEBHOOK_SECRET,
                }
            )
            shipment = env["logistics.shipment"].create({"name": self.waybill})
            self.source_id, self.shipment_id, self.token = source.id, shipment.id, source.webhook_token
        self.addCleanup(self.clean_up)

    def transaction(self):
        return Transaction(self.env.cr.dbname)

    def clean_up(self):
        with self.transaction() as env:
            for table in ("logistics_webhook_delivery", "logistics_tracking_inbox", "logistics_tracking_event"):
                env.cr.execute(f"DELETE FROM {table} WHERE source_id = %s", [self.source_id])
            env["logistics.shipment"].browse(self.shipment_id).unlink()
            env["logistics.tracking.source"].browse(self.source_id).unlink()
            env.cr.execute("DELETE FROM ir_cron_trigger WHERE cron_id = %s", [self.cron(env)])

    @staticmethod
    def cron(env):
        return env.ref("logistics_crm.cron_process_deliveries").id

    def store(self, env, identifier="msg_1", **values):
        target = env["logistics.tracking.source"]._webhook_target(self.token)
        text = json.dumps(common.standard_body(common.own_event(self.waybill, **values)))
        return env["logistics.webhook.delivery"]._store_delivery(target, identifier, text, {})

    def rows(self, table="logistics_webhook_delivery"):
        with self.transaction() as env:
            env.cr.execute(f"SELECT * FROM {table} WHERE source_id = %s ORDER BY id", [self.source_id])
            return env.cr.dictfetchall()

    def test_the_same_delivery_at_once(self):
        """Both requests are in flight together; one row comes of it, and the late one is told so or begins again."""
        outcomes, ready = [], threading.Barrier(2)

        def request():
            try:
                with self.transaction() as env:
                    env.cr.execute("SELECT 1")
                    ready.wait(10)
                    outcomes.append(self.store(env))
            except Exception as error:
                # Odoo runs a request again after this.
                outcomes.append(getattr(error, "pgcode", error))
                with self.transaction() as env:
                    outcomes.append(self.store(env))

        threads = [threading.Thread(target=request) for _number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        self.assertEqual(outcomes.count(True), 1, outcomes)
        self.assertLessEqual(set(outcomes), {True, False, "40001"})
        self.assertEqual(len(self.rows()), 1)

    def test_sent_again_while_it_is_being_processed(self):
        """The row changes under the request's eyes; that is no reason to begin anew, let alone an error."""
        with self.transaction() as env:
            self.store(env)
        with self.transaction() as again:
            again.cr.execute("SELECT 1")
            with self.transaction() as env:
                env["logistics.webhook.delivery"]._cron_process()
            self.assertFalse(self.store(again))
        self.assertEqual([row["state"] for row in self.rows()], ["processed"])

    def test_two_servers_share_the_work(self):
        with self.transaction() as env:
            self.store(env)
        with self.transaction() as first, self.transaction() as second:
            mine = first["logistics.webhook.delivery"]._select_received()
            theirs = second["logistics.webhook.delivery"]._select_received()
            self.assertIn(self.source_id, mine.source_id.ids)
            self.assertFalse(mine & theirs, "what one server works on is left alone by the other")
            mine._process()
        self.assertEqual([row["state"] for row in self.rows()], ["processed"])
        self.assertEqual(len(self.rows("logistics_tracking_event")), 1)

    def test_killed_before_the_commit(self):
        """The events and the note that they were taken are one transaction."""
        with self.transaction() as env:
            self.store(env)
        with self.transaction() as env:
            env["logistics.webhook.delivery"]._select_received()._process()
            env.cr.rollback()  # all that is left of a server that was killed
        self.assertEqual([row["state"] for row in self.rows()], ["received"])
        self.assertFalse(self.rows("logistics_tracking_event"))
        for _run in range(2):
            with self.transaction() as env:
                env["logistics.webhook.delivery"]._cron_process()
        self.assertEqual([row["state"] for row in self.rows()], ["processed"])
        self.assertEqual(len(self.rows("logistics_tracking_event")), 1)

    def test_a_conflict_with_another_writer_is_tried_again(self):
        """Somebody changes the shipment between our look and our lock: the set begins again and ends well."""
        with self.transaction() as env:
            self.store(env)
        with self.transaction() as env:
            deliveries = env["logistics.webhook.delivery"]
            select, disturbed = type(deliveries)._select_received, []

            def select_then_disturb(model, *args):
                found = select(model, *args)
                if not disturbed:
                    disturbed.append(True)
                    with self.transaction() as other:
                        other["logistics.shipment"].browse(self.shipment_id).write({"cargo": "changed meanwhile"})
                return found

            self.patch(type(deliveries), "_select_received", select_then_disturb)
            deliveries._cron_process()
        self.assertEqual([row["state"] for row in self.rows()], ["processed"])
        self.assertEqual(len(self.rows("logistics_tracking_event")), 1)

    def triggers(self):
        with self.transaction() as env:
            env.cr.execute("SELECT count(*) FROM ir_cron_trigger WHERE cron_id = %s", [self.cron(env)])
            return env.cr.fetchone()[0]

    def test_one_wake_up_while_one_is_pending(self):
        woken = []
        self.patch(type(self.env["ir.cron"]), "_notifydb", lambda model: woken.append(True))
        with self.transaction() as env:
            env.cr.execute("DELETE FROM ir_cron_trigger WHERE cron_id = %s", [self.cron(env)])
        for _delivery in range(3):
            self.env["logistics.webhook.delivery"]._wake_processing()
        self.assertEqual((self.triggers(), len(woken)), (1, 1))

    def test_a_wake_up_that_is_being_consumed_does_not_count(self):
        """The running action may have looked already: what comes now must call it once more."""
        woken = []
        self.patch(type(self.env["ir.cron"]), "_notifydb", lambda model: woken.append(True))
        self.env["logistics.webhook.delivery"]._wake_processing()
        woken.clear()
        with self.transaction() as running:
            running.cr.execute(
                "DELETE FROM ir_cron_trigger WHERE cron_id = %s AND call_at <= %s",
                [self.cron(running), fields.Datetime.now()],
            )
            self.env["logistics.webhook.delivery"]._wake_processing()
            self.assertEqual(len(woken), 1)
        self.assertEqual(self.triggers(), 1)


class Transaction:
    """An environment on a connection of its own; committed at the end, rolled back after an error."""

    def __init__(self, dbname):
        self.dbname = dbname

    def __enter__(self):
        self.cr = db_connect(self.dbname).cursor()
        return api.Environment(self.cr, SUPERUSER_ID, {"tracking_disable": True})

    def __exit__(self, kind, error, traceback):
        try:
            if kind is None:
                # The test is about several connections.
                self.cr.commit()  # pylint: disable=invalid-commit
        finally:
            self.cr.close()
