"""Carriers that are asked: a worked example against a server on this machine that misbehaves on command."""

import json
import threading
import uuid
from datetime import timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import UserError, ValidationError
from odoo.sql_db import db_connect
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from ..models import logistics_tracking_poll as polling
from .misbehaving_server import MisbehavingServer
from .webhook_common import SourceMixin

POLLING = "odoo.addons.logistics_crm.models.logistics_tracking_poll"
MAP = {
    "dialect": "plain_json",
    "timezone": "Asia/Shanghai",
    "events_path": "traces",
    "field_line_ids": [
        (0, 0, {"field": "waybill", "path": "no"}),
        (0, 0, {"field": "occurred_at", "path": "at"}),
        (0, 0, {"field": "code", "path": "op"}),
    ],
    "code_ids": [
        (0, 0, {"raw_code": "SIGNED", "status": "delivered"}),
        (0, 0, {"raw_code": "MOVE", "status": "departed"}),
    ],
}


def traces(query, op="MOVE"):
    """What a well-behaved carrier answers."""
    waybills = query["no"][0].split(",")
    return {"traces": [{"no": waybill, "at": "2026-03-02 10:00:00", "op": op} for waybill in waybills]}


class PollSources(SourceMixin):
    """Carriers and their polled sources."""

    @classmethod
    def carrier_of(cls, env, name, **values):
        product = env["product.product"].create({"name": name, "type": "service"})
        return env["delivery.carrier"].create({"name": name, "product_id": product.id, **values})

    @classmethod
    def polled_values(cls, carrier, url, **values):
        return {
            "name": carrier.name,
            "code": f"poll-{uuid.uuid4().hex[:8]}",
            "company_id": carrier.env.company.id,
            "carrier_id": carrier.id,
            "poll_enabled": True,
            "poll_url": url,
            **MAP,
            **values,
        }


