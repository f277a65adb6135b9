"""The virtual environment: Odoo's dependencies, ours, and (only when asked for) those of tests and checks."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from . import paths
from .odoo_source import Odoo
from .steps import Step, digest, forget, is_done, lock, mark_done, run

ODOO = paths.ROOT / "requirements-odoo.txt"
OURS = paths.ROOT / "requirements.txt"
TESTS = paths.ROOT / "requirements-dev.txt"


def ensure(step: Step, odoo: Odoo, tests: bool) -> None:
    with lock("venv"):
        _create(step)
        _point_at(odoo)
        wanted = [("packages", [ODOO, OURS])] + ([("packages-tests", [TESTS])] if tests else [])
        for stamp, files in wanted:
            key = digest(sys.version, *files)
            if is_done(stamp, key):
                continue
            step.work(f"pip installs {' and '.join(file.name for file in files)}")
            _install(files)
            mark_done(stamp, key)
    step.detail = f"Python {sys.version_info[0]}.{sys.version_info[1]}.{sys.version_info[2]} in {paths.VENV}"


def _create(step: Step) -> None:
    # Not sys.executable: with our environment activated it is our own copy, and we would delete it under our feet.
    python = getattr(sys, "_base_executable", sys.executable)
    key = digest(sys.version, sys.base_prefix, str(paths.VENV))
    if is_done("venv", key) and os.access(paths.venv_bin("python"), os.X_OK):
        return
    step.work("creating it")
    for stamp in ("venv", "packages", "packages-tests"):
        forget(stamp)
    shutil.rmtree(paths.VENV, ignore_errors=True)
    run([python, "-m", "venv", str(paths.VENV)], log="venv.log")
    mark_done("venv", key)


def _site_packages() -> Path:
    return paths.VENV / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


def _point_at(odoo: Odoo) -> None:
    """Put Odoo's code on the path; `odoo` is a namespace, so that addons from PyPI join it by themselves."""
    pth = _site_packages() / "odoo-source.pth"
    if not pth.is_file() or pth.read_text() != odoo.code + "\n":
        pth.write_text(odoo.code + "\n")


def _install(files: list[Path]) -> None:
    """OCA's wheels ask for `odoo` and by that for psycopg2 from source: they are installed without dependencies."""
    lines = [line for file in files for line in file.read_text().splitlines() if re.match(r"[A-Za-z]", line)]
    addons = [line for line in lines if line.startswith("odoo-addon-")]
    others = [line for line in lines if not line.startswith("odoo-addon-")]
    pip = [paths.venv_bin("python"), "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    run([*pip, *others], log="venv.log")
    if addons:
        run([*pip, "--no-deps", *addons], log="venv.log")


def has_venv_module() -> bool:
    """Debian splits ensurepip off into python3-venv."""
    probe = [sys.executable, "-c", "import ensurepip, venv"]
    return subprocess.call(probe, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def addon_versions() -> list[str]:
    """The Odoo addons that pip installed, by name and version."""
    return sorted(path.name for path in _site_packages().glob("odoo_addon_*.dist-info"))
