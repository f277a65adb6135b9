from datetime import timedelta

import babel.dates

from odoo import fields, models
from odoo.tools.misc import babel_locale_parse

from ..tools.local_time import offset_at, offset_text, shift
from ..tools.masking import mask_name, mask_phone, scrubber
from ..tools.progress import progress
from ..tools.tracking_status import FINAL

RATING_CHANGE_DAYS = 7
_TONES = {
    "delivered": "good",
    "attempt_failed": "warn",
    "exception": "bad",
    "returning": "warn",
    "returned": "warn",
    "cancelled": "off",
    "expired": "off",
}


class LogisticsShipment(models.Model):
    """What somebody who holds the link is shown: in words, masked, with the clock of the place."""

    _inherit = "logistics.shipment"

    def _get_tracking_page(self, masked=True):
        """Everything on the tracking page as plain values, in the environment's language.

        It reads around access rights: the caller has checked the token, or that the shipment is the user's own.

        :param masked: for strangers; the customer's own people read names and phones in full
        """
        row = self._read_tracking_page()
        status, log = row["status"], row["log"]
        now = fields.Datetime.now()
        clock = _Clock(self.env, row["destination_code"], log, now)
        late = bool(status not in FINAL and row["promised_at"] and row["promised_at"] < now)
        labels = dict(self._fields["status"]._description_selection(self.env))
        return {
            "waybill": row["waybill"],
            "status": status,
            "status_label": labels[status],
            "tone": _TONES.get(status) or ("warn" if late else "info"),
            "sentence": self._tracking_sentences()[status],
            "reason": (row["reason"] or "") if status != "delivered" else "",
            "late": late,
            "delivered": clock.moment(row["delivered_at"]) if status == "delivered" else "",
            "promise": clock.moment(row["promised_at"]) if status not in FINAL else "",
            "expected": _expected(row, clock) if status not in FINAL else "",
            "steps": self._tracking_steps(status, log),
            "days": _days(row, clock, labels, masked),
            "zone": offset_text(clock.offset),
            "parties": _parties(row, masked),
            "pieces": row["pieces"],
            "level": row["level"] or "",
            "contacts": _contacts(row),
            "proof": _proof(row, masked),
            "rating": _rating(row, now),
            "reports": row["reports"] or [],
            "types": row["types"] or [],
            "company": {"id": row["company_id"], "name": row["company"]},
        }

    def _tracking_sentences(self):
        """status → what it means for the recipient, in one sentence."""
        _ = self.env._
        return {
            "created": _("The order is known; the parcel has not been handed over yet."),
            "confirmed": _("The order is confirmed; the parcel will be picked up soon."),
            "picked_up": _("The parcel was picked up from the sender."),
            "departed": _("The parcel is on the road."),
            "in_transit": _("The parcel is on its way."),
            "arrived_hub": _("The parcel has arrived at a hub and will travel on from there."),
            "customs": _("The parcel is with customs."),
            "out_for_delivery": _("The courier is on the way to you."),
            "ready_for_pickup": _("The parcel is waiting for you to fetch it."),
            "attempt_failed": _("The courier could not hand over the parcel and will try again."),
            "exception": _("Something went wrong on the way. We are on it."),
            "delivered": _("The parcel was handed over."),
            "returning": _("The parcel is on its way back to the sender."),
            "returned": _("The parcel is back with the sender."),
            "cancelled": _("The order was cancelled."),
            "expired": _("The parcel has not been seen for a long time. Please ask us."),
        }

    def _tracking_steps(self, status, log):
        """List of dicts name, label, state."""
        _ = self.env._
        labels = {
            "ordered": _("Order Placed"),
            "picked_up": _("Picked Up"),
            "on_the_way": _("On the Way"),
            "out_for_delivery": _("Out for Delivery"),
            "delivered": _("Delivered"),
            "returning": _("Returning"),
            "returned": _("Returned"),
            "cancelled": _("Cancelled"),
        }
        actual = [entry["status"] for entry in log if entry["classifier"] == "actual"]
        return [{"name": name, "label": labels[name], "state": state} for name, state in progress(status, actual)]

    # Pictures

    def _get_signature_attachment(self):
        """Where the signature is kept; looking at the field would read the picture."""
        return self.env["ir.attachment"].search(
            [("res_model", "=", self._name), ("res_id", "=", self.id), ("res_field", "=", "signature")], limit=1
        )

    def _get_proof_picture(self, photo_id=None):
        """The attachment of one photo of the proof, or of the signature; empty if there is no such."""
        if photo_id is None:
            return self._get_signature_attachment()
        return self.proof_photo_ids.filtered(lambda photo: photo.id == photo_id)


def _expected(row, clock):
    """When the parcel is expected, as a day, a window or an instant."""
    low, high = row["eta_low"], row["eta_high"]
    if low and high and low < high:
        return clock.window(low, high)
    return clock.moment(row["eta"] or high or low)