@tagged("post_install", "-at_install")
class TestPolling(PollSources, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_up_webhooks()
        cls.env["ir.config_parameter"].set_param("logistics_crm.poll_private_addresses", "True")
        cls.carrier = cls.carrier_of(cls.env, "Polled Carrier")
        cls.server = MisbehavingServer()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__)
        cls.server.answers["/traces"] = traces

    def setUp(self):
        super().setUp()
        self.server.requests.clear()
        # A turn commits between its steps; here all of it is one test's transaction.
        self.patch(self.env.cr, "commit", self.env.flush_all)
        self.patch(self.env.cr, "rollback", self.env.flush_all)

    def polled(self, path="/traces?no={waybills}", **values):
        return self.Source.create(self.polled_values(self.carrier, self.server.url + path, **values))

    def turn(self, source):
        source.poll_ids._turn()
        self.env.invalidate_all()

    def paths(self):
        return [path for path, _headers in self.server.requests]

    def test_the_state_of_shipments_is_fetched(self):
        source = self.polled(poll_header="X-Key", poll_header_value="s3cret")
        shipments = self.ship("P-1", "P 2/ü", carrier_id=self.carrier.id)
        self.turn(source)
        self.assertEqual(shipments.mapped("status"), ["departed", "departed"])
        self.assertEqual(shipments.event_ids.source_id, source)
        self.assertEqual(self.paths(), ["/traces?no=P-1,P%202%2F%C3%BC"])
        self.assertEqual(self.server.requests[0][1]["X-Key"], "s3cret")
        self.assertFalse(source.poll_error)
        self.assertGreater(source.poll_next_at, fields.Datetime.now() + timedelta(minutes=25))
        self.turn(source)
        self.assertEqual(len(shipments.event_ids), 2, "the same answer again changes nothing")

    def test_only_whose_journey_is_not_over_and_who_is_the_carriers(self):
        source = self.polled()
        [_open, done, old, _other] = self.ship("O-1", "O-2", "O-3", "O-4", carrier_id=self.carrier.id)
        done_events = [{"waybill": "O-2", "occurred_at": "2026-03-01T10:00:00Z", "status": "delivered"}]
        self.env["logistics.tracking.event"].ingest(done_events)
        self.assertEqual(done.status, "delivered")
        old.ordered_at = fields.Datetime.now() - timedelta(days=61)
        _other.carrier_id = self.carrier_of(self.env, "Another")
        self.turn(source)
        self.assertEqual(self.paths(), ["/traces?no=O-1"])

    def test_batches(self):
        source = self.polled(poll_batch=2)
        shipments = self.ship(*(f"B-{number}" for number in range(5)), carrier_id=self.carrier.id)
        self.turn(source)
        self.assertEqual(self.paths(), ["/traces?no=B-0,B-1", "/traces?no=B-2,B-3", "/traces?no=B-4"])
        self.assertEqual(set(shipments.mapped("status")), {"departed"})

    def test_one_waybill_a_request(self):
        source = self.polled("/single?no={waybill}")
        shipments = self.ship("S-1", "S-2", carrier_id=self.carrier.id)
        self.server.answers["/single"] = traces
        self.turn(source)
        self.assertEqual(self.paths(), ["/single?no=S-1", "/single?no=S-2"])
        self.assertEqual(set(shipments.mapped("status")), {"departed"})

    def test_what_goes_wrong_is_told_and_comes_later_and_later(self):
        for path, word in (
            ("/500", "500"),
            ("/garbage", "JSON"),
            ("/close", "broke off"),
            ("/404", "404"),
            ("/redirect", "redirects"),
        ):
            with self.subTest(path), self.env.cr.savepoint() as savepoint:
                source = self.polled(f"{path}?key=s3cret&no={{waybills}}")
                [shipment] = self.ship("F-1", carrier_id=self.carrier.id)
                pauses = []
                for _turn in range(3):
                    source.poll_ids._note(position=0)
                    self.turn(source)
                    pauses.append(source.poll_next_at - source.poll_last_at)
                self.assertEqual(pauses, [timedelta(hours=1), timedelta(hours=2), timedelta(hours=4)])
                self.assertIn(word, source.poll_error)
                self.assertNotIn("s3cret", source.poll_error)
                self.assertEqual(shipment.status, "created")
                savepoint.rollback()
            self.env.invalidate_all(flush=False)

    def test_after_a_failure_all_is_well_again(self):
        source = self.polled("/flaky?no={waybills}")
        [shipment] = self.ship("W-1", carrier_id=self.carrier.id)
        self.turn(source)
        self.assertTrue(source.poll_error)
        self.server.answers["/flaky"] = traces
        self.turn(source)
        self.turn(source)
        self.assertFalse(source.poll_error)
        self.assertEqual((source.poll_ids.failures, shipment.status), (0, "departed"))

    def test_a_batch_that_fails_does_not_starve_those_behind_it(self):
        source = self.polled("/picky?no={waybills}", poll_batch=1)
        shipments = self.ship("X-BAD", "X-GOOD", carrier_id=self.carrier.id)

        def picky(query):
            return {} if "X-BAD" in query["no"][0] else traces(query)

        self.server.answers["/picky"] = picky
        self.turn(source)
        self.assertTrue(source.poll_error)
        self.turn(source)
        self.assertEqual(shipments.mapped("status"), ["created", "departed"])

    def test_a_private_address_is_refused(self):
        self.env["ir.config_parameter"].set_param("logistics_crm.poll_private_addresses", False)
        source = self.polled()
        self.ship("PRIV-1", carrier_id=self.carrier.id)
        self.turn(source)
        self.assertIn("private", source.poll_error)
        self.assertFalse(self.server.requests)

    def test_what_cannot_be_placed_is_in_the_inbox(self):
        source = self.polled("/other?no={waybills}")
        self.ship("I-1", carrier_id=self.carrier.id)
        self.server.answers["/other"] = lambda query: {
            "traces": [{"no": "I-1", "at": "2026-03-02 10:00:00", "op": "NEW"}, {"no": "I-1", "op": "MOVE"}]
        }
        self.turn(source)
        entries = self.open_entries(source)
        self.assertEqual(sorted(entries.mapped("problem")), ["missing", "unknown_code"])

    def test_an_integration_in_code(self):
        """The hook: a carrier's module answers for itself, by overriding it or by its delivery type."""
        source = self.polled(poll_url=False)
        [shipment] = self.ship("H-1", carrier_id=self.carrier.id)
        seen = []

        def own(carrier, shipments):
            seen.append((carrier, shipments))
            return [
                {"waybill": name, "occurred_at": "2026-03-02T10:00:00Z", "code": "SIGNED", "source": "elsewhere"}
                for name in shipments.mapped("name")
            ]

        carriers = type(self.carrier)
        self.patch(carriers, "fixed_logistics_fetch_events", own) if hasattr(
            carriers, "fixed_logistics_fetch_events"
        ) else setattr(carriers, "fixed_logistics_fetch_events", own)
        self.addCleanup(delattr, carriers, "fixed_logistics_fetch_events")
        self.assertEqual(self.carrier.delivery_type, "fixed")
        self.turn(source)
        self.assertEqual(seen, [(self.carrier, shipment)])
        self.assertEqual((shipment.status, shipment.event_ids.source_id), ("delivered", source))

    def test_an_integration_that_breaks(self):
        source = self.polled(poll_url=False)
        self.ship("H-2", carrier_id=self.carrier.id)
        for raised, word in (
            (ZeroDivisionError("s3cret"), "ZeroDivisionError"),
            (UserError("No contract."), "contract"),
        ):
            with (
                patch.object(type(self.carrier), "_logistics_fetch_events", side_effect=raised),
                mute_logger(POLLING),
            ):
                source.poll_ids._note(position=0)
                self.turn(source)
            self.assertIn(word, source.poll_error)
            self.assertNotIn("s3cret", source.poll_error)
        with patch.object(type(self.carrier), "_logistics_fetch_events", return_value="no list"), mute_logger(POLLING):
            source.poll_ids._note(position=0)
            self.turn(source)
        self.assertIn("TypeError", source.poll_error)

    def test_a_carrier_without_any_integration_says_so(self):
        source = self.polled(poll_url=False)
        self.ship("H-3", carrier_id=self.carrier.id)
        self.turn(source)
        self.assertIn("address", source.poll_error)

    def test_what_is_due_is_claimed_once(self):
        source, other = self.polled(), self.polled(carrier_id=self.carrier_of(self.env, "Not due").id)
        other.poll_ids._note(next_at=fields.Datetime.now() + timedelta(minutes=5))
        poll = self.env["logistics.tracking.poll"]
        claimed = poll._claim(100)
        self.assertIn(source.poll_ids.id, claimed)
        self.assertNotIn(other.poll_ids.id, claimed)
        self.assertNotIn(source.poll_ids.id, poll._claim(100))
        self.env.invalidate_all()
        self.assertGreater(source.poll_ids.next_at, fields.Datetime.now(), "it is free again after the lease")
        source.poll_ids._note(next_at=fields.Datetime.now())
        source.active = False
        self.env.flush_all()
        self.assertNotIn(source.poll_ids.id, poll._claim(100))

    def test_poll_now(self):
        source = self.polled()
        source.poll_ids._note(next_at=fields.Datetime.now() + timedelta(days=1))
        source.action_poll_now()
        self.assertIn(source.poll_ids.id, self.env["logistics.tracking.poll"]._claim(100))
        source.poll_enabled = False
        with self.assertRaisesRegex(UserError, "not polled"):
            source.action_poll_now()

    def test_what_a_set_up_must_have(self):
        for values, words in (
            ({"company_id": False}, "company"),
            ({"carrier_id": False}, "carrier"),
            ({"poll_url": "https://example.com/"}, "waybills"),
            ({"poll_url": "https://example.com/{waybill}{waybills}"}, "waybills"),
            ({"poll_url": "ftp://example.com/{waybill}"}, "https"),
            ({"dialect": False, "field_line_ids": False}, "dialect"),
            ({"poll_header": "X", "poll_header_value": "a\r\nX-Evil: 1"}, "one line"),
        ):
            with self.subTest(values), self.assertRaisesRegex(ValidationError, words), self.env.cr.savepoint():
                self.polled(**values)
        self.polled()
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.polled()


