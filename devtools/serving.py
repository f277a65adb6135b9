"""./dev run, shell, psql, stop and clean."""

import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from . import databases, paths, postgres, setup
from .steps import Failure, Progress, lock

KNOWN_PASSWORDS = {"admin": "admin", "demo": "demo", "portal": "portal"}


def run(name: str, port: int, demo: bool, workers: int) -> int:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise Failure(f"{name!r} is no name for a database here: use letters, digits, _ and -")
    paths.make_layout()
    with _port_of_ours(port):
        return _run(name, port, demo, workers)


def _run(name: str, port: int, demo: bool, workers: int) -> int:
    progress = Progress(setup.STEPS + 3)
    odoo = setup.prepare(progress)
    with progress.step("Template database") as step:
        if databases.exists(name):
            source, step.detail = "", f"not needed, {name} exists"
        else:
            source = databases.template(step, odoo, demo)
    with progress.step("Our addons") as step:
        databases.ensure(step, odoo, name, databases.our_addons(), demo, source)
    log = paths.LOG / f"server-{port}.log"
    command = [paths.venv_bin("python"), "-m", "odoo", "-d", name, "--db-filter", f"^{name}$"]
    command += ["--http-port", str(port), "--workers", str(workers), "--logfile", str(log)]
    if workers:
        command += ["--gevent-port", str(_free_port(port + 3))]
    with progress.step("Server") as step:
        step.work("starting it")
        with open(log, "ab") as out:
            server = subprocess.Popen(
                command,
                env=databases.environment(odoo),
                cwd=paths.ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,  # Ctrl-C reaches us alone; twice, Odoo would take it for "at once"
            )
        note = paths.RUN / f"server-{port}.pid"
        note.write_text(json.dumps({"pid": server.pid, "db": name}))
        try:
            _await_login(server, port, log)
        except BaseException:
            _end(server)
            note.unlink(missing_ok=True)
            raise
        step.detail = f"its log is {log}"
    _greet(name, port, workers)
    try:
        return _follow(server)
    finally:
        note.unlink(missing_ok=True)


def _greet(name: str, port: int, workers: int) -> None:
    if workers:
        print("With workers, live updates (chat, notifications) need a reverse proxy in front; pages do not.")
    print(f"\nLogistics CRM runs on database {name}. Ctrl-C ends it; `./dev stop` ends PostgreSQL too.\n")
    print(f"    http://127.0.0.1:{port}/odoo\n")
    for login, password in _logins(name):
        print(f"    {login} / {password}")
    print(flush=True)


def _logins(name: str) -> list[tuple[str, str]]:
    """The users to try it with. Demo users of our addons have their login as password."""
    logins = postgres.query(
        """
        SELECT u.login FROM res_users u JOIN ir_model_data d ON d.model = 'res.users' AND d.res_id = u.id
         WHERE u.active AND (d.module LIKE 'logistics\\_crm%'
            OR d.module = 'base' AND d.name IN ('user_admin', 'user_demo', 'demo_user0'))
         ORDER BY u.id
        """,
        name,
    )
    return [(login, KNOWN_PASSWORDS.get(login, login)) for login in logins]


def _await_login(server: subprocess.Popen, port: int, log: Path) -> None:
    """Return when the login page is there: it is slow the first time, since its styles are compiled then."""
    end = time.monotonic() + 180
    while time.monotonic() < end:
        if server.poll() is not None:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:]) if log.is_file() else ""
            raise Failure(f"Odoo ended with status {server.returncode}:\n{tail}")
        with contextlib.suppress(OSError, urllib.error.URLError):
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"http://127.0.0.1:{port}/web/login", timeout=120) as answer:
                if answer.status == 200:
                    return
        time.sleep(0.2)
    raise Failure(f"Odoo does not answer on port {port}; see {log}")


def _follow(server: subprocess.Popen) -> int:
    """Wait for the server, and take it down when we are asked to end in whatever way."""

    def end(*_):
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    try:
        code = server.wait()
    except KeyboardInterrupt:
        with contextlib.suppress(OSError):  # the terminal may be gone
            print("\nstopping …", flush=True)
        _end(server)
        return 0
    return 0 if code in (0, -signal.SIGINT, -signal.SIGTERM) else code


def _end(server: subprocess.Popen) -> None:
    server.terminate()
    try:
        server.wait(15)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        server.kill()
        server.wait()


@contextlib.contextmanager
def _port_of_ours(port: int) -> Iterator[None]:
    """Make sure that nobody else listens there, now or while this ./dev prepares."""
    taken = f"port {port} is taken: stop what listens there (`./dev stop` if it is ours), or give --port"
    with open(paths.RUN / f"server-{port}.lock", "w") as claim, socket.socket() as probe:
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise Failure(taken) from None
        probe.close()
        yield


def _free_port(wanted: int) -> int:
    for candidate in (wanted, 0):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", candidate))
            return probe.getsockname()[1]
    raise Failure("no free port")


# -- shell, psql -------------------------------------------------------------------------------------------


def shell(name: str) -> int:
    odoo = setup.prepare(Progress(setup.STEPS))
    _need(name)
    command = [paths.venv_bin("python"), "-m", "odoo", "shell", "-d", name]
    command += ["--no-http", "--log-level", "warn"]
    os.chdir(paths.ROOT)
    os.execve(command[0], command, databases.environment(odoo))


def psql(name: str) -> int:
    setup.prepare(Progress(setup.STEPS))
    if name not in ("postgres", "template1"):
        _need(name)
    program = postgres.program("psql")
    os.execve(program, [program, "-d", name], postgres.environment())


def _need(name: str) -> None:
    if not databases.exists(name):
        raise Failure(f"there is no database {name}: `./dev run --db {name}` makes it")


# -- stop, clean -------------------------------------------------------------------------------------------


def stop() -> int:
    paths.make_layout()
    ended = [note for note in paths.RUN.glob("server-*.pid") if _stop_server(note)]
    cluster = postgres.is_private() and postgres.stop()
    parts = [f"{len(ended)} server{'s' if len(ended) != 1 else ''}"] if ended else []
    parts += ["PostgreSQL"] if cluster else []
    print(f"stopped: {' and '.join(parts)}" if parts else "nothing was running")
    return 0


def _stop_server(note: Path) -> bool:
    pid = json.loads(note.read_text())["pid"]
    alive = _is_odoo(pid)
    if alive:
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + 20
        while _is_odoo(pid) and time.monotonic() < end:
            time.sleep(0.1)
        if _is_odoo(pid):
            os.kill(pid, signal.SIGKILL)
    note.unlink(missing_ok=True)
    return alive


def _is_odoo(pid: int) -> bool:
    """Whether this process is still our server: numbers are used again."""
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return str(paths.VENV).encode() in words[0] and b"odoo" in words
    return False


def clean(databases_only: bool) -> int:
    if not paths.DEV.is_dir():
        print("nothing to delete")
        return 0
    stop()
    if databases_only and postgres.is_private():
        with lock("template"):
            for path in (paths.PG, paths.DATA, paths.RUN):
                shutil.rmtree(path, ignore_errors=True)
        print("deleted the private cluster and the filestores")
        return 0
    if not postgres.is_private():
        for name in postgres.query(
            f"SELECT datname FROM pg_database WHERE datname LIKE '{databases.PREFIX}\\_{databases.CHECKOUT}\\_%'"
        ):
            databases.drop(name)
            print(f"dropped database {name}")
    shutil.rmtree(paths.DEV)
    print(f"deleted {paths.DEV}")
    return 0
