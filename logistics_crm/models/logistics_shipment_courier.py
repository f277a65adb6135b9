import re
from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.tracking_status import OPEN

# Standing at the courier's station or with the courier: part of the round whatever was promised.
AT_HAND = ("arrived_hub", "out_for_delivery", "ready_for_pickup", "attempt_failed")
# Open, but not for the courier to deliver until somebody decided.
ON_HOLD = ("exception", "returning", "expired")
MAX_LISTED = 500
_HAN = re.compile(r"[\u4e00-\u9fff]")
# All that a courier may read of the shipments in their hands, over whatever interface.
COURIER_FIELDS = frozenset(
    {
        *("id", "display_name", "name", "company_id", "courier_id", "route_sequence", "status", "reason_id"),
        *("consignee_name", "consignee_phone", "consignee_street", "consignee_city", "consignee_zip"),
        *("consignee_state", "destination_state_id", "destination_country_id"),
        *("pieces", "weight", "cargo", "insured", "delivery_note"),
        *("ordered_at", "promised_at", "eta", "attempts", "delivered_at", "is_done"),
        *("signatory", "signatory_relation", "signature", "proof_photo_ids", "proof_at", "proof_by_id", "has_proof"),
    }
)


class LogisticsShipment(models.Model):
    """What a courier sees of their shipments, and nothing more."""

    _inherit = "logistics.shipment"

    # Rights: the record rule leaves a courier their own shipments, these leave them what the visit needs.

    def _has_field_access(self, field, operation):
        return super()._has_field_access(field, operation) and (
            self.env.su or field.name in COURIER_FIELDS or not self._is_mere_courier()
        )

    def _mail_get_operation_for_mail_message_operation(self, message_operation):
        """What colleagues write about a shipment is not for its courier."""
        operations = super()._mail_get_operation_for_mail_message_operation(message_operation)
        return dict.fromkeys(operations, "write") if self._is_mere_courier() else operations

    @api.model
    def _is_mere_courier(self):
        user = self.env.user
        return user.has_group("logistics_crm.group_logistics_courier") and not any(
            user.has_group(f"logistics_crm.group_logistics_{group}") for group in ("agent", "integrator")
        )

    # The list

    @api.model
    def _get_courier_day(self):
        """The user's today: (start, end) in naive UTC."""
        zone = pytz.timezone(self.env.user.tz or "UTC")
        today = datetime.now(zone).date()
        start, end = (
            zone.localize(datetime.combine(day, time())).astimezone(pytz.utc).replace(tzinfo=None)
            for day in (today, today + timedelta(days=1))
        )
        return start, end

    @api.model
    def _get_courier_domain(self):
        """The user's shipments that are to be delivered today."""
        _start, end = self._get_courier_day()
        due = Domain("promised_at", "<", end) & Domain("status", "not in", ON_HOLD)
        return (
            Domain("courier_id", "=", self.env.uid)
            & Domain("status", "in", OPEN)
            & (Domain("status", "in", AT_HAND) | due)
        )

    @api.model
    def _get_courier_list(self):
        """The cards of the user's round, in its order."""
        shipments = self.search(self._get_courier_domain(), limit=MAX_LISTED, order="promised_at, id")
        return shipments._get_courier_cards()

    def _get_courier_cards(self):
        """What the phone shows of these shipments: a list of JSON-ready dicts, in the order of the round.

        The number of statements does not depend on how many shipments there are.
        """
        badges = self._get_courier_badges()
        statuses = dict(self._fields["status"]._description_selection(self.env))
        far, now = datetime.max, fields.Datetime.now()

        def place_in_round(shipment):
            return shipment.route_sequence or 10**9, shipment.promised_at or far, shipment.id

        return [
            {
                "id": shipment.id,
                "waybill": shipment.name,
                "stop": shipment.route_sequence,
                "status": shipment.status,
                "status_label": statuses[shipment.status],
                "reason": shipment.reason_id.sudo().name or "",  # sudo: the name alone
                "consignee": shipment.consignee_name or "",
                "phone": shipment.consignee_phone or "",
                "address": shipment._get_courier_address(),
                "promised_at": fields.Datetime.to_string(shipment.promised_at) or "",
                "is_late": bool(shipment.promised_at and shipment.promised_at < now),
                "pieces": shipment.pieces,
                "weight": shipment.weight,
                "attempts": shipment.attempts,
                "note": shipment.delivery_note or "",
                "badges": badges.get(shipment.id, []),
            }
            for shipment in self.sorted(place_in_round)
        ]

    def _get_courier_address(self):
        """One line, as one writes it there: from the large to the small in Chinese, else the other way round."""
        # sudo: names of states are nobody's secret.
        state, city = self.destination_state_id.sudo().name or self.consignee_state, self.consignee_city
        street = self.consignee_street or ""
        if _HAN.search(street):
            # Of a city that is its own province, such as Shanghai, one name is enough.
            parts = [state, city if city and city not in (state or "") else "", street]
            return "".join(part for part in parts if part)
        return ", ".join(part for part in (street, city, state if state != city else "", self.consignee_zip) if part)

    # What to know before the visit

    def _get_courier_badges(self):
        """What the courier should know before the visit. Hook: extend it to add what else is known of the customer.

        :return: shipment id → list of `{"label", "kind"}`, most important first; kinds are `note`, `tier`, `value`,
            `cargo`, `tag` and `company`. For whole sets: no query for each shipment
        """
        # sudo: couriers read neither customers' tags nor values; labels are what they get to see.
        shipments = self.sudo()
        high_value = shipments._get_high_value()
        badges = {}
        for shipment in shipments:
            customer = shipment.customer_id
            found = badges[shipment.id] = []
            if shipment.delivery_note:
                found.append({"label": shipment._get_note_badge(), "kind": "note"})
            if shipment.id in high_value:
                found.append({"label": self.env._("High value"), "kind": "value"})
            if shipment.insured:
                found.append({"label": self.env._("Insured"), "kind": "value"})
            if shipment.cargo:
                found.append({"label": shipment.cargo, "kind": "cargo"})
            if customer.is_company:
                found.append({"label": self.env._("Enterprise customer"), "kind": "company"})
            found += [{"label": tag.name, "kind": "tag"} for tag in customer.category_id]
        return badges

    def _get_note_badge(self):
        """The note's first line, short enough for a badge."""
        line = self.delivery_note.strip().split("\n")[0]
        return line if len(line) <= 40 else line[:39] + "…"

    def _get_high_value(self):
        """The ids of the shipments whose declared value is at or over their company's threshold."""
        rates = {}
        found = set()
        today = fields.Date.context_today(self)
        for shipment in self:
            company, currency = shipment.company_id, shipment.currency_id
            threshold = company.logistics_high_value
            if threshold <= 0 or not shipment.declared_value:
                continue
            if (currency, company) not in rates:
                rates[currency, company] = currency._get_conversion_rate(currency, company.currency_id, company, today)
            if shipment.declared_value * rates[currency, company] >= threshold:
                found.add(shipment.id)
        return found

    # Assignment

    def _assign_courier(self, courier, first_stop=0):
        """Give these shipments to `courier` (or to nobody), with one line in each one's chatter.

        A constant number of statements: the ordinary tracking of changes would take several for each shipment.

        :param first_stop: number the stops from here in the order of this set; 0 leaves them to the promise
        """
        self.check_access("write")
        companies = self.company_id - courier.company_ids if courier else self.env["res.company"]
        if companies:
            raise self._courier_company_error(courier, companies)
        quiet = self.with_context(tracking_disable=True)
        quiet.write({"courier_id": courier.id, "route_sequence": 0})
        if first_stop:
            self._number_stops(first_stop)
        text = self.env._("Courier: %s", courier.name) if courier else self.env._("No courier any more")
        self._message_log_batch(bodies=dict.fromkeys(self.ids, text))

    def _number_stops(self, first_stop):
        self.flush_recordset(["route_sequence"])
        self.env.execute_query(
            SQL(
                """
                UPDATE logistics_shipment s SET route_sequence = %s + stop.place
                  FROM unnest(%s) WITH ORDINALITY AS stop(id, place)
                 WHERE s.id = stop.id
                """,
                first_stop - 1,
                self.ids,
            )
        )
        self.invalidate_recordset(["route_sequence"], flush=False)

    @api.model
    def _courier_company_error(self, courier, companies):
        return UserError(
            self.env._(
                "%(courier)s does not work for %(companies)s. Choose another courier, or allow the company on "
                "the user.",
                courier=courier.name,
                companies=", ".join(companies.mapped("name")),
            )
        )

    def action_assign_courier(self):
        """Open *Assign to Courier* for these shipments."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Assign to Courier"),
            "res_model": "logistics.courier.assign",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"active_model": self._name, "active_ids": self.ids},
        }