@tagged("post_install", "-at_install")
class TestPollingTogether(PollSources, TransactionCase):
    """The scheduled action itself: threads, connections and commits of its own."""

    def setUp(self):
        super().setUp()
        self.server = MisbehavingServer()
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.mark = uuid.uuid4().hex[:8]
        self.made = {"logistics.tracking.source": [], "delivery.carrier": [], "logistics.shipment": []}
        self.addCleanup(self.clean_up)
        self.private = self.env["ir.config_parameter"].get_param("logistics_crm.poll_private_addresses")
        self.run_apart(lambda env: env["ir.config_parameter"].set_param("logistics_crm.poll_private_addresses", "True"))

    def run_apart(self, function):
        with db_connect(self.env.cr.dbname).cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
            result = function(env)
            env.flush_all()
            return result

    def clean_up(self):
        def forget(env):
            sources = self.made["logistics.tracking.source"]
            for table in ("logistics_tracking_event", "logistics_tracking_inbox"):
                env.cr.execute(f"DELETE FROM {table} WHERE source_id = ANY(%s)", [sources])
            for model in ("logistics.shipment", "logistics.tracking.source", "delivery.carrier"):
                env[model].browse(self.made[model]).unlink()
            env["ir.config_parameter"].set_param("logistics_crm.poll_private_addresses", self.private)

        self.run_apart(forget)

    def polled(self, name, path):
        """A carrier with one shipment and a polled source, committed; return the ids (source, shipment)."""

        def make(env):
            carrier = self.carrier_of(env, f"{name} {self.mark}")
            source = env["logistics.tracking.source"].create(self.polled_values(carrier, self.server.url + path))
            shipment = env["logistics.shipment"].create({"name": f"{name}-{self.mark}", "carrier_id": carrier.id})
            for record in (carrier, source, shipment):
                self.made[record._name].append(record.id)
            return source.id, shipment.id

        return self.run_apart(make)

    def poll(self):
        self.run_apart(lambda env: env["logistics.tracking.poll"]._cron_poll())

    def state(self, ids):
        def look(env):
            source = env["logistics.tracking.source"].browse(ids[0])
            return env["logistics.shipment"].browse(ids[1]).status, source.poll_error, source.poll_ids.failures

        return self.run_apart(look)

    def test_one_that_hangs_and_one_that_fails_neither_stop_nor_delay_the_others(self):
        good_answered, order = threading.Event(), []

        def wait_for_the_good(query):
            # It answers only after the good one was served: were they asked one after the other, it never would be.
            order.append("slow asked")
            good_answered.wait(15)
            order.append("slow answers")
            return traces(query)

        def good(query):
            order.append("good answers")
            good_answered.set()
            return traces(query)

        self.server.answers.update({"/slow": wait_for_the_good, "/good": good})
        slow = self.polled("SLOW", "/slow?no={waybills}")
        bad = self.polled("BAD", "/500?no={waybills}")
        broken = self.polled("BROKEN", "/garbage?no={waybills}")
        fine = self.polled("FINE", "/good?no={waybills}")
        self.poll()
        self.assertLess(order.index("good answers"), order.index("slow answers"))
        self.assertEqual(self.state(fine), ("departed", False, 0))
        self.assertEqual(self.state(slow), ("departed", False, 0))
        self.assertEqual(self.state(bad)[0::2], ("created", 1))
        self.assertIn("500", self.state(bad)[1])
        self.assertIn("JSON", self.state(broken)[1])

    def test_more_carriers_than_workers(self):
        self.server.answers["/good"] = traces
        everyone = [self.polled(f"MANY{number}", "/good?no={waybills}") for number in range(polling.WORKERS + 2)]
        self.poll()
        self.assertEqual({self.state(ids) for ids in everyone}, {("departed", False, 0)})

    def test_a_server_that_dies_in_a_turn(self):
        """What was fetched and not committed is fetched again when the lease is over; nothing is lost or doubled."""
        self.server.answers["/good"] = traces
        ids = self.polled("DIES", "/good?no={waybills}")

        class Killed(BaseException):
            pass

        def die(poll, *args, **options):
            raise Killed

        original = polling.LogisticsTrackingPoll._note
        with patch.object(polling.LogisticsTrackingPoll, "_note", die):
            claimed = self.run_apart(lambda env: env["logistics.tracking.poll"]._claim(100))
            with self.assertRaises(Killed):
                self.env["logistics.tracking.poll"]._turn_apart(claimed[0])
        self.assertIs(polling.LogisticsTrackingPoll._note, original)
        self.assertEqual(self.state(ids)[0], "created")
        self.poll()
        self.assertEqual(self.state(ids)[0], "created", "the lease holds")
        self.run_apart(
            lambda env: env.cr.execute(
                "UPDATE logistics_tracking_poll SET next_at = %s WHERE source_id = %s", [fields.Datetime.now(), ids[0]]
            )
        )
        self.poll()
        self.assertEqual(self.state(ids), ("departed", False, 0))
        events = self.run_apart(lambda env: env["logistics.tracking.event"].search_count([("source_id", "=", ids[0])]))
        self.assertEqual(events, 1)

    def test_two_servers_share_the_carriers(self):
        self.server.answers["/good"] = traces
        self.polled("TWO", "/good?no={waybills}")
        with db_connect(self.env.cr.dbname).cursor() as first, db_connect(self.env.cr.dbname).cursor() as second:
            claims = [
                api.Environment(cr, SUPERUSER_ID, {})["logistics.tracking.poll"]._claim(100) for cr in (first, second)
            ]
            self.assertEqual(len(claims[0]), 1, json.dumps(claims))
            self.assertFalse(claims[1], "what one claims the other leaves alone, and does not wait for")
            first.rollback()
