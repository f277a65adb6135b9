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
        self.browse([*created_ids, *updated_ids])._check_orders()
        self.browse(created_ids)._confirm_by_rule()

    def _check_orders(self):
        """Run all checks on those of these orders that were not picked up yet, and mark what they find.

        A fixed number of statements, however many the orders are. What a person kept stays kept until the findings
        change.

        :return: the shipments that are to be checked
        """
        rows = self._read_for_checks()
        if not rows:
            return self.browse()
        duplicates = self._find_duplicates(rows)
        data = []
        for row in rows:
            codes = self._plain_findings(row)
            duplicate_of = duplicates.get(row["id"])
            if duplicate_of:
                codes.append("duplicate")
            found = " ".join(codes) or None
            state = "clean"
            if found:
                state = "kept" if row["check_state"] == "kept" and row["check_codes"] == found else "to_check"
            if (state, found, duplicate_of) != (row["check_state"], row["check_codes"], row["duplicate_of_id"]):
                data.append({"id": row["id"], "state": state, "codes": found, "duplicate_of": duplicate_of})
            row["state"] = state
        if data:
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
        return self.browse([row["id"] for row in rows if row["state"] == "to_check"])

    def _read_for_checks(self):
        """The open, not yet picked up ones of these as dicts, with what the service level needs and what is usual."""
        self.flush_model()
        return self.env.execute_query_dict(
            SQL(
                """
                SELECT s.id, s.company_id, s.customer_id, s.ordered_at, s.check_state, s.check_codes,
                       s.duplicate_of_id, s.consignee_city, s.consignee_state, s.destination_state_id,
                       c.code AS country,
                       %(fields)s, required.names AS required_fields,
                       s.weight > u.weight_limit AS weight_unusual, s.declared_value > u.value_limit AS value_unusual,
                       s.name
                  FROM logistics_shipment s
             LEFT JOIN res_country c ON c.id = s.destination_country_id
             LEFT JOIN logistics_service_level l ON l.id = s.service_level_id
             LEFT JOIN logistics_customer_usual u ON u.company_id = s.company_id AND u.customer_id = s.customer_id
     LEFT JOIN LATERAL (
                       SELECT string_agg(f.name, ' ') AS names
                         FROM logistics_service_level_required_field_rel r JOIN ir_model_fields f ON f.id = r.field_id
                        WHERE r.service_level_id = l.id) required ON true
                 WHERE s.id = ANY(%(ids)s) AND s.status IN ('created', 'confirmed') AND s.picked_up_at IS NULL
                 ORDER BY s.id
                """,
                fields=SQL(", ").join(SQL.identifier("s", name) for name in REQUIRABLE),
                ids=list(self.ids),
            )
        )

    @api.model
    def _plain_findings(self, row):
        codes = ["missing_" + name for name in (row["required_fields"] or "").split() if name in row and not row[name]]
        if not phone_is_valid(row["consignee_phone"], row["country"]):
            codes.append("phone")
        has_state = row["destination_state_id"] or row["consignee_state"]
        if row["consignee_street"] and not (has_state and row["consignee_city"]):
            codes.append("address")
        if row["weight_unusual"]:
            codes.append("weight")
        if row["value_unusual"]:
            codes.append("value")
        return codes

    @api.model
    def _find_duplicates(self, rows):
        """shipment id → id of an older shipment that looks like the same order."""
        companies = self.env["res.company"].browse({row["company_id"] for row in rows})
        # sudo: a setting of the company, which whoever sends orders need not be able to read.
        hours_of = {company.id: company.logistics_duplicate_hours for company in companies.sudo()}
        candidates = [
            row for row in rows if row["customer_id"] and row["consignee_phone"] and hours_of[row["company_id"]] > 0
        ]
        if not candidates:
            return {}
        others = self.env.execute_query_dict(
            SQL(
                """
                SELECT o.id, o.company_id, o.consignee_phone, o.customer_id, o.consignee_street, o.cargo, o.weight,
                       o.ordered_at
                  FROM logistics_shipment o
                 WHERE o.company_id = ANY(%s) AND o.consignee_phone = ANY(%s) AND o.ordered_at BETWEEN %s AND %s
                   AND o.status != 'cancelled'
                """,
                companies.ids,
                list({row["consignee_phone"] for row in candidates}),
                min(row["ordered_at"] for row in candidates) - timedelta(hours=max(hours_of.values())),
                max(row["ordered_at"] for row in candidates),
            )
        )
        alike = {}
        for other in others:
            alike.setdefault(_likeness(other), []).append(other)
        found = {}
        for row in candidates:
            older = [
                other["id"]
                for other in alike.get(_likeness(row), ())
                if (other["ordered_at"], other["id"]) < (row["ordered_at"], row["id"])
                and row["ordered_at"] - other["ordered_at"] <= timedelta(hours=hours_of[row["company_id"]])
            ]
            if older:
                found[row["id"]] = min(older)
        return found

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
    """What two orders must share to look like one."""
    weight = round(row["weight"] or 0, 2)
    address = address_key(row["consignee_street"])
    return row["company_id"], row["customer_id"], row["consignee_phone"], address, row["cargo"], weight
