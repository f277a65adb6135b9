from odoo import fields, models


class LogisticsTrackingSource(models.Model):
    """Who sends tracking events: a TMS, a carrier, an aggregator.

    A source without a company serves every company. Its own codes come first; where it has none for a raw code, the
    codes of `map_source_id` apply, so that a company's own account of an aggregator needs no copy of the whole map.
    """

    _name = "logistics.tracking.source"
    _description = "Tracking Source"
    _order = "sequence, name, id"

    name = fields.Char(required=True)
    code = fields.Char(required=True, help="What integrators send as the source of an event.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", index=True, help="Empty: for every company.")
    carrier_id = fields.Many2one(
        "delivery.carrier",
        index="btree_not_null",
        help="Events of this source that name no carrier belong to this carrier's waybills.",
    )
    map_source_id = fields.Many2one(
        "logistics.tracking.source",
        string="Also Uses Codes Of",
        index="btree_not_null",
        domain="[('id', '!=', id)]",
        help="Raw codes that this source does not map itself are looked up in the codes of this one.",
    )
    secret = fields.Char(
        groups="logistics_crm.group_logistics_manager",
        copy=False,
        help="Shared secret by which this source signs what it sends.",
    )
    code_ids = fields.One2many("logistics.tracking.code", "source_id", string="Codes")
    code_count = fields.Integer(compute="_compute_counts")
    waiting_count = fields.Integer(compute="_compute_counts", help="Events of this source that wait in the inbox.")

    _code_uniq = models.UniqueIndex(
        "(lower(code), COALESCE(company_id, 0))", "Another source of this company has this code already."
    )

    def write(self, vals):
        result = super().write(vals)
        if "map_source_id" in vals:
            self.flush_recordset(["map_source_id"])
            self.env["logistics.tracking.inbox"]._place_waiting_for_sources(self)
        return result

    def _compute_counts(self):
        codes = dict(
            self.env["logistics.tracking.code"]._read_group([("source_id", "in", self.ids)], ["source_id"], ["__count"])
        )
        waiting = dict(
            self.env["logistics.tracking.inbox"]._read_group(
                [("source_id", "in", self.ids), ("state", "in", ("waiting", "rejected"))], ["source_id"], ["__count"]
            )
        )
        for source in self:
            source.code_count = codes.get(source, 0)
            source.waiting_count = waiting.get(source, 0)

    def _make_default_source(self):
        """(id, carrier id) of the source *API*, which events without a source belong to.

        It comes with the addon; this brings it back where somebody deleted or archived it.
        """
        # sudo: the integrator that sends events may not write sources; nothing of its input goes in here.
        source = (
            self.sudo()
            .with_context(active_test=False)
            .search([("code", "=ilike", "api"), ("company_id", "in", (False, self.env.company.id))], limit=1)
        )
        if source:
            source.active = True
        else:
            source = self.sudo().create({"name": "API", "code": "api"})
        return source.id, source.carrier_id.id or None
