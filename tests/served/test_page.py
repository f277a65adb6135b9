"""A stranger and a customer in a real browser against a real server: also without scripts, also all at once."""

import contextlib
import io
import re
import threading

import pytest
import requests
from PIL import Image
from playwright.sync_api import expect

from .browsing import chromium
from .server import run_in_shell

PREPARE = """
import json
for code in ("en_US", "zh_CN"):
    env["res.lang"]._activate_lang(code)
partners = env["res.partner"].create([{"name": name, "is_company": True} for name in ("Served Shop", "Served Rival")])
user = env["res.users"].with_context(no_reset_password=True).create({
    "name": "Served Portal", "login": "served_portal", "password": "served_portal", "lang": "en_US",
    "group_ids": [(6, 0, env.ref("base.group_portal").ids)],
})
user.partner_id.parent_id = partners[0]
def shipment(number, partner):
    return {"name": f"WALK{number}", "customer_id": partner.id, "consignee_name": "张小三",
            "consignee_phone": f"+861381234{number:04}", "consignee_city": "杭州市",
            "destination_country_id": env.ref("base.cn").id}
shipments = env["logistics.shipment"].create([shipment(number, partners[0]) for number in range(6)])
shipments += shipments.create(shipment(6, partners[1]))
shipments[1:4]._add_events("delivered")
env.cr.commit()
urls = shipments._get_tracking_url()
env.cr.commit()
print("PREPARED" + json.dumps([{"id": one.id, "waybill": one.name, "path": "/track/" + urls[one.id].rpartition("/")[2]}
                               for one in shipments]))
"""


@pytest.fixture(scope="module")
def parcels(server):
    """Seven parcels: 1 to 3 are delivered, the last belongs to another customer."""
    return run_in_shell(server.database, PREPARE)


@contextlib.contextmanager
def browser(server, **options):
    """A phone; anything that the console complains of fails the test."""
    options = {"viewport": {"width": 390, "height": 800}, "locale": "en-US", **options}
    with chromium() as running:
        page = running.new_context(base_url=server.url, **options).new_page()
        complaints = []
        page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
    assert not [complaint for complaint in complaints if "404" not in complaint and "422" not in complaint]


def photo():
    out = io.BytesIO()
    Image.new("RGB", (800, 600), "#a06030").save(out, "JPEG")
    return out.getvalue()


