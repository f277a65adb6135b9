import json
from datetime import timedelta
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from ..tools.phones import to_e164
from ..tools.problems import RowProblem
from ..tools.shipment_rows import read_shipment
from ..tools.state_names import state_key, state_keys

# What upsert may write, with the SQL type that it travels in.
_COLUMNS = {
    "carrier_id": "int",
    "customer_id": "int",
    "shipper_id": "int",
    "consignee_id": "int",
    "service_level_id": "int",
    **{
        f"{party}_{part}": "varchar"
        for party in ("shipper", "consignee")
        for part in ("name", "phone", "email", "street", "city", "zip", "state")
    },
    "origin_country_id": "int",
    "origin_state_id": "int",
    "destination_country_id": "int",
    "destination_state_id": "int",
    "pieces": "int",
    "weight": "numeric",
    "volume": "numeric",
    "cargo": "varchar",
    "insured": "boolean",
    "currency_id": "int",
    "declared_value": "numeric",
    "freight_amount": "numeric",
    "ordered_at": "timestamp",
    "promised_at": "timestamp",
}
# What is computed for a new shipment beside what the row gives.
_COMPUTED = {"check_state": "varchar", "check_codes": "varchar"}
_DIGITS = {"weight": 3, "volume": 4, "declared_value": 3, "freight_amount": 3}
_PARTIES = {"shipper": "origin", "consignee": "destination"}


class ShipmentBatch(NamedTuple):
    """What became of a batch. `targets` maps index → (waybill, shipment id), `changed` index → "created", "updated"
    or "unchanged", `rejected` index → Problem; each index is in `targets` or in `rejected`."""

    targets: dict
    changed: dict
    rejected: dict


