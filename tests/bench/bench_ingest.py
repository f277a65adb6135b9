"""Bulk input: `upsert` and `ingest`, each beside the same rows written by bare SQL into the same tables.

Ours and bare take turns, batch by batch, so that both meet the same machine and the same growing tables. Bare SQL gets
rows that are read, checked and resolved already: it is what remains when nothing is validated, nobody is told, and no
late event is put in order.
"""

import time
from datetime import datetime

import psycopg2.extras

from odoo import fields

from . import ingest_data

SHIPMENTS = 200_000
BATCH = 1_000
STEPS = 2  # events a shipment that are measured in process

needs_http = True


def main(ctx):
    """:return: list of figures, see the README of the benchmarks"""
    shipments = ctx.option("shipments", SHIPMENTS)
    with ctx.env() as env:
        prepare(env)
        figures = bench_upsert(env, shipments)
        figures += bench_ingest(env, shipments)
        key = integrator_key(env)
    figures += bench_rpc(ctx, key, min(shipments // 2, 20_000))
    return figures


def prepare(env):
    """Hubs and customers exist, as in any system that has run for a day; the currency is active."""
    env["res.currency"].with_context(active_test=False).search([("name", "=", "CNY")]).active = True
    env["logistics.hub"]._find_or_create(set(ingest_data.HUBS))
    env["logistics.shipment"].upsert(ingest_data.first_shipments("C"))
    env.cr.commit()


class Clock:
    def __init__(self):
        self.seconds = 0.0
        self.rows = 0

    def run(self, rows, function, *args):
        start = time.perf_counter()
        result = function(*args)
        self.seconds += time.perf_counter() - start
        self.rows += rows
        return result

    @property
    def rate(self):
        return self.rows / self.seconds


def bench_upsert(env, shipments):
    """New shipments: half of them ours, half of them bare."""
    ours, bare = Clock(), Clock()
    model = env["logistics.shipment"]
    bare_rows = BareRows(env)
    counts = set()
    for first in range(0, shipments // 2, BATCH):
        rows = ingest_data.shipments("A", first, BATCH)
        before = env.cr.sql_log_count
        receipt = ours.run(BATCH, committed, env, model.upsert, rows)
        counts.add(env.cr.sql_log_count - before)
        assert receipt["created"] == BATCH, receipt["rejected"][:3]
        prepared = bare_rows.shipments(ingest_data.shipments("B", first, BATCH))
        bare.run(BATCH, committed, env, bare_insert_shipments, env.cr, prepared)
    return [
        figure("upsert of new shipments", ours.rate, "shipments/s", bare.rate, 0.4),
        {"name": "upsert: statements a batch", "value": sorted(counts), "unit": ""},
    ]


def bench_ingest(env, shipments):
    ours, bare = Clock(), Clock()
    model = env["logistics.tracking.event"]
    bare_rows = BareRows(env)
    counts, memory = set(), []
    for step in range(STEPS):
        for first in range(0, shipments // 2, BATCH):
            rows = ingest_data.events("A", first, BATCH, step)
            before = env.cr.sql_log_count
            receipt = ours.run(BATCH, committed, env, model.ingest, rows)
            counts.add(env.cr.sql_log_count - before)
            assert receipt["created"] == BATCH, receipt
            prepared = bare_rows.events(ingest_data.events("B", first, BATCH, step))
            bare.run(BATCH, committed, env, bare_insert_events, env.cr, prepared)
            if first % (20 * BATCH) == 0:
                memory.append(resident_kb())
    late = memory[len(memory) // 2 :]
    return [
        figure("ingest in process", ours.rate, "events/s", bare.rate, 0.6),
        {"name": "ingest: statements a batch", "value": sorted(counts), "unit": ""},
        {"name": "ingest: memory growth over the second half", "value": late[-1] - late[0], "unit": "kB"},
    ]


def figure(name, value, unit, bare, wanted):
    return {"name": name, "value": value, "unit": unit, "bare": bare, "ratio": value / bare, "wanted": wanted}


def committed(env, function, *args):
    result = function(*args)
    env.cr.commit()
    return result


def resident_kb():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4


class BareRows:
    """Rows as bare SQL takes them: read and resolved beforehand, outside the clock."""

    def __init__(self, env):
        self.company_id = env.company.id
        self.currency_id = env["res.currency"].search([("name", "=", "CNY")]).id
        self.source_id = env.ref("logistics_crm.source_api").id
        self.country_id = env.ref("base.cn").id
        self.states = {state.name: state.id for state in env.ref("base.cn").state_ids}
        self.hubs = {hub.name: hub.id for hub in env["logistics.hub"].search([])}
        self.customers = {
            partner.ref: partner.id for partner in env["res.partner"].search([("ref", "=like", "BENCH%")])
        }

    def shipments(self, rows):
        now = datetime.now()
        return [
            (
                row["waybill"],
                self.company_id,
                self.customers[row["customer"]["ref"]],
                row["shipper"]["name"],
                "+86" + row["shipper"]["phone"],
                row["shipper"]["city"],
                row["shipper"]["state"],
                row["consignee"]["name"],
                "+86" + row["consignee"]["phone"],
                row["consignee"]["street"],
                row["consignee"]["city"],
                row["consignee"]["state"],
                self.country_id,
                self.states[row["shipper"]["state"]],
                self.country_id,
                self.states[row["consignee"]["state"]],
                row["shipper"]["state"] + " → " + row["consignee"]["state"],
                row["pieces"],
                row["weight_kg"],
                row["freight"],
                self.currency_id,
                naive(row["ordered_at"]),
                naive(row["promised_at"]),
                "created",
                0,
                0,
                now,
                now,
            )
            for row in rows
        ]

    def events(self, rows):
        now = datetime.now()
        return [
            (
                row["waybill"],
                row["status"],
                naive(row["occurred_at"]),
                480,
                now,
                self.hubs[row["hub"]],
                row["location"],
                row["description"],
                self.source_id,
                row["external_id"],
                row["external_id"],
                self.company_id,
            )
            for row in rows
        ]


def naive(text):
    local = datetime.fromisoformat(text)
    return (local - local.utcoffset()).replace(tzinfo=None)


def bare_insert_shipments(cr, rows):
    psycopg2.extras.execute_values(
        cr._obj,
        """
        INSERT INTO logistics_shipment (
            name, company_id, customer_id, shipper_name, shipper_phone, shipper_city, shipper_state, consignee_name,
            consignee_phone, consignee_street, consignee_city, consignee_state, origin_country_id, origin_state_id,
            destination_country_id, destination_state_id, lane, pieces, weight, freight_amount, currency_id,
            ordered_at, promised_at, status, attempts, delay_risk, create_date, write_date)
        VALUES %s ON CONFLICT DO NOTHING
        """,
        rows,
        page_size=BATCH,
    )


def bare_insert_events(cr, rows):
    """Insert the events that are new, then bring the shipments to their newest one: two statements."""
    psycopg2.extras.execute_values(
        cr._obj,
        """
        WITH data(waybill, status, occurred_at, utc_offset, received_at, hub_id, location, description, source_id,
                  external_id, dedup_key, company_id) AS (VALUES %s),
        inserted AS (
            INSERT INTO logistics_tracking_event (
                shipment_id, company_id, status, classifier, occurred_at, utc_offset, received_at, hub_id, location,
                description, source_id, external_id, dedup_key)
            SELECT s.id, d.company_id, d.status, 'actual', d.occurred_at::timestamp,
                   d.utc_offset, d.received_at::timestamp, d.hub_id, d.location, d.description, d.source_id,
                   d.external_id, d.dedup_key
              FROM data d JOIN logistics_shipment s ON s.name = d.waybill AND s.company_id = d.company_id
                ON CONFLICT (dedup_key) DO NOTHING
            RETURNING shipment_id, status, occurred_at)
        UPDATE logistics_shipment s
           SET status = i.status, last_event_at = i.occurred_at,
               picked_up_at = COALESCE(s.picked_up_at, i.occurred_at),
               delivered_at = CASE WHEN i.status = 'delivered' THEN i.occurred_at ELSE s.delivered_at END,
               write_date = now()
          FROM (SELECT DISTINCT ON (shipment_id) * FROM inserted ORDER BY shipment_id, occurred_at DESC) i
         WHERE s.id = i.shipment_id AND (s.last_event_at IS NULL OR s.last_event_at < i.occurred_at)
        """,
        rows,
        page_size=BATCH,
    )


def integrator_key(env):
    """An API key of a user who is an integrator and nothing more."""
    user = env["res.users"].create(
        {
            "name": "Bench",
            "login": "bench-integrator",
            "group_ids": [(6, 0, [env.ref("logistics_crm.group_logistics_integrator").id])],
        }
    )
    key = (
        env["res.users.apikeys"]
        .with_user(user)
        ._generate("rpc", "bench", fields.Datetime.add(fields.Datetime.now(), days=1))
    )
    env.cr.commit()
    return user.id, key


def bench_rpc(ctx, credentials, shipments):
    """The same events over HTTP, one caller: JSON-2 and XML-RPC, beside bare SQL."""
    import xmlrpc.client

    import requests

    user_id, key = credentials
    session = requests.Session()
    session.headers.update({"Authorization": f"bearer {key}", "X-Odoo-Database": ctx.db})
    url = f"{ctx.http_url}/json/2/logistics.tracking.event/ingest"
    proxy = xmlrpc.client.ServerProxy(f"{ctx.http_url}/xmlrpc/2/object", allow_none=True)
    step = STEPS

    def json2(rows):
        answer = session.post(url, json={"events": rows}, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def xml(rows):
        return proxy.execute_kw(ctx.db, user_id, key, "logistics.tracking.event", "ingest", [rows])

    clocks = {"json2": Clock(), "xml": Clock(), "bare": Clock()}
    with ctx.env() as env:
        bare_rows = BareRows(env)
        for first in range(0, shipments, BATCH):
            for name, call, at in (("json2", json2, step), ("xml", xml, step + 1)):
                rows = ingest_data.events("A", first, BATCH, at)
                receipt = clocks[name].run(BATCH, call, rows)
                assert receipt["created"] == BATCH, receipt
            prepared = bare_rows.events(ingest_data.events("B", first, BATCH, step))
            clocks["bare"].run(BATCH, committed, env, bare_insert_events, env.cr, prepared)
    bare = clocks["bare"].rate
    return [
        figure("ingest over JSON-2", clocks["json2"].rate, "events/s", bare, 0.45),
        figure("ingest over XML-RPC", clocks["xml"].rate, "events/s", bare, None),
    ]
