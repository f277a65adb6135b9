"""A courier's phone reports what happened at the door; nothing is lost, nothing happens twice, nobody else gets in."""

import base64
import io
import uuid

from PIL import Image

from odoo.exceptions import AccessError
from odoo.tests import freeze_time, tagged

from .common import NOW, event
from .courier_common import CourierCase, picture, strokes


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestCourierActions(CourierCase):
    def test_delivered(self):
        shipment = self.out_for_delivery()
        payload = self.delivered(
            shipment, photos=[picture()], place={"latitude": 31.23041, "longitude": 121.47370, "accuracy": 12}
        )
        with self.transitions() as seen:
            answer = self.act(payload)
        self.assertEqual((answer["state"], answer["warnings"], answer["clock_off"]), ("done", [], False))
        self.assertEqual([step.to_status for step in seen], ["delivered"])
        self.assertEqual(shipment.status, "delivered")
        self.assertEqual(str(shipment.delivered_at), "2026-03-10 11:30:00")
        self.assertEqual((shipment.signatory, shipment.signatory_relation), ("王芳", "family"))
        self.assertEqual(str(shipment.proof_at), "2026-03-10 11:30:00")
        self.assertEqual(shipment.proof_by_id, self.courier)
        self.assertEqual(shipment.proof_place, "31.23041, 121.47370 (± 12 m)")
        self.assertTrue(shipment.has_proof)
        self.assertTrue(base64.b64decode(shipment.signature).startswith(b"\x89PNG"))
        photo = shipment.proof_photo_ids
        self.assertEqual((photo.res_model, photo.res_id), ("logistics.shipment", shipment.id))
        log = shipment.event_ids.filtered(lambda entry: entry.status == "delivered")
        self.assertEqual((log.source_id.code, log.external_id), ("courier", payload["key"]))
        self.assertEqual((log.utc_offset, log.location, log.description), (480, "上海", False))

    def test_same_key_same_answer_one_effect(self):
        shipment = self.out_for_delivery()
        payload = self.report(shipment, "exception", reason="damaged", photos=[picture()], note="Corner crushed")
        first = self.act(payload)
        for _again in range(3):
            self.assertEqual(self.act(payload | {"sent_at": "2026-03-10T19:59:59+08:00"}), first)
        self.assertEqual(len(self.action_of(payload)), 1)
        self.assertEqual(len(shipment.ticket_ids), 1)
        self.assertEqual(len(shipment.event_ids.filtered(lambda entry: entry.status == "exception")), 1)

    def test_key_of_another_action_is_refused(self):
        shipment, other = self.out_for_delivery(), self.out_for_delivery("C2")
        payload = self.delivered(shipment)
        self.act(payload)
        answer = self.act(payload | {"shipment_id": other.id, "waybill": "C2"})
        self.assertEqual((answer["state"], answer["code"]), ("refused", "key_taken"))
        self.assertEqual(other.status, "out_for_delivery")

    def test_photo_is_enough_but_nothing_is_not(self):
        shipment, bare = self.out_for_delivery(), self.out_for_delivery("C2")
        self.assertEqual(self.act(self.report(shipment, photos=[picture()]))["state"], "done")
        answer = self.act(self.report(bare))
        self.assertEqual((answer["state"], answer["code"]), ("kept", "no_proof"))
        self.assertEqual(bare.status, "out_for_delivery")

    def test_attempt_failed(self):
        shipment = self.out_for_delivery()
        answer = self.act(self.report(shipment, "failed", reason="recipient_absent"))
        self.assertEqual(answer["state"], "done")
        self.assertEqual(
            (shipment.status, shipment.reason_id.code, shipment.attempts), ("attempt_failed", "recipient_absent", 1)
        )

    def test_attempt_sent_after_the_delivery_that_followed_it(self):
        """Two phones: the older action arrives last. It goes into the history and changes nothing."""
        shipment = self.out_for_delivery()
        self.act(self.delivered(shipment))
        late = self.report(shipment, "failed", reason="recipient_absent", happened_at="2026-03-10T17:00:00+08:00")
        self.assertEqual(self.act(late)["state"], "done")
        self.assertEqual((shipment.status, shipment.attempts), ("delivered", 2))
        after = self.report(shipment, "failed", reason="recipient_absent", happened_at="2026-03-10T19:45:00+08:00")
        self.assertEqual(self.act(after)["code"], "is_delivered")
        self.assertEqual(shipment.attempts, 2)

    def test_exception_opens_one_ticket_and_adds_to_it(self):
        team = self.env["helpdesk.ticket.team"].create({"name": "Claims", "company_id": self.company.id})
        team.user_id = self.agent
        self.company.logistics_courier_team_id = team
        customer = self.env["res.partner"].create({"name": "Acme", "is_company": True, "email": "acme@example.com"})
        shipment = self.out_for_delivery()
        shipment.customer_id = customer
        answer = self.act(
            self.report(shipment, "exception", reason="damaged", note="<b>Corner</b>", photos=[picture(), picture()])
        )
        ticket = shipment.ticket_ids
        self.assertEqual(answer["ticket"], ticket.number)
        self.assertEqual((shipment.status, shipment.reason_id.code), ("exception", "damaged"))
        self.assertEqual((ticket.partner_id, ticket.team_id), (customer, team))
        self.assertEqual(ticket.channel_id, self.env.ref("logistics_crm.ticket_channel_courier"))
        self.assertEqual(ticket.shipment_reason_id.code, "damaged")
        self.assertTrue(ticket.type_id)
        self.assertIn("&lt;b&gt;Corner", ticket.description)
        self.assertEqual(ticket.activity_ids.user_id, self.agent)
        self.assertNotIn(self.courier.partner_id, ticket.message_partner_ids)
        self.assertEqual(len(ticket.message_ids.attachment_ids), 2)
        self.assertEqual(set(ticket.message_ids.attachment_ids.mapped("res_model")), {"helpdesk.ticket"})

        again = self.act(self.report(shipment, "exception", reason="damaged", note="Wet, too"))
        self.assertEqual((again["ticket"], shipment.ticket_ids), (ticket.number, ticket))
        self.assertEqual(len(ticket.activity_ids), 2)
        self.assertTrue(any("Wet, too" in body for body in ticket.message_ids.mapped("body")))
        other = self.act(self.report(shipment, "exception", reason="partial_loss"))
        self.assertNotEqual(other["ticket"], ticket.number)

    def test_reason_that_does_not_fit_waits(self):
        shipment = self.out_for_delivery()
        for kind, reason in (
            ("failed", None),
            ("failed", "damaged"),
            ("failed", "no_such"),
            ("exception", "recipient_absent"),
            ("exception", "stalled"),
        ):
            with self.subTest(kind=kind, reason=reason):
                payload = self.report(shipment, kind, reason=reason)
                self.assertEqual(self.act(payload)["code"], "wrong_reason")
                self.assertEqual(self.action_of(payload).state, "kept")
        self.assertEqual(shipment.status, "out_for_delivery")

    def test_given_to_somebody_else_meanwhile(self):
        shipment = self.out_for_delivery()
        shipment.with_user(self.agent)._assign_courier(self.colleague)
        payload = self.delivered(shipment, photos=[picture()])
        answer = self.act(payload)
        self.assertEqual((answer["state"], answer["code"]), ("kept", "not_yours"))
        self.assertEqual((shipment.status, shipment.signatory), ("out_for_delivery", False))
        # An agent sees it with its pictures, and may let it count.
        action = self.action_of(payload).with_user(self.agent)
        self.assertIn("C1", action.error)
        self.assertTrue(action.signature and action.photo_ids.raw)
        self.assertIn("Courier Reports", shipment.message_ids[0].body)
        action.action_accept()
        self.assertEqual((action.state, shipment.status), ("done", "delivered"))
        self.assertEqual((shipment.signatory, shipment.proof_by_id), ("王芳", self.courier))

    def test_cancelled_meanwhile(self):
        shipment = self.ship("C1")
        shipment.courier_id = self.courier
        shipment.action_cancel()
        payload = self.delivered(shipment)
        answer = self.act(payload)
        self.assertEqual((answer["state"], answer["code"]), ("kept", "is_cancelled"))
        self.assertIn("C1", answer["message"])
        self.assertEqual(self.act(payload), answer)
        self.assertEqual(shipment.status, "cancelled")
        action = self.action_of(payload).with_user(self.agent)
        action.action_dismiss()
        self.assertEqual((action.state, shipment.has_proof), ("dismissed", False))

    def test_delivered_by_two_phones(self):
        shipment = self.out_for_delivery()
        self.act(self.delivered(shipment))
        answer = self.act(self.delivered(shipment) | {"signatory": "张三"})
        self.assertEqual((answer["state"], answer["code"]), ("kept", "has_proof"))
        self.assertEqual(shipment.signatory, "王芳")

    def test_proof_after_the_carrier_said_delivered(self):
        shipment = self.out_for_delivery()
        self.ingest(event("C1", 3, "delivered"))
        self.assertEqual(self.act(self.delivered(shipment))["state"], "done")
        self.assertEqual((shipment.status, shipment.signatory), ("delivered", "王芳"))

    def test_same_waybill_at_two_carriers(self):
        first = self.out_for_delivery(carrier="SFT")
        second = self.ship("C1", carrier="YDT")
        second.courier_id = self.courier
        self.assertEqual(self.act(self.delivered(second))["state"], "done")
        self.assertEqual((first.status, second.status), ("out_for_delivery", "delivered"))

    def test_clocks(self):
        """NOW is 12:00 UTC, 20:00 in Shanghai."""
        for number, (happened, sent, expected, off) in enumerate(
            (
                ("2026-03-10T19:30:00+08:00", "2026-03-10T20:00:20+08:00", "2026-03-10 11:30:00", False),
                ("2026-03-10T20:00:30+08:00", None, "2026-03-10 12:00:00", False),  # half a minute fast
                ("2026-03-10T23:00:00+08:00", None, "2026-03-10 12:00:00", True),
                ("2031-01-01T00:00:00+08:00", None, "2026-03-10 12:00:00", True),
                ("2026-03-10T23:00:00+08:00", "2026-03-10T23:30:00+08:00", "2026-03-10 11:30:00", True),
                ("1999-01-01T08:00:00+08:00", "1999-01-01T09:00:00+08:00", "2026-03-10 11:00:00", True),
                ("1999-01-01T08:00:00+08:00", None, "2026-03-10 12:00:00", True),
            )
        ):
            with self.subTest(happened=happened, sent=sent):
                shipment = self.out_for_delivery(f"C{number}")
                answer = self.act(self.delivered(shipment, happened_at=happened, sent_at=sent))
                self.assertEqual((answer["state"], answer["clock_off"]), ("done", off))
                self.assertEqual(str(shipment.delivered_at), expected)

    def test_hostile_pictures(self):
        shipment = self.out_for_delivery()
        bomb = base64.b64encode(_huge_png()).decode()
        script = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>").decode()
        exif = Image.Exif()
        exif[0x010E] = "secret place"  # the description of the picture
        good = picture(exif=exif.tobytes())
        self.assertIn(b"secret place", base64.b64decode(good))
        answer = self.act(self.delivered(shipment, photos=[bomb, script, good]))
        self.assertEqual(answer["state"], "done")
        self.assertEqual(len(answer["warnings"]), 2)
        photo = shipment.proof_photo_ids
        self.assertEqual((len(photo), photo.mimetype), (1, "image/jpeg"))
        self.assertNotIn(b"secret place", photo.raw)

    def test_blank_signature(self):
        shipment = self.out_for_delivery()
        answer = self.act(self.report(shipment, signatory="王芳", signature=strokes(ink=False)))
        self.assertEqual((answer["state"], answer["code"]), ("kept", "no_proof"))
        self.assertEqual(len(answer["warnings"]), 1)

    def test_nonsense_is_refused_and_changes_nothing(self):
        shipment = self.out_for_delivery()
        good = self.delivered(shipment)
        before = self.Action.search_count([])
        for change in (
            {"kind": "cancelled"},
            {"kind": ["delivered"]},
            {"status": "returned"},
            {"state": "done"},
            {"user_id": 2},
            {"key": "1"},
            {"key": None},
            {"key": "x" * 4000},
            {"shipment_id": "1 OR 1=1"},
            {"shipment_id": True},
            {"shipment_id": -1},
            {"shipment_id": 2**40},
            {"happened_at": None},
            {"happened_at": "yesterday"},
            {"happened_at": "2026-03-10T19:30:00"},
            {"sent_at": 5},
            {"relation": "boss"},
            {"signatory": {"name": "x"}},
            {"signature": 7},
            {"signature": "§§§"},
            {"photos": "abc"},
            {"photos": [picture((8, 8))] * 9},
            {"photos": ["A" * 6_000_000]},
            {"place": {"latitude": float("nan"), "longitude": 0, "accuracy": 0}},
            {"place": {"latitude": 91}},
            {"place": [1, 2]},
            {"note": "x" * 3000},
        ):
            with self.subTest(change=str(change)[:60]):
                answer = self.act(good | {"key": str(uuid.uuid4())} | change)
                self.assertEqual(answer["state"], "refused")
                self.assertTrue(answer["message"])
        for payload in (None, [], "x", 5, {}):
            self.assertEqual(self.act(payload)["state"], "refused")
        self.assertEqual(self.Action.search_count([]), before)
        self.assertEqual(shipment.status, "out_for_delivery")

    def test_too_many_at_once_are_sent_later(self):
        shipment = self.out_for_delivery()
        self.patch(type(self.env["logistics.rate.limit"]), "_allow", lambda *args: False)
        payload = self.delivered(shipment)
        self.assertEqual(self.act(payload)["state"], "retry")
        self.assertFalse(self.action_of(payload))


