"""examples/push_csv.py against a local server that holds it to the contract of the two bulk methods."""

import csv
import importlib.util
import io
import json
import socket
import subprocess
import sys
import threading
import tracemalloc
import xmlrpc.client
from collections import Counter
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPT = EXAMPLES / "push_csv.py"
DB, KEY, LOGIN = "logistics", "s3cret-api-key-0123456789", "integrator"


def load_script():
    spec = importlib.util.spec_from_file_location("push_csv", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["push_csv"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


push_csv = load_script()


# --- the server ---------------------------------------------------------------------------------------------


class RefusedError(Exception):
    """The whole call is refused, as Odoo refuses it: an HTTP status, or an XML-RPC fault."""

    def __init__(self, status, fault, message):
        super().__init__(message)
        self.status, self.fault = status, fault


PARTY_FIELDS = {"name", "phone", "email", "street", "city", "zip", "state", "country"}
NESTED_FIELDS = {
    "customer": {"ref", "vat", "phone", "email", "name"},
    "shipper": PARTY_FIELDS,
    "consignee": PARTY_FIELDS,
}
SHIPMENT_FIELDS = {
    *("waybill", "carrier", "customer", "customer_id", "shipper", "consignee", "service_level", "pieces"),
    *("weight_kg", "volume_m3", "declared_value", "freight", "currency", "cargo", "ordered_at"),
    "promised_at",
}
EVENT_FIELDS = {
    *("waybill", "occurred_at", "status", "code", "source", "external_id", "carrier", "hub", "location"),
    *("reason", "description", "eta", "classifier"),
}
STATUSES = {
    *("created", "confirmed", "picked_up", "departed", "in_transit", "arrived_hub", "customs"),
    *("out_for_delivery", "ready_for_pickup", "attempt_failed", "delivered", "exception", "returning"),
    *("returned", "cancelled", "expired"),
}
NUMBERS = {
    "pieces": int,
    "weight_kg": float,
    "volume_m3": float,
    "declared_value": float,
    "freight": float,
}


class Contract:
    """The two bulk methods in memory: what they accept, and the receipts that they give."""

    def __init__(self):
        self.shipments, self.events, self.calls = {}, {}, []

    def call(self, model, method, arguments):
        methods = {
            ("logistics.shipment", "upsert"): ("shipments", self.upsert),
            ("logistics.tracking.event", "ingest"): ("events", self.ingest),
        }
        if (model, method) not in methods:
            raise RefusedError(404, 2, f"{model}.{method} does not exist")
        name, function = methods[model, method]
        rows = arguments.get(name)
        if set(arguments) != {name} or not isinstance(rows, list):
            raise RefusedError(422, 2, f"{method} takes a list, {name}")
        if len(rows) > 5000:
            raise RefusedError(422, 2, f"{len(rows)} rows; at most 5,000 a call")
        self.calls.append((method, len(rows)))
        return function(rows)

    def upsert(self, rows):
        receipt = {
            "received": len(rows),
            "created": 0,
            "updated": 0,
            "unchanged": 0,
            "rejected": [],
            "ids": {},
        }
        for index, row in enumerate(rows):
            if problem := self.shipment_problem(row):
                receipt["rejected"].append({"index": index, "waybill": row.get("waybill"), **problem})
                continue
            known = self.shipments.get(row["waybill"])
            merged = {**(known or {}), **row}
            receipt["created" if known is None else "unchanged" if merged == known else "updated"] += 1
            self.shipments[row["waybill"]] = merged
            receipt["ids"][row["waybill"]] = list(self.shipments).index(row["waybill"]) + 1
        return receipt

    def ingest(self, rows):
        receipt = {"received": len(rows), "created": 0, "duplicates": 0, "parked": 0, "rejected": []}
        for index, row in enumerate(rows):
            if problem := self.event_problem(row):
                receipt["rejected"].append({"index": index, "waybill": row.get("waybill"), **problem})
                continue
            identity = self.identity(row)
            if identity in self.events:
                receipt["duplicates"] += 1
            elif row["waybill"] not in self.shipments:
                receipt["parked"] += 1
            else:
                receipt["created"] += 1
                self.events[identity] = row
        return receipt

    def identity(self, row):
        if row.get("external_id"):
            return row.get("source"), row["external_id"]
        return tuple(
            row.get(name) for name in ("waybill", "occurred_at", "status", "code", "hub", "location")
        )

    def shipment_problem(self, row):
        if unknown := set(row) - SHIPMENT_FIELDS:
            return {"field": unknown.pop(), "error": "unknown field"}
        for name, parts in NESTED_FIELDS.items():
            if name in row and not (isinstance(row[name], dict) and set(row[name]) <= parts and row[name]):
                return {"field": name, "error": "bad party"}
        for name, kind in NUMBERS.items():
            if name in row and not isinstance(row[name], (int, kind)):
                return {"field": name, "error": "not a number"}
        if "carrier" in row:
            return {"field": "carrier", "error": f"unknown carrier {row['carrier']}"}
        return self.text_problem(row, "waybill") or self.moment_problem(row, "ordered_at", "promised_at")

    def event_problem(self, row):
        if unknown := set(row) - EVENT_FIELDS:
            return {"field": unknown.pop(), "error": "unknown field"}
        if not row.get("code") and row.get("status") not in STATUSES:
            return {"field": "status", "error": f"unknown status {row.get('status')}"}
        if "occurred_at" not in row:
            return {"field": "occurred_at", "error": "missing"}
        return self.text_problem(row, "waybill") or self.moment_problem(row, "occurred_at", "eta")

    def text_problem(self, row, name):
        if not isinstance(row.get(name), str) or not row[name]:
            return {"field": name, "error": "missing"}
        return None

    def moment_problem(self, row, *names):
        for name in names:
            if name in row and datetime.fromisoformat(row[name]).utcoffset() is None:
                return {"field": name, "error": "no offset"}
        return None


class Server(ThreadingHTTPServer):
    """Odoo's two doors before a Contract, with answers that can be planned ahead."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.contract = Contract()
        self.planned = []  # (status, headers, body) to give before anything else; None: hang up
        self.lost_answers = 0  # calls that are carried out, but whose answer never arrives
        self.requests = []
        self.denied = False  # the key is right, but its user lacks the group
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, dict(self.headers), body))
        if self.server.planned:
            plan = self.server.planned.pop(0)
            if plan is None:
                self.close_connection = True
                return
            self.answer(plan[0], plan[2], plan[1])
        elif self.path.startswith("/json/2/"):
            self.json2(body)
        elif self.path.startswith("/xmlrpc/2/"):
            self.xmlrpc(body)
        else:
            self.answer(404, b"<html><title>404</title><h1>Not Found</h1></html>")

    def json2(self, body):
        try:
            if self.headers.get("Authorization") != f"bearer {KEY}":
                raise RefusedError(401, 3, "Invalid apikey")
            if self.headers.get("X-Odoo-Database") != DB:
                raise RefusedError(404, 2, "No such database")
            if self.headers.get("Content-Type") != "application/json":
                raise RefusedError(415, 2, "Unsupported media type")
            self.json_answer(200, self.call(*self.path.split("/")[3:], json.loads(body)))
        except RefusedError as error:
            self.json_answer(
                error.status, {"name": "odoo.exceptions.X", "message": str(error), "debug": "Trace"}
            )

    def xmlrpc(self, body):
        params, method = xmlrpc.client.loads(body)
        try:
            if method == "authenticate":
                result = 7 if params == (DB, LOGIN, KEY, {}) else False
            else:
                db, uid, key, model, name, arguments = params
                if (db, uid, key) != (DB, 7, KEY):
                    raise RefusedError(401, 3, "Access Denied")
                keyword = {"upsert": "shipments", "ingest": "events"}.get(name)
                result = self.call(model, name, {keyword: arguments[0]})
            text = xmlrpc.client.dumps((result,), methodresponse=True, allow_none=True)
        except RefusedError as error:
            text = xmlrpc.client.dumps(xmlrpc.client.Fault(error.fault, str(error)))
        self.answer(200, text.encode(), {"Content-Type": "text/xml"})

    def call(self, model, method, arguments):
        if self.server.denied:
            raise RefusedError(403, 4, f"You are not allowed to access {model}")
        result = self.server.contract.call(model, method, arguments)
        if self.server.lost_answers:
            self.server.lost_answers -= 1
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        return result

    def json_answer(self, status, answer):
        self.answer(status, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def answer(self, status, body, headers=None):
        try:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass  # we hung up on purpose


@pytest.fixture
def server():
    instance = Server()
    thread = threading.Thread(target=instance.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield instance
    instance.shutdown()
    instance.server_close()


@pytest.fixture
def waits(monkeypatch):
    """The waits before retries, which do not happen."""
    seconds = []
    monkeypatch.setattr(push_csv.time, "sleep", seconds.append)
    return seconds


@pytest.fixture(autouse=True)
def own_directory(tmp_path, monkeypatch):
    """Rejected files land here, and nothing of the machine's environment takes part."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv(push_csv.KEY_VARIABLE, raising=False)
    return tmp_path


MAPPING = """
[formats]
date_format = "%d.%m.%Y %H:%M"
timezone = "Europe/Berlin"
decimal = ","
thousands = "."

[shipment]
waybill = "nr"
pieces = "n"
freight = "cost"
carrier = "carrier"
customer = { ref = "cust", name = { template = "Customer {cust}" } }

[[event]]
status = { value = "created" }
occurred_at = "made"
external_id = { template = "{nr}/created" }

[[event]]
when = { gone = "yes" }
status = { value = "cancelled" }
occurred_at = { latest = ["made", "seen"], plus_minutes = 1 }
external_id = { template = "{nr}/cancelled" }
"""
HEADER = "nr,cust,n,cost,carrier,made,seen,gone"
GOOD = 'W1,C1,2,"1.234,50",,31.01.2025 09:15,,'


@pytest.fixture
def files(tmp_path):
    """Write data.csv and mapping.toml; returns their names for the command line."""

    def write(*rows, mapping=MAPPING, header=HEADER, encoding="utf-8"):
        (tmp_path / "data.csv").write_text("\n".join([header, *rows]) + "\n", encoding=encoding)
        (tmp_path / "mapping.toml").write_text(mapping, encoding="utf-8")
        return ["data.csv", "mapping.toml"]

    return write


def push(server, files, *options, key=KEY):
    return push_csv.main([*files, "--url", server.url, "--db", DB, "--key", key, *options])


def rejected_rows(path="data.rejected.csv", **options):
    with open(path, encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, **options))


def mapped(files, **options):
    """What the first row becomes: (shipment, events)."""
    mapping = push_csv.load_mapping(Path(files[1]))
    with push_csv.CsvSource(Path(files[0]), mapping) as source:
        row = next(source.rows())
    assert not row.errors, row.errors
    return row.shipment, row.events


def mapping_error(text, tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(push_csv.MappingError) as caught:
        push_csv.load_mapping(path)
    return str(caught.value)


# --- what arrives at the server -----------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [("json2",), ("xmlrpc", "--user", LOGIN)], ids=lambda value: value[0])
def test_rows_arrive_over_either_protocol(server, files, capsys, protocol):
    data = files(GOOD, "W2,C1,1,,,31.01.2025 10:00,01.02.2025 11:00,yes")
    assert push(server, data, "--protocol", *protocol) == 0
    assert server.contract.shipments["W1"] == {
        "waybill": "W1",
        "pieces": 2,
        "freight": 1234.5,
        "customer": {"ref": "C1", "name": "Customer C1"},
    }
    assert [(e["waybill"], e["status"], e["occurred_at"]) for e in server.contract.events.values()] == [
        ("W1", "created", "2025-01-31T09:15:00+01:00"),
        ("W2", "created", "2025-01-31T10:00:00+01:00"),
        ("W2", "cancelled", "2025-02-01T11:01:00+01:00"),
    ]
    out = capsys.readouterr().out
    assert "Shipments  received 2, created 2, updated 0, unchanged 0, rejected 0" in out
    assert "Events     received 3, created 3, duplicates 0, parked 0, rejected 0" in out


def test_a_second_push_changes_nothing(server, files, capsys):
    data = files(GOOD)
    push(server, data)
    before = dict(server.contract.events)
    assert push(server, data) == 0
    assert server.contract.events == before
    out = capsys.readouterr().out
    assert "created 0, updated 0, unchanged 1" in out
    assert "created 0, duplicates 1" in out


def test_empty_cells_send_no_key(server, files):
    push(server, files("W1,,,,,,,"))
    assert server.contract.shipments == {"W1": {"waybill": "W1"}}
    assert server.contract.calls == [("upsert", 1)]


def test_shipments_of_a_batch_go_before_their_events_and_calls_keep_to_the_batch(server, files):
    push(server, files(*(f"W{n},C,1,,,31.01.2025 09:15,,yes" for n in range(5))), "--batch", "2")
    assert server.contract.calls == [
        *[("upsert", 2), ("ingest", 2), ("ingest", 2)] * 2,
        *[("upsert", 1), ("ingest", 2)],
    ]


def test_the_largest_batch_keeps_to_five_thousand_rows_a_call(server, files):
    rows = [f"W{n},C,1,,,31.01.2025 09:15,,yes" for n in range(5001)]
    assert push(server, files(*rows), "--batch", "5000") == 0
    assert server.contract.calls == [
        *[("upsert", 5000), ("ingest", 5000), ("ingest", 5000)],
        *[("upsert", 1), ("ingest", 2)],
    ]


@pytest.mark.parametrize("batch", ["0", "5001", "many"])
def test_a_batch_that_the_server_would_refuse_is_refused_at_once(server, files, batch):
    with pytest.raises(SystemExit) as stopped:
        push(server, files(GOOD), "--batch", batch)
    assert stopped.value.code == 2
    assert not server.requests


def test_limit_pushes_only_the_first_rows(server, files):
    push(server, files(*(f"W{n},,,,,,," for n in range(9))), "--limit", "3", "--batch", "2")
    assert list(server.contract.shipments) == ["W0", "W1", "W2"]


def test_one_row_an_event_sends_its_shipment_once_a_batch(server, files):
    mapping = """
        shipment = { waybill = "nr" }
        every_event = { source = { value = "tms" } }
        [[event]]
        code = "scan"
        occurred_at = { column = "at", format = "iso" }
        hub = "hub"
    """
    data = files(
        "W1,GOT,2025-01-31T09:00:00Z,PEK",
        "W1,SENT,2025-01-31T21:00:00+08:00,PEK",
        header="nr,scan,at,hub",
        mapping=mapping,
    )
    assert push(server, data) == 0
    assert server.contract.calls == [("upsert", 1), ("ingest", 2)]
    assert list(server.contract.events.values()) == [
        dict(waybill="W1", source="tms", code="GOT", occurred_at="2025-01-31T09:00:00+00:00", hub="PEK"),
        dict(waybill="W1", source="tms", code="SENT", occurred_at="2025-01-31T21:00:00+08:00", hub="PEK"),
    ]


def test_parked_events_are_told_and_are_not_a_failure(server, files, capsys):
    mapping = """
        [[event]]
        waybill = "nr"
        status = { value = "delivered" }
        occurred_at = { column = "at", format = "iso" }
    """
    assert push(server, files("W9,2025-01-31T09:00:00Z", header="nr,at", mapping=mapping)) == 0
    out = capsys.readouterr().out
    assert "parked 1" in out
    assert "inbox" in out


# --- rows that are not taken --------------------------------------------------------------------------------


def test_a_row_that_cannot_be_mapped_is_written_with_line_field_and_reason(server, files, capsys):
    data = files(GOOD, "", "W2,C1,two,,,30.02.2025 09:15,,", "W3,,,,,,,")
    assert push(server, data) == 1
    assert list(server.contract.shipments) == ["W1", "W3"]
    (row,) = rejected_rows()
    assert (row["push_line"], row["push_field"], row["nr"]) == (
        "4",
        "shipment.pieces; event created.occurred_at",
        "W2",
    )
    assert "column n: 'two' is not a number like 1.234,5" in row["push_error"]
    assert "column made: '30.02.2025 09:15' is not a date like %d.%m.%Y %H:%M" in row["push_error"]
    assert "read 3, not mapped 1, rejected 1" in capsys.readouterr().out


def test_a_row_that_the_server_rejects_keeps_its_events_back(server, files):
    assert push(server, files(GOOD, "W2,C1,1,,Nobody,31.01.2025 09:15,,")) == 1
    assert [event["waybill"] for event in server.contract.events.values()] == ["W1"]
    (row,) = rejected_rows()
    assert (row["push_line"], row["push_field"]) == ("3", "shipment.carrier")
    assert row["push_error"] == "unknown carrier Nobody"


def test_a_rejected_event_is_laid_at_its_row(server, files):
    mapping = MAPPING.replace('"cancelled" }', '"vanished" }', 1)
    assert push(server, files(GOOD, "W2,C1,1,,,31.01.2025 09:15,,yes", mapping=mapping), "--batch", "1") == 1
    (row,) = rejected_rows()
    assert (row["push_line"], row["push_field"]) == ("3", "event vanished.status")


def test_the_rejected_file_can_be_corrected_and_pushed_again(server, files, tmp_path):
    data = files(GOOD, "W2,C1,two,,,31.01.2025 09:15,,")
    assert push(server, data, "--rejected", "bad.csv") == 1
    bad = tmp_path / "bad.csv"
    bad.write_bytes(bad.read_bytes().replace(b",two,", b",2,"))
    assert push(server, ["bad.csv", data[1]]) == 0
    assert server.contract.shipments["W2"]["pieces"] == 2


def test_no_rejected_file_without_rejected_rows(server, files, tmp_path):
    push(server, files(GOOD))
    assert not list(tmp_path.glob("*.rejected.csv"))


def test_a_row_of_another_width_is_rejected_with_all_its_cells(server, files):
    assert push(server, files(GOOD, "W2,a,b,c,d,e,f,g,h,i", "W3,a")) == 1
    wide, narrow = rejected_rows(restkey="rest")
    assert "10 cells, the header 8" in wide["push_error"]
    assert wide["rest"] == ["h", "i"]
    assert "2 cells, the header 8" in narrow["push_error"]


def test_a_row_without_waybill_says_so_once(server, files):
    assert push(server, files(",C1,1,,,31.01.2025 09:15,,yes")) == 1
    assert rejected_rows()[0]["push_error"] == "waybill is empty; fill it in"
    assert not server.requests


def test_lines_are_counted_through_texts_with_line_breaks(server, files):
    push(server, files('"W\n1",,,,,,,', "W2,,x,,,,,"))
    assert [row["push_line"] for row in rejected_rows()] == ["4"]


def test_a_control_character_does_not_fail_its_batch(server, files):
    assert push(server, files(GOOD, "W\x0b2,,,,,,,"), "--protocol", "xmlrpc", "--user", LOGIN) == 1
    assert "U+000B" in rejected_rows()[0]["push_error"]
    assert list(server.contract.shipments) == ["W1"]


def test_the_rejected_file_never_overwrites_its_input(server, files, capsys):
    assert push(server, files(GOOD), "--rejected", "./data.csv") == 2
    assert "would overwrite" in capsys.readouterr().err


# --- reading cells ------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("text", "good"), [("2", True), ("2.0", True), ("2.5", False), ("3000000000", False)]
)
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


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8-sig", "utf-16"])
def test_other_encodings_and_delimiters(server, files, encoding):
    mapping = f"""
        csv = {{ encoding = "{encoding}", delimiter = "\\t" }}
        shipment = {{ waybill = "运单号", consignee = {{ name = "收件人" }}, pieces = "件数" }}
    """
    data = files(
        "W1\t王小明\t1", "W2\t李雷\tx", header="运单号\t收件人\t件数", mapping=mapping, encoding=encoding
    )
    assert push(server, data) == 1
    assert server.contract.shipments["W1"]["consignee"] == {"name": "王小明"}
    text = Path("data.rejected.csv").read_text(encoding=encoding)
    assert next(csv.DictReader(io.StringIO(text), delimiter="\t"))["收件人"] == "李雷"


def test_a_wrong_encoding_is_explained(server, files, capsys):
    assert push(server, files("W1,客户,,,,,,", encoding="gb18030")) == 2
    error = capsys.readouterr().err
    assert "data.csv, at or soon after line 1: is not utf-8-sig" in error
    assert "set encoding in the mapping's [csv]" in error


def test_an_open_quote_is_explained(server, files, capsys):
    assert push(server, files('W1,"open,,,,,,')) == 2
    assert "line 2: unexpected end of data; look for a quote" in capsys.readouterr().err


def test_a_missing_column_names_those_that_are_there(server, files, capsys):
    assert push(server, files("W1", header="nr")) == 2
    error = capsys.readouterr().err
    assert "has no column 'carrier', 'cost'" in error
    assert "its columns are 'nr'" in error
    assert push(server, files("W1", header="nr;cust")) == 2
    assert "delimiter ','" in capsys.readouterr().err


def test_memory_does_not_grow_with_the_file(files, tmp_path):
    def peak(rows):
        data = files(*(f'W{n},C1,2,"1.234,50",,31.01.2025 09:15,,yes' for n in range(rows)))
        tracemalloc.start()
        assert push_csv.main([*data, "--dry-run", "--batch", "100"]) == 0
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(6000) < peak(600) * 1.2


# --- mistakes in the mapping --------------------------------------------------------------------------------


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
        ('[event]\nwaybill = "a"', "two brackets"),
        ('[[event]]\nwaybill = "a"', "event 1 needs occurred_at"),
        ('[[event]]\nwaybill = "a"\noccurred_at = "b"', "event 1 needs status or code"),
        ('[[event]]\nwenn = "a"', "did you mean when?"),
        ('[shipment]\nwaybill = "a', "is not valid TOML"),
    ],
)
def test_a_wrong_mapping_is_explained_before_anything_is_pushed(tmp_path, text, message):
    assert message in mapping_error(text, tmp_path)


