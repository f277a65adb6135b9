"""The two bulk methods as integrators call them: XML-RPC and JSON-2, against a real server."""

import csv
import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .server import ROOT, Refused

SHIPMENT, EVENT = "logistics.shipment", "logistics.tracking.event"
NUMBERS = itertools.count(1)


def json2_upsert(account, rows):
    return account.json2(SHIPMENT, "upsert", shipments=rows)


def json2_ingest(account, rows):
    return account.json2(EVENT, "ingest", events=rows)


def xmlrpc_upsert(account, rows):
    return account.xmlrpc(SHIPMENT, "upsert", rows)


def xmlrpc_ingest(account, rows):
    return account.xmlrpc(EVENT, "ingest", rows)


PROTOCOLS = pytest.mark.parametrize(
    ("upsert", "ingest"), [(json2_upsert, json2_ingest), (xmlrpc_upsert, xmlrpc_ingest)], ids=["json2", "xmlrpc"]
)


@pytest.fixture
def waybill():
    return f"RPC{next(NUMBERS):04}"


@PROTOCOLS
def test_shipments_and_events_with_their_receipts(server, waybill, upsert, ingest):
    account = server["A"]
    row = {"waybill": waybill, "carrier": "SERVED1", "customer": {"ref": "R-1", "name": "云帆"}, "weight_kg": 1.5}
    receipt = upsert(account, [row, {"waybill": waybill + "x", "carrier": "nobody"}])
    [shipment_id] = receipt["ids"].values()
    assert receipt.pop("rejected") == [
        {
            "index": 1,
            "waybill": waybill + "x",
            "field": "carrier",
            "error": "There is no carrier with this code or name: nobody. Create it first.",
        }
    ]
    assert receipt == {"received": 2, "created": 1, "updated": 0, "unchanged": 0, "ids": {waybill: shipment_id}}
    assert upsert(account, [row])["unchanged"] == 1

    events = [
        {"waybill": waybill, "occurred_at": "2026-03-01T08:30:00+08:00", "status": "picked_up", "hub": "杭州"},
        {"waybill": waybill, "occurred_at": "2026-03-02T08:30:00+08:00", "status": "delivered"},
        {"waybill": waybill + "?", "occurred_at": "2026-03-02T08:30:00+08:00", "status": "delivered"},
        {"waybill": waybill, "occurred_at": "2026-03-02", "status": "delivered"},
    ]
    receipt = ingest(account, events)
    [rejected] = receipt.pop("rejected")
    assert (rejected["index"], rejected["field"]) == (3, "occurred_at")
    assert receipt == {"received": 4, "created": 2, "duplicates": 0, "parked": 1}
    assert ingest(account, events)["duplicates"] == 2
    assert account.xmlrpc(SHIPMENT, "read", [shipment_id], ["status", "customer_id"])[0]["status"] == "delivered"


@PROTOCOLS
def test_a_bad_call_gets_one_clear_error(server, upsert, ingest):
    for call, name in ((upsert, "shipments"), (ingest, "events")):
        for rows, words in (
            ({"waybill": "x"}, f"'{name}' must be a list of dictionaries, but it is: dict."),
            ("x", "must be a list of dictionaries"),
            ([{}] * 5001, f"'{name}' has 5001 rows; at most 5000 are taken in one call. Send it in parts."),
        ):
            with pytest.raises(Refused) as refused:
                call(server["A"], rows)
            assert words in refused.value.message
            assert "Traceback" not in refused.value.message
            assert refused.value.status in (None, 422)
        with pytest.raises(Refused) as refused:
            call(server["plain"], [{"waybill": "x"}])
        assert "Plain may not send data in bulk" in refused.value.message
        assert refused.value.status in (None, 403)
    assert not server.query("SELECT 1 FROM logistics_tracking_inbox WHERE waybill = 'x'")