def _huge_png():
    """20,000 × 20,000 pixels in a few hundred kilobytes."""
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    return out.getvalue()


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestCourierRights(CourierCase):
    """Couriers get at their own shipments, and at what the visit needs."""

    def test_reads_own_shipments_only(self):
        mine, other = self.out_for_delivery(), self.out_for_delivery("C2", self.colleague)
        found = self.Shipment.with_user(self.courier).search([("name", "in", ("C1", "C2"))])
        self.assertEqual(found, mine)
        with self.assertRaises(AccessError):
            other.with_user(self.courier).read(["name"])
        with self.assertRaises(AccessError):
            mine.with_user(self.courier).write({"delivery_note": "x"})
        with self.assertRaises(AccessError):
            mine.with_user(self.courier).unlink()

    def test_reads_no_more_than_the_visit_needs(self):
        mine = self.out_for_delivery().with_user(self.courier)
        self.assertEqual(mine.consignee_name, "王芳")
        for name in ("freight_amount", "declared_value", "customer_id", "delay_risk", "sale_id", "message_ids"):
            with self.subTest(field=name), self.assertRaises(AccessError):
                mine.read([name])
        with self.assertRaises(AccessError):
            self.Shipment.with_user(self.courier).search([("declared_value", ">", 1)])
        self.assertNotIn("freight_amount", mine.fields_get())

    def test_agent_who_delivers_too_still_sees_all(self):
        mine, other = self.out_for_delivery(), self.out_for_delivery("C2", self.colleague)
        self.agent.group_ids |= self.env.ref("logistics_crm.group_logistics_courier")
        self.assertEqual((mine | other).with_user(self.agent).mapped("freight_amount"), [0, 0])

    def test_photos_of_others(self):
        mine, other = self.out_for_delivery(), self.out_for_delivery("C2", self.colleague)
        self.act(self.delivered(other, photos=[picture()]), self.colleague)
        self.act(self.delivered(mine, photos=[picture()]))
        mine.proof_photo_ids.with_user(self.courier).read(["datas"])
        for user in (self.courier, self._user("plain")):
            with self.assertRaises(AccessError):
                other.proof_photo_ids.with_user(user).read(["datas"])
        signature = self.env["ir.attachment"].search(
            [("res_model", "=", "logistics.shipment"), ("res_id", "=", other.id), ("res_field", "=", "signature")]
        )
        with self.assertRaises(AccessError):
            signature.with_user(self.courier).read(["datas"])

    def test_photos_of_an_exception_are_the_ticket_s(self):
        shipment = self.out_for_delivery()
        self.act(self.report(shipment, "exception", reason="damaged", photos=[picture()]))
        photo = shipment.ticket_ids.message_ids.attachment_ids
        photo.with_user(self.agent).read(["datas"])
        with self.assertRaises(AccessError):
            photo.with_user(self.colleague).read(["datas"])

    def test_another_one_s_shipment_by_id(self):
        other = self.out_for_delivery("C2", self.colleague)
        unknown = self.report(other, shipment_id=other.id + 100000, signatory="x", signature=strokes())
        answers = [self.act(self.delivered(other)), self.act(unknown)]
        self.assertEqual({answer["code"] for answer in answers}, {"not_yours"})
        self.assertEqual(len({answer["message"] for answer in answers}), 1)  # nobody learns which shipments exist
        self.assertEqual((other.status, other.has_proof), ("out_for_delivery", False))

    def test_another_company_s_shipment_stays_out_of_its_queue(self):
        with self.subTest("made there"):
            other = self.Shipment.with_company(self.other_company).create(
                {"name": "O1", "company_id": self.other_company.id}
            )
        payload = self.delivered(other)
        self.assertEqual(self.act(payload)["code"], "not_yours")
        action = self.action_of(payload)
        self.assertEqual((action.company_id, action.shipment_id), (self.company, self.Shipment))

    def test_another_one_s_key(self):
        shipment = self.out_for_delivery()
        payload = self.delivered(shipment)
        self.act(payload)
        self.assertEqual(self.act(payload, self.colleague)["code"], "key_taken")

    def test_no_courier(self):
        shipment = self.out_for_delivery()
        for user in (self.agent, self._user("plain"), self.env.ref("base.public_user"), self._portal()):
            with self.subTest(user=user.login):
                self.assertEqual(self.act(self.delivered(shipment), user)["code"], "not_courier")
        self.assertEqual(shipment.status, "out_for_delivery")

    def test_reports_are_for_agents(self):
        shipment = self.out_for_delivery()
        payload = self.report(shipment)
        self.act(payload)
        action = self.action_of(payload)
        for user in (self.courier, self._user("plain"), self._portal()):
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    action.with_user(user).read(["waybill"])
                for button in ("action_accept", "action_dismiss"):
                    with self.assertRaises(AccessError):
                        getattr(action.with_user(user), button)()
        with self.assertRaises(AccessError):
            action.with_user(self.agent).write({"state": "done"})
        with self.assertRaises(AccessError):
            self.Action.with_user(self.courier).create({"key": "x"})
        self.assertEqual(action.state, "kept")

    def _portal(self):
        return self.env["res.users"].create(
            {
                "name": "Portal",
                "login": f"portal_{uuid.uuid4()}",
                "group_ids": [(6, 0, self.env.ref("base.group_portal").ids)],
                "company_id": self.company.id,
                "company_ids": [(6, 0, self.company.ids)],
            }
        )
