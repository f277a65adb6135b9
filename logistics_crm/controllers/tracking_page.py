"""The public tracking page: no login, no session, no cookie but the chosen language.

The token in the URL is the only authority here. A form posts to a URL that holds it, so a foreign site cannot make a
visitor's browser act: there is nothing in the browser that it could borrow. That is why the routes do without Odoo's
CSRF token, which would need a session file for every visitor.
"""

import functools
import hashlib
import unicodedata

from werkzeug.exceptions import NotFound

from odoo.exceptions import UserError
from odoo.http import Controller, request, route
from odoo.tools import file_path

from ..tools.proof_images import ImageProblem, clean_photo
from ..tools.visitors import choose_language, visitor_network

LANGUAGE_COOKIE = "tracking_lang"
YEAR = 365 * 24 * 3600
MAX_PHOTOS = 5
MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_FORM_BYTES = 64 * 1024
PICTURES = ("image/jpeg", "image/png", "image/webp", "image/gif")
# scope → (tries, seconds). Four digits have 10,000 values: thirty tries a day leave half a year for one waybill.
LIMITS = {
    "track.visitor": (20, 600),
    "track.visitor.day": (100, 86400),
    "track.waybill": (10, 3600),
    "track.waybill.day": (30, 86400),
    "track.report.visitor": (10, 3600),
    "track.report.shipment": (10, 86400),
    "track.rate.visitor": (20, 3600),
    "track.rate.shipment": (20, 86400),
}
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}


@functools.cache
def asset_url(name):
    """URL of a static file that changes with its content, so that browsers may keep it."""
    with open(file_path(f"logistics_crm/static/tracking_page/{name}"), "rb") as file:
        return f"/logistics_crm/static/tracking_page/{name}?v={hashlib.sha256(file.read()).hexdigest()[:12]}"


def read_photos():
    """The photos of the posted form as clean JPEG pictures. Raises UserError."""
    files = [file for file in request.httprequest.files.getlist("photos") if file.filename]
    if len(files) > MAX_PHOTOS:
        raise UserError(request.env._("Send at most %(count)s photos.", count=MAX_PHOTOS))
    photos = []
    for file in files:
        file.seek(0)  # the request may be run again after a collision in the database
        content = file.read(MAX_PHOTO_BYTES + 1)
        try:
            if len(content) > MAX_PHOTO_BYTES:
                raise ImageProblem("too_big")
            photos.append(clean_photo(content))
        except ImageProblem as error:
            if error.reason == "too_big":
                raise UserError(request.env._("A photo is too large; send at most 10 MB each."))
            raise UserError(request.env._("One of the files is not a photo we can read. Send JPEG or PNG."))
    return photos


