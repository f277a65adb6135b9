"""A courier's round in a real browser against a real server: also without a connection, also twice at once."""

import base64
import contextlib
import io
import itertools
import os
import resource
import threading
import uuid

import pytest
import requests
from PIL import Image
from playwright.sync_api import expect, sync_playwright

from .server import connect, run_in_shell

PAGE = "/logistics/courier"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PREPARE = """
import json
env["res.lang"]._activate_lang("en_US")
user = env["res.users"].with_context(no_reset_password=True).create({
    "name": "Courier", "login": "served_courier", "password": "served_courier", "lang": "en_US",
    "tz": "Asia/Shanghai", "group_ids": [(6, 0, env.ref("logistics_crm.group_logistics_courier").ids)],
})
shipments = env["logistics.shipment"].create([
    {"name": f"ROUND{number:02}", "courier_id": user.id, "promised_at": "2020-01-01", "consignee_name": "Wang Fang",
     "consignee_phone": "+8613812345678", "consignee_street": "1 Nanjing Road", "delivery_note": "Call first"}
    for number in range(18)
])
shipments._add_events("out_for_delivery")
env.cr.commit()
print("PREPARED" + json.dumps({"uid": user.id, "parcels": list(zip(shipments.mapped("name"), shipments.ids))}))
"""


@pytest.fixture(scope="module")
def courier(server):
    """The courier's id, and an iterator over (waybill, id) of their parcels."""
    found = run_in_shell(server.database, PREPARE)
    return found["uid"], iter(found["parcels"])


@pytest.fixture
def parcels(courier):
    """waybill → id of three parcels of the courier's that no other test uses."""
    return dict(itertools.islice(courier[1], 3))


@contextlib.contextmanager
def room_for_a_browser():
    """Odoo bounds the memory of its process, and its children inherit that; a browser's share maps far more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.fixture(scope="module")
def browser():
    with room_for_a_browser(), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["LOGISTICS_CHROMIUM"], args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def phone(server, courier, browser):
    """The courier's page on a phone, logged in and kept for times without a connection."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        timezone_id="Asia/Shanghai",
        geolocation={"latitude": 31.2304, "longitude": 121.4737, "accuracy": 9},
        permissions=["geolocation"],
    )
    page = context.new_page()
    page.goto(f"{server.url}/web/login?redirect={PAGE}")
    page.fill("input[name=login]", "served_courier")
    page.fill("input[name=password]", "served_courier")
    page.click("button[type=submit]")
    page.wait_for_selector("body.o_courier_ready")
    page.wait_for_function(
        "async () => { const cache = await caches.open('logistics-courier-1');"
        " return (await cache.keys()).filter(({ url }) => url.includes('/web/assets/')).length >= 2; }"
    )
    yield page
    context.close()


def card(page, waybill):
    return page.locator(f".c_card[data-waybill={waybill}]")


def entry(page, waybill):
    return page.locator(f".c_entry[data-waybill={waybill}]")


def sign(page):
    box = page.locator(".c_pad canvas").bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 120)
    page.mouse.down()
    for step in range(30):
        page.mouse.move(box["x"] + 60 + 6 * step, box["y"] + (70 if step % 6 < 3 else 140))
    page.mouse.up()


