"""Databases: a template with all that our addons depend on, copies of it, and our addons in the copies.

Installing the dependencies takes a minute and more, so it is done once per set of versions. The template's name
carries a hash of what it was made from. Filestores are copied by hard links: Odoo never changes a file in place.
"""

import ast
import contextlib
import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from . import paths, postgres, venv
from .odoo_source import Odoo
from .steps import Failure, Step, digest, lock, run

PREFIX = "lcrm"
CHECKOUT = digest(str(paths.DEV))[:4]  # several checkouts may share one server
# Loaded before the addons, which then bring their translations along; the first is everybody's default.
LANGUAGES = "en_US,zh_CN"
LOADED_ERROR = re.compile(r"^\S+ \S+ \d+ (?:ERROR|CRITICAL) .*")


def configuration(odoo: Odoo) -> Path:
    """Odoo's configuration file; where PostgreSQL is and which database come from environment and arguments."""
    target = paths.RUN / "odoo.conf"
    text = "\n".join(
        [
            "[options]",
            f"addons_path = {','.join([*odoo.addons_path, str(paths.ROOT)])}",
            f"data_dir = {paths.DATA}",
            "http_interface = 127.0.0.1",
            "list_db = False",
            "max_cron_threads = 1",
            "server_wide_modules = base,rpc,web",
            "",
        ]
    )
    if not target.is_file() or target.read_text() != text:
        target.write_text(text)
    return target


def environment(odoo: Odoo) -> dict[str, str]:
    """In which Odoo, psql and scripts find the server, the configuration and the virtual environment."""
    found = {**postgres.environment(), "ODOO_RC": str(configuration(odoo)), "VIRTUAL_ENV": str(paths.VENV)}
    found["PATH"] = f"{paths.VENV / 'bin'}{os.pathsep}{found.get('PATH', os.defpath)}"
    found.pop("PGDATABASE", None)  # Odoo would take it for the database to serve
    found.pop("PYTHONPATH", None)
    return found


# -- our addons --------------------------------------------------------------------------------------------


def manifest(addon: str) -> dict:
    return ast.literal_eval((paths.ROOT / addon / "__manifest__.py").read_text())


def our_addons() -> list[str]:
    return [addon for addon in paths.ADDONS if (paths.ROOT / addon / "__manifest__.py").is_file()]


def outside_dependencies() -> list[str]:
    """Every addon of others that one of ours names."""
    named = {name for addon in our_addons() for name in manifest(addon)["depends"]}
    return sorted(named - set(paths.ADDONS))


def sources(addon: str) -> str:
    """A hash of what an upgrade of the addon would load; tests and prose do not count."""
    skipped = {"tests", "__pycache__", "readme"}
    top = paths.ROOT / addon
    files = [path for path in sorted(top.rglob("*")) if path.is_file()]
    counted = [path for path in files if not skipped.intersection(path.relative_to(top).parts)]
    return digest(*(part for path in counted for part in (str(path.relative_to(top)), path)))


# -- databases ---------------------------------------------------------------------------------------------


def exists(name: str) -> bool:
    return bool(postgres.query(f"SELECT 1 FROM pg_database WHERE datname = {_literal(name)}"))