# --- the connection -----------------------------------------------------------------------------------------


def test_passing_troubles_are_retried(server, files, waits, capsys):
    server.planned = [(503, {}, b""), None, (429, {"Retry-After": "7"}, b""), (502, {}, b""), (504, {}, b"")]
    assert push(server, files(GOOD)) == 0
    assert len(waits) == 5
    assert waits[2] == 7
    assert 0.7 < waits[0] < waits[1] < waits[3] < waits[4]
    assert "trying again in 7 s (3 of 6)" in capsys.readouterr().err


def test_retry_after_may_be_a_date(server, files, waits):
    later = push_csv.datetime.now(push_csv.timezone.utc) + push_csv.timedelta(seconds=90)
    server.planned = [
        (503, {"Retry-After": format_datetime(later)}, b""),
        (503, {"Retry-After": "86400"}, b""),
        (503, {"Retry-After": "soon"}, b""),
    ]
    assert push(server, files(GOOD)) == 0
    assert 80 < waits[0] <= 90
    assert waits[1] == push_csv.LONGEST_WAIT
    assert waits[2] < 6


def test_a_call_whose_answer_was_lost_is_made_again_and_doubles_nothing(server, files, waits, capsys):
    server.lost_answers = 2
    assert push(server, files(GOOD)) == 0
    assert len(server.contract.events) == 1
    assert Counter(server.contract.calls)["upsert", 1] == 3
    assert "unchanged 1" in capsys.readouterr().out


