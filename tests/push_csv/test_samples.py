"""The sample files, the README and the mapping of the Olist data."""

from collections import Counter

import pytest
from pushcsv.mapping import load_mapping

from . import EXAMPLES
from .helpers import push


def test_the_sample_is_taken_whole(server):
    assert push(server, [str(EXAMPLES / "sample.csv"), str(EXAMPLES / "sample.toml")]) == 0
    assert len(server.contract.shipments) == 6
    assert server.contract.shipments["SAMPLE0003"] == {
        "waybill": "SAMPLE0003",
        "pieces": 1,
        "weight_kg": 8.0,
        "declared_value": 2499.0,
        "freight": 48.0,
        "currency": "CNY",
        "ordered_at": "2025-03-02T14:30:00+08:00",
        "promised_at": "2025-03-05T23:59:59+08:00",
        "customer": {"ref": "C-205", "name": "深圳晨光家居", "email": "kefu@chenguang.example"},
        "shipper": {"name": "深圳晨光家居", "city": "深圳", "state": "GD", "country": "CN"},
        "consignee": {
            "name": "韩梅梅",
            "street": "浦东新区示例道 9 号",
            "city": "上海",
            "state": "SH",
            "country": "CN",
        },
    }
    assert Counter(event["status"] for event in server.contract.events.values()) == {
        "created": 6,
        "picked_up": 5,
        "delivered": 2,
        "out_for_delivery": 1,
        "exception": 1,
        "cancelled": 1,
        "in_transit": 1,
    }


def test_the_mapping_in_the_readme_is_valid(tmp_path):
    blocks = (EXAMPLES / "README.md").read_text(encoding="utf-8").split("```toml\n")[1:]
    (tmp_path / "readme.toml").write_text(blocks[0].split("```")[0], encoding="utf-8")
    mapping = load_mapping(tmp_path / "readme.toml")
    assert {"Tracking no.", "Cost", "Grams", "Due", "Account", "Account name", "Signed at"} == mapping.columns


OLIST_HEADER = (
    "order_id,seller_id,seller_city,seller_state,seller_zip,buyer_id,buyer_city,buyer_state,buyer_zip,"
    "order_status,purchased_at,approved_at,handed_over_at,delivered_at,promised_at,items,goods_value,freight,"
    "payment_type"
)


def olist_row(status, approved="", handed_over="", delivered=""):
    """A made-up order in the columns of the Olist data."""
    times = f"1/2/2018 10:00,{approved},{handed_over},{delivered},2/17/2018 0:00"
    return f"o1,s1234567,osasco,SP,6010,b7654321,boa vista,RR,69309,{status},{times},2,72.89,13.34,boleto"


def olist_events(server, tmp_path, row):
    (tmp_path / "orders.csv").write_text(f"{OLIST_HEADER}\n{row}\n")
    assert push(server, ["orders.csv", str(EXAMPLES / "olist.toml")]) == 0
    return {event["status"]: event["occurred_at"] for event in server.contract.events.values()}


def test_an_olist_order_is_a_shipment_with_its_events(server, tmp_path):
    row = olist_row("delivered", "1/2/2018 10:11", "1/3/2018 9:00", "1/9/2018 18:30")
    assert olist_events(server, tmp_path, row) == {
        "created": "2018-01-02T10:00:00-02:00",
        "confirmed": "2018-01-02T10:11:00-02:00",
        "picked_up": "2018-01-03T09:00:00-02:00",
        "delivered": "2018-01-09T18:30:00-02:00",
    }
    assert server.contract.shipments["o1"] == {
        "waybill": "o1",
        "pieces": 2,
        "declared_value": 72.89,
        "freight": 13.34,
        "currency": "BRL",
        "ordered_at": "2018-01-02T10:00:00-02:00",
        "promised_at": "2018-02-17T23:59:59-03:00",  # summer time ended at that midnight
        "customer": {"ref": "s1234567", "name": "Seller osasco s12345"},
        "shipper": {
            "name": "Seller osasco s12345",
            "city": "osasco",
            "zip": "06010",
            "state": "SP",
            "country": "BR",
        },
        "consignee": {
            "name": "Buyer boa vista b76543",
            "city": "boa vista",
            "zip": "69309",
            "state": "RR",
            "country": "BR",
        },
    }


@pytest.mark.parametrize(
    ("times", "cancelled"),
    [
        (("1/2/2018 10:11",), "2018-01-02T10:12:00-02:00"),
        (("1/2/2018 10:11", "1/3/2018 9:00"), "2018-01-03T09:01:00-02:00"),
        (("1/2/2018 10:11", "1/3/2018 9:00", "3/1/2018 18:30"), "2018-03-01T18:31:00-03:00"),
        (("1/5/2018 10:11", "1/3/2018 9:00"), "2018-01-05T10:12:00-02:00"),
    ],
    ids=["before the hand-over", "after it", "yet delivered", "handed over before approved"],
)
def test_an_olist_cancellation_comes_after_all_that_is_known(server, tmp_path, times, cancelled):
    assert olist_events(server, tmp_path, olist_row("canceled", *times))["cancelled"] == cancelled


@pytest.mark.parametrize("status", ["delivered", "shipped", "invoiced", "processing"])
def test_an_olist_status_without_an_instant_makes_no_event(server, tmp_path, status):
    events = olist_events(server, tmp_path, olist_row(status, "1/2/2018 10:11", "1/3/2018 9:00"))
    assert list(events) == ["created", "confirmed", "picked_up"]