class LogisticsShipment(models.Model):
    """Bulk creation and update of shipments."""

    _inherit = "logistics.shipment"

    @api.model
    def upsert(self, shipments):
        """Create or update shipments in bulk. The contract for integrators, over XML-RPC and JSON-2.

        A shipment is known by company, carrier and waybill. Only the keys that are present change; an empty value
        clears. Without the key `carrier`, the one shipment with this waybill is meant, whatever its carrier.

        :param shipments: at most 5,000 dicts: `waybill` is required; `carrier` (code or name), `customer` (dict:
            `ref`, or `vat`, `phone`, `email`, with `name`; found or created) or `customer_id`, `shipper` and
            `consignee` (dicts: name, phone, email, street, city, zip, state, country as ISO 3166 alpha-2, ref),
            `service_level` (code or name), `pieces`, `weight_kg`, `volume_m3`, `declared_value`, `freight`,
            `currency` (ISO 4217), `cargo`, `insured`, `ordered_at`, `promised_at` (ISO 8601 with offset)
        :return: `{"received", "created", "updated", "unchanged", "rejected": [{"index", "waybill", "field",
            "error"}], "ids": {waybill: id}}`; where two carriers share a waybill in one call, `ids` has the later one.
            What is rejected is in the inbox too
        :raise AccessError: the user may not send data in bulk
        :raise UserError: `shipments` is not a list, or too long
        """
        self._check_bulk_call(shipments, "shipments")
        batch = self._upsert_batch(shipments)
        inbox = self.env["logistics.tracking.inbox"]
        if batch.targets:
            inbox._supersede({waybill for waybill, _shipment_id in batch.targets.values()})
        if batch.rejected:
            inbox._store(
                "shipment", [(shipments[index], problem, False, None) for index, problem in batch.rejected.items()]
            )
        waybill_of = self.env["logistics.tracking.event"]._row_waybill
        counts = list(batch.changed.values())
        return {
            "received": len(shipments),
            "created": counts.count("created"),
            "updated": counts.count("updated"),
            "unchanged": counts.count("unchanged"),
            "rejected": [
                self._rejection(index, waybill_of(shipments[index]), problem)
                for index, problem in sorted(batch.rejected.items())
            ],
            "ids": dict(batch.targets.values()),
        }

    @api.model
    def _replay_rows(self, rows):
        """Take rows again that were in the inbox: a list of (shipment id or None, Problem or None, False, None)."""
        batch = self._upsert_batch(rows)
        return [
            (batch.targets.get(index, (None, None))[1], batch.rejected.get(index), False, None)
            for index in range(len(rows))
        ]

    @api.model
    def _upsert_batch(self, shipments):
        """Validate and write `shipments`; the number of SQL statements does not depend on how many they are."""
        rows, rejected = {}, {}
        for index, shipment in enumerate(shipments):
            try:
                rows[index] = read_shipment(shipment)
            except RowProblem as problem:
                rejected[index] = problem.problem
        if not rows:
            return ShipmentBatch({}, {}, rejected)
        names = ShipmentNames(self, rows.values())
        columns = {}
        for index, row in rows.items():
            try:
                columns[index] = self._row_columns(row, names)
            except RowProblem as problem:
                rejected[index] = problem.problem
        rejected.update(self._set_customers(rows, columns, names))
        drafts = self._read_drafts({rows[index]["waybill"] for index in columns})
        targets, changed = {}, {}
        for index, values in columns.items():
            try:
                targets[index], changed[index] = self._apply_row(drafts, rows[index], values, names)
            except RowProblem as problem:
                rejected[index] = problem.problem
        touched = list({id(draft): draft for draft in targets.values()}.values())
        created = [draft for draft in touched if draft.id is None]
        updated = [draft for draft in touched if draft.id is not None and draft.dirty]
        if created:
            self._check_drafts(created, names)
            self._insert_drafts(created)
            self._link_duplicates(created)
        if updated:
            self._update_drafts(updated)
        if created or updated:
            self._on_upserted([draft.id for draft in created], [draft.id for draft in updated])
        if created:
            self.env["logistics.tracking.inbox"]._place_waiting_for_waybills([draft.waybill for draft in created])
        return ShipmentBatch({index: (draft.waybill, draft.id) for index, draft in targets.items()}, changed, rejected)

    # Reading a row

    @api.model
    def _row_columns(self, row, names):
        """The columns that a row sets, as its names are known; RowProblem for a name that must be known."""
        values = {key: value for key, value in row.items() if key in _COLUMNS}
        for key, column, found, problem in (
            ("carrier", "carrier_id", names.carriers, "unknown_carrier"),
            ("service_level", "service_level_id", names.service_levels, "unknown_service_level"),
            ("currency", "currency_id", names.currencies, "unknown_currency"),
        ):
            if key in row:
                text = row[key]
                values[column] = found.get(text.lower()) if text else None
                if text and values[column] is None:
                    raise RowProblem(problem, key, text)
        if "customer_id" in row:
            values["customer_id"] = names.partners.get(row["customer_id"])
            if row["customer_id"] and values["customer_id"] is None:
                raise RowProblem("unknown_customer", "customer_id", row["customer_id"])
        for party, end in _PARTIES.items():
            if party in row:
                self._party_columns(party, end, row[party], names, values)
        for column, digits in _DIGITS.items():
            if values.get(column) is not None:
                values[column] = round(values[column], digits)
        return values

    @api.model
    def _party_columns(self, party, end, data, names, values):
        """The snapshot columns of a shipper or consignee, and its end of the lane."""
        country_code = data.get("country")
        if country_code:
            country = names.countries.get(country_code.upper())
            if country is None:
                raise RowProblem("unknown_country", f"{party}.country", country_code)
        else:
            country = names.home_country
        for key, value in data.items():
            if key == "phone" and value:
                value = names.phone(value, country_code.upper() if country_code else names.home_code)
            if key == "country":
                values[f"{end}_country_id"] = country if value else None
            elif key == "ref":
                values[f"{party}_id"] = names.refs.get(value)
            else:
                values[f"{party}_{key}"] = value
        if "state" in data:
            state = names.states.get((country, state_key(data["state"]))) if data["state"] else None
            values[f"{end}_state_id"] = state
            if state and "country" not in data:
                values[f"{end}_country_id"] = country

    @api.model
    def _apply_row(self, drafts, row, values, names):
        """Apply a row's columns to the draft of its shipment: (draft, "created", "updated" or "unchanged")."""
        waybill = row["waybill"]
        candidates = drafts.get(waybill, ())
        if "carrier" in row:
            found = [draft for draft in candidates if draft.values["carrier_id"] == values["carrier_id"]]
        else:
            found = list(candidates)
            if len(found) > 1:
                raise RowProblem("shared_waybill", "carrier", waybill)
        if found:
            draft, change = found[0], "unchanged"
        else:
            draft, change = Draft(waybill, None, dict.fromkeys(_COLUMNS)), "created"
            draft.values.update(names.defaults)
            drafts.setdefault(waybill, []).append(draft)
        for column, value in values.items():
            if value is None and column in names.defaults:
                # What a shipment cannot be without goes back to its default; there is no other date of the order.
                value = draft.values[column] if column == "ordered_at" else names.defaults[column]
            if draft.set(column, value) and found:
                change = "updated"
        if not found and draft.values["promised_at"] is None and "promised_at" not in values:
            days = names.promise_days.get(draft.values["service_level_id"])
            if days:
                draft.values["promised_at"] = draft.values["ordered_at"] + timedelta(days=days)
        return draft, change

    # Writing

    @api.model
    def _read_drafts(self, waybills):
        """waybill → Drafts of the company's shipments as they are, locked in the order of their ids."""
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT name, id, %s FROM logistics_shipment WHERE company_id = %s AND name = ANY(%s)"
                " ORDER BY id FOR NO KEY UPDATE",
                SQL(", ").join(SQL.identifier(column) for column in _COLUMNS),
                self.env.company.id,
                list(waybills),
            )
        )
        drafts = {}
        for waybill, shipment_id, *values in rows:
            draft = Draft(waybill, shipment_id, dict(zip(_COLUMNS, values, strict=True)))
            drafts.setdefault(waybill, []).append(draft)
        return drafts

    @api.model
    def _insert_drafts(self, drafts):
        """Insert new shipments and give the drafts their ids.

        One that another server inserted since this transaction began makes the statement fail, for Odoo to run the
        call again; without ON CONFLICT it would be an error to the caller. One order, so that none waits in a circle.
        """
        drafts = sorted(drafts, key=lambda draft: (draft.waybill, draft.values["carrier_id"] or 0))
        columns = SQL(", ").join(SQL.identifier(column) for column in (*_COLUMNS, *_COMPUTED))
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO logistics_shipment (
                    name, company_id, status, attempts, delay_risk, create_uid, create_date, write_uid, write_date,
                    lane, %(columns)s)
                SELECT d.name, %(company)s, 'created', 0, 0, %(uid)s, %(now)s, %(uid)s, %(now)s, %(lane)s, %(values)s
                  FROM %(data)s %(ends)s
                    ON CONFLICT (name, company_id, COALESCE(carrier_id, 0)) DO NOTHING
                RETURNING id, name, carrier_id
                """,
                columns=columns,
                company=self.env.company.id,
                uid=self.env.uid,
                now=self._bulk_now(),
                lane=_LANE,
                values=SQL(", ").join(SQL.identifier("d", column) for column in (*_COLUMNS, *_COMPUTED)),
                data=_recordset("name varchar", [{"name": draft.waybill, **draft.as_json()} for draft in drafts]),
                ends=_LANE_ENDS,
            )
        )
        ids = {(waybill, carrier_id): shipment_id for shipment_id, waybill, carrier_id in rows}
        for draft in drafts:
            draft.id = ids[draft.waybill, draft.values["carrier_id"]]

    @api.model
    def _update_drafts(self, drafts):
        self.env.execute_query(
            SQL(
                """
                UPDATE logistics_shipment s
                   SET write_uid = %s, write_date = %s, lane = %s, %s
                  FROM %s %s
                 WHERE s.id = d.id
                """,
                self.env.uid,
                self._bulk_now(),
                _LANE,
                SQL(", ").join(
                    SQL("%s = %s", SQL.identifier(column), SQL.identifier("d", column)) for column in _COLUMNS
                ),
                _recordset("id int", [{"id": draft.id, **draft.as_json()} for draft in drafts]),
                _LANE_ENDS,
            )
        )
        self.invalidate_model(flush=False)


_LANE = SQL(
    "CASE WHEN COALESCE(os.name, oc.code, ds.name, dc.code) IS NOT NULL"
    " THEN COALESCE(os.name, oc.code, '?') || ' → ' || COALESCE(ds.name, dc.code, '?') END"
)
_LANE_ENDS = SQL(
    """
    LEFT JOIN res_country_state os ON os.id = d.origin_state_id
    LEFT JOIN res_country oc ON oc.id = d.origin_country_id
    LEFT JOIN res_country_state ds ON ds.id = d.destination_state_id
    LEFT JOIN res_country dc ON dc.id = d.destination_country_id
    """
)


def _recordset(key, rows):
    """`rows` as a table `d` inside a statement: one parameter, however many they are."""
    types = {**_COLUMNS, **_COMPUTED}
    definition = ", ".join([key, *(f"{column} {kind}" for column, kind in types.items())])
    return SQL("json_to_recordset(%s::json) AS d(%s)", json.dumps(rows), SQL(definition))  # names of ours only


class Draft:
    """A shipment while a batch is applied to it. `id` is None until it is inserted."""

    __slots__ = ("dirty", "duplicate_of", "id", "values", "waybill")

    def __init__(self, waybill, shipment_id, values):
        self.waybill = waybill
        self.id = shipment_id
        self.values = values
        self.dirty = False
        self.duplicate_of = None

    def set(self, column, value):
        """Set a column; tell whether that changed it."""
        if self.values[column] == value or (not value and not self.values[column]):
            return False
        self.values[column] = value
        self.dirty = True
        return True

    def as_json(self):
        return {
            column: str(value) if hasattr(value, "tzinfo") else value
            for column, value in self.values.items()
            if value is not None
        }


class ShipmentNames:
    """What the rows of a batch name, looked up at once: a fixed number of statements, whatever the batch."""

    def __init__(self, shipments, rows):
        """:param shipments: the (empty) model; :param rows: dicts of `read_shipment`"""
        env = shipments.env
        company = env.company
        self.env = env
        self.carriers = shipments._lookup_names("delivery.carrier", "logistics_code", _texts(rows, "carrier"))
        levels = _texts(rows, "service_level")
        self.service_levels = shipments._lookup_names("logistics.service.level", "code", levels)
        self.promise_days = self._read_promise_days() if levels else {}
        self.currencies = {
            name.lower(): currency_id
            for name, currency_id in env.execute_query(SQL("SELECT name, id FROM res_currency"))
        }
        self.countries = dict(env.execute_query(SQL("SELECT code, id FROM res_country WHERE code IS NOT NULL")))
        self.home_country, self.home_code = company.country_id.id or None, company.country_id.code or None
        self.states = self._read_states(rows)
        self.partners = self._read_partners({row["customer_id"] for row in rows if row.get("customer_id")})
        self.refs = self._read_refs(
            {row[party]["ref"] for row in rows for party in _PARTIES if row.get(party, {}).get("ref")}
        )
        self.defaults = {
            "pieces": 1,
            "insured": False,
            "currency_id": company.currency_id.id,
            "ordered_at": shipments._bulk_now(),
        }
        self._phones = {}

    def phone(self, number, country_code):
        """E.164, remembered within the batch: a warehouse's own number comes a thousand times."""
        key = number, country_code
        if key not in self._phones:
            self._phones[key] = to_e164(number, country_code)
        return self._phones[key]

    def _read_promise_days(self):
        return dict(
            self.env.execute_query(SQL("SELECT id, promise_days FROM logistics_service_level WHERE promise_days > 0"))
        )

    def _read_states(self, rows):
        """(country id, state key) → state id, for the countries that the rows name states of."""
        codes = {
            (row[party].get("country") or self.home_code or "").upper()
            for row in rows
            for party in _PARTIES
            if row.get(party, {}).get("state")
        }
        if not codes:
            return {}
        found = self.env.execute_query(
            SQL(
                """
                SELECT s.id, s.country_id, c.code, s.code, s.name, split_part(x.name, '_', 3)
                  FROM res_country_state s
                  JOIN res_country c ON c.id = s.country_id
             LEFT JOIN ir_model_data x ON x.model = 'res.country.state' AND x.res_id = s.id
                                      AND x.module = 'base' AND x.name LIKE 'state\\_%%'
                 WHERE c.code = ANY(%s)
                """,
                list(codes),
            )
        )
        return {
            (country_id, key): state_id
            for state_id, country_id, country_code, code, name, iso_code in found
            for key in state_keys(country_code, code, name, iso_code)
        }

    def _read_partners(self, ids):
        """partner id → its commercial partner's id, for partners of this company."""
        if not ids:
            return {}
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT id, commercial_partner_id FROM res_partner"
                    " WHERE id = ANY(%s) AND (company_id IS NULL OR company_id = %s)",
                    list(ids),
                    self.env.company.id,
                )
            )
        )

    def _read_refs(self, refs):
        if not refs:
            return {}
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT ref, id FROM res_partner WHERE active AND ref = ANY(%s)"
                    " AND (company_id IS NULL OR company_id = %s) ORDER BY id DESC",
                    list(refs),
                    self.env.company.id,
                )
            )
        )


def _texts(rows, key):
    return {row[key] for row in rows if row.get(key)}
