"""What arrives at the server."""

import pytest

from .helpers import GOOD, push
from .server import LOGIN


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
