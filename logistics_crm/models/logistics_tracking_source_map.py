from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from odoo.addons.base.models.res_partner import _tz_get

from ..tools.dialects import SELECTION, ConfigError, DialectError, dialect
from ..tools.dialects.plain_json import FIELDS

LABELS = {
    "waybill": "Waybill",
    "occurred_at": "Time",
    "status": "Status",
    "code": "Raw Code",
    "external_id": "Event ID",
    "carrier": "Carrier",
    "hub": "Hub",
    "location": "Location",
    "description": "Description",
    "eta": "ETA",
    "reason": "Reason",
    "classifier": "Classifier",
}
FIELD_SELECTION = [(name, LABELS.get(name, name)) for name in FIELDS]
# Dialects whose codes come with the addon: dialect → code of the source that maps them.
MAPPED_BY = {"aftership": "aftership", "easypost": "easypost", "seventeentrack": "17track", "karrio": "karrio"}


class LogisticsTrackingSource(models.Model):
    """How a source spells its events: the dialect, and for plain JSON the field map."""

    _inherit = "logistics.tracking.source"

    dialect = fields.Selection(list(SELECTION), help="How this source writes its events and signs what it sends.")
    timezone = fields.Selection(
        _tz_get, string="Time Zone", help="Zone of local times that come without an offset. Empty: UTC."
    )
    events_path = fields.Char(
        string="Path to the Events",
        help="Dotted path to the event or the list of events, such as data.traces. Empty: the body itself.",
    )
    date_format = fields.Selection(
        [
            ("iso", "ISO 8601 (2026-03-01T08:30:00+08:00, 2026-03-01 08:30:00)"),
            ("epoch", "Seconds since 1970"),
            ("epoch_ms", "Milliseconds since 1970"),
            ("pattern", "Other pattern"),
        ],
        default="iso",
        required=True,
    )
    date_pattern = fields.Char(help="In Python's strptime notation, such as %d/%m/%Y %H:%M.")
    field_line_ids = fields.One2many("logistics.tracking.source.field", "source_id", string="Field Map", copy=True)
    carrier_line_ids = fields.One2many("logistics.tracking.source.carrier", "source_id", string="Carriers", copy=True)

    @api.onchange("dialect")
    def _onchange_dialect(self):
        if not self.map_source_id:
            self.map_source_id = self._map_source_of(self.dialect)

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("dialect") and "map_source_id" not in vals:
                vals["map_source_id"] = self._map_source_of(vals["dialect"]).id
        return super().create(vals_list)

    @api.model
    def _map_source_of(self, dialect_name):
        """The shared source that holds the code map of a dialect, or none."""
        code = MAPPED_BY.get(dialect_name)
        if not code:
            return self.browse()
        return self.search([("code", "=", code), ("company_id", "=", False)], limit=1)

    @api.constrains(
        "dialect",
        "timezone",
        "events_path",
        "date_format",
        "date_pattern",
        "field_line_ids",
        "carrier_line_ids",
        "secret",
        "previous_secret",
        "signature",
        "signature_algorithm",
        "delivery_id_path",
    )
    def _check_dialect(self):
        for source in self.filtered("dialect"):
            try:
                # sudo: the set-up is only tried, nothing of it is shown.
                source.sudo()._dialect()
            except DialectError as error:
                raise ValidationError(self.env["logistics.bulk.mixin"]._shown_reason(error.reason)) from None

    def _dialect(self):
        """The dialect of this source with its whole set-up. Raises ConfigError."""
        self.ensure_one()
        config = self._signature_config(self)
        config["zone"] = self.timezone
        config["carrier_map"] = {
            line.slug: line.carrier_id.logistics_code or line.carrier_id.with_context(lang="en_US").name
            for line in self.carrier_line_ids
        }
        config["events_path"] = self.events_path
        config["date_format"] = self.date_pattern if self.date_format == "pattern" else self.date_format
        if not config["date_format"]:
            raise ConfigError(self.env._("Give the date format its pattern."))
        config["fields"] = {line.field: line.path for line in self.field_line_ids if line.path}
        config["defaults"] = {line.field: line.constant for line in self.field_line_ids if line.constant}
        return dialect(self.dialect, config)

    @api.model
    def _signature_config(self, values):
        """The part of a dialect's set-up that `verify` and `delivery_id` need.

        :param values: a source, or a mapping with these fields of it
        """
        return {
            "secrets": [secret for secret in (values["secret"], values["previous_secret"]) if secret],
            "tolerance": values["signature_tolerance"],
            "signature": values["signature"],
            "signature_header": values["signature_header"],
            "signature_algorithm": values["signature_algorithm"],
            "delivery_id_header": values["delivery_id_header"],
            "delivery_id_path": values["delivery_id_path"],
        }

    @api.model
    def _name_events(self, parsed):
        """Make parsed events ready for `ingest`, in place: each belongs to its source, whatever the sender says.

        Where the code map lacks a code but has the coarser one that the dialect names, that one's meaning is used; the
        raw code stays. One statement, whatever the number of events.

        :param parsed: list of (source, Dialect, event dict)
        """
        coarse = {}
        for source, vendor, event in parsed:
            event["source"] = source.code
            code = event.get("code")
            if isinstance(code, str) and not event.get("status"):
                covering = vendor.coarse(code)
                if covering:
                    coarse[source, code] = covering
        if not coarse:
            return
        sources = {source.id for source, _code in coarse} | {source.map_source_id.id for source, _code in coarse}
        rows = self.env.execute_query(
            SQL(
                """
                SELECT c.source_id, lower(c.raw_code), c.status, r.code
                  FROM logistics_tracking_code c LEFT JOIN logistics_reason r ON r.id = c.reason_id
                 WHERE c.source_id = ANY(%s)
                   AND lower(c.raw_code) = ANY(SELECT lower(code) FROM unnest(%s) AS code)
                """,
                [source_id for source_id in sources if source_id],
                list({code for _source, code in coarse} | set(coarse.values())),
            )
        )
        known = {(source_id, code): (status, reason) for source_id, code, status, reason in rows}

        def meaning(source, code):
            return known.get((source.id, code.lower())) or known.get((source.map_source_id.id, code.lower()))

        for source, _vendor, event in parsed:
            covering = coarse.get((source, event["code"])) if isinstance(event.get("code"), str) else None
            if covering and not event.get("status") and not meaning(source, event["code"]):
                status, reason = meaning(source, covering) or (None, None)
                if status:
                    event["status"] = status
                if reason and not event.get("reason"):
                    event["reason"] = reason


