"""The public tracking page, beside Odoo's own login page on the same server.

Both are asked in turns by one caller. The page is measured with 10,000 and with 1,000,000 events in the log, each
time for parcels all over the table; what the machine did meanwhile is taken out by comparing with the login page of
the same minute.
"""

import statistics
import time

import requests

from odoo.tools import SQL

EVENTS = 10  # a shipment
SMALL, LARGE = 10_000, 1_000_000
ROUNDS = 400
PARCELS = 100

needs_http = True


def main(ctx):
    small, large = ctx.option("small", SMALL), ctx.option("events", LARGE)
    rounds = ctx.option("rounds", ROUNDS)
    with ctx.env() as env:
        fill(env, 0, small // EVENTS)
        urls = tracking_urls(env)
    page, login = measure(ctx, urls, rounds)
    with ctx.env() as env:
        fill(env, small // EVENTS, large // EVENTS)
        urls = tracking_urls(env)
    page_large, login_large = measure(ctx, urls, rounds)
    return [
        {
            "name": f"tracking page, {large:,} events",
            "value": page_large,
            "unit": "ms",
            "bare": login_large,
            "ratio": login_large / page_large,
            "wanted": 1 / 1.5,
        },
        {"name": f"tracking page, {small:,} events", "value": page, "unit": "ms", "bare": login, "ratio": login / page},
        {
            "name": "large by small, both in login pages",
            "value": (page_large / login_large) / (page / login),
            "at_most": 1.1,
        },
    ]


def fill(env, first, last):
    """Shipments first … last, each with a journey; and the statistics that any running system has."""
    company = env.company
    hub = env["logistics.hub"].search([], limit=1) or env["logistics.hub"].create({"name": "分拨中心"})
    env.flush_all()
    env.cr.execute(
        SQL(
            """
            WITH made AS (
                INSERT INTO logistics_shipment (
                    name, company_id, currency_id, consignee_name, consignee_phone, consignee_city, shipper_name,
                    shipper_phone, destination_country_id, ordered_at, promised_at, status, last_event_at, attempts,
                    pieces)
                SELECT 'PAGE' || n, %(company)s, %(currency)s, '王小明', '+8613800' || lpad(n::text, 6, '0'), '杭州市',
                       '李雷', '+8613900000000', %(country)s, now() at time zone 'utc' - interval '3 days',
                       now() at time zone 'utc' + interval '1 day', 'out_for_delivery', now() at time zone 'utc', 0, 1
                  FROM generate_series(%(first)s::int, %(last)s::int - 1) AS n
                RETURNING id, ordered_at)
            INSERT INTO logistics_tracking_event (
                shipment_id, company_id, status, classifier, occurred_at, utc_offset, received_at, hub_id, location,
                description, source_id, dedup_key)
            SELECT made.id, %(company)s, (ARRAY['picked_up', 'departed', 'arrived_hub'])[1 + step %% 3], 'actual',
                   made.ordered_at + step * interval '5 hours', 480, made.ordered_at, %(hub)s, '杭州市',
                   '快件已到达【杭州分拨中心】,正发往下一站', %(source)s, 'page-' || made.id || '-' || step
              FROM made, generate_series(1, %(events)s) AS step
            """,
            company=company.id,
            currency=company.currency_id.id,
            country=env.ref("base.cn").id,
            hub=hub.id,
            source=env.ref("logistics_crm.source_api").id,
            events=EVENTS,
            first=first,
            last=last,
        )
    )
    env.cr.execute("ANALYZE logistics_shipment, logistics_tracking_event")


def tracking_urls(env):
    """Paths of the pages of parcels from all over the table."""
    ids = env["logistics.shipment"].search([("name", "like", "PAGE")], order="id").ids
    chosen = env["logistics.shipment"].browse(ids[:: max(1, len(ids) // PARCELS)])
    return ["/track/" + url.rpartition("/")[2] for url in chosen._get_tracking_url().values()]


def measure(ctx, urls, rounds):
    """Median milliseconds of the page and of the login page, asked in turns."""
    session = requests.Session()
    session.trust_env = False
    times = {"page": [], "login": []}
    for number in range(-20, rounds):
        for name, path in (("page", urls[number % len(urls)]), ("login", "/web/login")):
            start = time.perf_counter()
            answer = session.get(ctx.http_url + path, headers={"X-Odoo-Database": ctx.db}, timeout=60)
            seconds = time.perf_counter() - start
            assert answer.status_code == 200, answer.status_code
            session.cookies.clear()  # everybody is a new visitor
            if number >= 0:
                times[name].append(seconds * 1000)
    return statistics.median(times["page"]), statistics.median(times["login"])
