"""Who may read and write what, over the ORM as RPC reaches it."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import TrackingCase, event

OPERATIONS = ("read", "write", "create", "unlink")
# What each role may do with a row of its own company, as initials; whoever is not named may do nothing.
AGENT, MANAGER, INTEGRATOR = "agent", "manager", "integrator"
RIGHTS = {
    "logistics.shipment": {AGENT: "rwc", MANAGER: "rwcu", INTEGRATOR: "r"},
    "logistics.tracking.event": {AGENT: "r", MANAGER: "r", INTEGRATOR: "r"},
    "logistics.tracking.source": {AGENT: "r", MANAGER: "rwcu", INTEGRATOR: "r"},
    "logistics.tracking.code": {AGENT: "r", MANAGER: "rwcu", INTEGRATOR: "r"},
    "logistics.tracking.inbox": {AGENT: "rw", MANAGER: "rwu", INTEGRATOR: "r"},
    "logistics.hub": {AGENT: "r", MANAGER: "rwcu", INTEGRATOR: "r"},
    "logistics.reason": {AGENT: "r", MANAGER: "rwcu", INTEGRATOR: "r"},
    "logistics.service.level": {AGENT: "r", MANAGER: "rwcu", INTEGRATOR: "r"},
    "logistics.customer.key": {MANAGER: "r"},
}
SHARED = {"logistics.reason"}  # has no company


@tagged("post_install", "-at_install")
class TestAccess(TrackingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            AGENT: cls._user("agent", "logistics_crm.group_logistics_agent"),
            MANAGER: cls._user("manager", "logistics_crm.group_logistics_manager"),
            INTEGRATOR: cls.integrator,
            "plain": cls._user("plain"),
            "portal": new_test_user(
                cls.env, login="test_portal", groups="base.group_portal", company_id=cls.company.id
            ),
            "public": cls.env.ref("base.public_user"),
        }
        cls.users["public"].sudo().write({"company_ids": [(4, cls.company.id)], "company_id": cls.company.id})
        cls.own = cls._rows_of(cls.company)
        cls.theirs = cls._rows_of(cls.other_company)

    @classmethod
    def _rows_of(cls, company):
        """One row of each model of the tracking core: model → record."""
        env = cls.env(context={"allowed_company_ids": company.ids})
        source = env["logistics.tracking.source"].create(
            {"name": "Secretive", "code": f"s{company.id}", "company_id": company.id, "secret": "hush"}
        )
        code = env["logistics.tracking.code"].create(
            {"source_id": source.id, "raw_code": "Q7", "status": "departed", "name": "Left"}
        )
        env["logistics.shipment"].upsert([{"waybill": "W1", "customer": {"ref": "C-1", "name": "Customer"}}])
        env["logistics.tracking.event"].ingest(
            [event("W1", 0, code="Q7", source=source.code, hub="Hub"), event("W2", 0, "departed")]
        )

        def one(model):
            return env[model].search([("company_id", "=", company.id)], limit=1)

        rows = {
            "logistics.shipment": one("logistics.shipment"),
            "logistics.tracking.event": one("logistics.tracking.event"),
            "logistics.tracking.source": source,
            "logistics.tracking.code": code,
            "logistics.tracking.inbox": one("logistics.tracking.inbox"),
            "logistics.hub": one("logistics.hub"),
            "logistics.reason": env.ref("logistics_crm.reason_lost"),
            "logistics.service.level": env["logistics.service.level"].create(
                {"name": "Own", "code": f"l{company.id}", "company_id": company.id}
            ),
            "logistics.customer.key": one("logistics.customer.key"),
        }
        return {model: cls.env[model].browse(row.id) for model, row in rows.items()}

    def models_of_ours(self):
        return [
            self.env[name]
            for name, model in self.registry.items()
            if name.startswith("logistics.") and not model._abstract and model._original_module == "logistics_crm"
        ]

    def test_each_role_may_do_what_its_work_needs(self):
        for model, rights in RIGHTS.items():
            for role, user in self.users.items():
                record = self.own[model].with_user(user)
                for operation in OPERATIONS:
                    with self.subTest(model=model, role=role, operation=operation):
                        self.assertEqual(record.has_access(operation), operation[0] in rights.get(role, ""))

    def test_who_has_no_role_reaches_no_model_of_ours(self):
        self.assertGreater(len(self.models_of_ours()), 9)
        for model in self.models_of_ours():
            for role in ("plain", "portal", "public"):
                for operation in OPERATIONS:
                    if model._transient and operation != "read":
                        continue
                    # A customer's people read their own shipments, see the tests of the portal.
                    own = role == "portal" and model._name == "logistics.shipment" and operation == "read"
                    with self.subTest(model=model._name, role=role, operation=operation):
                        self.assertEqual(model.with_user(self.users[role]).has_access(operation), own)

    def test_the_integrator_writes_nothing_of_ours(self):
        for model in self.models_of_ours():
            for operation in ("write", "create", "unlink"):
                with self.subTest(model=model._name, operation=operation):
                    self.assertFalse(model.with_user(self.integrator).has_access(operation))

    def test_another_companys_rows_cannot_be_seen(self):
        for model in RIGHTS.keys() - SHARED:
            for role in RIGHTS[model]:
                theirs = self.theirs[model].with_user(self.users[role])
                with self.subTest(model=model, role=role):
                    self.assertFalse(theirs.search([("id", "=", theirs.id)]))
                    self.assertFalse(theirs.has_access("read"))
                    with self.assertRaises(AccessError):
                        theirs.read(["display_name"])
                    self.assertTrue(self.own[model].with_user(self.users[role]).read(["display_name"]))

    def test_each_role_reads_all_fields_that_it_may(self):
        """A field that holds records of another room must not make read() of all fields fail."""
        for model, rights in RIGHTS.items():
            for role in rights:
                with self.subTest(model=model, role=role):
                    self.assertTrue(self.own[model].with_user(self.users[role]).read())

    def test_a_courier_sees_the_own_shipments_and_writes_nothing(self):
        courier = self._user("courier", "logistics_crm.group_logistics_courier")
        mine, other = self.own["logistics.shipment"], self.ship("W6")
        mine.courier_id = courier
        self.assertEqual(self.Shipment.with_user(courier).search([], order="id"), mine)
        self.assertEqual(mine.with_user(courier).read(["name", "status"])[0]["status"], "departed")
        with self.assertRaises(AccessError):
            other.with_user(courier).read(["name"])
        for model in RIGHTS:
            for operation in ("write", "create", "unlink"):
                with self.subTest(model=model, operation=operation):
                    self.assertFalse(self.own[model].with_user(courier).has_access(operation))

    def test_the_secret_is_the_managers(self):
        source = self.own["logistics.tracking.source"]
        self.assertEqual(source.with_user(self.users[MANAGER]).secret, "hush")
        for role in (AGENT, INTEGRATOR):
            mine = source.with_user(self.users[role])
            self.assertNotIn("secret", mine.read()[0])
            self.assertNotIn("secret", mine.fields_get())
            for reach in (
                lambda mine=mine: mine.read(["secret"]),
                lambda mine=mine: mine.search([("secret", "=like", "h%")]),
                lambda mine=mine: mine.search([], order="secret"),
                lambda mine=mine: mine._read_group([], ["secret"]),
                lambda mine=mine: mine.export_data(["secret"]),
                lambda mine=mine: mine.mapped("secret"),
            ):
                mine.invalidate_recordset()
                with self.subTest(role=role), self.assertRaises(UserError):
                    reach()

    def test_the_two_methods_are_the_integrators_and_the_managers(self):
        for role, user in self.users.items():
            for model, method in ((self.Event, "ingest"), (self.Shipment, "upsert")):
                call = getattr(model.with_user(user), method)
                with self.subTest(role=role, method=method):
                    if role in (INTEGRATOR, MANAGER):
                        self.assertEqual(call([])["received"], 0)
                    else:
                        with self.assertRaises(AccessError):
                            call([])

    def test_the_integrator_writes_by_the_two_methods_what_it_may_not_write_itself(self):
        shipment = self.own["logistics.shipment"].with_user(self.integrator)
        self.upsert({"waybill": "W1", "pieces": 9, "customer": {"ref": "C-new", "name": "New"}})
        self.ingest(event("W1", 5, "delivered", hub="New Hub"))
        self.assertEqual((shipment.pieces, shipment.status), (9, "delivered"))
        with self.assertRaises(AccessError):
            shipment.write({"pieces": 1})
        with self.assertRaises(AccessError):
            self.env["res.partner"].with_user(self.integrator).create({"name": "By hand"})
        with self.assertRaises(AccessError):
            self.own["logistics.tracking.inbox"].with_user(self.integrator).action_replay()
        with self.assertRaises(AccessError):
            self.own["logistics.tracking.inbox"].with_user(self.integrator).action_discard()

    def test_what_the_methods_do_for_the_integrator_does_not_leak(self):
        """They look up carriers, partners and hubs beyond the integrator's rights: nothing but ids may come out."""
        secretive = self.env["res.partner"].create(
            {"name": "Top Secret Ltd", "ref": "X-1", "company_id": self.company.id}
        )
        receipt = self.upsert(
            {"waybill": "W1", "customer": {"ref": "X-1"}}, {"waybill": "W9", "customer": {"ref": "X-2"}}
        )
        self.assertNotIn(secretive.name, str(receipt))
        theirs = self.env["res.partner"].create({"name": "Theirs", "ref": "T-1", "company_id": self.other_company.id})
        receipt = self.upsert(
            {"waybill": "W1", "customer_id": theirs.id}, {"waybill": "W1", "customer": {"ref": "T-1"}}
        )
        self.assertEqual([r["field"] for r in receipt["rejected"]], ["customer_id", "customer.name"])
        self.assertNotIn("Theirs", str(receipt))

    def test_nobody_writes_or_deletes_the_log(self):
        logged = self.own["logistics.tracking.event"]
        for role in (AGENT, MANAGER, INTEGRATOR):
            with self.assertRaises(UserError):
                logged.with_user(self.users[role]).write({"status": "delivered"})
            with self.assertRaises(UserError):
                logged.with_user(self.users[role]).create({"shipment_id": logged.shipment_id.id, "status": "delivered"})
            with self.assertRaises(AccessError):
                logged.with_user(self.users[role]).unlink()
        with self.assertRaises(UserError):
            logged.write({"status": "delivered"})

    def test_the_journey_is_nobodys_to_write(self):
        """Over RPC, an agent could write a shipment's status, though the log said otherwise."""
        for role in (AGENT, MANAGER):
            shipments = self.Shipment.with_user(self.users[role])
            for values in (
                {"status": "delivered"},
                {"delivered_at": "2026-03-01"},
                {"attempts": 3},
                {"eta": "2026-03-01"},
            ):
                with self.subTest(role=role, values=values):
                    with self.assertRaises(UserError):
                        self.own["logistics.shipment"].with_user(self.users[role]).write(values)
                    with self.assertRaises(UserError):
                        shipments.create({"name": "W5", **values})
            self.assertEqual(shipments.create({"name": f"W-{role}"}).status, "created")

    def test_a_copy_is_a_new_order(self):
        """A copy of a delivered shipment was delivered too, with an empty log."""
        shipment = self.ship("W7", pieces=3)
        self.ingest(
            event("W7", 0, "exception", reason="lost"), event("W7", 1, "attempt_failed"), event("W7", 2, "delivered")
        )
        self.env.invalidate_all()
        copy = shipment.with_user(self.users[AGENT]).copy({"name": "W8"})
        self.assertEqual((copy.pieces, copy.status, copy.attempts), (3, "created", 0))
        self.assertFalse(copy.reason_id or copy.last_event_at or copy.picked_up_at or copy.delivered_at or copy.eta)

    def test_an_agent_fixes_and_replays_in_the_inbox(self):
        entry = self.own["logistics.tracking.inbox"].with_user(self.users[AGENT])
        entry.payload_text = '{"waybill": "W1", "occurred_at": "2026-03-02T00:00:00Z", "status": "delivered"}'
        entry.action_replay()
        self.assertEqual(entry.state, "placed")
        self.assertEqual(self.own["logistics.shipment"].status, "delivered")

    def test_agents_enter_shipments_by_hand_and_what_waits_comes_along(self):
        shipment = self.Shipment.with_user(self.users[AGENT]).create({"name": "W2"})
        self.assertEqual(shipment.status, "departed")

    def test_a_manager_deletes_a_shipment_with_its_log(self):
        shipment = self.own["logistics.shipment"]
        events = shipment.event_ids
        self.assertTrue(events)
        with self.assertRaises(AccessError):
            shipment.with_user(self.users[AGENT]).unlink()
        shipment.with_user(self.users[MANAGER]).unlink()
        self.assertFalse(events.exists())