def tickets(server, shipment_id):
    """(number, photos) of each ticket about a shipment."""
    return server.query(
        """
        SELECT t.number,
               (SELECT count(*) FROM ir_attachment a WHERE a.res_model = 'helpdesk.ticket' AND a.res_id = t.id)
          FROM helpdesk_ticket t JOIN helpdesk_ticket_logistics_shipment_rel r ON r.ticket_id = t.id
         WHERE r.shipment_id = %s
        """,
        shipment_id,
    )


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_stranger_tracks_and_reports_damage_with_a_photo(server, parcels):
    with browser(server) as page:
        page.goto("/track")
        page.get_by_label("Waybill").fill("walk0")
        page.get_by_label("Last four digits").fill("9999")
        page.get_by_role("button", name="Track").click()
        expect(page.get_by_role("alert")).to_contain_text("No parcel was found")
        page.get_by_label("Last four digits").fill("0000")
        page.get_by_role("button", name="Track").click()
        expect(page).to_have_url(re.compile(r"/track/[\w-]{38}$"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Created")
        expect(page.locator("body")).to_contain_text("张** 138****0000")
        assert fits(page)
        page.get_by_role("link", name="简体中文").click()
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        page.get_by_role("link", name="English").click()
        page.get_by_text("Report a problem").click()
        page.get_by_label("Damaged").check(force=True)
        page.get_by_label("What happened?").fill("The box is crushed")
        page.get_by_label("Photos").set_input_files({"name": "box.jpg", "mimeType": "image/jpeg", "buffer": photo()})
        page.get_by_role("button", name="Send the report").click()
        expect(page.get_by_role("status")).to_contain_text("Your report was received")
        [(number, photos)] = tickets(server, parcels[0]["id"])
        expect(page.get_by_role("status")).to_contain_text(number)
        assert photos == 1
        assert fits(page)


def test_stars_after_the_delivery(server, parcels):
    with browser(server, has_touch=True) as page:
        page.goto(parcels[1]["path"])
        expect(page.get_by_role("heading", level=1)).to_have_text("Delivered")
        page.locator("label[for=star4]").click()
        page.get_by_label("Speed").check(force=True)
        page.get_by_role("button", name="Send my rating").click()
        expect(page.get_by_role("status")).to_contain_text("Your rating was saved")
        assert page.locator("#star4").is_checked()
        assert page.get_by_label("Speed").is_checked()
    rows = server.query(
        "SELECT rating FROM rating_rating WHERE res_model = 'logistics.shipment' AND res_id = %s", parcels[1]["id"]
    )
    assert rows == [(4.0,)]


def test_it_works_without_scripts_and_in_chinese(server, parcels):
    with browser(server, java_script_enabled=False, locale="zh-CN") as page:
        page.goto(parcels[2]["path"])
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        page.locator("summary").click()
        page.locator("input[name=type_id]").first.check(force=True)
        page.locator("textarea[name=text]").fill("没有收到")
        page.locator("#report button").click()
        expect(page.locator("#report [role=status]")).to_be_visible()
    assert len(tickets(server, parcels[2]["id"])) == 1


def test_a_portal_user_sees_their_own_and_not_anothers(server, parcels):
    with browser(server, viewport={"width": 1400, "height": 900}) as page:
        page.goto("/web/login?redirect=/my/shipments")
        page.locator("input[name=login]").fill("served_portal")
        page.locator("input[name=password]").fill("served_portal")
        page.locator(".oe_login_buttons button[type=submit]").click()
        expect(page.get_by_role("link", name="WALK0")).to_be_visible()
        expect(page.get_by_role("link", name=re.compile("^WALK"))).to_have_count(6)
        page.get_by_role("link", name="WALK1").click()
        expect(page.get_by_role("heading", name="WALK1")).to_be_visible()
        answer = page.goto(f"/my/shipments/{parcels[6]['id']}")
        assert answer.status == 404
        assert "WALK6" not in page.content()
        with page.expect_download() as download:
            page.goto("/my/shipments")
            page.get_by_role("button", name="Export").click()
            page.get_by_role("link", name="CSV").click()
        with open(download.value.path(), encoding="utf-8-sig") as file:
            text = file.read()
        assert "WALK5" in text
        assert "WALK6" not in text


def at_once(count, function):
    """What `count` calls return that start together, each in a thread of its own."""
    start, results = threading.Barrier(count), []

    def run():
        start.wait()
        results.append(function())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_the_same_report_from_many_processes_at_once_is_one_ticket(server, parcels):
    url = server.url + parcels[4]["path"]
    [(type_id,)] = server.query(
        "SELECT res_id FROM ir_model_data WHERE module = 'logistics_crm' AND name = 'ticket_type_damaged'"
    )

    def report():
        return requests.post(
            url + "/report",
            data={"type_id": type_id, "text": "Crushed"},
            files=[("photos", (f"{number}.jpg", photo(), "image/jpeg")) for number in range(2)],
            timeout=60,
            allow_redirects=False,
        ).status_code

    assert at_once(4, report) == [303] * 4
    [(_number, photos)] = tickets(server, parcels[4]["id"])
    assert photos == 2


def test_stars_from_many_processes_at_once_are_one_rating(server, parcels):
    url = server.url + parcels[3]["path"] + "/rate"
    codes = at_once(4, lambda: requests.post(url, data={"stars": "5"}, timeout=60, allow_redirects=False).status_code)
    assert codes == [303] * 4
    rows = server.query(
        "SELECT rating FROM rating_rating WHERE res_model = 'logistics.shipment' AND res_id = %s", parcels[3]["id"]
    )
    assert rows == [(5.0,)]
