"""The set-up that commands share, in the order in which one step needs the other."""

from . import databases, machine, odoo_source, paths, postgres, venv
from .odoo_source import Odoo
from .steps import Progress

STEPS = 4


def prepare(progress: Progress, tests: bool = False) -> Odoo:
    """Everything up to a running PostgreSQL and an Odoo that can be started."""
    paths.make_layout()
    with progress.step("Debian packages") as step:
        machine.ensure(step, browser=tests)
    with progress.step("Odoo") as step:
        odoo = odoo_source.ensure(step)
    with progress.step("Python packages") as step:
        venv.ensure(step, odoo, tests)
    with progress.step("PostgreSQL") as step:
        postgres.ensure(step)
    databases.configuration(odoo)
    return odoo