class TrackingPage(Controller):
    # Searching

    @route("/track", type="http", auth="public", methods=["GET"], readonly=True, save_session=False)
    def track_form(self, lang=None, waybill="", **_ignored):
        self._speak(lang)
        return self._form(waybill=self._typed(waybill))

    @route(
        "/track",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        save_session=False,
        max_content_length=MAX_FORM_BYTES,
    )
    def track_search(self, waybill="", digits="", **_ignored):
        self._speak()
        waybill, digits = self._typed(waybill), self._typed(digits)
        visitor = visitor_network(request.httprequest.remote_addr)
        # A visitor who is refused does not use up the tries that others have for the waybill.
        counted = {
            "track.visitor": visitor,
            "track.visitor.day": visitor,
            "track.waybill": waybill.upper(),
            "track.waybill.day": waybill.upper(),
        }
        if not all(self._allow(scope, subject) for scope, subject in counted.items()):
            return self._too_often(waybill=waybill)
        # sudo: a visitor has no rights; what comes out are shipments whose consignee's digits the visitor knew.
        shipments = request.env["logistics.shipment"].sudo()._find_for_visitor(waybill, digits)
        links = request.env["logistics.tracking.link"].sudo()
        if len(shipments) == 1:
            return self._secure(request.redirect(f"/track/{links._visit_token(shipments)}", code=303))
        if shipments:
            labels = dict(shipments._fields["status"]._description_selection(request.env))
            found = [
                {
                    "url": f"/track/{links._visit_token(shipment)}",
                    "carrier": shipment.carrier_id.name or shipment.company_id.name,
                    "label": labels[shipment.status],
                }
                for shipment in shipments
            ]
            return self._form(waybill=waybill, found=found)
        # The same answer to an unknown waybill and to wrong digits.
        error = request.env._("No parcel was found for this waybill and these digits. Please check both.")
        return self._form(waybill=waybill, error=error)

    # The page

    @route("/track/<string:token>", type="http", auth="public", methods=["GET"], readonly=True, save_session=False)
    def track_page(self, token, lang=None, done=None, **_ignored):
        self._speak(lang)
        shipment = self._shipment(token)
        return self._page(shipment, token, done=done) if shipment else self._lost()

    @route(
        "/track/<string:token>/report",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        save_session=False,
        max_content_length=(MAX_PHOTOS + 1) * MAX_PHOTO_BYTES,
    )
    def track_report(self, token, type_id="", text="", contact="", **_ignored):
        self._speak()
        shipment = self._shipment(token)
        if not shipment:
            return self._lost()
        allowed = [
            self._allow("track.report.visitor", visitor_network(request.httprequest.remote_addr)),
            self._allow("track.report.shipment", shipment.id),
        ]
        if not all(allowed):
            return self._page(shipment, token, error=self._often_text(), status=429)
        problem_type = shipment._get_report_types().filtered(lambda offered: str(offered.id) == type_id)
        try:
            shipment._report_problem(problem_type, text, read_photos(), contact)
        except UserError as error:
            typed = {"type_id": type_id, "text": text, "contact": contact}
            return self._page(shipment, token, error=str(error), typed=typed, status=422)
        return self._secure(request.redirect(f"/track/{token}?done=report#report", code=303))

    @route(
        "/track/<string:token>/rate",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        save_session=False,
        max_content_length=MAX_FORM_BYTES,
    )
    def track_rate(self, token, stars="", comment="", **_ignored):
        self._speak()
        shipment = self._shipment(token)
        if not shipment:
            return self._lost()
        allowed = [
            self._allow("track.rate.visitor", visitor_network(request.httprequest.remote_addr)),
            self._allow("track.rate.shipment", shipment.id),
        ]
        if not all(allowed):
            return self._page(shipment, token, error=self._often_text(), status=429)
        tags = [int(tag) for tag in request.httprequest.form.getlist("tags") if tag.isdecimal() and len(tag) < 10]
        try:
            shipment._rate_delivery(int(stars) if stars in "12345" and stars else 0, tags, comment)
        except UserError as error:
            return self._page(shipment, token, error=str(error), status=422)
        return self._secure(request.redirect(f"/track/{token}?done=rate#rate", code=303))

    @route(
        ["/track/<string:token>/signature", "/track/<string:token>/photo/<int:photo_id>"],
        type="http",
        auth="public",
        methods=["GET"],
        readonly=True,
        save_session=False,
    )
    def track_picture(self, token, photo_id=None, **_ignored):
        """A picture of the proof of delivery, to whoever holds the link."""
        shipment = self._shipment(token)
        if not shipment or shipment.status != "delivered":
            raise NotFound
        picture = shipment._get_proof_picture(photo_id)
        if not picture or picture.mimetype not in PICTURES:
            raise NotFound
        # sudo came with the shipment: the token opens it, and the picture is one of its proof.
        stream = request.env["ir.binary"]._get_stream_from(picture, "raw")
        return self._secure(stream.get_response(as_attachment=False, content_security_policy=None))

    # Who asks, and how often

    def _allow(self, scope, subject):
        return request.env["logistics.rate.limit"]._allow(scope, subject, *LIMITS[scope])

    def _shipment(self, token):
        """The shipment that the token opens, as superuser; or none.

        Tries are not counted here: 128 bits are out of reach however often somebody tries.
        """
        # sudo: the token is the right to see this one shipment; nothing else is reached from it but its own parts.
        return request.env["logistics.tracking.link"].sudo()._find_shipment(token)

    def _typed(self, text):
        """What a person typed or pasted: wide digits made narrow, no blanks."""
        return "".join(unicodedata.normalize("NFKC", text or "")[:64].split())

    # Answers

    def _speak(self, wish=None):
        """Speak the visitor's language: as asked just now, as asked before, as the browser prefers."""
        accepted = [code for code, _quality in request.httprequest.accept_languages]
        installed = self._languages()
        code = choose_language(installed, wish, request.cookies.get(LANGUAGE_COOKIE), *accepted)
        request.update_context(lang=code)
        if wish in installed:
            secure = request.httprequest.scheme == "https"
            request.future_response.set_cookie(
                LANGUAGE_COOKIE, wish, max_age=YEAR, path="/track", httponly=True, samesite="Lax", secure=secure
            )

    def _languages(self):
        """code → name of the languages that the page speaks: those of the database, and English in any case."""
        return {"en_US": "English", **dict(request.env["res.lang"].get_installed())}

    def _page(self, shipment, token, status=200, **values):
        page = shipment._get_tracking_page()
        values = {"page": page, "company": page["company"], "base": f"/track/{token}", **values}
        return self._render("logistics_crm.tracking_page", values, status)

    def _form(self, status=200, **values):
        return self._render("logistics_crm.tracking_form", values, status)

    def _lost(self):
        """No such token, or its time is over: which of the two is not told."""
        error = request.env._("This link does not work any more. Please search for the parcel by its waybill.")
        return self._form(error=error, status=404)

    def _too_often(self, **values):
        response = self._form(error=self._often_text(), status=429, **values)
        response.headers["Retry-After"] = "600"
        return response

    def _often_text(self):
        return request.env._("Too many tries. Please wait a while and try again.")

    def _render(self, template, values, status):
        path = request.httprequest.path if request.httprequest.method == "GET" else values.get("base", "/track")
        if "company" not in values:
            company = request.env.company.sudo()  # sudo: the name, which is public
            values["company"] = {"id": company.id, "name": company.name}
        values = {
            "error": "",
            "max_photos": MAX_PHOTOS,
            "typed": {},
            "found": [],
            "waybill": "",
            "done": "",
            "base": "/track",
            "lang": request.env.lang,
            "languages": [
                (code, name.split("/")[-1].split("(")[0].strip(), f"{path}?lang={code}")
                for code, name in self._languages().items()
            ],
            "css": asset_url("tracking_page.css"),
            "js": asset_url("tracking_page.js"),
            **values,
        }
        # The templates get plain values alone; who the user is and which company is theirs need not be looked up.
        views = request.env["ir.ui.view"].with_context(minimal_qcontext=True)
        page = views._render_template(template, values)
        return self._secure(request.make_response(page, [("Content-Type", "text/html; charset=utf-8")], status=status))

    def _secure(self, response):
        response.headers.update(HEADERS)
        return response
