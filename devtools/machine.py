"""What the machine itself must have: a few Debian packages, installed only as root or through sudo."""

import glob
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from . import postgres
from .steps import Failure, Step, lock, run

# Installing PostgreSQL on Debian makes and starts a cluster for the whole system, which nobody asked for.
NO_MAIN_CLUSTER = Path("/etc/postgresql-common/createcluster.d/logistics-dev.conf")


def missing(database: bool, browser: bool) -> list[str]:
    """Debian packages that have to be installed; `browser` for what only browser tests need."""
    wanted = []
    if importlib.util.find_spec("ensurepip") is None:  # Debian splits it off
        wanted.append("python3-venv")
    if database and postgres.is_private() and postgres.bin_directory() is None:
        wanted.append("postgresql")
    if database and not postgres.is_private() and not shutil.which("psql"):
        wanted.append("postgresql-client")
    if not Path("/etc/ssl/certs/ca-certificates.crt").is_file():
        wanted.append("ca-certificates")
    if not _has_library("libmagic.so.1"):
        wanted.append("libmagic1")
    if browser:
        if not (shutil.which("chromium") or shutil.which("google-chrome")):
            wanted.append("chromium")
        if not glob.glob("/usr/lib/*/libatomic.so.1"):
            wanted.append("libatomic1")  # Playwright's driver needs it
        if not _has_chinese_font():
            wanted.append("fonts-wqy-zenhei")
    return wanted


def ensure(step: Step, database: bool = True, browser: bool = False) -> None:
    with lock("machine"):
        wanted = missing(database, browser)
        if not wanted:
            step.detail = "nothing is missing"
            return
        apt = _apt(wanted)
        step.work(f"installing {' '.join(wanted)}")
        run([*apt, "update", "-q"], log="machine.log")
        install = [*apt, "install", "-q", "-y", "--no-install-recommends"]
        no_cluster = "postgresql" in wanted
        if no_cluster:
            run([*install, "postgresql-common"], log="machine.log")
            _as_root(["mkdir", "-p", str(NO_MAIN_CLUSTER.parent)])
            _as_root(["tee", str(NO_MAIN_CLUSTER)], input="create_main_cluster = false\n")
        try:
            run([*install, *wanted], log="machine.log")
        finally:
            if no_cluster:
                _as_root(["rm", "-f", str(NO_MAIN_CLUSTER)])
        step.detail = f"installed {' '.join(wanted)}"


def browser() -> str | None:
    """The browser for tests."""
    return shutil.which("chromium") or shutil.which("google-chrome")


def _apt(wanted: list[str]) -> list[str]:
    by_hand = f"apt-get install --no-install-recommends {' '.join(wanted)}"
    if not shutil.which("apt-get"):
        raise Failure(f"these are missing (their names in Debian): {' '.join(wanted)}")
    prefix = _sudo()
    if prefix is None:
        raise Failure(f"these Debian packages are missing; as root run:\n    {by_hand}")
    return [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]


def _sudo() -> list[str] | None:
    """How to act as root: not at all, through sudo without a password or with one that a terminal asks for, or None."""
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        return None
    free = subprocess.call(["sudo", "-n", "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
    if free:
        return ["sudo", "-n"]
    if os.isatty(0) and subprocess.call(["sudo", "-v"]) == 0:
        return ["sudo"]
    return None


def _as_root(command: list[str], **options) -> None:
    subprocess.run([*(_sudo() or []), *command], check=True, stdout=subprocess.DEVNULL, text=True, **options)


def _has_library(name: str) -> bool:
    patterns = (f"lib*/{name}*", f"lib/*/{name}*", f"local/lib/{name}*")
    return any(True for pattern in patterns for _ in Path("/usr").glob(pattern))


def _has_chinese_font() -> bool:
    """Screenshots of the Chinese screens would show empty boxes."""
    tops = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts")
    patterns = ("*wqy*", "*[Nn]oto*CJK*", "*SourceHan*", "*DroidSansFallback*")
    return any(True for top in tops for pattern in patterns for _ in top.rglob(pattern))