def test_patience_ends(server, files, waits, capsys):
    server.planned = [(503, {}, b"")] * 9
    assert push(server, files(GOOD), "--retries", "2") == 2
    assert len(server.requests) == 3
    assert "gave up after 3 attempts" in capsys.readouterr().err


def test_no_server_at_all(files, waits, capsys):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        arguments = [*files(GOOD), "--url", url, "--db", DB, "--key", KEY, "--retries", "1"]
        assert push_csv.main(arguments) == 2
    assert "Connection refused; gave up after 2 attempts" in capsys.readouterr().err


@pytest.mark.parametrize("protocol", [("json2",), ("xmlrpc", "--user", LOGIN)], ids=lambda value: value[0])
def test_a_wrong_key_is_explained_and_not_printed(server, files, waits, capsys, protocol):
    assert push(server, files(GOOD), "--protocol", *protocol, key="wrong-key-7777") == 2
    said = capsys.readouterr()
    assert "not accepted" in said.err
    assert "wrong-key-7777" not in said.out + said.err
    assert not waits


@pytest.mark.parametrize("protocol", [("json2",), ("xmlrpc", "--user", LOGIN)], ids=lambda value: value[0])
def test_a_missing_group_is_explained(server, files, waits, capsys, protocol):
    server.denied = True
    assert push(server, files(GOOD), "--protocol", *protocol) == 2
    error = capsys.readouterr().err
    assert "You are not allowed to access logistics.shipment" in error
    assert "group Integrator" in error
    assert not waits


