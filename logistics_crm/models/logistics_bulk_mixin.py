from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

MAX_ROWS = 5000


class LogisticsBulkMixin(models.AbstractModel):
    """What the bulk methods share: the checks of a call, the look-up of names, and the sentences of errors."""

    _name = "logistics.bulk.mixin"
    _description = "Bulk Input"

    @api.model
    def _check_bulk_call(self, rows, argument):
        """Refuse a call that is wrong as a whole, with one clear error."""
        user = self.env.user
        allowed = ("logistics_crm.group_logistics_integrator", "logistics_crm.group_logistics_manager")
        if not (self.env.su or any(user.has_group(group) for group in allowed)):
            raise AccessError(
                self.env._(
                    "%(user)s may not send data in bulk. Ask an administrator for the group Logistics / Integrator.",
                    user=user.name,
                )
            )
        if not isinstance(rows, list | tuple):
            raise UserError(
                self.env._(
                    "'%(argument)s' must be a list of dictionaries, but it is: %(type)s.",
                    argument=argument,
                    type=type(rows).__name__,
                )
            )
        if len(rows) > MAX_ROWS:
            raise UserError(
                self.env._(
                    "'%(argument)s' has %(count)s rows; at most %(limit)s are taken in one call. Send it in parts.",
                    argument=argument,
                    count=len(rows),
                    limit=MAX_ROWS,
                )
            )

    @api.model
    def _problem_sentence(self, problem):
        """What is wrong and what to do, in the reader's language."""
        return self._problem_sentences()[problem.code] % {"field": problem.field or "", "value": problem.value}

    @api.model
    def _problem_sentences(self):
        """Problem code → sentence with %(field)s and %(value)s. Extensions add their own codes."""
        _ = self.env._
        return {
            "not_dict": _("Send a dictionary of fields; this is: %(value)s"),
            "unknown_key": _("There is no field named: %(value)s. Check the spelling or leave it out."),
            "missing": _("%(field)s is required."),
            "missing_status": _("Give a status, or the code of the source."),
            "not_text": _("%(field)s must be a text; this is: %(value)s"),
            "too_long": _("%(field)s is too long: %(value)s"),
            "not_instant": _(
                "%(field)s must be an ISO 8601 time with offset such as 2026-03-01T08:30:00+08:00; this is: %(value)s"
            ),
            "no_offset": _("%(field)s has no offset; add it, such as +08:00 or Z: %(value)s"),
            "instant_range": _("%(field)s is not between the years 1990 and 2199: %(value)s"),
            "in_future": _(
                "%(field)s lies more than a day ahead, yet the event is sent as actual: %(value)s. Correct the time, "
                "or send it as estimated or planned."
            ),
            "not_number": _("%(field)s must be a number; this is: %(value)s"),
            "not_whole": _("%(field)s must be a whole number; this is: %(value)s"),
            "negative": _("%(field)s must not be negative: %(value)s"),
            "too_large": _("%(field)s is too large: %(value)s"),
            "not_boolean": _("%(field)s must be true or false; this is: %(value)s"),
            "two_customers": _("Give either customer or customer_id, not both."),
            "unknown_classifier": _("classifier must be actual, estimated or planned; this is: %(value)s"),
            "unknown_status": _("There is no status named: %(value)s"),
            "unknown_source": _("There is no tracking source with this code or name: %(value)s. Create it first."),
            "unknown_reason": _("There is no reason with this code: %(value)s"),
            "unknown_carrier": _("There is no carrier with this code or name: %(value)s. Create it first."),
            "unknown_service_level": _("There is no service level with this code or name: %(value)s. Create it first."),
            "unknown_currency": _("There is no currency with this ISO 4217 code: %(value)s"),
            "unknown_customer": _("There is no customer with id: %(value)s"),
            "customer_refused": _("The customer could not be made: %(value)s"),
            "unknown_country": _("There is no country with this ISO 3166 code: %(value)s"),
            "customer_without_name": _("No customer has this key yet, and there is no name to create one: %(value)s"),
            "shared_waybill": _("Several carriers have this waybill: %(value)s. Name the carrier."),
            "unknown_waybill": _("No shipment has this waybill yet: %(value)s. The event waits for it."),
            "ambiguous_waybill": _(
                "Several carriers have this waybill: %(value)s. The event waits until somebody names the carrier."
            ),
            "unknown_code": _(
                "The code map of the source does not have this code yet: %(value)s. The event waits for it."
            ),
        }

    @api.model
    def _rejection(self, index, waybill, problem):
        """One entry of a receipt's `rejected` list."""
        return {
            "index": index,
            "waybill": waybill or "",
            "field": problem.field or "",
            "error": self._problem_sentence(problem),
        }

    # Look-ups read small tables in one statement each. They go around access rights on purpose: an integrator names
    # a carrier or a service level, it need not be able to browse them; nothing but an id comes out.

    @api.model
    def _lookup_names(self, model, code_field, names):
        """Lower-cased code or name → id of `model`'s active records of this company; {} where nothing asks for it."""
        if not names:
            return {}
        records = self.env[model]
        name = SQL.identifier("name")
        if records._fields["name"].translate:
            name = SQL("translated.value")
            join = SQL("CROSS JOIN LATERAL jsonb_each_text(t.name) AS translated(lang, value)")
        else:
            name, join = SQL("t.name"), SQL()
        code = SQL.identifier("t", code_field)
        records.flush_model(["name", code_field, "active", "company_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT t.id, %(code)s, %(name)s, t.company_id
                  FROM %(table)s t %(join)s
                 WHERE t.active AND (t.company_id IS NULL OR t.company_id = %(company)s)
                 ORDER BY t.company_id NULLS FIRST, t.id DESC
                """,
                code=code,
                name=name,
                table=SQL.identifier(records._table),
                join=join,
                company=self.env.company.id,
            )
        )
        found = {}
        # Later entries win: the company's own before shared ones, older before newer, a code before a name.
        for record_id, _code, record_name, _company in rows:
            found[record_name.lower()] = record_id
        for record_id, record_code, _name, _company in rows:
            if record_code:
                found[record_code.lower()] = record_id
        return found

    @api.model
    def _bulk_now(self):
        """The instant of this call: naive UTC, whole seconds."""
        return fields.Datetime.now()