@PROTOCOLS
def test_five_thousand_rows_are_one_call(server, upsert, ingest):
    prefix = f"BULK{next(NUMBERS)}-"
    receipt = upsert(server["A"], [{"waybill": f"{prefix}{number}"} for number in range(5000)])
    assert (receipt["created"], len(receipt["ids"]), receipt["rejected"]) == (5000, 5000, [])
    receipt = ingest(
        server["A"],
        [
            {"waybill": f"{prefix}{number}", "occurred_at": "2026-03-01T00:00:00Z", "status": "departed"}
            for number in range(5000)
        ],
    )
    assert receipt == {"received": 5000, "created": 5000, "duplicates": 0, "parked": 0, "rejected": []}


@PROTOCOLS
def test_rubbish_comes_back_as_a_receipt(server, upsert, ingest):
    """Control characters and lone surrogates must not break the answer on its way back."""
    odd = ["A\x1b1", "a&b<c>", "\ud800", "x" * 100] if upsert is json2_upsert else ["a&b<c>", "x" * 100, "\u2028"]
    rows = [{"waybill": text, "status": text, text: text} for text in odd]
    for call in (upsert, ingest):
        receipt = call(server["A"], rows)
        assert [rejection["index"] for rejection in receipt["rejected"]] == list(range(len(odd)))
        assert all(rejection["error"] for rejection in receipt["rejected"])


def test_without_a_key_there_is_no_answer(server):
    for key in ("", "0" * 40):
        account = server["A"]
        stranger = type(account)(server, account.login, account.uid, key)
        with pytest.raises(Refused) as refused:
            json2_upsert(stranger, [])
        assert refused.value.status == 401
        with pytest.raises(Refused):
            xmlrpc_upsert(stranger, [])


def test_a_private_method_cannot_be_called(server):
    for model, method in ((EVENT, "_ingest_batch"), (SHIPMENT, "_upsert_batch"), (SHIPMENT, "_reproject")):
        with pytest.raises(Refused):
            server["A"].json2(model, method, events=[])
        with pytest.raises(Refused):
            server["A"].xmlrpc(model, method, [])


@pytest.mark.parametrize("protocol", ["json2", "xmlrpc"])
def test_push_csv_pushes_the_sample_and_again_without_harm(server, tmp_path, protocol):
    account = server["A" if protocol == "json2" else "B"]

    def push():
        return subprocess.run(
            [
                sys.executable,
                str(ROOT / "examples" / "push_csv.py"),
                str(ROOT / "examples" / "sample.csv"),
                str(ROOT / "examples" / "sample.toml"),
                *("--url", server.url, "--db", server.database, "--user", account.login, "--protocol", protocol),
            ],
            env={**os.environ, "ODOO_API_KEY": account.key},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def state():
        return server.query(
            """
            SELECT s.name, s.status, s.delivered_at, s.weight, s.freight_amount, p.name, s.lane,
                   (SELECT count(*) FROM logistics_tracking_event e WHERE e.shipment_id = s.id)
              FROM logistics_shipment s JOIN res_partner p ON p.id = s.customer_id
             WHERE s.company_id = %s AND s.name LIKE 'SAMPLE%%' ORDER BY s.name
            """,
            account.company,
        )

    first = push()
    assert first.returncode == 0, first.stdout + first.stderr
    pushed = state()
    with open(ROOT / "examples" / "sample.csv", encoding="utf-8-sig") as file:
        assert [row["运单号"] for row in csv.DictReader(file, delimiter=";")] == [row[0] for row in pushed]
    assert [row[1] for row in pushed] == [
        "delivered",
        "out_for_delivery",
        "exception",
        "cancelled",
        "delivered",
        "in_transit",
    ]
    assert len({row[5] for row in pushed}) == 3
    again = push()
    assert again.returncode == 0, again.stdout + again.stderr
    assert state() == pushed
    words = " ".join(again.stdout.split()).lower()
    assert "6 unchanged" in words or "unchanged 6" in words, again.stdout
    assert not list(Path(tmp_path).glob("*.rejected.csv"))
