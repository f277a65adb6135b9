"""The command line: key, options, progress, and the program as a whole."""

import io
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pushcsv.cli import main
from pushcsv.options import check_url
from pushcsv.progress import Progress

from . import EXAMPLES, SCRIPT
from .helpers import GOOD, rejected_rows
from .server import DB, KEY


def test_the_key_may_come_from_the_environment_or_a_file(server, files, tmp_path, monkeypatch):
    connection = [*files(GOOD), "--url", server.url + "/", "--db", DB]
    monkeypatch.setenv("ODOO_API_KEY", KEY)
    assert main(connection) == 0
    monkeypatch.setenv("ODOO_API_KEY", "another")
    (tmp_path / "key").write_text(f"{KEY}\n")
    assert main([*connection, "--key-file", "key"]) == 0


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
    assert main([*files(GOOD), *options]) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert not any(secret in said.out + said.err for secret in ("two words", KEY, "p4ss"))


def test_plain_http_to_another_machine_is_warned_of(capsys):
    heard = []
    assert check_url("http://erp.example.com/", heard.append) == "http://erp.example.com"
    assert "unencrypted" in heard[0]


def test_a_dry_run_needs_no_server_and_shows_what_would_be_sent(files, capsys):
    assert main([*files(GOOD, "W2,,x,,,,,"), "--dry-run"]) == 1
    out = capsys.readouterr().out
    assert "created                      1" in out
    assert '"freight": 1234.5' in out
    assert "Nothing was pushed" in out
    assert rejected_rows()[0]["nr"] == "W2"


def test_progress_is_a_bar_on_a_terminal_and_plain_lines_elsewhere(monkeypatch):
    clock = iter([0.0, 0.05, 5.0, 15.0, 20.0])
    monkeypatch.setattr("pushcsv.progress.time.monotonic", lambda: next(clock))
    log = io.StringIO()
    plain = Progress(200, log)
    for done, rows in ((1, 10), (50, 500), (150, 1500)):
        plain.update(done, rows)
    plain.finish(2000)
    assert log.getvalue() == " 75%  1,500 rows, 100 rows/s, 5 s left\n2,000 rows in 20.0 s\n"

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    clock = iter([0.0, 0.05, 5.0, 20.0])
    bar = Progress(200, terminal := Terminal())
    bar.update(1, 10)
    bar.update(100, 500)
    bar.message("careful")
    bar.finish(2000)
    drawn = f"\r[{'#' * 15}{'.' * 15}]  50%  500 rows, 100 rows/s, 5 s left\x1b[K"
    assert terminal.getvalue() == f"{drawn}\r\x1b[Kcareful\n2,000 rows in 20.0 s\n"


def run_program(*arguments, cwd, **env):
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=cwd, env={"NO_PROXY": "*", **env}, capture_output=True, text=True)


def test_as_a_program_the_receipt_is_on_stdout_and_the_progress_on_stderr(server, files):
    arguments = [*files(GOOD, "W2,,x,,,,,"), "--url", server.url, "--db", DB]
    done = run_program(SCRIPT, *arguments, cwd=None, ODOO_API_KEY=KEY)
    assert done.returncode == 1
    assert done.stdout.startswith("Rows       read 2, not mapped 1, rejected 1\nShipments  received 1, created 1")
    assert done.stderr.startswith("2 rows in ")


def test_the_folder_works_wherever_it_is_copied(files, tmp_path):
    copy = tmp_path / "elsewhere" / "copy"
    shutil.copytree(EXAMPLES, copy)
    done = run_program(copy / "push_csv.py", *files(GOOD), "--dry-run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Nothing was pushed" in done.stdout


def test_the_script_without_its_folder_says_so(files, tmp_path):
    shutil.copy(SCRIPT, tmp_path)
    done = run_program(tmp_path / "push_csv.py", *files(GOOD), "--dry-run", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "push_csv.py: the folder pushcsv must be beside it; copy both\n"


def test_without_requests_the_script_says_how_to_get_it(files, tmp_path):
    done = run_program("-S", SCRIPT, *files(GOOD), "--dry-run", cwd=tmp_path)  # -S: no installed packages
    assert done.returncode == 2
    assert "python3 -m pip install" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_fails_the_push(server, files, capsys):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    assert main([*files("W1,,x,,,,,"), "--dry-run", "--rejected", "/dev/full"]) == 2
    assert "No space left on device" in capsys.readouterr().err
