"""An upgrade of the addon leaves alone what people set up."""

import subprocess
import sys

from devtools import paths

from .server import LAUNCH, ROOT, TIMEOUT, copy_of_database, environment, environment_of

EDITS = {
    "source_api": {"name": "Our API", "sequence": 77},
    "source_yunda": {"active": False},
    "service_level_standard": {"name": "Ours", "promise_days": 9},
    "reason_lost": {"name": "Gone", "group": "damage", "active": False},
    "code_aftership_delivered": {"status": "ready_for_pickup", "name": "Edited"},
    "cron_place_waiting": {"interval_number": 77},
    "rule_hub_company": {"active": False},
}


def test_an_upgrade_keeps_what_people_edited():
    with copy_of_database("update") as name:
        with environment_of(name) as env:
            before = count(env)
            for xml_id, values in EDITS.items():
                env.ref(f"logistics_crm.{xml_id}").write(values)
        for _time in range(2):
            upgrade(name)
        with environment_of(name) as env:
            for xml_id, values in EDITS.items():
                [kept] = env.ref(f"logistics_crm.{xml_id}").read(list(values))
                assert {field: kept[field] for field in values} == values, xml_id
            assert count(env) == before


def count(env):
    """How many rows of each model came with the addon."""
    data = env["ir.model.data"]._read_group([("module", "=", "logistics_crm")], ["model"], ["__count"])
    return {model: number for model, number in data if model.startswith("logistics.")}


def upgrade(name):
    log = paths.LOG / f"{name}.log"
    command = [sys.executable, str(LAUNCH), "-d", name, "-u", "logistics_crm", "--stop-after-init", "--no-http"]
    command += ["--logfile", str(log)]
    subprocess.run(command, cwd=ROOT, env=environment(), check=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL)
    errors = [line for line in log.read_text().splitlines() if " ERROR " in line or " CRITICAL " in line]
    assert not errors, errors
