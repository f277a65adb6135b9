"""Mistakes in the mapping."""

import pytest
from pushcsv.errors import MappingError
from pushcsv.mapping import load_mapping


def mapping_error(text, tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MappingError) as caught:
        load_mapping(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "nothing to push"),
        ("shipment = 3", "[shipment] is a table"),
        ('[shipment]\nwaybil = "a"', "needs waybill"),
        ('[shipment]\nwaybill = "a"\nfrieght = "b"', "did you mean freight?"),
        ('[shipment]\nwaybill = "a"\ncustomer = "b"', "[shipment.customer] is a table"),
        ('[shipment]\nwaybill = "a"\npieces = 1', 'shipment.pieces: write "column name", or { value = 1 }'),
        ('[shipment]\nwaybill = "a"\npieces = { zfill = 3 }', "shipment.pieces does not know 'zfill'"),
        ('[shipment]\nwaybill = { column = "a", value = "b" }', "exactly one of"),
        ('[shipment]\nwaybill = { template = "{a" }', "names columns in braces"),
        ('[shipment]\nwaybill = { template = "{a}}" }', "braces do not match"),
        ('[shipment]\nwaybill = "a"\npromised_at = { column = "b", timezone = "Brasilia" }', "IANA name"),
        ('[shipment]\nwaybill = "a"\ncargo = { column = "b", otherwise = "c" }', "goes with map"),
        ('[formats]\ndecimal = ","\nthousands = ","\n[shipment]\nwaybill = "a"', "thousands another one"),
        ('formats = { timezone = 8 }\nshipment = { waybill = "a" }', "IANA name"),
        ('csv = { encoding = 1252 }\nshipment = { waybill = "a" }', "[csv] encoding: 1252 is not a text"),
        ('[event]\nwaybill = "a"', "two brackets"),
        ('event = ["a"]', "[[event]] number 1 is a table"),
        ('[[event]]\nwaybill = "a"', "event 1 needs occurred_at"),
        ('[[event]]\nwaybill = "a"\noccurred_at = "b"', "event 1 needs status or code"),
        ('[[event]]\nwenn = "a"', "did you mean when?"),
        ('[shipment]\nwaybill = "a', "is not valid TOML"),
    ],
)
def test_a_wrong_mapping_is_explained_before_anything_is_pushed(tmp_path, text, message):
    assert message in mapping_error(text, tmp_path)