@pytest.mark.parametrize(
    ("status", "headers", "body", "message"),
    [
        (404, {}, b"<html><title>x</title><h1>Not Found</h1></html>", "answered 404: Not Found (check --url"),
        (422, {}, b'{"message": "at most 5,000 a call"}', "answered 422: at most 5,000 a call"),
        (413, {}, b"", "smaller --batch"),
        (500, {}, b'{"message": "division by zero", "debug": "..."}', "answered 500: division by zero"),
        (302, {"Location": "https://x.example/json/2"}, b"", "sends us on to https://x.example/json/2"),
        (200, {}, b"<html>Welcome</html>", "did not answer in JSON"),
        (200, {}, b'{"received": 3}', "gave no receipt for 1 rows"),
        (200, {}, b'{"received": 1, "rejected": [{"index": 1, "error": ""}]}', "gave no receipt for 1 rows"),
    ],
)
def test_other_answers_stop_with_the_servers_words(
    server, files, waits, capsys, status, headers, body, message
):
    server.planned = [(status, headers, body)]
    assert push(server, files(GOOD)) == 2
    assert message in capsys.readouterr().err
    assert not waits


def test_an_xmlrpc_traceback_is_cut_to_what_it_says(server, files, capsys):
    fault = xmlrpc.client.Fault(1, f'Traceback (most recent call last):\n  File "x"\nKeyError: {KEY}\n')
    server.planned = [(200, {}, xmlrpc.client.dumps(fault).encode())]
    assert push(server, files(GOOD), "--protocol", "xmlrpc", "--user", LOGIN) == 2
    error = capsys.readouterr().err
    assert error.strip().endswith("the server refused the call: KeyError: ***")


