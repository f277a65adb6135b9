"""Several processes take overlapping batches at once: nothing is lost, nothing is made twice, nobody gets an error."""

import contextlib
import random
from concurrent.futures import ThreadPoolExecutor

from .server import connect, environment_of
from .test_rpc import json2_ingest, json2_upsert, xmlrpc_ingest, xmlrpc_upsert

CALLERS = 4
STATUSES = ["created", "picked_up", "departed", "arrived_hub", "out_for_delivery", "attempt_failed", "delivered"]


def waybills(prefix, count):
    return [f"{prefix}{number:03}" for number in range(count)]


def shipments_of(names):
    return [
        {"waybill": name, "carrier": "SERVED1", "customer": {"ref": f"K{number % 7}", "name": f"Customer {number % 7}"}}
        for number, name in enumerate(names)
    ]


def events_of(names):
    return [
        {
            "waybill": name,
            "occurred_at": f"2026-03-0{day + 1}T08:00:00Z",
            "status": status,
            "hub": f"Hub {name[:3]} {(number + day) % 11}",
        }
        for number, name in enumerate(names)
        for day, status in enumerate(STATUSES[: 2 + number % 6])
    ]


def at_once(calls):
    """Run all calls at the same time; their receipts. What any of them raises is raised."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(*call) for call in calls]]


def batches_of(rows, seed, size):
    """All rows in batches, in an order of its own."""
    rows = rows.copy()
    random.Random(seed).shuffle(rows)
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def sent_by_all(account, rows, size):
    """Each caller sends all of the rows, in an order of its own; half of them over XML-RPC. The receipts."""

    def caller(seed):
        upsert, ingest = ((json2_upsert, json2_ingest), (xmlrpc_upsert, xmlrpc_ingest))[seed % 2]
        send = ingest if "occurred_at" in rows[0] else upsert
        return [send(account, batch) for batch in batches_of(rows, seed, size)]

    return [receipt for receipts in at_once([(caller, seed) for seed in range(CALLERS)]) for receipt in receipts]


def state_of(server, account, prefix):
    return server.query(
        """
        SELECT s.name, s.status, s.last_event_at, s.picked_up_at, s.delivered_at, s.attempts, p.ref, e.events, e.hubs
          FROM logistics_shipment s
          JOIN res_partner p ON p.id = s.customer_id
          LEFT JOIN LATERAL (
               SELECT count(*) AS events, array_agg(h.name ORDER BY e.occurred_at) AS hubs
                 FROM logistics_tracking_event e JOIN logistics_hub h ON h.id = e.hub_id
                WHERE e.shipment_id = s.id) e ON true
         WHERE s.company_id = %s AND s.name LIKE %s ORDER BY s.name
        """,
        account.company,
        prefix + "%",
    )


def test_overlapping_batches_end_as_if_sent_one_after_the_other(server):
    names = waybills("CON", 60)
    shipments, events = shipments_of(names), events_of(names)
    together, one_by_one = server["A"], server["B"]

    receipts = sent_by_all(together, shipments, 25)
    assert sum(receipt["created"] for receipt in receipts) == len(names)
    assert not any(receipt["rejected"] for receipt in receipts)
    receipts = sent_by_all(together, events, 40)
    assert sum(receipt["created"] for receipt in receipts) == len(events)
    assert sum(receipt["received"] for receipt in receipts) == CALLERS * len(events)
    assert not any(receipt["rejected"] or receipt["parked"] for receipt in receipts)

    json2_upsert(one_by_one, shipments)
    json2_ingest(one_by_one, events)
    assert state_of(server, together, "CON") == state_of(server, one_by_one, "CON")
    assert len(state_of(server, together, "CON")) == len(names)
    customers = server.query("SELECT ref FROM res_partner WHERE company_id = %s AND ref LIKE 'K%%'", together.company)
    assert sorted(customers) == [(f"K{number}",) for number in range(7)]


def test_events_that_come_before_their_shipments(server):
    """Half of the callers send events, the others their shipments: what crossed is placed by the scheduled action."""
    account, names = server["A"], waybills("CRO", 40)
    events = events_of(names)
    calls = []
    for seed in range(2):
        calls.append((lambda seed=seed: [json2_ingest(account, rows) for rows in batches_of(events, seed, 30)],))
        calls.append(
            (lambda seed=seed: [json2_upsert(account, rows) for rows in batches_of(shipments_of(names), seed, 8)],)
        )
    at_once(calls)
    with environment_of(server.database) as env:
        env["logistics.tracking.inbox"]._cron_place_waiting()
    assert not server.query(
        "SELECT waybill FROM logistics_tracking_inbox WHERE waybill LIKE 'CRO%%' AND state IN ('waiting', 'rejected')"
    )
    json2_upsert(server["B"], shipments_of(names))
    json2_ingest(server["B"], events)
    assert state_of(server, account, "CRO") == state_of(server, server["B"], "CRO")


def test_the_same_bad_row_from_all_is_one_entry(server):
    account = server["A"]
    bad = {"waybill": "BAD1", "occurred_at": "yesterday", "status": "departed"}
    receipts = at_once([(json2_ingest, account, [bad, bad])] * CALLERS)
    assert [receipt["received"] for receipt in receipts] == [2] * CALLERS
    rows = server.query("SELECT times_received FROM logistics_tracking_inbox WHERE waybill = 'BAD1'")
    assert rows == [(2 * CALLERS,)]


def test_a_new_customer_of_all_is_made_once(server):
    account = server["A"]
    calls = [
        (json2_upsert, account, [{"waybill": f"CUS{number}", "customer": {"phone": "13800138000", "name": "Same"}}])
        for number in range(CALLERS)
    ]
    receipts = at_once(calls)
    assert [receipt["created"] for receipt in receipts] == [1] * CALLERS
    assert server.query(
        "SELECT count(*), count(DISTINCT customer_id) FROM logistics_shipment WHERE name LIKE 'CUS_'"
    ) == [(CALLERS, 1)]


def test_servers_that_place_what_waits_leave_each_others_entries_alone(server):
    account = server["A"]
    assert json2_ingest(account, [{"waybill": "SKIP1", "occurred_at": "2026-03-01T00:00:00Z", "status": "departed"}])[
        "parked"
    ]
    json2_upsert(account, [{"waybill": "SKIP1"}])
    # As if the two had missed each other.
    with contextlib.closing(connect(server.database)) as other, other.cursor() as cursor:
        cursor.execute(
            "UPDATE logistics_tracking_inbox SET state = 'waiting', problem = 'unknown_waybill' WHERE waybill = 'SKIP1'"
        )
        other.commit()
        cursor.execute("SELECT id FROM logistics_tracking_inbox WHERE waybill = 'SKIP1' FOR UPDATE")
        assert placeable(server, "SKIP1") == []
        other.rollback()
        assert placeable(server, "SKIP1") == ["SKIP1"]


def placeable(server, waybill):
    """The waybills, of this one, that the scheduled action would take now."""
    with environment_of(server.database) as env:
        entries = env["logistics.tracking.inbox"]._select_placeable(0)
        return entries.filtered(lambda entry: entry.waybill == waybill).mapped("waybill")
