from werkzeug.exceptions import Forbidden

from odoo import http
from odoo.exceptions import AccessError
from odoo.http import request
from odoo.tools import file_open

PAGE = "/logistics/courier"
# A signature and eight photos of a phone, in base64, fit in with room to spare.
MAX_BODY = 24 * 1024 * 1024


class CourierController(http.Controller):
    """The courier's page: it comes once, then lives on the phone and talks to the two JSON routes."""

    @http.route(PAGE, type="http", auth="user", methods=["GET"], readonly=True, sitemap=False)
    def page(self):
        if not self._is_courier():
            raise Forbidden(request.env._("This page is for couriers. Ask an administrator for the group Courier."))
        response = request.render("logistics_crm.courier_page", {"session": self._session()})
        response.headers["Cache-Control"] = "no-store"
        return response

    @http.route(f"{PAGE}/shipments", type="jsonrpc", auth="user", readonly=True)
    def shipments(self):
        """The user's round, what they did today, and the reasons to choose from."""
        self._check_courier()
        env = request.env
        return {
            "shipments": env["logistics.shipment"]._get_courier_list(),
            "done": env["logistics.courier.action"]._get_courier_done(),
            "reasons": env["logistics.courier.action"]._get_courier_reasons(),
        }

    @http.route(f"{PAGE}/act", type="jsonrpc", auth="user", max_content_length=MAX_BODY)
    def act(self, action):
        """Take one action; see `logistics.courier.action._act`."""
        self._check_courier()
        return request.env["logistics.courier.action"]._act(action)

    @http.route(f"{PAGE}/sw.js", type="http", auth="public", methods=["GET"], readonly=True, sitemap=False)
    def service_worker(self):
        with file_open("logistics_crm/static/courier/service_worker.js") as script:
            return request.make_response(
                script.read(),
                [
                    ("Content-Type", "text/javascript; charset=utf-8"),
                    ("Service-Worker-Allowed", PAGE),
                    ("Cache-Control", "no-cache"),
                ],
            )

    @http.route(
        f"{PAGE}/manifest.webmanifest", type="http", auth="public", methods=["GET"], readonly=True, sitemap=False
    )
    def manifest(self):
        name = request.env._("Deliveries")
        return request.make_json_response(
            {
                "name": name,
                "short_name": name,
                "start_url": PAGE,
                "scope": PAGE,
                "display": "standalone",
                "orientation": "portrait",
                "background_color": "#f3f4f6",
                "theme_color": "#0f4c5c",
                "icons": [
                    {"src": "/logistics_crm/static/description/icon.png", "sizes": "any", "type": "image/png"},
                ],
            },
            [("Content-Type", "application/manifest+json")],
        )

    def _is_courier(self):
        return request.env.user.has_group("logistics_crm.group_logistics_courier")

    def _check_courier(self):
        if not self._is_courier():
            raise AccessError(request.env._("This page is for couriers. Ask an administrator for the group Courier."))

    def _session(self):
        """What the page must know to start without a connection."""
        user = request.env.user
        lang = request.env.lang or "en_US"
        translations, _lang_params = request.env["ir.http"]._get_translations_for_webclient(["logistics_crm"], lang)
        messages = translations["logistics_crm"].get("messages") or ()
        return {
            "db": request.db,
            "uid": user.id,
            "name": user.name,
            "company": request.env.company.name,
            "lang": lang.replace("_", "-"),
            "terms": {message["id"]: message["string"] for message in messages},
        }