def test_a_failure_on_the_way_tells_how_far_it_came_and_keeps_rejected_rows(server, files, waits, capsys):
    data = files(GOOD, "W2,,x,,,,,", "W3,,,,,,,", "W4,,x,,,,,")
    original = server.contract.upsert

    def fail_later(rows):
        if "W1" in server.contract.shipments:
            raise RefusedError(422, 2, "no more")
        return original(rows)

    server.contract.upsert = fail_later
    assert push(server, data, "--batch", "2") == 2
    said = capsys.readouterr()
    assert "no more" in said.err
    assert "Pushed up to line 3" in said.out
    assert [row["nr"] for row in rejected_rows()] == ["W2", "W4"]


def test_netrc_does_not_replace_the_key(server, files, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert push(server, files(GOOD)) == 0


# --- the command line ---------------------------------------------------------------------------------------


def test_the_key_may_come_from_the_environment_or_a_file(server, files, tmp_path, monkeypatch):
    connection = [*files(GOOD), "--url", server.url + "/", "--db", DB]
    monkeypatch.setenv("ODOO_API_KEY", KEY)
    assert push_csv.main(connection) == 0
    monkeypatch.setenv("ODOO_API_KEY", "another")
    (tmp_path / "key").write_text(f"{KEY}\n")
    assert push_csv.main([*connection, "--key-file", "key"]) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "no API key: set ODOO_API_KEY"),
        (["--key-file", "nowhere"], "--key-file nowhere: cannot be read"),
        (["--key", "two words"], "the API key holds spaces"),
        (["--key", KEY], "--url and --db needed"),
        (["--key", KEY, "--url", "u", "--db", "d"], "--url is an address"),
        (["--key", KEY, "--url", "https://u:p4ss@h", "--db", "d"], "leave it out"),
        (["--key", KEY, "--url", "https://h", "--db", "d", "--protocol", "xmlrpc"], "--user needed"),
    ],
)
def test_what_is_missing_on_the_command_line_is_named(files, capsys, options, message):
    assert push_csv.main([*files(GOOD), *options]) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert not any(secret in said.out + said.err for secret in ("two words", KEY, "p4ss"))


