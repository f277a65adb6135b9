"""./dev i18n: translation templates from a database without demo data, merged into the translations."""

import subprocess
import tempfile
from pathlib import Path

from . import databases, paths, setup
from .steps import Failure, Progress, run


def main(addons: list[str]) -> int:
    ours = databases.our_addons()
    unknown = set(addons) - set(ours)
    if unknown:
        raise Failure(f"not an addon of ours: {', '.join(sorted(unknown))}; there are {', '.join(ours)}")
    wanted = addons or ours
    progress = Progress(setup.STEPS + 3)
    odoo = setup.prepare(progress, tests=True)
    with progress.step("Template database") as step:
        source = databases.template(step, odoo, demo=False)
    with databases.temporary("i18n") as name, tempfile.TemporaryDirectory() as folder:
        with progress.step("Our addons") as step:
            databases.ensure(step, odoo, name, wanted, demo=False, source=source)
        with progress.step("Terms") as step:
            for addon in wanted:
                step.work(f"exporting {addon}")
                _export(odoo, name, addon, Path(folder) / f"{addon}.pot")
        for addon in wanted:
            _merge(addon, Path(folder) / f"{addon}.pot")
    return 0


def _export(odoo, name: str, addon: str, target: Path) -> None:
    config = databases.configuration(odoo)
    command = [paths.venv_bin("python"), "-m", "odoo", "i18n", "export", "-c", str(config)]
    command += ["-d", name, "-o", str(target), addon]
    run(command, log="i18n.log", env=databases.environment(odoo), cwd=paths.ROOT)


def _merge(addon: str, exported: Path) -> None:
    if not exported.is_file():  # Odoo writes nothing for an addon without terms
        exported.write_text('msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n')
    command = [paths.venv_bin("python"), "-m", "devtools.inside.translations", "merge", addon, str(exported)]
    if subprocess.call(command, cwd=paths.ROOT):
        raise Failure(f"the terms of {addon} could not be merged")
