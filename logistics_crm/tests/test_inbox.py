"""Nothing is lost: what cannot be placed waits with its payload until it can be, or a person decides."""

import json
from contextlib import contextmanager

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL

from ..models import logistics_tracking_inbox
from .common import NOW, TrackingCase, event


@tagged("post_install", "-at_install")
class TestInbox(TrackingCase):
    def fix(self, entry, **changes):
        entry.payload_text = json.dumps({**entry.payload, **changes})

    def test_a_bad_row_that_comes_again_is_counted(self):
        bad = event("A1", 0, "lost in space", hub="上海")
        self.ingest(bad, bad)
        with freeze_time("2026-03-10 13:00:00"):
            self.ingest(dict(reversed(bad.items())))
        [entry] = self.inbox()
        self.assertEqual(entry.times_received, 3)
        self.assertEqual((entry.received_at, str(entry.last_received_at)), (NOW, "2026-03-10 13:00:00"))
        self.ingest(dict(bad, hub="北京"))
        self.assertEqual(len(self.inbox()), 2)

    def test_the_problem_is_the_present_one(self):
        row = event("A1", 0, code="Q7", source="yunda")
        self.ingest(row)
        [entry] = self.inbox()
        self.assertEqual((entry.state, entry.problem), ("waiting", "unknown_code"))
        self.env["logistics.tracking.code"].create(
            {"source_id": entry.source_id.id, "raw_code": "Q7", "status": "departed"}
        )
        self.assertEqual((entry.state, entry.problem), ("waiting", "unknown_waybill"))
        self.ship("A1")
        self.assertEqual((entry.state, entry.problem, entry.error), ("placed", False, False))

    def test_fix_and_replay(self):
        shipment = self.ship("A1")
        self.ingest(event("A1", 0, "lost in space"))
        [entry] = self.inbox()
        self.assertEqual(json.loads(entry.payload_text)["status"], "lost in space")
        action = entry.action_replay()
        self.assertEqual(action["params"]["type"], "warning")
        self.assertEqual(entry.state, "rejected")
        self.fix(entry, status="exception", reason="lost")
        action = entry.action_replay()
        self.assertEqual(action["params"]["type"], "success")
        self.assertEqual((entry.state, entry.shipment_id, entry.placed_at), ("placed", shipment, NOW))
        self.assertEqual((shipment.status, shipment.reason_id.code), ("exception", "lost"))

    def test_fix_and_replay_a_shipment(self):
        self.upsert({"waybill": "A1", "carrier": "SFF", "pieces": 2})
        [entry] = self.inbox()
        self.fix(entry, carrier="SFT")
        entry.action_replay()
        self.assertEqual((entry.state, entry.shipment_id.name, entry.shipment_id.pieces), ("placed", "A1", 2))

    def test_what_was_fixed_waits_for_what_it_says_now(self):
        """A corrected waybill was not found by the shipment that came for it later."""
        self.ingest(event("A-typo", 0, code="Q7", source="yunda"))
        [entry] = self.inbox()
        self.fix(entry, waybill="A1", code="Q8", source="easypost")
        self.assertEqual((entry.waybill, entry.raw_code), ("A1", "Q8"))
        entry.action_replay()
        easypost = self.env.ref("logistics_crm.source_easypost")
        self.assertEqual((entry.state, entry.problem, entry.source_id), ("waiting", "unknown_code", easypost))
        self.env["logistics.tracking.code"].create({"source_id": easypost.id, "raw_code": "Q8", "status": "departed"})
        self.assertEqual((entry.state, entry.problem), ("waiting", "unknown_waybill"))
        shipment = self.ship("A1")
        self.assertEqual((entry.state, shipment.status), ("placed", "departed"))

    def test_what_is_placed_is_not_placed_again(self):
        shipment = self.ship("A1")
        self.ingest(event("A1", 0, "lost in space"))
        [entry] = self.inbox()
        self.fix(entry, status="departed")
        entry.action_replay()
        entry.action_replay()
        self.fix(entry, status="delivered")
        entry.action_replay()
        self.assertEqual(shipment.event_ids.mapped("status"), ["departed"])

    def test_a_replay_of_what_is_in_the_log_already_is_placed(self):
        shipment = self.ship("A1")
        self.ingest(event("A1", 0, "departed"), event("A1", 0, "deprated"))
        [entry] = self.inbox()
        self.fix(entry, status="departed")
        entry.action_replay()
        self.assertEqual(entry.state, "placed")
        self.assertEqual(len(shipment.event_ids), 1)

    def test_content_that_is_no_json_object_is_refused(self):
        self.ingest("rubbish")
        [entry] = self.inbox()
        for text in ("{", "", "[1]", "7"):
            with self.assertRaises(UserError):
                entry.payload_text = text
            entry.invalidate_recordset()
        self.assertEqual(entry.payload, {"row": "rubbish"})

    def test_discard(self):
        self.ingest(event("A1", 0, "departed"), event("A1", 0, "lost in space"))
        entries = self.inbox()
        entries.action_discard()
        self.assertEqual(entries.mapped("state"), ["discarded"] * 2)
        shipment = self.ship("A1")
        self.assertEqual(shipment.status, "created")
        entries.action_replay()
        self.assertEqual(entries.mapped("state"), ["discarded"] * 2)
        # Sent once more, it is a new question to a person.
        self.ingest(event("A1", 0, "lost in space"))
        self.assertEqual(self.inbox().state, "rejected")

    def test_what_was_placed_is_not_discarded(self):
        self.ingest(event("A1", 0, "departed"))
        [entry] = self.inbox()
        self.ship("A1")
        entry.action_discard()
        self.assertEqual(entry.state, "placed")

    def test_a_replay_in_many_companies(self):
        self.ingest(event("A1", 0, "deprated"))
        self.integrator.company_ids |= self.other_company
        self.Event.with_user(self.integrator).with_company(self.other_company).ingest([event("A1", 0, "deprated")])
        ours = self.ship("A1")
        entries = self.Inbox.search(
            [("state", "=", "rejected"), ("company_id", "in", (self.company + self.other_company).ids)]
        )
        self.assertEqual(len(entries), 2)
        for entry in entries:
            self.fix(entry, status="departed")
        entries.action_replay()
        placed = entries.filtered(lambda entry: entry.company_id == self.company)
        self.assertEqual((placed.state, placed.shipment_id), ("placed", ours))
        self.assertEqual((entries - placed).mapped("state"), ["waiting"])

    # The scheduled action

    def test_what_two_transactions_missed_of_each_other_is_placed_by_the_scheduled_action(self):
        """An event came while its shipment was made in another transaction: neither saw the other's row."""
        shipment = self.ship("A1")
        with self.unseen_shipments():
            self.assertEqual(self.ingest(event("A1", 0, "picked_up"), event("A2", 0, "picked_up"))["parked"], 2)
        self.assertEqual(shipment.status, "created")
        self.run_cron()
        self.assertEqual(shipment.status, "picked_up")
        self.assertEqual(self.inbox().mapped("waybill"), ["A2"])

    def test_a_code_that_came_otherwise_is_found_by_the_scheduled_action(self):
        shipment = self.ship("A1")
        source = self.env["logistics.tracking.source"].create({"name": "Ours", "code": "ours"})
        self.ingest(event("A1", 0, code="GOT", source="ours"))
        self.env.flush_all()
        self.env.execute_query(
            SQL(
                "UPDATE logistics_tracking_source SET map_source_id = %s WHERE id = %s RETURNING 1",
                self.env.ref("logistics_crm.source_yunda").id,
                source.id,
            )
        )
        self.env.invalidate_all()
        self.run_cron()
        self.assertEqual(shipment.status, "picked_up")

    def test_the_scheduled_action_leaves_alone_what_needs_a_person(self):
        self.ship("A1")
        self.ingest(event("A1", 0, "lost in space"))
        [entry] = self.inbox()
        with freeze_time("2026-03-10 13:00:00"):
            self.run_cron()
        self.assertEqual((entry.state, entry.write_date), ("rejected", NOW))

    def test_the_scheduled_action_takes_all_in_batches(self):
        waybills = [f"B{number}" for number in range(7)]
        self.upsert(*({"waybill": waybill} for waybill in waybills))
        with self.unseen_shipments():
            self.ingest(*(event(waybill, 0, "picked_up") for waybill in waybills))
        replayed = []
        original = type(self.Inbox)._replay

        def count(entries):
            replayed.append(len(entries))
            return original(entries)

        self.patch(type(self.Inbox), "_replay", count)
        self.patch_batch(3)
        self.run_cron()
        self.assertEqual(replayed, [3, 3, 1])
        self.assertFalse(self.inbox())

    def test_more_than_a_batch_is_left_to_the_scheduled_action(self):
        self.patch_batch(3)
        self.ingest(*(event("A1", hours, "in_transit") for hours in range(5)))
        cron = self.env.ref("logistics_crm.cron_place_waiting")
        triggers = self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])
        shipment = self.ship("A1")
        self.assertEqual(len(shipment.event_ids), 3)
        self.assertEqual(self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)]), triggers + 1)
        self.run_cron()
        self.assertEqual(len(shipment.event_ids), 5)

    def test_what_was_placed_is_forgotten_after_90_days(self):
        self.ingest(event("A1", 0, "departed"), event("A1", 1, "departed"), event("A2", 0, "departed"))
        self.ingest(event("A1", 0, "lost in space"))
        self.ship("A1")
        placed = self.inbox("placed")
        self.assertEqual(len(placed), 2)
        with freeze_time("2026-06-08 11:00:00"):
            self.Inbox._gc_placed()
        self.assertEqual(len(placed.exists()), 2)
        with freeze_time("2026-06-08 13:00:00"):
            self.Inbox._gc_placed()
        self.assertFalse(placed.exists())
        self.assertEqual(len(self.inbox()), 2, "what is open stays, however old")

    def test_the_action_to_map_a_code(self):
        self.ingest(event("A1", 0, code="Q7", source="yunda"))
        context = self.inbox().action_map_code()["context"]
        self.assertEqual(context["default_raw_code"], "Q7")
        self.assertEqual(context["default_source_id"], self.env.ref("logistics_crm.source_yunda").id)

    # Helpers

    def run_cron(self):
        """The scheduled action's method; its commits are left out."""
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda *_args, **_kwargs: 1)
        self.Inbox._cron_place_waiting()

    def patch_batch(self, size):
        self.patch(logistics_tracking_inbox, "REPLAY_BATCH", size)

    @contextmanager
    def unseen_shipments(self):
        """Inside, who ingests sees no shipment, as if another transaction had made them just now."""
        model = type(self.Shipment)
        original = model._lock_for_events
        self.patch(model, "_lock_for_events", lambda _shipments, _waybills: {})
        try:
            yield
        finally:
            self.patch(model, "_lock_for_events", original)
