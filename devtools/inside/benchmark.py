"""Run one benchmark of tests/bench/ on a database that was made for it, and write its figures as JSON.

The protocol between a benchmark and this runner is told in tests/bench/README.md.
"""

import argparse
import contextlib
import importlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import odoo.api
import odoo.tools
from odoo.modules.registry import Registry

ROOT = Path(__file__).resolve().parent.parent.parent


class Context:
    """What a benchmark is given. `env()` and `registry()` work in this process, `http_url` is a server beside it."""

    def __init__(self, database: str, config: str, options: dict[str, str]):
        self.db = database
        self.config = config
        self._options = options
        self._server = None
        self._http_url = None

    def option(self, name, default):
        """A value given as `-o name=value`, of the default's type."""
        text = self._options.get(name)
        return default if text is None else type(default)(text)

    def registry(self):
        return Registry(self.db)

    @contextlib.contextmanager
    def cursor(self):
        """A cursor that commits at the end of the block."""
        with self.registry().cursor() as cr:
            yield cr

    @contextlib.contextmanager
    def env(self, user=odoo.api.SUPERUSER_ID, context=None):
        """An environment with its own cursor, committed at the end of the block."""
        with self.cursor() as cr:
            yield odoo.api.Environment(cr, user, context or {})

    @property
    def http_url(self) -> str:
        """http://127.0.0.1:<port> of an Odoo server on the same database, started at first use."""
        if self._http_url is None:
            self._start_server()
        return self._http_url

    def _start_server(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "odoo", "-d", self.db, "--http-port", str(port), "--log-level", "error"]
        command += ["--db-filter", f"^{self.db}$", "--max-cron-threads", "0"]
        self._server = subprocess.Popen(command, cwd=ROOT)
        url = f"http://127.0.0.1:{port}"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for _ in range(300):
            if self._server.poll() is not None:
                raise RuntimeError(f"the server for the benchmark ended with status {self._server.returncode}")
            with contextlib.suppress(OSError), opener.open(f"{url}/web/health", timeout=60):
                self._http_url = url
                return
            time.sleep(0.2)
        raise RuntimeError("the server for the benchmark does not answer")

    def close(self):
        if self._server is not None:
            self._server.terminate()
            try:
                self._server.wait(15)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--database", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--option", action="append", default=[])
    given = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    config = os.environ["ODOO_RC"]
    odoo.tools.config.parse_config(["-c", config, "-d", given.database, "--log-level", "warn"], setup_logging=True)
    benchmark = importlib.import_module(f"tests.bench.bench_{given.name}")
    context = Context(given.database, config, dict(word.split("=", 1) for word in given.option))
    try:
        context.registry()  # loaded before the clock runs
        if getattr(benchmark, "needs_http", False):
            _ = context.http_url
        began = time.monotonic()
        figures = benchmark.main(context)
        seconds = time.monotonic() - began
    finally:
        context.close()
    title = (benchmark.__doc__ or given.name).strip().splitlines()[0]
    Path(given.output).write_text(
        json.dumps({"name": given.name, "title": title, "seconds": round(seconds, 1), "figures": figures})
    )


if __name__ == "__main__":
    main()
