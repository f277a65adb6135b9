"""./dev test: pytest over a fresh copy of the template with our addons, or over a database that is kept."""

import contextlib
import os
from pathlib import Path

from . import databases, machine, paths, setup
from .steps import Progress, foreground

HELP = """usage: ./dev test [--db NAME [--fresh]] [pytest arguments]

Install our addons into a fresh database with demo data, run every test there (Odoo's, HTTP and browser
tests, pure Python), and end with pytest's own summary and status.

  ./dev test                                  everything
  ./dev test logistics_crm -k ingest          what pytest selects; only the addons named are installed
  ./dev test --db mine logistics_crm          on the database `mine`, which is kept: the next time only
                                              addons that changed are upgraded, which takes seconds
  --db NAME     use and keep this database
  --fresh       with --db: make it anew
  -h, --help    this; ./dev test -- --help shows pytest's

Several runs may go on at the same time, each has a database and a port of its own.
"""


def main(arguments: list[str]) -> int:
    options, rest = _split(arguments)
    if options["help"]:
        print(HELP)
        return 0
    progress = Progress(setup.STEPS + 2)
    odoo = setup.prepare(progress, tests=True)
    with progress.step("Template database") as step:
        source = databases.template(step, odoo, demo=True)
    addons = addons_for(rest)
    kept = options["db"]
    with contextlib.nullcontext(kept) if kept else databases.temporary("test") as name:
        with progress.step("Our addons") as step:
            if options["fresh"]:
                databases.drop(name)
            databases.ensure(step, odoo, name, addons, demo=True, source=source)
        return pytest(odoo, name, rest or default_paths())


def pytest(odoo, name: str, arguments: list[str]) -> int:
    config = databases.configuration(odoo)
    command = [paths.venv_bin("python"), "-m", "pytest", "--odoo-http", "--odoo-config", str(config)]
    command += ["--odoo-database", name, *arguments]
    env = databases.environment(odoo)
    env["LOGISTICS_TEST_DB"] = name
    env["LOGISTICS_CHROMIUM"] = machine.browser() or ""
    env.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(paths.DEV / "hypothesis"))
    env.setdefault("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
    return foreground(command, env=env, cwd=paths.ROOT)


def default_paths() -> list[str]:
    """The tests of every addon, then those of the project as a whole."""
    tops = [paths.ROOT / addon / "tests" for addon in databases.our_addons()]
    tops.append(paths.ROOT / "tests")
    return [str(top.relative_to(paths.ROOT)) for top in tops if any(top.rglob("test_*.py"))]


def addons_for(arguments: list[str]) -> list[str]:
    """The addons whose tests were named; all of them if none was, or anything outside of them."""
    ours = databases.our_addons()
    named = []
    for argument in arguments:
        path = Path(argument.split("::")[0])
        if argument.startswith("-") or not (paths.ROOT / path).exists():
            continue
        top = os.path.relpath(paths.ROOT / path, paths.ROOT).split(os.sep)[0]
        if top not in ours:
            return ours
        named.append(top)
    return [addon for addon in ours if addon in named] or ours


def _split(arguments: list[str]) -> tuple[dict, list[str]]:
    """Our own options, and what is pytest's."""
    options: dict = {"db": None, "fresh": False, "help": False}
    rest: list[str] = []
    todo = list(arguments)
    while todo:
        word = todo.pop(0)
        if word == "--":
            return options, rest + todo
        if word in ("-h", "--help"):
            options["help"] = True
        elif word == "--fresh":
            options["fresh"] = True
        elif word == "--db" and todo:
            options["db"] = todo.pop(0)
        elif word.startswith("--db="):
            options["db"] = word[5:]
        else:
            rest.append(word)
    return options, rest
