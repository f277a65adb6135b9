"""A customer's list of shipments as a file."""

import tempfile

from werkzeug.exceptions import NotFound
from werkzeug.wsgi import wrap_file

from odoo import fields
from odoo.http import Response, content_disposition, request, route
from odoo.tools import split_every

from ..tools.list_files import write_csv, write_xlsx
from .portal import ShipmentPortal

EXPORT_LIMIT = 50_000
EXPORT_CHUNK = 1_000
EXPORTS_AN_HOUR = 30
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class ShipmentPortalExport(ShipmentPortal):
    @route("/my/shipments/export/<string:kind>", type="http", auth="user", website=True, methods=["GET"])
    def my_shipments_export(self, kind, **asked):
        if kind not in CONTENT_TYPES:
            raise NotFound
        if not request.env["logistics.rate.limit"]._allow("portal.export", request.env.uid, EXPORTS_AN_HOUR, 3600):
            return request.make_response(
                request.env._("Too many tries. Please wait a while and try again."), status=429
            )
        listing = self._listing(asked)
        # sudo: of rows that the search as this user gave; the fields that are written out are named one by one.
        ids = (
            request.env["logistics.shipment"]
            .search(listing["domain"], order=listing["order"], limit=EXPORT_LIMIT + 1)
            .ids
        )
        rows = self._export_rows(ids)
        header = self._export_header()
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the server closes it when the last byte is sent
        if kind == "csv":
            write_csv(file, header, rows)
        else:
            write_xlsx(file, header, rows, request.env._("Shipments"))
        size = file.tell()
        file.seek(0)
        name = f"shipments-{fields.Date.context_today(request.env.user)}.{kind}"
        return Response(
            wrap_file(request.httprequest.environ, file),
            headers=[
                ("Content-Type", CONTENT_TYPES[kind]),
                ("Content-Length", str(size)),
                ("Content-Disposition", content_disposition(name)),
                ("X-Content-Type-Options", "nosniff"),
                ("Cache-Control", "no-store"),
            ],
            direct_passthrough=True,
        )

    def _export_header(self):
        _ = request.env._
        return [
            _("Waybill"),
            _("Status"),
            _("Reason"),
            _("Late"),
            _("Ordered"),
            _("Promised"),
            _("Expected"),
            _("Delivered"),
            _("Shipper"),
            _("Consignee"),
            _("Phone"),
            _("Address"),
            _("City"),
            _("State or Province"),
            _("Carrier"),
            _("Service Level"),
            _("Pieces"),
            _("Weight (kg)"),
            _("Freight"),
            _("Currency"),
        ]

    def _export_rows(self, ids):
        """The cells of each shipment, a chunk in memory at a time; a last row tells where the file is cut."""
        labels, yes = self._status_labels(), request.env._("Yes")
        payers = self._my_payers()
        user = request.env.user

        def local(instant):
            return f"{fields.Datetime.context_timestamp(user, instant):%Y-%m-%d %H:%M}" if instant else ""

        for chunk in split_every(EXPORT_CHUNK, ids[:EXPORT_LIMIT]):
            shipments = request.env["logistics.shipment"].sudo().browse(chunk)  # sudo: see the caller
            for shipment in shipments:
                pays = shipment.customer_id.id in payers
                yield [
                    shipment.name,
                    labels[shipment.status],
                    shipment.reason_id.name or "",
                    yes if shipment.missed_promise else "",
                    local(shipment.ordered_at),
                    local(shipment.promised_at),
                    local(shipment.eta),
                    local(shipment.delivered_at),
                    shipment.shipper_name or "",
                    shipment.consignee_name or "",
                    shipment.consignee_phone or "",
                    shipment.consignee_street or "",
                    shipment.consignee_city or "",
                    shipment.destination_state_id.name or shipment.consignee_state or "",
                    shipment.carrier_id.name or "",
                    shipment.service_level_id.name or "",
                    shipment.pieces,
                    shipment.weight,
                    shipment.freight_amount if pays else None,
                    shipment.currency_id.name if pays else "",
                ]
            shipments.invalidate_recordset(flush=False)
        if len(ids) > EXPORT_LIMIT:
            yield [request.env._("Only the first %(count)s rows. Narrow the filter for the rest.", count=EXPORT_LIMIT)]