def test_plain_http_to_another_machine_is_warned_of(capsys):
    heard = []
    assert push_csv.check_url("http://erp.example.com/", heard.append) == "http://erp.example.com"
    assert "unencrypted" in heard[0]


def test_a_dry_run_needs_no_server_and_shows_what_would_be_sent(files, capsys):
    assert push_csv.main([*files(GOOD, "W2,,x,,,,,"), "--dry-run"]) == 1
    out = capsys.readouterr().out
    assert "created                      1" in out
    assert '"freight": 1234.5' in out
    assert "Nothing was pushed" in out
    assert rejected_rows()[0]["nr"] == "W2"


def test_progress_is_a_bar_on_a_terminal_and_plain_lines_elsewhere(monkeypatch):
    clock = iter([0.0, 0.05, 5.0, 15.0, 20.0])
    monkeypatch.setattr(push_csv.time, "monotonic", lambda: next(clock))
    log = io.StringIO()
    plain = push_csv.Progress(200, log)
    for done, rows in ((1, 10), (50, 500), (150, 1500)):
        plain.update(done, rows)
    plain.finish(2000)
    assert log.getvalue() == " 75%  1,500 rows, 100 rows/s, 5 s left\n2,000 rows in 20.0 s\n"

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    clock = iter([0.0, 0.05, 5.0, 20.0])
    bar = push_csv.Progress(200, terminal := Terminal())
    bar.update(1, 10)
    bar.update(100, 500)
    bar.message("careful")
    bar.finish(2000)
    drawn = f"\r[{'#' * 15}{'.' * 15}]  50%  500 rows, 100 rows/s, 5 s left\x1b[K"
    assert terminal.getvalue() == f"{drawn}\r\x1b[Kcareful\n2,000 rows in 20.0 s\n"


def test_as_a_program_the_receipt_is_on_stdout_and_the_progress_on_stderr(server, files):
    command = [sys.executable, SCRIPT, *files(GOOD, "W2,,x,,,,,"), "--url", server.url, "--db", DB]
    done = subprocess.run(command, env={"ODOO_API_KEY": KEY, "NO_PROXY": "*"}, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout.startswith(
        "Rows       read 2, not mapped 1, rejected 1\nShipments  received 1, created 1"
    )
    assert done.stderr.startswith("2 rows in ")


# --- the examples -------------------------------------------------------------------------------------------


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
    mapping = push_csv.load_mapping(tmp_path / "readme.toml")
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
