"""The plain parts of the tracking page: masking, clocks, languages, steps, files."""

import csv
import io
import re
import unittest
from datetime import datetime

import openpyxl
from hypothesis import given
from hypothesis import strategies as st

from ..tools.list_files import write_csv, write_xlsx
from ..tools.local_time import offset_at, offset_text
from ..tools.masking import mask_name, mask_phone, scrubber
from ..tools.progress import progress
from ..tools.tracking_status import STATUSES
from ..tools.visitors import choose_language, visitor_network

NAMES = st.text(st.characters(whitelist_categories=("Lu", "Ll", "Lo")), min_size=2, max_size=12)


class TestMasking(unittest.TestCase):
    def test_names(self):
        self.assertEqual(mask_name("张小三"), "张**")
        self.assertEqual(mask_name("张三"), "张**")
        self.assertEqual(mask_name("Ada Lovelace"), "A*** L***")
        self.assertEqual(mask_name(False), "")

    def test_phones(self):
        self.assertEqual(mask_phone("+8613812345678"), "138****5678")
        self.assertEqual(mask_phone("138 1234 5678"), "138****5678")
        self.assertEqual(mask_phone("+86 755 8600 1002"), "755****1002")
        self.assertEqual(mask_phone("12345"), "****45")
        self.assertEqual(mask_phone(None), "")

    def test_a_remark_loses_the_recipient_and_keeps_the_courier(self):
        scrub = scrubber(["张小三"], ["+8613812345678"], ["西湖区文三路九号"])
        text = scrub("已送至西湖区文三路九号,签收人张小三 138-1234-5678,快递员 13700002222")
        self.assertEqual(text, "已送至***,签收人张** 138****5678,快递员 13700002222")

    @given(name=NAMES, before=st.text(max_size=20), after=st.text(max_size=20))
    def test_no_masked_text_holds_the_name(self, name, before, after):
        masked = mask_name(name)
        self.assertNotIn(name, masked)
        self.assertNotIn(name, scrubber([name])(before + name + after).replace(masked, ""))

    @given(digits=st.from_regex(r"1[3-9]\d{9}", fullmatch=True), separator=st.sampled_from(["", " ", "-", "."]))
    def test_no_masked_text_holds_the_number(self, digits, separator):
        written = separator.join(re.findall(r"\d{1,4}", digits))
        text = scrubber(phones=["+86" + digits])(f"电话{written}。")
        self.assertNotIn(digits, re.sub(r"\D", "", text))


class TestLocalTime(unittest.TestCase):
    def test_one_clock(self):
        self.assertEqual(offset_at("CN", datetime(2026, 3, 1)), 480)
        self.assertEqual(offset_at("IN", datetime(2026, 3, 1), fallback=0), 330)

    def test_summer_time(self):
        self.assertEqual(offset_at("FR", datetime(2026, 1, 1)), 60)
        self.assertEqual(offset_at("FR", datetime(2026, 7, 1)), 120)

    def test_a_country_with_several_clocks_follows_the_parcel(self):
        self.assertEqual(offset_at("US", datetime(2026, 3, 1), fallback=-480), -480)
        self.assertEqual(offset_at(None, datetime(2026, 3, 1), fallback=-480), -480)
        self.assertEqual(offset_at(None, datetime(2026, 3, 1)), 0)

    def test_text(self):
        self.assertEqual([offset_text(minutes) for minutes in (480, 0, -210)], ["UTC+8", "UTC", "UTC-3:30"])


class TestLanguage(unittest.TestCase):
    def test_choices(self):
        installed = ["zh_CN", "en_US", "fr_FR"]
        for wishes, expected in (
            (["zh_CN", "en"], "zh_CN"),
            ([None, None, "zh-Hans-CN", "en"], "zh_CN"),
            ([None, "zh"], "zh_CN"),
            (["zh-TW"], "zh_CN"),
            (["en-GB", "zh"], "en_US"),
            (["de", "fr-CH", "en"], "fr_FR"),
            (["de"], "en_US"),
            (["*"], "en_US"),
            (["<script>", "../etc"], "en_US"),
            ([], "en_US"),
        ):
            self.assertEqual(choose_language(installed, *wishes), expected, wishes)
        self.assertEqual(choose_language(["zh_CN"], "de"), "zh_CN")


