"""A customer's own people look at the shipments that they send or pay for."""

from werkzeug.exceptions import NotFound

from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.http import request, route
from odoo.tools import groupby

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager

from .tracking_page import MAX_PHOTO_BYTES, MAX_PHOTOS, PICTURES, read_photos

PAGE = 40
REPORTS_AN_HOUR = 30


class ShipmentPortal(CustomerPortal):
    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "shipment_count" in counters:
            shipments = request.env["logistics.shipment"]
            readable = shipments.has_access("read")
            values["shipment_count"] = shipments.search_count(self._my_domain()) if readable else 0
        return values

    # The list

    @route(["/my/shipments", "/my/shipments/page/<int:page>"], type="http", auth="user", website=True, readonly=True)
    def my_shipments(self, page=1, **asked):
        listing = self._listing(asked)
        shipments = request.env["logistics.shipment"]
        arguments = {key: listing[key] for key in ("sortby", "filterby", "groupby", "search_in", "search")}
        pager = portal_pager(
            url="/my/shipments",
            url_args=arguments,
            total=shipments.search_count(listing["domain"]),
            page=max(page, 1),
            step=PAGE,
        )
        found = shipments.search(listing["domain"], order=listing["order"], limit=PAGE, offset=pager["offset"])
        # sudo: the search above gave only what the user may see; names of carriers and reasons come with it.
        found = found.sudo()
        return request.render(
            "logistics_crm.portal_my_shipments",
            {
                **self._prepare_portal_layout_values(),
                **listing,
                "groups": self._grouped(found, listing["group_field"]),
                "page_name": "shipment",
                "default_url": "/my/shipments",
                "pager": pager,
                "export_arguments": arguments,
            },
        )

    def _my_domain(self):
        return request.env["logistics.shipment"]._portal_domain(request.env.user)

    def _listing(self, asked):
        """What list and file show: domain, order, and what the search bar needs. Unknown choices are ignored."""
        sortings, filters = self._sortings(), self._filters()
        inputs, groups = self._inputs(), self._groupings()

        def choose(key, choices):
            value = asked.get(key)
            return value if value in choices else next(iter(choices))

        sortby, filterby = choose("sortby", sortings), choose("filterby", filters)
        search_in, groupby_key = choose("search_in", inputs), choose("groupby", groups)
        search = (asked.get("search") or "").strip()[:128]
        domain = self._my_domain() & Domain(filters[filterby]["domain"])
        if search:
            names = inputs[search_in]["fields"]
            domain &= Domain.OR([(name, "ilike", search)] for name in names)
        group_field = groups[groupby_key]["field"]
        order = sortings[sortby]["order"]
        return {
            "domain": domain,
            "order": f"{group_field}, {order}" if group_field else order,
            "group_field": group_field,
            "searchbar_sortings": sortings,
            "searchbar_filters": filters,
            "searchbar_inputs": inputs,
            "searchbar_groupby": groups,
            "sortby": sortby,
            "filterby": filterby,
            "search_in": search_in,
            "search": search,
            "groupby": groupby_key,
        }

    def _sortings(self):
        _ = request.env._
        return {
            "ordered": {"label": _("Newest"), "order": "ordered_at desc, id desc"},
            "promised": {"label": _("Promised"), "order": "promised_at, id"},
            "last": {"label": _("Last Event"), "order": "last_event_at desc, id desc"},
            "waybill": {"label": _("Waybill"), "order": "name, id"},
        }

    def _filters(self):
        _ = request.env._
        closed = ("delivered", "returned", "cancelled")
        return {
            "all": {"label": _("All"), "domain": []},
            "open": {"label": _("Open"), "domain": [("status", "not in", closed)]},
            "late": {"label": _("Late"), "domain": [("is_late", "=", True)]},
            "delivered": {"label": _("Delivered"), "domain": [("status", "=", "delivered")]},
            "exception": {
                "label": _("Exception"),
                "domain": [("status", "in", ("exception", "attempt_failed", "returning", "expired"))],
            },
        }

    def _inputs(self):
        _ = request.env._
        people = ["consignee_name", "consignee_phone", "shipper_name"]
        return {
            "all": {"input": "all", "label": _("Search in All"), "fields": ["name", *people, "consignee_city"]},
            "waybill": {"input": "waybill", "label": _("Search in Waybill"), "fields": ["name"]},
            "people": {"input": "people", "label": _("Search in Consignee and Shipper"), "fields": people},
            "place": {"input": "place", "label": _("Search in Place"), "fields": ["consignee_city", "lane"]},
        }

    def _groupings(self):
        _ = request.env._
        return {
            "none": {"input": "none", "label": _("None"), "field": ""},
            "status": {"input": "status", "label": _("Status"), "field": "status"},
            "lane": {"input": "lane", "label": _("Lane"), "field": "lane"},
        }

    def _grouped(self, shipments, field_name):
        """List of (label, shipments); one without label where nothing is grouped."""
        if not field_name:
            return [("", shipments)] if shipments else []
        labels = self._status_labels() if field_name == "status" else {}
        return [
            (labels.get(value, value) or request.env._("None"), shipments.browse().concat(*members))
            for value, members in groupby(shipments, lambda shipment: shipment[field_name])
        ]

    def _status_labels(self):
        return dict(request.env["logistics.shipment"]._fields["status"]._description_selection(request.env))

    # One shipment

    @route("/my/shipments/<int:shipment_id>", type="http", auth="user", website=True, methods=["GET"], readonly=True)
    def my_shipment(self, shipment_id, done=None, **_ignored):
        return self._detail(self._my_shipment(shipment_id), done=done)

    @route(
        "/my/shipments/<int:shipment_id>/report",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
        max_content_length=(MAX_PHOTOS + 1) * MAX_PHOTO_BYTES,
    )
    def my_shipment_report(self, shipment_id, type_id="", text="", **_ignored):
        shipment = self._my_shipment(shipment_id)
        allow = request.env["logistics.rate.limit"]._allow
        if not allow("portal.report", request.env.uid, REPORTS_AN_HOUR, 3600):
            return self._detail(shipment, error=request.env._("Too many tries. Please wait a while and try again."))
        try:
            problem_type = shipment._get_report_types().filtered(lambda offered: str(offered.id) == type_id)
            # sudo: a portal user makes no tickets by itself; the shipment is one of its own.
            ticket = shipment.sudo()._report_problem(
                problem_type, text, read_photos(), partner=request.env.user.partner_id
            )
        except UserError as error:
            return self._detail(shipment, error=str(error), typed={"type_id": type_id, "text": text})
        return request.redirect(f"/my/shipments/{shipment.id}?done={ticket.number}#tickets", code=303)

    @route(
        ["/my/shipments/<int:shipment_id>/signature", "/my/shipments/<int:shipment_id>/photo/<int:photo_id>"],
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def my_shipment_picture(self, shipment_id, photo_id=None, **_ignored):
        picture = self._my_shipment(shipment_id).sudo()._get_proof_picture(photo_id)  # sudo: of one's own shipment
        if not picture or picture.mimetype not in PICTURES:
            raise NotFound
        return request.env["ir.binary"]._get_stream_from(picture, "raw").get_response(as_attachment=False)

    def _my_shipment(self, shipment_id):
        """One of the user's own shipments; to others it does not exist."""
        shipment = request.env["logistics.shipment"].search(self._my_domain() & Domain("id", "=", shipment_id))
        if not shipment:
            raise NotFound
        return shipment

    def _detail(self, shipment, **values):
        own = shipment.sudo()  # sudo: names of carriers, reasons and hubs of one's own shipment
        tickets = request.env["helpdesk.ticket"]
        if tickets.has_access("read"):  # of the shipment's tickets those that the user may see
            tickets = tickets.search([("id", "in", own.ticket_ids.ids)], order="id desc")
        return request.render(
            "logistics_crm.portal_my_shipment",
            {
                **self._prepare_portal_layout_values(),
                "shipment": own,
                "page": own._get_tracking_page(masked=False),
                "tickets": tickets.sudo(),  # sudo: those that the search as this user gave
                "pays": own.customer_id.id in self._my_payers(),
                "page_name": "shipment",
                "base": f"/my/shipments/{shipment.id}",
                "max_photos": MAX_PHOTOS,
                "error": "",
                "typed": {},
                "done": "",
                **values,
            },
        )

    def _my_payers(self):
        """Ids of the partners whose freight this user may know: the own company's."""
        partner = request.env.user.commercial_partner_id
        # sudo: ids of the user's own company and its contacts
        return set(request.env["res.partner"].sudo().search([("id", "child_of", partner.ids)]).ids)
