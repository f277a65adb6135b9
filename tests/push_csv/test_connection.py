"""The connection: what is tried again, and what is explained."""

import socket
import threading
import xmlrpc.client
from collections import Counter
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from pushcsv.cli import main
from pushcsv.transport import LONGEST_WAIT

from .contract import RefusedError
from .helpers import GOOD, push, rejected_rows
from .server import DB, KEY, LOGIN


def test_passing_troubles_are_retried(server, files, waits, capsys):
    server.planned = [(503, {}, b""), None, (429, {"Retry-After": "7"}, b""), (502, {}, b""), (504, {}, b"")]
    assert push(server, files(GOOD)) == 0
    assert len(waits) == 5
    assert waits[2] == 7
    assert 0.7 < waits[0] < waits[1] < waits[3] < waits[4]
    assert "trying again in 7 s (3 of 6)" in capsys.readouterr().err


def test_retry_after_may_be_a_date(server, files, waits):
    later = datetime.now(timezone.utc) + timedelta(seconds=90)
    server.planned = [
        (503, {"Retry-After": format_datetime(later)}, b""),
        (503, {"Retry-After": "86400"}, b""),
        (503, {"Retry-After": "soon"}, b""),
    ]
    assert push(server, files(GOOD)) == 0
    assert 80 < waits[0] <= 90
    assert waits[1] == LONGEST_WAIT
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
        assert main(arguments) == 2
    error = capsys.readouterr().err
    assert "Connection refused; gave up after 2 attempts; check --url, and that Odoo is running" in error


def test_an_answer_that_takes_too_long(server, files, waits, capsys):
    stopped = threading.Event()
    server.contract.upsert = lambda rows: stopped.wait(30)
    try:
        assert push(server, files(GOOD), "--timeout", "1", "--retries", "0") == 2
    finally:
        stopped.set()
    error = capsys.readouterr().err
    assert "Read timed out; gave up after one attempt; use a smaller --batch" in error


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
def test_other_answers_stop_with_the_servers_words(server, files, waits, capsys, status, headers, body, message):
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


def test_an_unknown_database_is_explained_over_xmlrpc(server, files, capsys):
    trace = 'Traceback (most recent call last):\npsycopg2.OperationalError: database "x" does not exist\n'
    server.planned = [(200, {}, xmlrpc.client.dumps(xmlrpc.client.Fault(1, trace)).encode())]
    assert push(server, files(GOOD), "--protocol", "xmlrpc", "--user", LOGIN) == 2
    assert 'database "x" does not exist (check --db' in capsys.readouterr().err


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
