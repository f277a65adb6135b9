import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.order_checks import REQUIRABLE, address_key, phone_is_valid


class LogisticsShipment(models.Model):
    """Checks of an order: what looks wrong is marked for a person, never dropped."""

    _inherit = "logistics.shipment"

    check_state = fields.Selection(
        [("clean", "Nothing Found"), ("to_check", "To Check"), ("kept", "Checked and Kept")],
        string="Order Check",
        readonly=True,
        copy=False,
    )
    check_codes = fields.Char(readonly=True, copy=False, help="Codes of what the checks found, separated by spaces.")
    check_text = fields.Char(string="Check Findings", compute="_compute_check_text")
    duplicate_of_id = fields.Many2one(
        "logistics.shipment", string="Possible Duplicate Of", readonly=True, copy=False, index="btree_not_null"
    )

    _to_check_idx = models.Index("(company_id, ordered_at) WHERE check_state = 'to_check'")
    _consignee_phone_idx = models.Index("(consignee_phone, ordered_at) WHERE consignee_phone IS NOT NULL")

    @api.depends("check_codes")
    @api.depends_context("lang")
    def _compute_check_text(self):
        sentences = self._check_sentences()
        for shipment in self:
            codes = (shipment.check_codes or "").split()
            shipment.check_text = " · ".join(sentences.get(code, code) for code in codes)

    @api.model
    def _check_sentences(self):
        """Code of a finding → what it tells."""
        _ = self.env._
        labels = {
            "phone": _("The consignee's phone is no number of the destination country"),
            "address": _("The consignee's address has no state or no city"),
            "weight": _("The weight is far above what this customer usually sends"),
            "value": _("The declared value is far above what this customer usually sends"),
            "duplicate": _("Possibly the same order twice"),
        }
        for name in REQUIRABLE:
            label = self._fields[name]._description_string(self.env)
            labels["missing_" + name] = _("%s is missing, and the service level needs it", label)
        return labels

    # Running the checks

    @api.model
    def _on_upserted(self, created_ids, updated_ids):
        super()._on_upserted(created_ids, updated_ids)
        self.browse(updated_ids)._check_orders()
        self.browse(created_ids)._confirm_by_rule()

    def _check_orders(self):
        """Run all checks on those of these orders that were not picked up yet, and mark what they find.

        A fixed number of statements, however many the orders are. What a person kept stays kept until the findings
        change.
        """
        rows = self._read_for_checks()
        if not rows:
            return
        self._check_rows(rows)
        data = []
        for row in rows:
            duplicate_of = row["duplicate"] and row["duplicate"]["id"]
            found, state = row["found"], row["state"]
            if state == "to_check" and row["check_state"] == "kept" and row["check_codes"] == found:
                state = "kept"
            if (state, found, duplicate_of) != (row["check_state"], row["check_codes"], row["duplicate_of_id"]):
                data.append({"id": row["id"], "state": state, "codes": found, "duplicate_of": duplicate_of})
        if data:
            self._write_findings(data)

    def _read_for_checks(self):
        """Those of these that were not picked up yet, as dicts for `_check_rows`."""
        self.flush_model()
        return self.env.execute_query_dict(
            SQL(
                """
                SELECT s.id, s.check_state, s.check_codes, s.duplicate_of_id, s.company_id, s.customer_id,
                       s.service_level_id, s.ordered_at, s.consignee_city, s.consignee_state, s.destination_state_id,
                       c.code AS country, %s
                  FROM logistics_shipment s LEFT JOIN res_country c ON c.id = s.destination_country_id
                 WHERE s.id = ANY(%s) AND s.status IN ('created', 'confirmed') AND s.picked_up_at IS NULL
                 ORDER BY s.id
                """,
                SQL(", ").join(SQL.identifier("s", name) for name in REQUIRABLE),
                list(self.ids),
            )
        )

    @api.model
    def _write_findings(self, data):
        self.env.execute_query(
            SQL(
                """
                UPDATE logistics_shipment s
                   SET check_state = d.state, check_codes = d.codes, duplicate_of_id = d.duplicate_of
                  FROM json_to_recordset(%s::json) AS d(id int, state varchar, codes varchar, duplicate_of int)
                 WHERE s.id = d.id
                """,
                json.dumps(data),
            )
        )
        self.invalidate_model(flush=False)

    @api.model
    def _check_rows(self, rows):
        """Add to each order its findings: `found` (codes in one text, or None), `state`, and `duplicate`.

        :param rows: dicts with id (None: not inserted yet), company_id, customer_id, service_level_id, ordered_at,
            the requirable fields, consignee_city, consignee_state, destination_state_id and country (its code).
            `duplicate` becomes the dict of the older order that this one repeats, or None
        """
        required = self._read_required_fields(rows)
        usual = self._read_usual(rows)
        duplicates = self._find_duplicates(rows)
        for number, row in enumerate(rows):
            codes = ["missing_" + name for name in required.get(row["service_level_id"], ()) if not row[name]]
            if not phone_is_valid(row["consignee_phone"], row["country"]):
                codes.append("phone")
            has_state = row["destination_state_id"] or row["consignee_state"]
            if row["consignee_street"] and not (has_state and row["consignee_city"]):
                codes.append("address")
            weight_limit, value_limit = usual.get((row["company_id"], row["customer_id"]), (None, None))
            if weight_limit and (row["weight"] or 0) > weight_limit:
                codes.append("weight")
            if value_limit and (row["declared_value"] or 0) > value_limit:
                codes.append("value")
            row["duplicate"] = duplicates.get(number)
            if row["duplicate"]:
                codes.append("duplicate")
            row["found"] = " ".join(codes) or None
            row["state"] = "to_check" if codes else "clean"

    @api.model
    def _read_required_fields(self, rows):
        """service level id → names of the fields that it requires."""
        levels = {row["service_level_id"] for row in rows if row["service_level_id"]}
        if not levels:
            return {}
        found = self.env.execute_query(
            SQL(
                """
                SELECT r.service_level_id, array_agg(f.name::text ORDER BY f.name)
                  FROM logistics_service_level_required_field_rel r JOIN ir_model_fields f ON f.id = r.field_id
                 WHERE r.service_level_id = ANY(%s) GROUP BY r.service_level_id
                """,
                list(levels),
            )
        )
        return {level: [name for name in names if name in REQUIRABLE] for level, names in found}

    @api.model
    def _read_usual(self, rows):
        """(company id, customer id) → (weight limit, value limit)."""
        customers = {row["customer_id"] for row in rows if row["customer_id"]}
        if not customers:
            return {}
        found = self.env.execute_query(
            SQL(
                "SELECT company_id, customer_id, weight_limit, value_limit FROM logistics_customer_usual"
                " WHERE customer_id = ANY(%s)",
                list(customers),
            )
        )
        return {(company, customer): limits for company, customer, *limits in found}

    @api.model
    def _find_duplicates(self, rows):
        """Position in `rows` → the dict of the older order, stored or in `rows`, that this one repeats."""
        companies = self.env["res.company"].browse({row["company_id"] for row in rows})
        # sudo: a setting of the company, which whoever sends orders need not be able to read.
        windows = {company.id: timedelta(hours=company.logistics_duplicate_hours) for company in companies.sudo()}
        alike = {}  # what two orders share → list of (instant, whether stored, position, dict)
        for number, row in enumerate(rows):
            if row["customer_id"] and row["consignee_phone"] and windows[row["company_id"]]:
                alike.setdefault(_likeness(row), []).append((row["ordered_at"], True, number, row))
        if not alike:
            return {}
        candidates = [entry for entries in alike.values() for entry in entries]
        own = {row["id"] for row in rows}
        for other in self._read_possible_duplicates(companies, candidates, max(windows.values())):
            if other["id"] not in own and _likeness(other) in alike:
                alike[_likeness(other)].append((other["ordered_at"], False, other["id"], other))
        found = {}
        for entries in alike.values():
            if len(entries) == 1:
                continue
            entries.sort(key=lambda entry: entry[:3])
            for position, (ordered_at, is_candidate, number, row) in enumerate(entries):
                if not is_candidate:
                    continue
                address, window = address_key(row["consignee_street"]), windows[row["company_id"]]
                for earlier_at, _is_candidate, _number, earlier in entries[:position]:
                    if ordered_at - earlier_at <= window and address_key(earlier["consignee_street"]) == address:
                        found[number] = earlier
                        break
        return found

    @api.model
    def _read_possible_duplicates(self, companies, candidates, window):
        """Stored orders to the phones of these candidates, in reach of the longest window."""
        return self.env.execute_query_dict(
            SQL(
                """
                SELECT o.id, o.company_id, o.consignee_phone, o.customer_id, o.consignee_street, o.cargo, o.weight,
                       o.ordered_at
                  FROM logistics_shipment o
                 WHERE o.company_id = ANY(%s) AND o.consignee_phone = ANY(%s) AND o.ordered_at BETWEEN %s AND %s
                   AND o.status != 'cancelled'
                """,
                companies.ids,
                list({row["consignee_phone"] for *_order, row in candidates}),
                min(ordered_at for ordered_at, *_rest in candidates) - window,
                max(ordered_at for ordered_at, *_rest in candidates),
            )
        )

    # New orders in bulk: checked before they are inserted, which saves writing each row twice

    @api.model
    def _check_drafts(self, drafts, names):
        """Put the findings into the values of new drafts; a duplicate in the same batch is linked afterwards."""
        countries = {country_id: code for code, country_id in names.countries.items()}
        company_id = self.env.company.id
        rows = [
            {
                **draft.values,
                "id": None,
                "draft": draft,
                "company_id": company_id,
                "country": countries.get(draft.values["destination_country_id"]),
            }
            for draft in drafts
        ]
        self._check_rows(rows)
        for row in rows:
            draft, duplicate = row["draft"], row["duplicate"]
            draft.values["check_state"], draft.values["check_codes"] = row["state"], row["found"]
            if duplicate:
                draft.duplicate_of = duplicate["draft"] if duplicate["id"] is None else duplicate["id"]

    @api.model
    def _link_duplicates(self, drafts):
        """Link new shipments, which have their ids by now, to the older orders that they repeat."""
        data = [
            {
                "id": draft.id,
                "state": draft.values["check_state"],
                "codes": draft.values["check_codes"],
                "duplicate_of": getattr(draft.duplicate_of, "id", draft.duplicate_of),
            }
            for draft in drafts
            if draft.duplicate_of is not None
        ]
        if data:
            self._write_findings(data)

    # What a person decides

    def action_check_keep(self):
        """The order is right as it is."""
        self.check_access("write")
        self.filtered(lambda shipment: shipment.check_state == "to_check").write({"check_state": "kept"})
        self._confirm_by_rule()
        return True

    def action_check_merge(self):
        """The order is the older one again: cancel this one, and take over what the older one lacks."""
        self.check_access("write")
        for shipment in self.filtered("duplicate_of_id"):
            original = shipment.duplicate_of_id
            original.write(
                {
                    "ticket_ids": [(4, ticket.id) for ticket in shipment.ticket_ids],
                    **{
                        name: shipment[name]
                        for name in (*REQUIRABLE, "delivery_note")
                        if shipment[name] and not original[name]
                    },
                }
            )
            original.message_post(
                body=self.env._("Merged with the duplicate order %s, which is cancelled.", shipment.name)
            )
            shipment.message_post(body=self.env._("Cancelled as a duplicate of %s.", original.name))
        self.filtered("duplicate_of_id")._cancel_orders("duplicate_order")
        return True

    def action_check_cancel(self):
        """The order is a mistake."""
        self.check_access("write")
        self._cancel_orders("info_error")
        return True


def _likeness(row):
    """What two orders must share, beside the address, to look like one."""
    weight = round(row["weight"] or 0, 2)
    return row["company_id"], row["customer_id"], row["consignee_phone"], row["cargo"] or None, weight
