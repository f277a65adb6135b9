"""The code maps that come with the addon: each code has a meaning of ours, documented payloads are mapped."""

import csv
from pathlib import Path
from unittest import TestCase

from odoo.addons.logistics_crm.tools.dialects import DIALECTS, dialect
from odoo.addons.logistics_crm.tools.dialects.karrio import REASONS
from odoo.addons.logistics_crm.tools.tracking_status import RANK

from . import test_dialects_hostile as hostile

DATA = Path(__file__).parent.parent / "data"
# dialect → the source whose map comes with the addon
SOURCES = {
    "aftership": "source_aftership",
    "easypost": "source_easypost",
    "seventeentrack": "source_17track",
    "karrio": "source_karrio",
}


def rows(name):
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class TestCodeMaps(TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reasons = rows("logistics.reason.csv")
        cls.codes = rows("logistics.tracking.code.csv")
        cls.maps = {}
        for row in cls.codes:
            cls.maps.setdefault(row["source_id/id"], {})[row["raw_code"].lower()] = row

    def test_identifiers_are_unique(self):
        identifiers = [row["id"] for row in self.codes + self.reasons]
        self.assertEqual(len(identifiers), len(set(identifiers)))
        # The database compares raw codes without regard to case.
        self.assertEqual(sum(map(len, self.maps.values())), len(self.codes))

    def test_every_code_has_a_status_of_ours_and_a_known_reason(self):
        reasons = {row["id"] for row in self.reasons} | {""}
        for row in self.codes:
            with self.subTest(code=row["id"]):
                self.assertIn(row["status"], RANK)
                self.assertIn(row["reason_id/id"], reasons)
                self.assertTrue(row["name"])
                self.assertTrue(row["name"].isascii())

    def test_six_sources_are_mapped(self):
        others = {"source_yunda", "source_kuaidi100"}
        self.assertEqual(set(self.maps), set(SOURCES.values()) | others)

    def test_the_codes_of_every_example_are_mapped(self):
        for name, source in SOURCES.items():
            for event in dialect(name).parse(hostile.EXAMPLES[name]):
                code = event.get("code")
                with self.subTest(name=name, code=code):
                    known = self.maps[source]
                    if code is not None and code.lower() not in known:
                        self.assertIn(DIALECTS[name].coarse(code).lower(), known)

    def test_every_sub_status_has_a_coarse_code_to_fall_back_to(self):
        for name in ("aftership", "easypost", "seventeentrack"):
            known = self.maps[SOURCES[name]]
            for row in known.values():
                coarse = DIALECTS[name].coarse(row["raw_code"])
                with self.subTest(code=row["raw_code"]):
                    self.assertTrue(coarse is None or coarse.lower() in known)

    def test_reasons_of_karrio_are_ours(self):
        self.assertLessEqual(set(REASONS.values()), {row["code"] for row in self.reasons})

    def test_only_a_misdelivery_undoes_a_delivery(self):
        undoing = [row["code"] for row in self.reasons if row["undoes_delivery"] == "True"]
        self.assertEqual(undoing, ["misdelivered"])
