"""Rows that are not taken."""

from .helpers import GOOD, MAPPING, push, rejected_rows
from .server import LOGIN


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
