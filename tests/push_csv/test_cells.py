"""Reading cells: texts, numbers, dates and conditions."""

import pytest

from .helpers import mapped


def read_cell(spec, text, files, field="freight", formats=""):
    mapping = f'[formats]\n{formats}\n[shipment]\nwaybill = "nr"\n{field} = {{ column = "x", {spec} }}'
    shipment, _ = mapped(files(f'W1,"{text}"', header="nr,x", mapping=mapping))
    return shipment.get(field)


@pytest.mark.parametrize(
    ("spec", "text", "value"),
    [
        ('decimal = ","', "12,5", 12.5),
        ('decimal = ",", thousands = "."', "1.234.567,5", 1234567.5),
        ('thousands = " "', "-1 234.25", -1234.25),
        ("factor = 0.001", "650", 0.65),
        ('map = { "free" = "0" }', "free", 0.0),
        ('map = { "free" = "0" }, otherwise = ""', "?", None),
    ],
)
def test_numbers(files, spec, text, value):
    assert read_cell(spec, text, files) == value


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ('decimal = ",", thousands = "."', "12.50"),  # would be 1250
        ('decimal = ","', "12.50"),
        ('decimal = "."', "1,250.00"),
        ('decimal = "."', "nan"),
        ('decimal = "."', "9" * 400),
    ],
)
def test_a_number_in_another_notation_is_an_error(files, spec, text):
    with pytest.raises(AssertionError, match=r"is not a number|too large"):
        read_cell(spec, text, files)


@pytest.mark.parametrize(("text", "good"), [("2", True), ("2.0", True), ("2.5", False), ("3000000000", False)])
def test_pieces_are_whole(files, text, good):
    if good:
        assert read_cell('decimal = "."', text, files, "pieces") == 2
    else:
        with pytest.raises(AssertionError, match=r"whole number|too large"):
            read_cell('decimal = "."', text, files, "pieces")


@pytest.mark.parametrize(
    ("spec", "text", "value"),
    [
        ('format = "iso"', "2025-07-01 08:00", "2025-07-01T08:00:00-03:00"),
        ('format = "iso"', "2025-07-01T08:00:00+02:00", "2025-07-01T08:00:00+02:00"),
        ('format = "iso"', "2025-07-01T11:00:00Z", "2025-07-01T08:00:00-03:00"),
        ('format = "iso", timezone = "Asia/Shanghai"', "2025-07-01", "2025-07-01T00:00:00+08:00"),
        ('format = ["%d/%m/%y", "%Y%m%d"]', "20250701", "2025-07-01T00:00:00-03:00"),
        ('format = "%Y-%m-%d %H:%M %z"', "2025-07-01 08:00 +0530", "2025-07-01T08:00:00+05:30"),
        ('format = "epoch"', "1751367600", "2025-07-01T08:00:00-03:00"),
        ('format = "epoch_ms"', "1751367600500", "2025-07-01T08:00:00.500000-03:00"),
        ('format = "iso", plus_minutes = -5', "2025-07-01 08:00", "2025-07-01T07:55:00-03:00"),
        # Summer time: the second of two passes of an hour, and a day that has no midnight.
        ('format = "iso", end_of_day = true', "2018-02-17", "2018-02-17T23:59:59-03:00"),
        ('format = "iso", end_of_day = true', "2016-10-15 10:00", "2016-10-15T23:59:59-03:00"),
        ('format = "iso", end_of_day = true', "2016-10-16", "2016-10-16T23:59:59-02:00"),
    ],
)
def test_dates(files, spec, text, value):
    assert read_cell(spec, text, files, "promised_at", 'timezone = "America/Sao_Paulo"') == value


def test_a_date_without_offset_or_zone_is_an_error(files):
    with pytest.raises(AssertionError, match="set timezone"):
        read_cell('format = "iso"', "2025-07-01", files, "promised_at")


@pytest.mark.parametrize("text", ["9999-12-31", "2025-13-01", "yesterday"])
def test_a_date_that_is_none_is_an_error(files, text):
    with pytest.raises(AssertionError, match=r"is not a date|out of range"):
        read_cell('end_of_day = true, timezone = "Asia/Tokyo"', text, files, "promised_at")


def test_a_date_error_shows_what_is_expected(files):
    with pytest.raises(AssertionError, match=r"not a date like 2025-01-31 09:15 or 1738314900 or %d\.%m\.%Y;"):
        read_cell('format = ["iso", "epoch", "%d.%m.%Y"], timezone = "UTC"', "?", files, "promised_at")


def test_text_is_mapped_padded_and_cut(files):
    mapping = """
        csv = { empty = ["NULL", "-"] }
        [shipment]
        waybill = { template = "{no 1}-{no 1:2}" }
        cargo = { column = "kind", map = { A = "food" }, otherwise = "general" }
        shipper.zip = { column = "zip", zfill = 5 }
        shipper.city = "city"
        shipper.street = { template = "{city} {zip}" }
    """
    shipment, _ = mapped(files(" ab{c ,B,9015,NULL", header="no 1,kind,zip,city", mapping=mapping))
    assert shipment == {"waybill": "ab{c-ab", "cargo": "general", "shipper": {"zip": "09015"}}


def test_unless_and_lists_in_conditions(files):
    mapping = """
        shipment = { waybill = "nr" }
        formats = { timezone = "UTC" }
        [[event]]
        when = { state = ["a", "b"] }
        unless = { gone = "yes" }
        status = { value = "exception" }
        occurred_at = "at"
    """
    told = {}
    for state, gone in [("a", ""), ("b", "no"), ("b", "yes"), ("c", ""), ("", "")]:
        _, events = mapped(files(f"W,{state},{gone},2025-01-01", header="nr,state,gone,at", mapping=mapping))
        told[state, gone] = len(events)
    assert told == {("a", ""): 1, ("b", "no"): 1, ("b", "yes"): 0, ("c", ""): 0, ("", ""): 0}
