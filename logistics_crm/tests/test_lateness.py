"""Late, at risk, done: what the form shows is what the filters find."""

from datetime import timedelta
from itertools import product

from odoo.tests import tagged

from .common import NOW, TrackingCase


@tagged("post_install", "-at_install")
class TestLateness(TrackingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        past, future = NOW - timedelta(hours=1), NOW + timedelta(hours=9)
        cls.shipments = cls.Shipment.create(
            [
                {
                    "name": f"L{number}",
                    "status": status,
                    "promised_at": promise,
                    "eta": eta,
                    "delay_risk": risk,
                    "delivered_at": delivered,
                }
                for number, (status, promise, eta, risk, delivered) in enumerate(
                    product(
                        ("created", "in_transit", "delivered", "returned"),
                        (False, past, NOW, future),
                        (False, past, future + timedelta(hours=1)),
                        (0, 0.5),
                        (False, past - timedelta(hours=1), future + timedelta(hours=1)),
                    )
                )
            ]
        )
        cls.env.flush_all()

    def test_the_filters_find_what_the_form_shows(self):
        for name in ("is_late", "is_at_risk"):
            shown = self.shipments.filtered(name)
            self.assertTrue(shown)
            self.assertNotEqual(shown, self.shipments)
            ours = ("id", "in", self.shipments.ids)
            for domain, expected in (
                ([(name, "=", True)], shown),
                ([(name, "=", False)], self.shipments - shown),
                ([(name, "!=", True)], self.shipments - shown),
                (["!", (name, "=", True)], self.shipments - shown),
                ([(name, "in", [True, False])], self.shipments),
            ):
                with self.subTest(domain=domain):
                    found = self.Shipment.search([ours, *domain])
                    self.assertEqual(set(found.ids), set(expected.ids))

    def test_what_they_mean(self):
        for shipment in self.shipments:
            is_open = shipment.status not in ("delivered", "returned", "cancelled")
            promise = shipment.promised_at
            late = bool(is_open and promise and promise < NOW)
            self.assertEqual(shipment.is_done, not is_open)
            self.assertEqual(shipment.is_late, late)
            if shipment.is_at_risk:
                self.assertTrue(is_open and promise and not late)
                self.assertTrue(shipment.delay_risk >= 0.5 or shipment.eta > promise)
            self.assertEqual(
                shipment.missed_promise,
                late or bool(promise and shipment.delivered_at and shipment.delivered_at > promise),
            )
