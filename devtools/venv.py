"""The virtual environment: Odoo's dependencies, ours, and (only when asked for) those of tests and checks."""

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
        if not _works():
            _create(step)
        _point_at(odoo)
        wanted = [("packages", [ODOO, OURS])] + ([("packages-tests", [TESTS])] if tests else [])
        for stamp, files in wanted:
            key = digest(_version(), *files)
            if is_done(stamp, key):
                continue
            step.work(f"pip installs {' and '.join(file.name for file in files)}")
            _install(files)
            mark_done(stamp, key)
    step.detail = f"Python {_version()} in {paths.VENV}"


def _works() -> bool:
    """Whether there is one. It need not be made by the Python that runs this: others may be using it right now."""
    if not is_done("venv", _place()):
        return False
    probe = [paths.venv_bin("python"), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        answer = subprocess.run(probe, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return False  # its Python was removed
    return _version().startswith(f"{answer}.")  # or replaced by a newer one


def _create(step: Step) -> None:
    step.work("creating it")
    for stamp in ("venv", "packages", "packages-tests"):
        forget(stamp)
    shutil.rmtree(paths.VENV, ignore_errors=True)
    # Not sys.executable, which may itself be in a virtual environment, even in this one.
    base = getattr(sys, "_base_executable", None) or sys.executable
    run([base, "-m", "venv", str(paths.VENV)], log="venv.log")
    mark_done("venv", _place())


def _place() -> str:
    return digest(str(paths.VENV))  # its scripts hold this path


def _version() -> str:
    """Of its Python, e.g. 3.11.2."""
    found = re.search(r"^version\s*=\s*(\S+)", (paths.VENV / "pyvenv.cfg").read_text(), re.MULTILINE)
    return found[1] if found else "unknown"


def _site_packages() -> Path:
    major, minor = _version().split(".")[:2]
    return paths.VENV / "lib" / f"python{major}.{minor}" / "site-packages"


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


def addon_versions() -> list[str]:
    """The Odoo addons that pip installed, by name and version."""
    return sorted(path.name for path in _site_packages().glob("odoo_addon_*.dist-info"))
