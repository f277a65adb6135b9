"""An Odoo server in processes of its own, on a copy of the database that the tests run on."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import xmlrpc.client
from pathlib import Path

import psycopg2
import requests

from odoo import api, fields, sql_db
from odoo.modules.registry import Registry
from odoo.tools import config

from devtools import databases, paths

ROOT = Path(__file__).parents[2]
LAUNCH = Path(__file__).with_name("launch.py")
TIMEOUT = 120


class Refused(Exception):
    """The server answered with an error: `status` (HTTP, or None over XML-RPC) and its own words."""

    def __init__(self, status, name, message):
        super().__init__(f"{status} {name}: {message}")
        self.status, self.name, self.message = status, name, message


class Account:
    """One user of the server, over both protocols."""

    def __init__(self, server, login, uid, key, company=None):
        self.server, self.login, self.uid, self.key, self.company = server, login, uid, key, company

    def json2(self, model, method, **arguments):
        answer = requests.post(
            f"{self.server.url}/json/2/{model}/{method}",
            data=json.dumps(arguments).encode(),
            headers={
                "Authorization": f"bearer {self.key}",
                "X-Odoo-Database": self.server.database,
                "Content-Type": "application/json",
            },
            timeout=TIMEOUT,
        )
        if answer.status_code != 200:
            body = answer.json()
            raise Refused(answer.status_code, body["name"], body["message"])
        return answer.json()

    def xmlrpc(self, model, method, *arguments):
        proxy = xmlrpc.client.ServerProxy(f"{self.server.url}/xmlrpc/2/object", allow_none=True)
        try:
            return proxy.execute_kw(self.server.database, self.uid, self.key, model, method, list(arguments))
        except xmlrpc.client.Fault as fault:
            raise Refused(None, fault.faultCode, fault.faultString) from None


class Server:
    """Odoo on `database`, answering at `url`. `workers` 0 is one process of many threads."""

    def __init__(self, database, workers):
        self.database = database
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = paths.LOG / f"{database}.log"
        command = [sys.executable, str(LAUNCH), "-d", database, "--db-filter", f"^{database}$"]
        command += ["--http-port", str(self.port), "--max-cron-threads", "0", "--workers", str(workers)]
        command += ["--gevent-port", str(_free_port()), "--logfile", str(self.log)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, start_new_session=True
        )
        self.accounts = {}

    def __getitem__(self, name):
        return self.accounts[name]

    def wait(self):
        """Return when it answers; the first answer takes as long as the registry."""
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"Odoo ended with {self.process.returncode}; see {self.log}")
            with contextlib.suppress(requests.ConnectionError):
                if requests.get(f"{self.url}/web/health", timeout=TIMEOUT).ok:
                    return
            time.sleep(0.1)
        raise RuntimeError(f"Odoo does not answer; see {self.log}")

    def stop(self):
        """End it and its workers at once: the database is dropped anyway."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def query(self, sql, *parameters):
        """Rows of a statement, around Odoo."""
        with contextlib.closing(connect(self.database)) as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall()


@contextlib.contextmanager
def copy_of_database(purpose):
    """The name of a new database, equal to the one that the tests run on; dropped at the end."""
    source = os.environ["LOGISTICS_TEST_DB"]
    with databases.temporary(purpose) as name:
        sql_db.close_db(source)  # PostgreSQL copies only what nobody is connected to
        with contextlib.closing(connect("postgres")) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND state = 'idle'", [source]
            )
        databases.copy(source, name)
        try:
            yield name
        finally:
            Registry.delete(name)
            sql_db.close_db(name)


@contextlib.contextmanager
def serve(database, workers=2):
    server = Server(database, workers)
    try:
        with environment_of(database) as env:
            server.accounts = {name: Account(server, **values) for name, values in make_accounts(env).items()}
        server.wait()
        yield server
    finally:
        server.stop()


def make_accounts(env):
    """Two companies with an integrator each, a user without any right of ours, and two carriers.

    Company A is sent everything at once, B the same one after the other.
    """
    accounts = {}
    for name in "AB":
        company = env["res.company"].create({"name": f"Served {name}"})
        # Afterwards: with a country at its creation, Odoo installs the accounting of that country, which takes long.
        company.partner_id.country_id = env.ref("base.cn")
        user = make_user(env, f"integrator_{name}", "logistics_crm.group_logistics_integrator", company=company)
        accounts[name] = {**user, "company": company.id}
    accounts["plain"] = make_user(env, "plain")
    env["res.currency"].with_context(active_test=False).search([("name", "in", ("CNY", "EUR"))]).active = True
    product = env["product.product"].create({"name": "Delivery", "type": "service"})
    for code in ("SERVED1", "SERVED2"):
        env["delivery.carrier"].create({"name": f"Carrier {code}", "logistics_code": code, "product_id": product.id})
    return accounts


def make_user(env, login, *groups, company=None):
    """A user with an API key: its login, uid and key."""
    company = company or env.company
    user = (
        env["res.users"]
        .with_context(no_reset_password=True)
        .create(
            {
                "name": login.replace("_", " ").capitalize(),
                "login": login,
                "lang": "en_US",
                "company_id": company.id,
                "company_ids": [(6, 0, company.ids)],
                "group_ids": [(6, 0, [env.ref(group).id for group in ("base.group_user", *groups)])],
            }
        )
    )
    tomorrow = fields.Datetime.add(fields.Datetime.now(), days=1)
    key = env["res.users.apikeys"].with_user(user)._generate("rpc", "tests", tomorrow)
    return {"login": login, "uid": user.id, "key": key}


@contextlib.contextmanager
def environment_of(database):
    """An environment on the database in this process; what is done in it is committed at the end."""
    was, config["test_enable"] = config["test_enable"], False  # or Odoo runs all its tests as it loads the registry
    try:
        registry = Registry(database)
    finally:
        config["test_enable"] = was
    with registry.cursor() as cr:
        yield api.Environment(cr, api.SUPERUSER_ID, {})


def run_in_shell(database, script):
    """What a script for `odoo shell` prints as JSON after PREPARED."""
    command = [sys.executable, "-m", "odoo", "shell", "-d", database, "--no-http", "--log-level", "error"]
    done = subprocess.run(
        command,
        input=script,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(),
        check=False,
        timeout=TIMEOUT,
    )
    for line in done.stdout.splitlines():
        if "PREPARED" in line:
            return json.loads(line.partition("PREPARED")[2])
    raise RuntimeError(done.stdout + done.stderr)


def connect(database):
    return psycopg2.connect(dbname=database)


def environment():
    return {key: value for key, value in os.environ.items() if key not in ("LOGISTICS_TEST_DB", "PGDATABASE")}


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