def drop(name: str) -> None:
    postgres.query(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")
    shutil.rmtree(_filestore(name), ignore_errors=True)
    (paths.RUN / f"{name}.json").unlink(missing_ok=True)


def template(step: Step, odoo: Odoo, demo: bool) -> str:
    """The name of the template; it is built if it does not exist."""
    modules = outside_dependencies()
    kind = f"{PREFIX}_{CHECKOUT}_{'demo' if demo else 'bare'}"
    name = f"{kind}_{digest(odoo.version, odoo.code, venv.addon_versions(), modules, LANGUAGES)}"
    with lock("template"):
        if exists(name):
            step.detail = name
            return name
        step.work(f"installing {len(modules)} addons that ours depend on{', with demo data' if demo else ''}")
        part = f"{name}_part"
        drop(part)
        create_empty(part)
        odoo_run(odoo, part, ["-i", ",".join(modules), _demo(demo), "--load-language", LANGUAGES], log=f"{name}.log")
        _move(part, name)
        for old in postgres.query(f"SELECT datname FROM pg_database WHERE datname LIKE '{kind}_%'"):
            if old != name:
                drop(old)
    step.detail = name
    return name


def create_empty(name: str) -> None:
    postgres.query(f"CREATE DATABASE {_quoted(name)} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C'")
    with contextlib.suppress(Failure):  # a role of the user's may not be allowed to; Odoo does without
        postgres.query("CREATE EXTENSION IF NOT EXISTS pg_trgm", name)


def copy(source: str, name: str) -> None:
    with lock("template"):
        postgres.query(f"CREATE DATABASE {_quoted(name)} TEMPLATE {_quoted(source)}")
        if _filestore(source).is_dir():
            shutil.rmtree(_filestore(name), ignore_errors=True)
            shutil.copytree(_filestore(source), _filestore(name), copy_function=os.link)


def install(step: Step, odoo: Odoo, name: str, addons: list[str], demo: bool) -> None:
    """Install our addons, or upgrade those whose sources changed since; nothing else is touched."""
    state_file = paths.RUN / f"{name}.json"
    state = json.loads(state_file.read_text()) if state_file.is_file() else {}
    now = {addon: sources(addon) for addon in our_addons()}
    wanted = [*addons]
    for addon in addons:  # what they depend on comes with them
        wanted += [other for other in manifest(addon)["depends"] if other in now and other not in wanted]
    missing = [addon for addon in now if addon in wanted and addon not in state]
    changed = [addon for addon in now if addon in state and state[addon] != now[addon]]
    if not missing and not changed:
        step.detail = f"{name}: nothing changed"
        return
    arguments, said = [_demo(demo)], []
    for flag, word, found in (("-i", "installing", missing), ("-u", "upgrading", changed)):
        if found:
            arguments += [flag, ",".join(found)]
            said.append(f"{word} {', '.join(found)}")
    step.work(" and ".join(said))
    state_file.unlink(missing_ok=True)  # an interrupted upgrade is done again
    odoo_run(odoo, name, arguments, log=f"{name}.log")
    state_file.write_text(json.dumps({addon: now[addon] for addon in [*state, *missing]}))
    step.detail = name


def ensure(step: Step, odoo: Odoo, name: str, addons: list[str], demo: bool, source: str) -> None:
    """A database with our addons, kept from one run to the next."""
    with lock(f"database-{name}"):
        if not exists(name):
            step.work("copying the template")
            (paths.RUN / f"{name}.json").unlink(missing_ok=True)
            copy(source, name)
        install(step, odoo, name, addons, demo)


def odoo_run(odoo: Odoo, name: str, arguments: list[str], log: str) -> None:
    """Run Odoo to install or upgrade and stop. Errors that Odoo only logs (failed demo data, say) count."""
    file = paths.LOG / log
    start = file.stat().st_size if file.is_file() else 0
    command = [paths.venv_bin("python"), "-m", "odoo", "-d", name, *arguments]
    run([*command, "--stop-after-init", "--no-http"], log=log, env=environment(odoo), cwd=paths.ROOT)
    with open(file, "rb") as out:
        out.seek(start)
        lines = out.read().decode(errors="replace").splitlines()
    errors = [line for line in lines if LOADED_ERROR.match(line)]
    if errors:
        raise Failure("\n".join(["Odoo logged errors while it installed:", *errors[:20], f"More in {file}"]))


# -- databases for one run of the tests --------------------------------------------------------------------


@contextlib.contextmanager
def temporary(purpose: str) -> Iterator[str]:
    """A name of one's own. What has it is dropped at the end; if this process is killed, by the next."""
    _drop_abandoned()
    name = f"{PREFIX}_{CHECKOUT}_{purpose}_{os.getpid()}_{int(time.time()) % 100000}"
    claim = paths.RUN / f"{name}.claim"
    with open(claim, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield name
            (paths.LOG / f"{name}.log").unlink(missing_ok=True)  # kept when something failed
        finally:
            drop(name)
            claim.unlink()


def _drop_abandoned() -> None:
    for claim in paths.RUN.glob(f"{PREFIX}_{CHECKOUT}_*.claim"):
        with contextlib.suppress(FileNotFoundError, BlockingIOError), open(claim) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            drop(claim.stem)
            claim.unlink()


# -- small things ------------------------------------------------------------------------------------------


def _move(old: str, new: str) -> None:
    postgres.query(f"ALTER DATABASE {_quoted(old)} RENAME TO {_quoted(new)}")
    if _filestore(old).is_dir():
        shutil.rmtree(_filestore(new), ignore_errors=True)
        _filestore(old).rename(_filestore(new))


def _demo(wanted: bool) -> str:
    return "--with-demo" if wanted else "--without-demo"


def _filestore(name: str) -> Path:
    return paths.DATA / "filestore" / name


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