def _days(row, clock, labels, masked):
    """The log by day, newest first: list of dicts label, entries."""
    shown = str
    if masked:
        shown = scrubber(
            names=(row["consignee_name"], row["shipper_name"], row["signatory"]),
            phones=(row["consignee_phone"], row["shipper_phone"]),
            streets=(row["consignee_street"], row["shipper_street"]),
        )
    days = []
    for entry in row["log"]:
        local = shift(entry["occurred_at"], entry["utc_offset"])
        if not days or days[-1]["date"] != local.date():
            days.append({"date": local.date(), "label": clock.day(local), "entries": []})
        places = dict.fromkeys(filter(None, (entry["hub"], entry["location"])))
        days[-1]["entries"].append(
            {
                "time": f"{local:%H:%M}",
                "zone": offset_text(entry["utc_offset"]) if entry["utc_offset"] != clock.offset else "",
                "status": entry["status"],
                "label": labels[entry["status"]],
                "reason": entry["reason"],
                "place": " · ".join(shown(place) for place in places),
                "text": shown(entry["description"]),
                "planned": entry["classifier"] != "actual",
            }
        )
    return days


def _parties(row, masked):
    """Sender and recipient: name and phone, and no more of the address than city, state and a foreign country."""
    foreign = row["origin_country"] != row["destination_country"]

    def party(who, state, country):
        name, phone = row[f"{who}_name"] or "", row[f"{who}_phone"] or ""
        places = [row[f"{who}_city"], row[state] or row[f"{who}_state"], row[country] if foreign else ""]
        return {
            "name": mask_name(name) if masked else name,
            "phone": mask_phone(phone) if masked else phone,
            "place": ", ".join(dict.fromkeys(filter(None, places))),
        }

    return {
        "from": party("shipper", "origin_state", "origin_country"),
        "to": party("consignee", "destination_state", "destination_country"),
    }


def _contacts(row):
    """Whom to call: list of dicts kind, name, phone, email."""
    contacts = []
    if row["carrier"]:
        contacts.append({"kind": "carrier", "name": row["carrier"], "phone": row["carrier_phone"]})
    place = next((entry for entry in row["log"] if entry["hub"] and entry["classifier"] == "actual"), None)
    if place and row["status"] not in FINAL:
        contacts.append({"kind": "hub", "name": place["hub"], "phone": place["hub_phone"]})
    contacts.append(
        {"kind": "company", "name": row["company"], "phone": row["company_phone"], "email": row["company_email"]}
    )
    return contacts


def _proof(row, masked):
    """Proof of delivery: signatory, whether there is a signature, and the ids of the photos."""
    if row["status"] != "delivered" or not (row["signatory"] or row["photos"] or row["has_signature"]):
        return {}
    signatory = row["signatory"] or ""
    return {
        "signatory": mask_name(signatory) if masked else signatory,
        "has_signature": row["has_signature"],
        "photos": row["photos"],
    }


def _rating(row, now):
    """dict stars (0: none given), tags (ids), comment, may_rate, choices."""
    rating = row["rating"] or {}
    given = rating if rating.get("given") else {}
    created = fields.Datetime.to_datetime(given["created"].replace("T", " ")[:19]) if given else None
    return {
        "stars": given.get("stars", 0),
        "tags": given.get("tags", []),
        "comment": given.get("comment") or "",
        "may_rate": row["status"] == "delivered" and (not given or rating_changeable(created, now)),
        "choices": row["tags"] or [],
    }


def rating_changeable(created, now):
    """Whether a rating that was given at `created` may still be thought over."""
    return now < created + timedelta(days=RATING_CHANGE_DAYS)


class _Clock:
    """Writes instants (naive UTC) as the clock at the destination shows them, in the reader's words."""

    def __init__(self, env, country, log, now):
        self._ = env._
        self.locale = babel_locale_parse(env.lang or "en_US")
        self.country = country
        self.last_offset = next((entry["utc_offset"] for entry in log if entry["classifier"] == "actual"), None)
        self.offset = self._offset(now)
        self.today = shift(now, self.offset).date()

    def _offset(self, instant):
        return offset_at(self.country, instant, self.last_offset)

    def day(self, local):
        """`Today`, `Tomorrow`, `Yesterday`, or the date with its weekday."""
        distance = (local.date() - self.today).days
        if distance in (-1, 0, 1):
            return {-1: self._("Yesterday"), 0: self._("Today"), 1: self._("Tomorrow")}[distance]
        skeleton = "MMMEd" if abs(distance) < 300 else "yMMMd"
        return babel.dates.format_skeleton(skeleton, local.date(), locale=self.locale)

    def moment(self, instant):
        if not instant:
            return ""
        local = shift(instant, self._offset(instant))
        return f"{self.day(local)} {local:%H:%M}"

    def window(self, low, high):
        first, last = shift(low, self._offset(low)), shift(high, self._offset(high))
        if first.date() != last.date():
            return f"{self.day(first)} – {self.day(last)}"
        return f"{self.day(first)} {first:%H:%M}–{last:%H:%M}"
