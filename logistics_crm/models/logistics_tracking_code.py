from odoo import api, fields, models

from ..tools.tracking_status import STATUSES


class LogisticsTrackingCode(models.Model):
    """One line of a source's code map: raw code → status and reason."""

    _name = "logistics.tracking.code"
    _description = "Tracking Code"
    _order = "source_id, raw_code, id"
    _rec_name = "raw_code"

    source_id = fields.Many2one("logistics.tracking.source", required=True, ondelete="cascade", index=True)
    raw_code = fields.Char(required=True, help="The code exactly as the source sends it.")
    name = fields.Char(string="Meaning", translate=True)
    status = fields.Selection(STATUSES, required=True)
    reason_id = fields.Many2one("logistics.reason", index="btree_not_null")

    _raw_code_uniq = models.UniqueIndex("(source_id, lower(raw_code))", "This source maps this raw code already.")

    @api.model_create_multi
    def create(self, vals_list):
        codes = super().create(vals_list)
        codes._place_waiting_events()
        return codes

    def write(self, vals):
        result = super().write(vals)
        if {"raw_code", "source_id"} & vals.keys():
            self._place_waiting_events()
        return result

    def _place_waiting_events(self):
        """Events wait in the inbox for codes like these: place them."""
        self.flush_model(["raw_code", "source_id"])
        self.env["logistics.tracking.inbox"]._place_waiting_for_codes(self)
