"""What the tests of the tracking core share: people, carriers, and short ways to send rows."""

from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

from odoo.tests import TransactionCase, freeze_time, new_test_user
from odoo.tools import SQL

NOW = datetime(2026, 3, 10, 12)
START = datetime(2026, 3, 1, 8)
TRACKED = ("status", "reason_id", "last_event_at", "picked_up_at", "delivered_at", "attempts", "eta")


def instant(hours):
    """ISO 8601 of START + hours, on the wall clock of China."""
    return (START + timedelta(hours=hours)).replace(tzinfo=timezone.utc).astimezone(CHINA).isoformat()


CHINA = timezone(timedelta(hours=8))


def event(waybill, hours, status=None, **values):
    row = {"waybill": waybill, "occurred_at": instant(hours), **values}
    if status:
        row["status"] = status
    return row


@freeze_time(NOW)
class TrackingCase(TransactionCase):
    """A company in China with two carriers. The clock stands at NOW."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.china = cls.env.ref("base.cn")
        cls.company = cls.env["res.company"].create({"name": "Test Express", "country_id": cls.china.id})
        cls.other_company = cls.env["res.company"].create({"name": "Other Express", "country_id": cls.china.id})
        cls.company.currency_id = cls.other_company.currency_id = cls.env.ref("base.CNY")
        cls.company.currency_id.active = True
        cls.env.user.company_ids |= cls.company | cls.other_company
        cls.env = cls.env(context={**cls.env.context, "allowed_company_ids": cls.company.ids})
        cls.integrator = cls._user("integrator", "logistics_crm.group_logistics_integrator")
        cls.Shipment = cls.env["logistics.shipment"]
        cls.Event = cls.env["logistics.tracking.event"]
        cls.Inbox = cls.env["logistics.tracking.inbox"]
        cls.sf = cls._carrier("SF Test Express", "SFT")
        cls.yunda = cls._carrier("Yunda Test", "YDT")
        cls.api = cls.env.ref("logistics_crm.source_api")

    @classmethod
    def _user(cls, login, *groups, **values):
        return new_test_user(
            cls.env,
            login=f"test_{login}",
            groups=",".join(("base.group_user", *groups)),
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
            lang="en_US",
            **values,
        )

    @classmethod
    def _carrier(cls, name, code, **values):
        product = cls.env["product.product"].create({"name": name, "type": "service"})
        return cls.env["delivery.carrier"].create(
            {"name": name, "logistics_code": code, "product_id": product.id, **values}
        )

    # Sending, as the integrator

    def ingest(self, *events):
        receipt = self.Event.with_user(self.integrator).ingest(list(events))
        self.assertEqual(receipt["received"], len(events))
        self.assertEqual(
            receipt["received"],
            receipt["created"] + receipt["duplicates"] + receipt["parked"] + len(receipt["rejected"]),
        )
        return receipt

    def upsert(self, *shipments):
        receipt = self.Shipment.with_user(self.integrator).upsert(list(shipments))
        self.assertEqual(receipt["received"], len(shipments))
        self.assertEqual(
            receipt["received"],
            receipt["created"] + receipt["updated"] + receipt["unchanged"] + len(receipt["rejected"]),
        )
        return receipt

    def ship(self, waybill, **values):
        """A shipment that came in bulk."""
        receipt = self.upsert({"waybill": waybill, **values})
        self.assertFalse(receipt["rejected"])
        return self.Shipment.browse(receipt["ids"][waybill])

    def rejected(self, receipt):
        """The only rejected row of a receipt: (index, field), after checking that it tells a person what is wrong."""
        [rejection] = receipt["rejected"]
        self.assertEqual(set(rejection), {"index", "waybill", "field", "error"})
        self.assertTrue(rejection["error"].strip())
        return rejection["index"], rejection["field"]

    # Looking at what became of it

    def state_of(self, shipment):
        """The tracked fields as they are in the database."""
        columns = SQL(", ").join(SQL.identifier(name) for name in TRACKED)
        self.env.flush_all()
        [row] = self.env.execute_query(SQL("SELECT %s FROM logistics_shipment WHERE id = %s", columns, shipment.id))
        return row

    def inbox(self, *states):
        """The company's entries in these states (open ones if none is named), oldest first."""
        states = states or ("waiting", "rejected")
        return self.Inbox.search([("company_id", "=", self.company.id), ("state", "in", states)], order="id")

    @contextmanager
    def transitions(self):
        """The list of Transitions that the hook gets inside the block."""
        with self._recorded("_on_transitions") as seen:
            yield seen

    @contextmanager
    def eta_changes(self):
        with self._recorded("_on_eta_changes") as seen:
            yield seen

    @contextmanager
    def _recorded(self, hook):
        seen = []
        original = getattr(type(self.Shipment), hook)

        def record(model, rows):
            seen.extend(rows)
            return original(model, rows)

        self.patch(type(self.Shipment), hook, record)
        try:
            yield seen
        finally:
            self.patch(type(self.Shipment), hook, original)

    @contextmanager
    def undone(self):
        """What happens inside the block is taken back at its end."""
        with self.env.cr.savepoint(flush=False) as savepoint:
            yield
            savepoint.rollback()
        self.env.invalidate_all(flush=False)

    def statements(self, function, *args):
        """How many SQL statements a call takes."""
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        function(*args)
        return self.env.cr.sql_log_count - before
