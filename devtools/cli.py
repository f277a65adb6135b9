"""The command line."""

import argparse
import os
import signal
import sys

from .steps import Failure, warn

DESCRIPTION = """Run, test and measure these Odoo addons on this machine. Everything that is needed is
fetched on first use into .dev/, which may be deleted at any time; Odoo itself comes from ODOO_PATH, from Debian
or from git, PostgreSQL from PGHOST or from a private cluster."""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="./dev", description=DESCRIPTION, allow_abbrev=False)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str, **options) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, allow_abbrev=False, **options)

    db = {"default": "logistics", "metavar": "NAME"}
    run = add("run", "Start Odoo with our addons and demo data; Ctrl-C ends it.")
    run.add_argument("--db", **db, help="the database, made if it does not exist (default: %(default)s)")
    run.add_argument("--port", type=int, default=8069, help="on 127.0.0.1 (default: %(default)s)")
    run.add_argument("--no-demo", action="store_true", help="make the database without demo data")
    run.add_argument("--workers", type=int, default=0, metavar="N", help="processes (default: one, with threads)")

    add("test", "Run the tests; arguments go to pytest.", add_help=False)
    add("lint", "Check the code, the views and the translations.")

    bench = add("bench", "Measure, each figure beside a bare baseline.")
    bench.add_argument("names", nargs="*", metavar="NAME", help="of tests/bench/bench_<name>.py (default: all)")
    bench.add_argument("--json", metavar="FILE", help="write the figures there too")
    bench.add_argument("-o", "--option", action="append", default=[], metavar="NAME=VALUE", help="for the benchmark")

    shell = add("shell", "A Python prompt with Odoo's `env`.")
    shell.add_argument("--db", **db)
    psql = add("psql", "A psql prompt.")
    psql.add_argument("--db", **db)

    i18n = add("i18n", "Write the .pot of our addons anew and merge it into their zh_CN.po.")
    i18n.add_argument("addons", nargs="*", metavar="ADDON")

    add("stop", "Stop the servers that ./dev run started, and the private PostgreSQL.")
    clean = add("clean", "Stop everything and delete .dev/.")
    clean.add_argument("--databases", action="store_true", help="only these; keep what was downloaded")
    return top


def main() -> int:
    arguments = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # unwinds: what runs for a step ends with us
    try:
        if arguments[:1] == ["test"]:
            from . import testing

            return testing.main(arguments[1:])
        options = parser().parse_args(arguments)
        return _command(options)
    except Failure as failure:
        warn(f"\n./dev: {failure}")
        return 1
    except KeyboardInterrupt:
        warn("\nstopped")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _command(options: argparse.Namespace) -> int:
    if options.command == "lint":
        from . import linting

        return linting.main()
    if options.command == "bench":
        from . import benching

        return benching.main(options.names, options.option, options.json)
    if options.command == "i18n":
        from . import translating

        return translating.main(options.addons)
    from . import serving

    if options.command == "run":
        return serving.run(options.db, options.port, not options.no_demo, options.workers)
    if options.command == "shell":
        return serving.shell(options.db)
    if options.command == "psql":
        return serving.psql(options.db)
    if options.command == "stop":
        return serving.stop()
    return serving.clean(databases_only=options.databases)
