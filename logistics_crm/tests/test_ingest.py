"""The contract of `ingest`: each row ends in exactly one place, and a bad one stops nobody."""

from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import NOW, START, TrackingCase, event, instant


@tagged("post_install", "-at_install")
class TestIngest(TrackingCase):
    def test_events_move_the_shipment(self):
        shipment = self.ship("A1")
        receipt = self.ingest(
            event("A1", 0, "picked_up"), event("A1", 5, "departed", hub="Beijing Hub"), event("A1", 30, "delivered")
        )
        self.assertEqual(receipt, {"received": 3, "created": 3, "duplicates": 0, "parked": 0, "rejected": []})
        self.assertEqual(shipment.status, "delivered")
        self.assertEqual(shipment.delivered_at, START + timedelta(hours=30))
        self.assertEqual(shipment.picked_up_at, START)
        self.assertEqual(shipment.last_event_at, START + timedelta(hours=30))

    def test_what_was_sent_is_in_the_log(self):
        self.ship("A1", carrier="SFT")
        self.ingest(
            {
                "waybill": " A1 ",
                "occurred_at": "2026-03-01T16:30:15.9+08:00",
                "status": "exception",
                "code": "X-9",
                "source": "aftership",
                "external_id": "e-1",
                "carrier": "sf test express",
                "hub": "Wuhan Hub",
                "location": "Gate 3",
                "reason": "damaged",
                "description": "Box crushed",
                "eta": "2026-03-05T00:00:00Z",
            }
        )
        logged = self.Event.search([("shipment_id.name", "=", "A1")])
        self.assertEqual(logged.status, "exception")
        self.assertEqual(logged.raw_code, "X-9")
        self.assertEqual(str(logged.occurred_at), "2026-03-01 08:30:15")
        self.assertEqual(logged.utc_offset, 480)
        self.assertEqual(logged.occurred_local, "2026-03-01 16:30 (UTC+8)")
        self.assertEqual(logged.received_at, NOW)
        self.assertEqual(logged.source_id, self.env.ref("logistics_crm.source_aftership"))
        self.assertEqual(logged.hub_id.name, "Wuhan Hub")
        self.assertEqual(logged.location, "Gate 3")
        self.assertEqual(logged.reason_id, self.env.ref("logistics_crm.reason_damaged"))
        self.assertEqual(logged.description, "Box crushed")
        self.assertEqual(str(logged.eta), "2026-03-05 00:00:00")
        self.assertEqual(logged.external_id, "e-1")
        self.assertEqual(logged.company_id, self.company)
        self.assertEqual(logged.shipment_id.reason_id.code, "damaged")

    def test_what_depends_on_the_status_is_fresh_after_it(self):
        shipment = self.ship("A1", promised_at=instant(5))
        self.assertTrue(shipment.is_late)
        self.assertFalse(shipment.is_done)
        self.assertFalse(shipment.timeline)
        self.ingest(event("A1", 4, "delivered"))
        self.assertTrue(shipment.is_done)
        self.assertFalse(shipment.is_late)
        self.assertFalse(shipment.missed_promise)
        self.assertEqual([item["status"] for item in shipment.timeline], ["delivered"])

    # Duplicates

    def test_the_same_event_again_is_a_duplicate(self):
        self.ship("A1")
        rows = [event("A1", 0, "picked_up", hub="H1"), event("A1", 1, "departed")]
        self.assertEqual(self.ingest(*rows)["created"], 2)
        self.assertEqual(self.ingest(*rows, rows[0])["duplicates"], 3)
        self.assertEqual(self.Event.search_count([("shipment_id.name", "=", "A1")]), 2)

    def test_a_duplicate_inside_one_call(self):
        self.ship("A1")
        row = event("A1", 0, "picked_up")
        receipt = self.ingest(row, row, dict(row, description="said otherwise"))
        self.assertEqual((receipt["created"], receipt["duplicates"]), (1, 2))

    def test_the_same_instant_in_another_zone_is_a_duplicate(self):
        self.ship("A1")
        self.ingest({"waybill": "A1", "status": "departed", "occurred_at": "2026-03-01T08:00:00Z"})
        receipt = self.ingest({"waybill": "A1", "status": "departed", "occurred_at": "2026-03-01T16:00:00+08:00"})
        self.assertEqual(receipt["duplicates"], 1)

    def test_what_tells_events_without_an_external_id_apart(self):
        self.ship("A1")
        self.ship("A2")
        row = event("A1", 0, "departed", location="Gate 1")
        self.ingest(row)
        for change in (
            {"waybill": "A2"},
            {"occurred_at": instant(1)},
            {"status": "arrived_hub"},
            {"location": "Gate 2"},
            {"classifier": "planned"},
        ):
            self.assertEqual(self.ingest({**row, **change})["created"], 1, change)

    def test_an_external_id_is_what_tells_events_apart(self):
        self.ship("A1")
        row = event("A1", 0, "departed", external_id="e-1")
        self.assertEqual(self.ingest(row)["created"], 1)
        self.assertEqual(self.ingest(dict(row, occurred_at=instant(2), status="delivered"))["duplicates"], 1)
        self.assertEqual(self.ingest(dict(row, external_id="e-2"))["created"], 1)
        # Another sender counts for itself.
        self.assertEqual(self.ingest(dict(row, source="yunda"))["created"], 1)

    # What is parked

    def test_an_unknown_waybill_waits_and_is_placed_when_the_shipment_comes_in_bulk(self):
        receipt = self.ingest(event("A1", 0, "picked_up"), event("A1", 1, "departed"))
        self.assertEqual((receipt["parked"], receipt["rejected"]), (2, []))
        entries = self.inbox("waiting")
        self.assertEqual(entries.mapped("problem"), ["unknown_waybill"] * 2)
        self.assertEqual(entries.mapped("waybill"), ["A1"] * 2)
        self.assertIn("A1", entries[0].error)
        shipment = self.ship("A1")
        self.assertEqual(shipment.status, "departed")
        self.assertEqual(entries.mapped("state"), ["placed"] * 2)
        self.assertEqual(entries.shipment_id, shipment)
        self.assertEqual(entries.mapped("placed_at"), [NOW] * 2)

    def test_an_unknown_waybill_is_placed_when_the_shipment_is_entered_by_hand(self):
        self.ingest(event("A1", 0, "picked_up"))
        shipment = self.Shipment.create({"name": "A1"})
        self.assertEqual(shipment.status, "picked_up")

    def test_an_unknown_waybill_is_placed_when_a_shipment_is_renamed_to_it(self):
        shipment = self.ship("A-typo")
        self.ingest(event("A1", 0, "picked_up"))
        shipment.name = "A1"
        self.assertEqual(shipment.status, "picked_up")

    def test_a_shipment_entered_for_another_company_gets_what_waits_there(self):
        """Who works in two companies at once entered a shipment of the second; its events went on waiting."""
        self.ingest(event("A1", 0, "picked_up"))
        env = self.env(context={"allowed_company_ids": (self.other_company + self.company).ids})
        shipment = env["logistics.shipment"].create({"name": "A1", "company_id": self.company.id})
        self.assertEqual(shipment.status, "picked_up")

    def test_another_companys_shipment_gets_nothing(self):
        self.ingest(event("A1", 0, "picked_up"))
        other = self.Shipment.with_company(self.other_company).create({"name": "A1"})
        self.assertEqual(other.company_id, self.other_company)
        self.assertEqual(other.status, "created")
        self.assertEqual(len(self.inbox("waiting")), 1)
        self.assertEqual(self.ingest(event("A1", 1, "departed"))["parked"], 1)

    def test_an_unknown_code_is_placed_when_it_is_mapped(self):
        shipment = self.ship("A1")
        receipt = self.ingest(event("A1", 0, code="Q7", source="yunda"))
        self.assertEqual(receipt["parked"], 1)
        [entry] = self.inbox("waiting")
        self.assertEqual((entry.problem, entry.raw_code), ("unknown_code", "Q7"))
        yunda = self.env.ref("logistics_crm.source_yunda")
        self.assertEqual(entry.source_id, yunda)
        self.env["logistics.tracking.code"].create(
            {"source_id": self.env.ref("logistics_crm.source_17track").id, "raw_code": "Q7", "status": "delivered"}
        )
        self.assertEqual(entry.state, "waiting", "another source's code is none of ours")
        self.env["logistics.tracking.code"].create(
            {
                "source_id": yunda.id,
                "raw_code": "q7",
                "status": "exception",
                "reason_id": self.env.ref("logistics_crm.reason_wet").id,
            }
        )
        self.assertEqual(entry.state, "placed")
        self.assertEqual((shipment.status, shipment.reason_id.code), ("exception", "wet"))
        self.assertEqual(shipment.event_ids.raw_code, "Q7")

    def test_an_unknown_code_is_placed_when_a_code_is_corrected_to_it(self):
        """A code's new spelling was looked for in the database before it was there."""
        shipment = self.ship("A1")
        code = self.env["logistics.tracking.code"].create(
            {"source_id": self.api.id, "raw_code": "Q8", "status": "departed"}
        )
        self.ingest(event("A1", 0, code="Q7"))
        code.raw_code = "Q7"
        self.assertEqual(shipment.status, "departed")

    def test_an_unknown_code_is_placed_when_the_source_gets_anothers_map(self):
        shipment = self.ship("A1")
        source = self.env["logistics.tracking.source"].create({"name": "Our AfterShip", "code": "our-aftership"})
        self.ingest(event("A1", 0, code="AttemptFail_002", source="our-aftership"))
        [entry] = self.inbox("waiting")
        source.map_source_id = self.env.ref("logistics_crm.source_aftership")
        self.assertEqual(entry.state, "placed")
        self.assertEqual((shipment.status, shipment.reason_id.code), ("attempt_failed", "recipient_absent"))

    def test_a_source_s_own_code_comes_before_the_map_that_it_also_uses(self):
        shipment = self.ship("A1")
        self.env["logistics.tracking.source"].create(
            {
                "name": "Our AfterShip",
                "code": "our-aftership",
                "map_source_id": self.env.ref("logistics_crm.source_aftership").id,
                "code_ids": [(0, 0, {"raw_code": "Delivered", "status": "ready_for_pickup"})],
            }
        )
        self.ingest(event("A1", 0, code="Delivered", source="our-aftership"))
        self.assertEqual(shipment.status, "ready_for_pickup")

    def test_a_waybill_that_two_carriers_share(self):
        sf_shipment = self.ship("A1", carrier="SFT")
        yunda_shipment = self.ship("A1", carrier="YDT")
        receipt = self.ingest(
            event("A1", 0, "picked_up"), event("A1", 1, "departed", carrier="YDT"), event("A1", 2, "customs")
        )
        self.assertEqual((receipt["created"], receipt["parked"]), (1, 2))
        self.assertEqual((sf_shipment.status, yunda_shipment.status), ("created", "departed"))
        entries = self.inbox("waiting")
        self.assertEqual(entries.mapped("problem"), ["ambiguous_waybill"] * 2)
        sf_shipment.name = "A2"
        self.assertEqual(entries.mapped("state"), ["placed"] * 2)
        self.assertEqual(yunda_shipment.status, "customs")

    def test_a_shared_waybill_is_placed_when_the_other_shipment_is_deleted(self):
        sf_shipment = self.ship("A1", carrier="SFT")
        yunda_shipment = self.ship("A1", carrier="YDT")
        self.ingest(event("A1", 0, "picked_up"))
        sf_shipment.unlink()
        self.assertEqual(yunda_shipment.status, "picked_up")

    def test_a_source_may_stand_for_its_carrier(self):
        self.ship("A1", carrier="SFT")
        yunda_shipment = self.ship("A1", carrier="YDT")
        self.env.ref("logistics_crm.source_yunda").carrier_id = self.yunda
        receipt = self.ingest(event("A1", 0, code="GOT", source="yunda"))
        self.assertEqual(receipt["created"], 1)
        self.assertEqual(yunda_shipment.status, "picked_up")

    def test_a_carriers_event_finds_the_shipment_that_has_no_carrier_yet(self):
        shipment = self.ship("A1")
        self.assertEqual(self.ingest(event("A1", 0, "picked_up", carrier="SFT"))["created"], 1)
        self.assertEqual(shipment.status, "picked_up")

    def test_a_carriers_event_leaves_another_carriers_shipment_alone(self):
        shipment = self.ship("A1", carrier="SFT")
        self.assertEqual(self.ingest(event("A1", 0, "picked_up", carrier="YDT"))["parked"], 1)
        self.assertEqual(shipment.status, "created")
        self.assertEqual(self.inbox("waiting").problem, "unknown_waybill")

    # What is rejected

    def test_every_bad_field_is_named(self):
        self.ship("A1")
        good = event("A1", 0, "picked_up")
        for field, change in (
            ("waybill", {"waybill": ""}),
            ("waybill", {"waybill": None}),
            ("waybill", {"waybill": "x" * 65}),
            ("waybill", {"waybill": ["A1"]}),
            ("occurred_at", {"occurred_at": None}),
            ("occurred_at", {"occurred_at": "2026-03-01T08:30:00"}),
            ("occurred_at", {"occurred_at": "yesterday"}),
            ("occurred_at", {"occurred_at": 1772353800}),
            ("occurred_at", {"occurred_at": "1889-03-01T08:30:00Z"}),
            ("occurred_at", {"occurred_at": "2026-03-11T12:00:01Z"}),
            ("status", {"status": None}),
            ("status", {"status": "lost in space"}),
            ("code", {"code": {"a": 1}}),
            ("source", {"source": "nobody"}),
            ("carrier", {"carrier": "nobody"}),
            ("reason", {"reason": "bad mood"}),
            ("classifier", {"classifier": "guessed"}),
            ("eta", {"eta": "soon"}),
            ("hub", {"hub": 1.5}),
            ("description", {"description": "x" * 4001}),
            ("external_id", {"external_id": True}),
            ("ocurred_at", {"ocurred_at": "2026-03-01T08:30:00Z"}),
        ):
            with self.subTest(change=change), self.undone():
                receipt = self.ingest(event("A1", 1, "departed"), {**good, **change}, event("A1", 2, "delivered"))
                self.assertEqual(self.rejected(receipt), (1, field))
                self.assertEqual(receipt["created"], 2, "its neighbours came through")
                [entry] = self.inbox("rejected")
                self.assertEqual(entry.field_name, field)
                self.assertEqual(entry.error, receipt["rejected"][0]["error"])

    def test_what_is_no_dictionary_is_kept_too(self):
        receipt = self.ingest("A1", ["A1"], None)
        self.assertEqual(len(receipt["rejected"]), 3)
        self.assertEqual(self.inbox("rejected").mapped("payload"), [{"row": "A1"}, {"row": ["A1"]}, {"row": None}])

    def test_an_event_that_lies_ahead_must_not_be_actual(self):
        shipment = self.ship("A1")
        receipt = self.ingest(
            {
                "waybill": "A1",
                "status": "delivered",
                "occurred_at": "2026-03-14T10:00:00+08:00",
                "classifier": "planned",
            },
            {"waybill": "A1", "status": "picked_up", "occurred_at": "2026-03-11T12:00:00Z"},
        )
        self.assertEqual(receipt["created"], 2, "a clock may run ahead by a day")
        self.assertEqual(str(shipment.eta), "2026-03-14 02:00:00")
        self.assertEqual(shipment.status, "picked_up")

    def test_a_source_that_is_not_in_use_is_unknown(self):
        self.ship("A1")
        self.env.ref("logistics_crm.source_yunda").active = False
        receipt = self.ingest(event("A1", 0, code="GOT", source="yunda"))
        self.assertEqual(self.rejected(receipt), (0, "source"))

    def test_another_companys_source_and_carrier_are_unknown(self):
        self.ship("A1")
        self.env["logistics.tracking.source"].create(
            {"name": "Theirs", "code": "theirs", "company_id": self.other_company.id}
        )
        self._carrier("Their Carrier", "THEIRS", company_id=self.other_company.id)
        self.assertEqual(self.rejected(self.ingest(event("A1", 0, "departed", source="theirs"))), (0, "source"))
        self.assertEqual(self.rejected(self.ingest(event("A1", 0, "departed", carrier="THEIRS"))), (0, "carrier"))

    def test_an_own_source_comes_before_a_shared_one(self):
        self.ship("A1")
        own = self.env["logistics.tracking.source"].create(
            {"name": "Our Yunda", "code": "YUNDA", "company_id": self.company.id}
        )
        self.ingest(event("A1", 0, "departed", source="yunda"))
        self.assertEqual(self.Event.search([("shipment_id.name", "=", "A1")]).source_id, own)

    # Status, code and reason

    def test_a_code_means_what_its_source_maps(self):
        shipment = self.ship("A1")
        self.ingest(event("A1", 0, code="exception_012", source="AfterShip"))
        self.assertEqual((shipment.status, shipment.reason_id.code), ("exception", "damaged"))

    def test_a_status_that_is_given_comes_before_the_code(self):
        shipment = self.ship("A1")
        self.ingest(event("A1", 0, "departed", code="Exception_012", source="aftership"))
        self.assertEqual((shipment.status, shipment.reason_id.code), ("departed", False))
        self.ingest(event("A1", 1, "exception", code="Exception_012", source="aftership"))
        self.assertEqual((shipment.status, shipment.reason_id.code), ("exception", "damaged"))
        self.ingest(event("A1", 2, "exception", code="Exception_012", source="aftership", reason="lost"))
        self.assertEqual(shipment.reason_id.code, "lost")
        self.assertEqual(self.ingest(event("A1", 3, "departed", code="never heard"))["created"], 1)

    def test_no_source_is_the_source_api_whatever_became_of_it(self):
        self.ship("A1")
        self.ingest(event("A1", 0, "picked_up"))
        logged = self.Event.search([("shipment_id.name", "=", "A1")])
        self.assertEqual(logged.source_id, self.api)
        self.api.active = False
        self.assertEqual(self.ingest(event("A1", 1, "departed"))["created"], 1)
        self.assertTrue(self.api.active)

    # Hubs

    def test_an_unknown_hub_is_made_and_marked(self):
        self.ship("A1")
        self.ship("A2")
        known = self.env["logistics.hub"].create({"name": "Wuhan Hub", "code": "WH1", "company_id": self.company.id})
        self.ingest(
            event("A1", 0, "picked_up", hub="wuhan hub"),
            event("A1", 1, "departed", hub="wh1"),
            event("A1", 2, "arrived_hub", hub="Xi'an Hub"),
            event("A2", 2, "arrived_hub", hub="XI'AN HUB"),
        )
        hubs = self.env["logistics.hub"].search([("company_id", "=", self.company.id)])
        new = hubs - known
        self.assertEqual(len(new), 1)
        self.assertEqual(new.name.lower(), "xi'an hub")
        self.assertTrue(new.to_review)
        self.assertFalse(known.to_review)
        self.assertEqual(known.event_count, 2)
        self.assertEqual(new.event_count, 2)
        new.action_reviewed()
        self.ingest(event("A2", 3, "departed", hub="Xi'an Hub"))
        self.assertFalse(new.to_review)

    def test_hubs_whose_letters_change_case_oddly(self):
        """`İstanbul` in lower case is not one thing to Python and PostgreSQL: the whole batch failed."""
        self.ship("A1")
        names = ["İstanbul", "ΟΔΟΣ ΑΘΗΝΑΣ", "ÖREBRO", "Straße", "ŉ-Hub", "广州中心", "Ǆ"]
        for hours, name in enumerate(names):
            self.assertEqual(self.ingest(event("A1", hours, "arrived_hub", hub=name))["created"], 1)
            self.assertEqual(self.ingest(event("A1", 24 + hours, "arrived_hub", hub=name))["created"], 1)
        hubs = self.env["logistics.hub"].search([("company_id", "=", self.company.id)])
        self.assertEqual(sorted(hubs.mapped("name")), sorted(names))
        self.assertEqual(hubs.mapped("event_count"), [2] * len(names))

    def test_another_companys_hub_is_not_ours(self):
        self.ship("A1")
        theirs = self.env["logistics.hub"].create({"name": "Wuhan Hub", "company_id": self.other_company.id})
        self.ingest(event("A1", 0, "picked_up", hub="Wuhan Hub"))
        hub = self.Event.search([("shipment_id.name", "=", "A1")]).hub_id
        self.assertNotEqual(hub, theirs)
        self.assertEqual(hub.company_id, self.company)

    # The call as a whole

    def test_a_bad_call_gets_one_clear_error(self):
        events = self.Event.with_user(self.integrator)
        for rows in ({"waybill": "A1"}, "A1", None, 7):
            with self.subTest(rows=rows), self.assertRaisesRegex(UserError, "list of dictionaries"):
                events.ingest(rows)
        with self.assertRaisesRegex(UserError, "5001 rows; at most 5000"):
            events.ingest([{}] * 5001)
        agent = self._user("agent", "logistics_crm.group_logistics_agent")
        with self.assertRaisesRegex(AccessError, "Integrator"):
            self.Event.with_user(agent).ingest([event("A1", 0, "picked_up")])
        self.assertFalse(self.inbox())

    def test_no_rows_is_an_empty_receipt(self):
        self.assertEqual(self.ingest(), {"received": 0, "created": 0, "duplicates": 0, "parked": 0, "rejected": []})

    def test_the_number_of_statements_does_not_depend_on_the_number_of_rows(self):
        events = self.Event.with_user(self.integrator)

        def batch(size, start):
            """Every kind of row: new, duplicate, late, parked, rejected, new hubs and codes."""
            rows = []
            for number in range(start, start + size):
                waybill = f"S{number}"
                rows += [
                    event(waybill, 4, "departed", hub=f"Hub {number}", external_id=f"x{number}"),
                    event(waybill, 2, code="Delivered", source="aftership", carrier="SFT"),
                    event(waybill, 2, code="nobody knows", source="aftership"),
                    event(f"{waybill}?", 2, "picked_up"),
                    event(waybill, 2, "lost in space"),
                ]
            return rows

        def run(size, start):
            self.upsert(*({"waybill": f"S{number}"} for number in range(start, start + size)))
            events.ingest([event(f"S{number}", 3, "picked_up") for number in range(start, start + size)])
            return self.statements(events.ingest, batch(size, start))

        run(1, 10_000)
        few, many = run(2, 20_000), run(100, 30_000)
        self.assertEqual(few, many)
        self.assertEqual(many, 12)
