"""./dev lint: every check runs, all that they find is printed, and the status says whether it was anything."""

import os
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable

from . import databases, machine, odoo_source, paths, venv
from .steps import Progress

Result = tuple[bool, str]

# Style that says nothing about its working.
OCA_IGNORED = (
    "xml-header-wrong",
    "xml-header-missing",
    "xml-field-numeric-without-eval",
    "xml-field-bool-without-eval",
    "xml-tag-position",
    "po-pretty-format",
    "missing-readme",
    # Empties a translation that equals its source (SHA256, 17TRACK), which then counts as missing.
    "po-pretty-format",
)


def main() -> int:
    paths.make_layout()
    progress = Progress(3)
    with progress.step("Debian packages") as step:
        machine.ensure(step, database=False)
    with progress.step("Odoo") as step:
        odoo = odoo_source.ensure(step)
    with progress.step("Python packages") as step:
        venv.ensure(step, odoo, tests=True)
    checks: list[tuple[str, Callable[[], Result]]] = [
        ("ruff check", lambda: _tool("ruff", "check", "--quiet", "--output-format=concise", ".")),
        ("ruff format", lambda: _tool("ruff", "format", "--check", "--output-format=concise", ".")),
        ("XML well-formed", _xml),
        ("translations complete", _translations),
        ("pylint-odoo", lambda: _tool("pylint", "--jobs=2", "--score=n", *databases.our_addons())),
        ("OCA's XML and CSV checks", lambda: _oca("oca-checks-odoo-module", databases.our_addons())),
        ("OCA's PO checks", lambda: _oca("oca-checks-po", _po_files())),
    ]
    failed = [name for name, check in checks if not _report(name, check)]
    print(f"lint: {', '.join(failed)} found something" if failed else "lint: nothing found")
    return 1 if failed else 0


def _report(name: str, check: Callable[[], Result]) -> bool:
    began = time.monotonic()
    fine, text = check()
    print(f"{'ok    ' if fine else 'FAILED'} {name} ({time.monotonic() - began:.1f} s)", flush=True)
    if text.strip() and not fine:
        print(text.strip(), flush=True)
    return fine


def _tool(name: str, *arguments: str) -> Result:
    env = {**os.environ, "PYTHONPATH": str(paths.ROOT)}
    command = [paths.venv_bin(name), *arguments]
    done = subprocess.run(command, cwd=paths.ROOT, env=env, capture_output=True, text=True)
    return done.returncode == 0, done.stdout + done.stderr


def _oca(name: str, arguments: list[str]) -> Result:
    return _tool(name, f"--disable={','.join(OCA_IGNORED)}", *arguments) if arguments else (True, "")


def _xml() -> Result:
    """All of it, also what no manifest names (OWL templates are read by the browser)."""
    problems = []
    for addon in databases.our_addons():
        for path in sorted((paths.ROOT / addon).rglob("*.xml")):
            try:
                ElementTree.parse(path)
            except ElementTree.ParseError as error:
                problems.append(f"{path.relative_to(paths.ROOT)}: {error}")
    return not problems, "\n".join(problems)


def _translations() -> Result:
    return _tool("python", "-m", "devtools.inside.translations", "check", *databases.our_addons())


def _po_files() -> list[str]:
    folders = [paths.ROOT / addon / "i18n" for addon in databases.our_addons()]
    return [str(path.relative_to(paths.ROOT)) for folder in folders for path in sorted(folder.glob("*.po*"))]