def photo():
    out = io.BytesIO()
    Image.effect_noise((300, 200), 80).resize((3000, 2000)).convert("RGB").save(out, "JPEG", quality=90)
    return {"name": "parcel.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def log_of(server, shipment_id):
    return server.query(
        "SELECT e.status, s.code FROM logistics_tracking_event e JOIN logistics_tracking_source s ON s.id = e.source_id"
        " WHERE e.shipment_id = %s ORDER BY e.occurred_at, e.id",
        shipment_id,
    )


def sends(page):
    """The list of requests by which the page sends actions."""
    sent = []
    page.on("request", lambda request: sent.append(request) if request.url.endswith("/act") else None)
    return sent


def test_deliver_without_a_connection(server, parcels, phone):
    """Signed in the cellar; the page is even opened anew there. Upstairs it is sent, once."""
    first, second, _third = parcels
    expect(card(phone, first)).to_contain_text("Call first")
    phone.context.set_offline(True)
    card(phone, first).locator(".c_open").click()
    phone.click(".c_first")
    expect(phone.locator("[data-save]")).to_be_disabled()
    sign(phone)
    expect(phone.locator("[data-save]")).to_be_disabled()  # whose signature is it?
    phone.get_by_role("button", name="Consignee").click()
    phone.set_input_files("input[type=file]", photo())
    expect(phone.locator(".c_photos img")).to_have_count(1)
    phone.click("[data-save]")
    expect(phone.locator(".c_waiting")).to_have_text("Waiting to send (1)")
    expect(card(phone, first)).to_have_count(0)

    card(phone, second).locator(".c_open").click()
    phone.click(".c_second")
    phone.click("[data-reason=recipient_absent]")
    phone.click("[data-save]")
    expect(phone.locator(".c_waiting")).to_have_text("Waiting to send (2)")

    phone.reload()
    expect(phone.locator(".c_waiting")).to_have_text("Waiting to send (2)")
    expect(card(phone, second)).to_contain_text("Tried at")
    assert log_of(server, parcels[first]) == [("out_for_delivery", "manual")]

    sent = sends(phone)
    phone.context.set_offline(False)
    expect(phone.locator(".c_waiting")).to_have_count(0)
    assert len(sent) == 2
    phone.click(".c_tabs button:nth-child(2)")
    expect(entry(phone, first)).to_contain_text("Wang Fang")
    assert log_of(server, parcels[first]) == [("out_for_delivery", "manual"), ("delivered", "courier")]
    assert log_of(server, parcels[second]) == [("out_for_delivery", "manual"), ("attempt_failed", "courier")]
    [(signatory, relation, place, late)] = server.query(
        "SELECT signatory, signatory_relation, proof_place, delivered_at > now() at time zone 'UTC'"
        " FROM logistics_shipment WHERE id = %s",
        parcels[first],
    )
    assert (signatory, relation, place, late) == ("Wang Fang", "consignee", "31.23040, 121.47370 (± 9 m)", False)
    pictures = server.query(
        "SELECT res_field, mimetype, file_size < 1000000 FROM ir_attachment"
        " WHERE res_model = 'logistics.shipment' AND res_id = %s ORDER BY 1 NULLS FIRST",
        parcels[first],
    )
    assert pictures == [(None, "image/jpeg", True), ("signature", "image/png", True)]


def test_answer_lost_on_the_way(server, parcels, phone):
    """The server took it, but the phone never heard: it sends again and nothing happens twice."""
    waybill = next(iter(parcels))
    lost = []

    def lose(route):
        if not lost:
            lost.append(route.fetch())
            route.abort()
        else:
            route.continue_()

    phone.route("**/act", lose)
    card(phone, waybill).locator(".c_open").click()
    phone.click(".c_danger")
    phone.click("[data-reason=damaged]")
    phone.set_input_files("input[type=file]", photo())
    expect(phone.locator(".c_photos img")).to_have_count(1)
    phone.fill("textarea", "Corner crushed")
    phone.click("[data-save]")
    expect(phone.locator(".c_waiting")).to_have_count(1)
    expect(phone.locator(".c_waiting")).to_have_count(0, timeout=15000)
    assert len(lost) == 1
    assert log_of(server, parcels[waybill]) == [("out_for_delivery", "manual"), ("exception", "courier")]
    tickets = server.query(
        "SELECT ticket_id FROM helpdesk_ticket_logistics_shipment_rel WHERE shipment_id = %s", parcels[waybill]
    )
    assert len(tickets) == 1


def test_taken_away_meanwhile(server, parcels, phone):
    """What the server cannot apply stays to be seen on the phone until the courier has understood."""
    waybill = next(iter(parcels))
    phone.context.set_offline(True)
    card(phone, waybill).locator(".c_open").click()
    phone.click(".c_second")
    phone.click("[data-reason=refused]")
    phone.click("[data-save]")
    expect(phone.locator(".c_waiting")).to_have_count(1)
    with contextlib.closing(connect(server.database)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("UPDATE logistics_shipment SET courier_id = NULL WHERE id = %s", [parcels[waybill]])
    phone.context.set_offline(False)
    expect(phone.locator(".c_waiting")).to_have_count(0)
    expect(phone.locator(".c_dot")).to_have_count(1)
    phone.reload()
    phone.click(".c_tabs button:nth-child(2)")
    expect(entry(phone, waybill)).to_contain_text("not this courier's any more")
    entry(phone, waybill).get_by_role("button").click()
    expect(phone.locator(".c_dot")).to_have_count(0)
    expect(entry(phone, waybill)).to_contain_text("not this courier's any more")  # the server tells it, too
    assert log_of(server, parcels[waybill]) == [("out_for_delivery", "manual")]


def test_logged_out_and_in_again(server, parcels, phone):
    waybill = next(iter(parcels))
    cookies = phone.context.cookies()
    phone.context.clear_cookies()
    card(phone, waybill).locator(".c_open").click()
    phone.click(".c_second")
    phone.click("[data-reason=refused]")
    phone.click("[data-save]")
    expect(phone.locator(".c_alert")).to_contain_text("logged out")
    expect(phone.locator(".c_waiting")).to_have_text("Waiting to send (1)")
    phone.context.add_cookies(cookies)
    phone.reload()
    phone.wait_for_selector("body.o_courier_ready")
    expect(phone.locator(".c_waiting")).to_have_count(0)
    assert log_of(server, parcels[waybill])[-1] == ("attempt_failed", "courier")


def test_no_sideways_scrolling(parcels, phone):
    waybill = next(iter(parcels))
    for width in (320, 390, 1400):
        phone.set_viewport_size({"width": width, "height": 800})
        assert phone.evaluate("document.documentElement.scrollWidth") <= width
    card(phone, waybill).locator(".c_open").click()
    for kind in ("c_first", "c_second", "c_danger"):
        phone.click(f".{kind}")
        phone.set_viewport_size({"width": 320, "height": 640})
        assert phone.evaluate("document.querySelector('.c_body').scrollWidth") <= 320
        sizes = phone.evaluate(
            "[...document.querySelectorAll('.c_sheet button, .c_sheet a')]"
            ".map((element) => element.getBoundingClientRect().height)"
        )
        assert min(sizes) >= 40
        phone.go_back()
    phone.go_back()
    expect(card(phone, waybill)).to_be_visible()


def test_one_key_at_once(server, courier, parcels):
    """Eight requests with one key at the same instant, in four processes: one event, one ticket, eight same answers."""
    session = requests.Session()
    login = {"db": server.database, "login": "served_courier", "password": "served_courier"}
    answer = session.post(
        f"{server.url}/web/session/authenticate", json={"jsonrpc": "2.0", "params": login}, timeout=60
    )
    assert answer.json()["result"]["uid"] == courier[0]
    picture = base64.b64encode(photo()["buffer"]).decode()
    for shipment_id in parcels.values():
        action = {
            "key": str(uuid.uuid4()),
            "kind": "exception",
            "shipment_id": shipment_id,
            "reason": "damaged",
            "happened_at": "2026-01-01T08:00:00+08:00",
            "photos": [picture],
        }
        answers, start = [], threading.Barrier(8)

        def send(action=action, answers=answers, start=start):
            start.wait()
            response = requests.post(
                f"{server.url}{PAGE}/act",
                json={"jsonrpc": "2.0", "params": {"action": action}},
                cookies=session.cookies.get_dict(),
                timeout=60,
            )
            answers.append(response.json())

        with contextlib.ExitStack() as threads:
            for _number in range(8):
                thread = threading.Thread(target=send)
                thread.start()
                threads.callback(thread.join)
        results = [answer.get("result") for answer in answers]
        assert results == [results[0]] * 8
        assert results[0]["state"] == "done"
        assert [status for status, _source in log_of(server, shipment_id)].count("exception") == 1
        tickets = server.query(
            "SELECT count(*) FROM helpdesk_ticket_logistics_shipment_rel WHERE shipment_id = %s", shipment_id
        )
        assert tickets == [(1,)]
