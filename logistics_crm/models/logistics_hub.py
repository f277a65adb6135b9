from odoo import api, fields, models
from odoo.tools import SQL


class LogisticsHub(models.Model):
    """A place that handles parcels: a sorting centre, a station, a warehouse."""

    _name = "logistics.hub"
    _description = "Hub"
    _inherit = ["mail.thread"]
    _order = "to_review desc, name, id"

    name = fields.Char(required=True, tracking=True)
    code = fields.Char(help="The code under which tracking sources name this hub, if not by its name.")
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company, index=True)
    hub_type = fields.Selection(
        [
            ("sorting", "Sorting Center"),
            ("station", "Delivery Station"),
            ("warehouse", "Warehouse"),
            ("pickup", "Pickup Point"),
            ("customs", "Customs"),
        ],
        string="Type",
    )
    partner_id = fields.Many2one("res.partner", string="Address", index="btree_not_null")
    phone = fields.Char()
    user_id = fields.Many2one("res.users", string="Responsible", index="btree_not_null")
    to_review = fields.Boolean(
        index=True,
        tracking=True,
        help="Made by itself from the name that a tracking event gave. Check it, complete it, then clear this mark.",
    )
    event_count = fields.Integer(compute="_compute_event_count")

    _name_uniq = models.UniqueIndex("(company_id, lower(name))", "Another hub of this company has this name already.")

    def _compute_event_count(self):
        counts = dict(
            self.env["logistics.tracking.event"]._read_group([("hub_id", "in", self.ids)], ["hub_id"], ["__count"])
        )
        for hub in self:
            hub.event_count = counts.get(hub, 0)

    def action_reviewed(self):
        self.to_review = False
        return True

    @api.model
    def _find_or_create(self, names):
        """Lower-cased hub name or code → id, for this company; a hub that we do not know is made and marked.

        Three statements, however many the names are, and only where there are names.
        """
        if not names:
            return {}
        wanted = {name.lower(): name for name in sorted(names)}
        find = SQL(
            """
            SELECT lower(name), lower(code), id FROM logistics_hub
             WHERE company_id = %s AND (lower(name) = ANY(%s) OR lower(code) = ANY(%s))
             ORDER BY active, id DESC
            """,
            self.env.company.id,
            list(wanted),
            list(wanted),
        )
        hubs = self._hub_keys(find)
        missing = [name for key, name in wanted.items() if key not in hubs]
        if missing:
            # Not the ORM: two servers may meet the same new hub at once, and the second must take the first's.
            self.env.execute_query(
                SQL(
                    """
                    INSERT INTO logistics_hub (name, company_id, active, to_review, create_uid, create_date,
                                               write_uid, write_date)
                    SELECT name, %s, true, true, %s, %s, %s, %s FROM unnest(%s) AS name
                        ON CONFLICT DO NOTHING RETURNING id
                    """,
                    self.env.company.id,
                    self.env.uid,
                    now := fields.Datetime.now(),
                    self.env.uid,
                    now,
                    missing,
                )
            )
            hubs = self._hub_keys(find)
        return hubs

    def _hub_keys(self, query):
        rows = self.env.execute_query(query)
        hubs = {name: hub_id for name, _code, hub_id in rows}
        hubs.update((code, hub_id) for _name, code, hub_id in rows if code)
        return hubs
