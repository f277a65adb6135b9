"""Webhook deliveries over HTTP, beside the same server's cheapest authenticated JSON route.

One caller and one worker, turn by turn, so that both meet the same machine. The route it is measured against is
`/web/session/check`: it checks the session and answers nothing. Each delivery is new, signed, 2 kB, and stored when
it is answered. What the scheduled action then makes of the deliveries is a figure of its own.

The server of the benchmarks filters databases, so whoever has no session makes it list them, which takes longer than
all the rest. As docs/integrators.md tells, a proxy names the database in X-Odoo-Database; so does this caller.
"""

import base64
import hashlib
import hmac
import json
import time

import requests

from odoo import fields

DELIVERIES = 2_000
TURN = 50
SECRET = "bench-secret"

needs_http = True


def main(ctx):
    """:return: list of figures, see the README of the benchmarks"""
    deliveries = ctx.option("deliveries", DELIVERIES)
    with ctx.env() as env:
        env["res.users"].create({"name": "Bench", "login": "bench-webhook", "password": "bench-webhook"})
        source = env["logistics.tracking.source"].create(
            {
                "name": "Bench",
                "code": "bench-webhook",
                "company_id": env.company.id,
                "webhook_enabled": True,
                "dialect": "aftership",
                "secret": SECRET,
            }
        )
        env["logistics.shipment"].upsert([{"waybill": f"WB{number:07}"} for number in range(deliveries)][:5000])
        url = f"{ctx.http_url}/logistics/webhook/{source.webhook_token}"
    figures = bench_http(ctx, url, deliveries)
    return figures + bench_processing(ctx, deliveries)


def bench_http(ctx, url, deliveries):
    """Latencies of single requests, ours and the other route in turn; the rate of one worker is 1 / median."""
    session = requests.Session()
    session.trust_env = False
    login = session.post(
        f"{ctx.http_url}/web/session/authenticate",
        json={"params": {"db": ctx.db, "login": "bench-webhook", "password": "bench-webhook"}},
        timeout=60,
    )
    assert login.json()["result"]["uid"], login.text
    stranger = requests.Session()
    stranger.trust_env = False
    if ctx.option("header", 1):
        stranger.headers["X-Odoo-Database"] = ctx.db
    check = f"{ctx.http_url}/web/session/check"

    def deliver(number):
        body = delivery(number)
        signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
        headers = {"Content-Type": "application/json", "aftership-hmac-sha256": signature}
        start = time.perf_counter()
        answer = stranger.post(url, data=body, headers=headers, timeout=60)
        seconds = time.perf_counter() - start
        assert answer.json() == {"status": "stored"}, answer.text
        return seconds

    def cheapest(_number):
        start = time.perf_counter()
        answer = session.post(check, json={"params": {}}, timeout=60)
        seconds = time.perf_counter() - start
        assert "error" not in answer.json(), answer.text
        return seconds

    spent = {deliver: [], cheapest: []}
    for first in range(0, deliveries, TURN):
        for call, seconds in spent.items():
            seconds += [call(number) for number in range(first, min(first + TURN, deliveries))]
    ours, bare = (len(seconds) / sum(seconds) for seconds in (spent[deliver], spent[cheapest]))
    return [
        {
            "name": "webhook deliveries over HTTP",
            "value": ours,
            "unit": "/s",
            "bare": bare,
            "ratio": ours / bare,
            "wanted": 0.5,
        },
        {"name": "a delivery, median", "value": median(spent[deliver]) * 1000, "unit": "ms"},
        {"name": "the cheapest route, median", "value": median(spent[cheapest]) * 1000, "unit": "ms"},
    ]


def bench_processing(ctx, deliveries):
    """From stored to the log, as the scheduled action does it."""
    with ctx.env() as env:
        events = deliveries
        start = time.perf_counter()
        env["logistics.webhook.delivery"]._cron_process()
        seconds = time.perf_counter() - start
        model = env["logistics.webhook.delivery"]
        assert model.search_count([("state", "=", "processed")]) == deliveries
        assert model.search_count([("state", "!=", "processed")]) == 0
        assert env["logistics.tracking.event"].search_count([]) >= min(deliveries, 5000)
    return [{"name": "deliveries processed", "value": events / seconds, "unit": "/s"}]


def delivery(number):
    """What AfterShip posts of a parcel with three scans, about 2 kB."""
    at = fields.Datetime.now().replace(microsecond=0)
    tracking = {
        "id": f"trk{number}",
        "tracking_number": f"WB{number:07}",
        "slug": "sf-express",
        "tag": "InTransit",
        "subtag": "InTransit_003",
        "checkpoints": [
            {
                "checkpoint_time": f"{fields.Datetime.subtract(at, hours=hours).isoformat()}+00:00",
                "tag": "InTransit",
                "subtag": code,
                "city": "杭州",
                "state": "浙江省",
                "message": "快件已到达分拨中心,正发往下一站" * 3,
                "hash": f"{number}-{code}",
            }
            for hours, code in ((30, "InTransit_002"), (20, "InTransit_007"), (10, "InTransit_003"))
        ],
    }
    payload = {"event": "tracking_update", "event_id": f"evt-{number}", "ts": 1772416800, "msg": tracking}
    return json.dumps(payload).encode()


def median(values):
    return sorted(values)[len(values) // 2]
