from base64 import b64encode

from reportlab.graphics.barcode import createBarcodeDrawing

from odoo import models

MAX_PHOTOS = 8


class LogisticsShipment(models.Model):
    """What the printed delivery note shows."""

    _inherit = "logistics.shipment"

    def _get_note_party(self, party):
        """Name, address and phone of the *shipper* or the *consignee*, as they were on the waybill."""
        self.ensure_one()
        end = "origin" if party == "shipper" else "destination"
        state = self[f"{end}_state_id"].sudo().name or self[f"{party}_state"]  # sudo: a state's name is no secret
        country = self[f"{end}_country_id"].sudo().name
        street, city, zip_code = (self[f"{party}_{part}"] for part in ("street", "city", "zip"))
        if (self.env.lang or "").startswith("zh"):
            address = " ".join(filter(None, (country, "".join(filter(None, (state, city, street))), zip_code)))
        else:
            address = ", ".join(filter(None, (street, city, state, zip_code, country)))
        return {
            "name": self[f"{party}_name"] or "",
            "address": address,
            "phone": self[f"{party}_phone"] or "",
        }

    def _get_note_barcode(self):
        """The waybill as Code 128, a data URL of an SVG picture; False where it has signs that no barcode knows.

        Vectors: sharp at any size, and drawn without the graphics libraries that bitmaps need.
        """
        self.ensure_one()
        if not self.name.isascii():
            return False
        drawing = createBarcodeDrawing("Code128", value=self.name, barHeight=40, barWidth=1.1, humanReadable=False)
        return "data:image/svg+xml;base64," + b64encode(drawing.asString("svg").encode()).decode()

    def _get_note_photos(self):
        """The photos of the delivery in base64. Whoever may print the note may see them."""
        self.ensure_one()
        return [b64encode(photo.raw) for photo in self.proof_photo_ids[:MAX_PHOTOS]]

    def _get_note_timeline(self):
        """What really happened, oldest first."""
        self.ensure_one()
        return [event for event in reversed(self.timeline) if event["classifier"] == "actual"]
