"""./dev bench: run benchmarks, each on a fresh database without demo data, and print what they measured."""

import json
import os
import platform
import tempfile
from pathlib import Path

from . import databases, paths, postgres, setup
from .odoo_source import Odoo
from .steps import Failure, Progress, foreground

FOLDER = paths.ROOT / "tests" / "bench"


def main(names: list[str], options: list[str], json_file: str | None) -> int:
    there = sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))
    unknown = sorted(set(names) - set(there))
    if unknown:
        raise Failure(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(there) or 'none'}")
    wrong = [option for option in options if "=" not in option]
    if wrong:
        raise Failure(f"an option is written name=value, not {wrong[0]}")
    progress = Progress(setup.STEPS + 2)
    odoo = setup.prepare(progress)
    with progress.step("Template database") as step:
        source = databases.template(step, odoo, demo=False)
    results, crashed = [], []
    with databases.temporary("benchbase") as base:
        with progress.step("Our addons") as step:
            databases.ensure(step, odoo, base, databases.our_addons(), demo=False, source=source)
        machine = _machine(odoo)
        print(f"\n{machine['processors']} processors, Python {machine['python']}, {machine['postgresql']}", flush=True)
        for name in names or there:
            result = _run(odoo, name, base, options)
            (results if result else crashed).append(result or name)
            if result:
                print_figures(result)
    if json_file:
        Path(json_file).write_text(json.dumps({"machine": machine, "benchmarks": results}, indent=2) + "\n")
        print(f"\nwritten to {json_file}")
    if crashed:
        print(f"\ncrashed: {', '.join(crashed)}")
    return 1 if crashed else 0


def _run(odoo: Odoo, name: str, base: str, options: list[str]) -> dict | None:
    print(f"\nbench {name} …", flush=True)
    with databases.temporary("bench") as database, tempfile.TemporaryDirectory() as folder:
        databases.copy(base, database)
        file = Path(folder) / "figures.json"
        command = [paths.venv_bin("python"), "-m", "devtools.inside.benchmark", name]
        command += ["--database", database, "--output", str(file)]
        command += [word for option in options for word in ("--option", option)]
        status = foreground(command, env=databases.environment(odoo), cwd=paths.ROOT)
        return json.loads(file.read_text()) if status == 0 else None


def _machine(odoo: Odoo) -> dict:
    durable = postgres.query("SHOW fsync")[0] == "on"
    return {
        "processors": len(os.sched_getaffinity(0)),
        "system": platform.platform(),
        "python": platform.python_version(),
        "odoo": odoo.version,
        "postgresql": f"PostgreSQL {postgres.query('SHOW server_version')[0]}, fsync {'on' if durable else 'off'}",
    }


# -- the table ---------------------------------------------------------------------------------------------


def judge(figure: dict) -> bool | None:
    """Whether a figure is reached; None if nothing was wanted."""
    value, wishes = figure["value"], []
    if figure.get("wanted") is not None:
        wishes.append(figure["ratio"] >= figure["wanted"])
    if figure.get("at_least") is not None:
        wishes.append(value >= figure["at_least"])
    if figure.get("at_most") is not None:
        wishes.append(value <= figure["at_most"])
    return all(wishes) if wishes else None


def print_figures(result: dict) -> None:
    print(f"{result['title']} ({result['seconds']} s)")
    rows = [("figure", "measured", "bare", "ratio", "wanted", "")]
    for figure in result["figures"]:
        unit = f" {figure['unit']}" if figure.get("unit") else ""
        wanted = []
        if figure.get("wanted") is not None:
            wanted.append(f"≥ {figure['wanted']:g} ×")
        for key, sign in (("at_least", "≥"), ("at_most", "≤")):
            if figure.get(key) is not None:
                wanted.append(f"{sign} {_number(figure[key])}{unit}")
        bare = figure.get("bare")
        ratio = figure.get("ratio")
        verdict = {True: "ok", False: "NOT REACHED", None: ""}[judge(figure)]
        rows.append(
            (
                figure["name"],
                f"{_number(figure['value'])}{unit}",
                f"{_number(bare)}{unit}" if bare is not None else "",
                f"{ratio:.2f} ×" if ratio is not None else "",
                ", ".join(wanted),
                verdict,
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        name, *numbers, verdict = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        print("  " + "  ".join([row[0].ljust(len(name)), *numbers, verdict.strip()]).rstrip(), flush=True)


def _number(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_number(part) for part in value)
    if isinstance(value, int) or (isinstance(value, float) and abs(value) >= 100):
        return f"{value:,.0f}"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