class TestNetwork(unittest.TestCase):
    def test_one_visitor_has_one_ipv6_network(self):
        for address, network in (
            ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("10.0.0.1", "10.0.0.1"),
            ("odd", "odd"),
            (None, ""),
        ):
            self.assertEqual(visitor_network(address), network)


class TestProgress(unittest.TestCase):
    def states(self, status, log=()):
        return dict(progress(status, log))

    def test_on_the_way(self):
        states = self.states("arrived_hub")
        self.assertEqual(
            states,
            {
                "ordered": "done",
                "picked_up": "done",
                "on_the_way": "current",
                "out_for_delivery": "todo",
                "delivered": "todo",
            },
        )

    def test_delivered(self):
        self.assertEqual(set(self.states("delivered").values()), {"done"})

    def test_an_exception_stands_where_the_parcel_was(self):
        self.assertEqual(self.states("exception", ["created", "picked_up", "in_transit"])["on_the_way"], "problem")
        self.assertEqual(self.states("exception")["ordered"], "problem")

    def test_an_undone_delivery_does_not_count(self):
        self.assertEqual(self.states("exception", ["out_for_delivery", "delivered"])["delivered"], "todo")

    def test_back_to_the_sender(self):
        self.assertEqual(
            list(self.states("returned", ["picked_up"]).items()),
            [("ordered", "done"), ("picked_up", "done"), ("returning", "done"), ("returned", "done")],
        )
        self.assertEqual(self.states("returning", ["picked_up"])["returning"], "current")

    @given(
        st.sampled_from([status for status, _label in STATUSES]), st.lists(st.sampled_from([s for s, _l in STATUSES]))
    )
    def test_every_status_has_steps(self, status, log):
        states = [state for _name, state in progress(status, log)]
        self.assertLessEqual(sum(state in ("current", "problem") for state in states), 1)
        self.assertEqual(states, sorted(states, key=["done", "current", "problem", "todo"].index))


class TestListFiles(unittest.TestCase):
    HEADER = ["Waybill", "Pieces"]
    EVIL = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://evil")', "plain"]

    def test_csv_holds_no_formula(self):
        out = io.BytesIO()
        write_csv(out, self.HEADER, ([text, 2] for text in self.EVIL))
        rows = list(csv.reader(io.StringIO(out.getvalue().decode("utf-8-sig"), newline="")))
        self.assertEqual(rows[0], self.HEADER)
        self.assertEqual([row[0] for row in rows[1:]], ["'" + text for text in self.EVIL[:-1]] + ["plain"])
        self.assertEqual(rows[1][1], "2")

    def test_xlsx_holds_no_formula(self):
        out = io.BytesIO()
        write_xlsx(out, self.HEADER, ([text, 2] for text in self.EVIL), "Shipments")
        sheet = openpyxl.load_workbook(io.BytesIO(out.getvalue())).active
        cells = [row[0] for row in sheet.iter_rows(min_row=2)]
        self.assertEqual([cell.value for cell in cells], self.EVIL)
        self.assertEqual({cell.data_type for cell in cells}, {"s"})
        self.assertEqual(sheet["B2"].value, 2)

    @given(st.lists(st.text(), min_size=1, max_size=5))
    def test_any_text_comes_back_as_text(self, texts):
        out = io.BytesIO()
        write_csv(out, ["A"], ([text.replace("\r", "").replace("\0", "")] for text in texts))
        for row in list(csv.reader(io.StringIO(out.getvalue().decode("utf-8-sig"), newline="")))[1:]:
            self.assertFalse(row and row[0][:1] in ("=", "+", "-", "@"))
