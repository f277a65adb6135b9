"""PostgreSQL: the one that PGHOST names, else a private cluster in .dev/pg on a Unix socket, with no TCP port.

The private cluster is for trying and testing: it gives up durability (fsync off) for speed. Its only role is
`odoo`, without a password; who may open the socket's directory may connect, and that is its owner alone.

PostgreSQL refuses to run as root. Under root the cluster therefore belongs to an unprivileged user, who often
cannot reach the project (think of /root/project). The server needs only its own directory, so that is handed over
as an open file descriptor, and nobody's permissions have to be widened.
"""

import contextlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from . import paths
from .steps import Failure, Step, digest, lock, output

USER = "odoo"
PORT = "5432"
DATA = paths.PG / "data"

SETTINGS = """
listen_addresses = ''
port = {port}
unix_socket_directories = '..'
max_connections = 300
shared_buffers = 512MB
work_mem = 16MB
maintenance_work_mem = 256MB
max_wal_size = 4GB
checkpoint_timeout = 30min
random_page_cost = 1.1
timezone = 'UTC'
log_timezone = 'UTC'
# Speed before durability: a power cut may cost the databases, and ./dev makes them anew.
fsync = off
synchronous_commit = off
full_page_writes = off
"""


def is_private() -> bool:
    return not os.environ.get("PGHOST")


def ensure(step: Step) -> None:
    """Start the cluster, making it first if need be; afterwards `environment` says how to reach it."""
    if not is_private():
        if os.environ.get("PGUSER", "") == "postgres":
            raise Failure("Odoo refuses the role 'postgres': set PGUSER to another one that may create databases")
        query("SELECT 1")
        step.detail = f"yours, at PGHOST={os.environ['PGHOST']}"
        return
    with lock("postgres"):
        if not (DATA / "PG_VERSION").is_file():
            step.work("creating the cluster")
            _create()
        _check_version()
        if not _answers():
            step.working or step.work("starting it")
            _start()
    step.detail = f"private cluster, version {_made_by()}, socket in {paths.PG}"


def environment() -> dict[str, str]:
    """The environment in which psql, createdb and Odoo find the server by themselves."""
    if not is_private():
        return dict(os.environ)
    return {**os.environ, "PGHOST": str(_socket_directory()), "PGPORT": PORT, "PGUSER": USER}


def _socket_directory() -> Path:
    """The directory as clients name it. A socket's path has at most 107 bytes: a deep project gets a short link."""
    if len(str(paths.PG / f".s.PGSQL.{PORT}")) <= 100:
        return paths.PG
    link = Path(tempfile.gettempdir()) / f"logistics-pg-{os.getuid()}-{digest(str(paths.PG))}"
    if not (link.is_symlink() and os.readlink(link) == str(paths.PG) and link.lstat().st_uid == os.getuid()):
        link.unlink(missing_ok=True)
        link.symlink_to(paths.PG)
    return link


def bin_directory() -> Path | None:
    """The newest server on this machine; Debian keeps it off the PATH."""
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if versions:
        return max(versions, key=lambda path: int(path.parts[-3])).parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def program(name: str) -> str:
    """psql, createdb, pg_dump…: those of the server's own version where they are."""
    beside = bin_directory()
    if beside and (beside / name).exists():
        return str(beside / name)
    found = shutil.which(name)
    if not found:
        raise Failure(f"{name} is missing: install postgresql-client")
    return found


def query(sql: str, database: str = "postgres") -> list[str]:
    """Rows of a statement, as text with | between the columns."""
    psql = [program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql]
    return output(psql, env=environment()).splitlines()


def stop() -> bool:
    """Stop the private cluster; True if it ran."""
    with lock("postgres"):
        pid = _running()
        if pid is None:
            return False
        os.kill(pid, signal.SIGINT)  # "fast": roll back what is open and end
        if not _wait(lambda: _running() is None, 30):
            os.kill(pid, signal.SIGQUIT)
            _wait(lambda: _running() is None, 10)
        return True


# -- the private cluster -----------------------------------------------------------------------------------


def _owner() -> dict[str, object]:
    """Keyword arguments for subprocess that change to the user whom the cluster belongs to."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise Failure("PostgreSQL refuses to run as root, and there is no user 'postgres' or 'nobody' instead")


@contextlib.contextmanager
def _handed_over(directory: Path) -> Iterator[tuple[str, dict]]:
    """The directory as a path that its owner can open from anywhere, and the options for subprocess."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        options = {"pass_fds": [descriptor], "cwd": "/", "umask": 0o077, **_owner()}
        yield f"/proc/self/fd/{descriptor}", options
    finally:
        os.close(descriptor)


def _create() -> None:
    """Made beside its place and renamed, so that what lies in .dev/pg is whole."""
    part = paths.DEV / "pg.part"
    shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(paths.PG, ignore_errors=True)
    data = part / DATA.name
    data.mkdir(parents=True)
    owner = _owner()
    for path in (part, data):
        path.chmod(0o700)
        if owner:
            os.chown(path, owner["user"], owner["group"])
    with _handed_over(data) as (path, options):
        initdb = [program("initdb"), "-D", path, "-U", USER, "-E", "UTF8", "--locale=C.UTF-8", "--auth=trust"]
        made = subprocess.run(
            [*initdb, "--no-sync"], env=_plain_environment(), capture_output=True, text=True, **options
        )
    if made.returncode:
        raise Failure(f"initdb failed:\n{made.stderr.strip()}")
    with open(data / "postgresql.conf", "a") as conf:
        conf.write(SETTINGS.format(port=PORT))
    part.rename(paths.PG)


def _plain_environment() -> dict[str, str]:
    kept = ("PATH", "LANG", "LC_ALL", "TZ")
    return {name: value for name, value in os.environ.items() if name in kept}


def _start() -> None:
    with open(paths.LOG / "postgres.log", "ab") as log, _handed_over(DATA) as (path, options):
        server = subprocess.Popen(
            [program("postgres"), "-D", path],
            env=_plain_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C in a terminal is not for the cluster
            **options,
        )
    if not _wait(lambda: _answers() or server.poll() is not None, 60) or not _answers():
        tail = "\n".join((paths.LOG / "postgres.log").read_text(errors="replace").splitlines()[-15:])
        raise Failure(f"PostgreSQL did not start:\n{tail}")


def _check_version() -> None:
    have = re.search(r"(\d+)", output([program("postgres"), "--version"]))[1]
    if _made_by() != have:
        raise Failure(
            f"{paths.PG} was made by PostgreSQL {_made_by()}, this machine has {have}: `./dev clean --databases`"
            " gives them up and the next run makes them anew"
        )


def _made_by() -> str:
    return (DATA / "PG_VERSION").read_text().strip()


def _answers() -> bool:
    if _running() is None:
        return False
    ready = [program("pg_isready"), "-q", "-d", "postgres"]
    return subprocess.call(ready, env=environment(), stdout=subprocess.DEVNULL) == 0


def _running() -> int | None:
    """The process id of the private cluster, if it is alive."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = int((DATA / "postmaster.pid").read_text().split()[0])
        if b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    return None


def _wait(condition, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False