class LogisticsTrackingSourceField(models.Model):
    """One line of a source's field map: our field ← where it stands in what the source sends."""

    _name = "logistics.tracking.source.field"
    _description = "Tracking Source Field"
    _order = "source_id, sequence, id"
    _rec_name = "field"

    source_id = fields.Many2one("logistics.tracking.source", required=True, ondelete="cascade", index=True)
    sequence = fields.Integer(default=10)
    field = fields.Selection(FIELD_SELECTION, string="Our Field", required=True)
    path = fields.Char(
        help="Dotted path inside the event: mailNo, place.city, traces.0.time. It starts at the body with $: "
        "$.data.mailNo. Two paths joined by ' + ' give both texts: date + time.",
    )
    constant = fields.Char(string="Otherwise", help="Used where the path gives nothing.")

    _field_uniq = models.UniqueIndex("(source_id, field)", "This field has a line already.")

    @api.constrains("field", "path", "constant")
    def _check_path(self):
        self.source_id._check_dialect()


class LogisticsTrackingSourceCarrier(models.Model):
    """What a source calls one of our carriers."""

    _name = "logistics.tracking.source.carrier"
    _description = "Tracking Source Carrier"
    _order = "source_id, slug"
    _rec_name = "slug"

    source_id = fields.Many2one("logistics.tracking.source", required=True, ondelete="cascade", index=True)
    slug = fields.Char(string="Its Name", required=True, help="What the source calls the carrier: sf-express, YUNDA.")
    carrier_id = fields.Many2one("delivery.carrier", required=True, ondelete="cascade", index=True)

    _slug_uniq = models.UniqueIndex("(source_id, lower(slug))", "This source names a carrier so already.")

    @api.constrains("carrier_id")
    def _check_carrier(self):
        """Events name the carrier by its code or name: that must lead back to this carrier and no other."""
        for line in self:
            company = line.source_id.company_id or self.env.company
            name = line.carrier_id.logistics_code or line.carrier_id.with_context(lang="en_US").name
            bulk = self.env["logistics.bulk.mixin"].with_company(company)
            found = bulk._lookup_names("delivery.carrier", "logistics_code", {name})
            if found.get(name.lower()) != line.carrier_id.id:
                raise ValidationError(
                    self.env._(
                        "Another carrier answers to %(name)s too, or the carrier is archived or of another company. "
                        "Give the carrier a Carrier Code of its own first.",
                        name=name,
                    )
                )
