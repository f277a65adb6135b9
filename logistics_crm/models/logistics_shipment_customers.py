from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools.problems import Problem

# Kind of key → the partner column that it is found in.
_COLUMNS = {"ref": "ref", "vat": "vat", "phone": "phone_sanitized", "email": "email_normalized"}


class LogisticsShipment(models.Model):
    """Whom a shipment that came in bulk belongs to: customers found by reference, VAT, phone or e-mail, or made."""

    _inherit = "logistics.shipment"

    @api.model
    def _find_customers(self, keys):
        """Customer key (`ref:10023`, `vat:…`, `phone:+86…`, `email:…`) → commercial partner id, where there is one.

        A partner of this company comes before a shared one, the oldest before younger ones.
        """
        if not keys:
            return {}
        company_id = self.env.company.id
        self.env["res.partner"].flush_model([*_COLUMNS.values(), "active", "company_id", "commercial_partner_id"])
        searches = [
            SQL(
                "SELECT key, partner_id FROM logistics_customer_key WHERE company_id = %s AND key = ANY(%s)",
                company_id,
                list(keys),
            )
        ]
        for kind, column in _COLUMNS.items():
            values = [key.partition(":")[2] for key in keys if key.startswith(kind + ":")]
            if values:
                field = SQL.identifier("p", column)
                searches.append(
                    SQL(
                        "SELECT %s || %s, p.id FROM res_partner p WHERE %s = ANY(%s) AND p.active"
                        " AND (p.company_id IS NULL OR p.company_id = %s)",
                        kind + ":",
                        field,
                        field,
                        values,
                        company_id,
                    )
                )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (found.key) found.key, p.commercial_partner_id
                  FROM (%s) AS found(key, partner_id) JOIN res_partner p ON p.id = found.partner_id
                 ORDER BY found.key, p.company_id NULLS LAST, p.id
                """,
                SQL(" UNION ALL ").join(searches),
            )
        )
        return dict(rows)

    @api.model
    def _set_customers(self, rows, columns, names):
        """Put `customer_id` into the columns of each row that names a customer, making those that are new.

        Rows whose customer cannot be had leave `columns`.

        :return: index → Problem of those rows
        """
        problems, key_of, customers = {}, {}, {}
        for index in list(columns):
            customer = rows[index].get("customer")
            if customer:
                key = self._customer_key(customer, names)
                if key is None:
                    problems[index] = Problem("missing", "customer.ref")
                    continue
                key_of[index] = key
                known = customers.setdefault(key, dict(customer))
                known["name"] = known.get("name") or customer.get("name")
            elif customer is not None:
                columns[index]["customer_id"] = None
        found = self._find_customers(set(customers))
        missing = {key: values for key, values in customers.items() if key not in found and values["name"]}
        refused = {}
        if missing:
            made, refused = self._create_customers(missing)
            found.update(made)
        for index, key in key_of.items():
            if key in found:
                columns[index]["customer_id"] = found[key]
            elif key in refused:
                problems[index] = Problem("customer_refused", "customer", refused[key])
            else:
                problems[index] = Problem("customer_without_name", "customer.name", key.partition(":")[2])
        for index in problems:
            del columns[index]
        return problems

    @api.model
    def _customer_key(self, customer, names):
        """What a `customer` dict is known by, such as `ref:10023`; None where it gives nothing to know it by."""
        for kind in _COLUMNS:
            value = customer.get(kind)
            if value:
                if kind == "phone":
                    value = names.phone(value, names.home_code)
                elif kind == "vat":
                    value = "".join(value.split()).upper()
                elif kind == "email":
                    value = value.lower()
                return f"{kind}:{value}"
        return None

    @api.model
    def _create_customers(self, customers):
        """Make partners for `customers` (key → dict): (key → partner id, key → why Odoo refused)."""
        keys = sorted(customers)
        made, refused = {}, {}
        try:
            made.update(zip(keys, self._create_partners([customers[key] for key in keys]).ids, strict=True))
        except UserError:
            # One of them is refused, say for its VAT number: only now, one by one, so that the others come through.
            for key in keys:
                try:
                    made[key] = self._create_partners([customers[key]]).id
                except UserError as error:
                    refused[key] = str(error)
        if made:
            # ON CONFLICT, so that what another server made meanwhile shows as a serialization failure: see the model.
            self.env.execute_query(
                SQL(
                    """
                    INSERT INTO logistics_customer_key (company_id, key, partner_id)
                    SELECT %s, key, partner_id FROM unnest(%s, %s) AS made(key, partner_id)
                        ON CONFLICT (company_id, key) DO UPDATE SET partner_id = excluded.partner_id
                    """,
                    self.env.company.id,
                    list(made),
                    list(made.values()),
                )
            )
        return made, refused

    @api.model
    def _create_partners(self, customers):
        with self.env.cr.savepoint():
            # sudo: the contract lets an integrator make customers by what it sends, and only with these fields.
            partners = self.env["res.partner"].sudo().with_context(mail_create_nosubscribe=True, tracking_disable=True)
            partners = partners.create([self._prepare_customer(customer) for customer in customers])
            partners.flush_recordset()
        return partners

    @api.model
    def _prepare_customer(self, customer):
        """Values of a new customer from a `customer` dict."""
        return {
            "name": customer["name"],
            "ref": customer.get("ref"),
            "vat": customer.get("vat"),
            "phone": customer.get("phone"),
            "email": customer.get("email"),
            # The reference belongs to this company's systems: another company's 10023 is somebody else.
            "company_id": self.env.company.id,
            "is_company": True,
        }
