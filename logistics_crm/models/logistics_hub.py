from odoo import api, fields, models
from odoo.tools import SQL


class LogisticsHub(models.Model):
    """A place that handles parcels: a sorting centre, a station, a warehouse."""

    _name = "logistics.hub"
    _description = "Hub"
    _inherit = ["mail.thread", "mail.activity.mixin"]
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
        """Hub name or code, in whatever case → id, for this company; a hub that we do not know is made and marked.

        Three statements, however many the names are, and only where there are names.
        """
        if not names:
            return {}
        names = sorted(names)
        self.flush_model(["name", "code", "active", "company_id"])
        hubs = self._find_by_name(names)
        missing = [name for name in names if name not in hubs]
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
            hubs = self._find_by_name(names)
        return hubs

    @api.model
    def _find_by_name(self, names):
        """Name as given → id of the hub with this code, or else with this name."""
        # PostgreSQL alone compares: what is equal but for case, Python and its locale do not agree on.
        rows = self.env.execute_query(
            SQL(
                """
                SELECT wanted.name, found.id
                  FROM unnest(%(names)s) AS wanted(name)
                  JOIN (SELECT lower(name) AS key, id, active, false AS by_code
                          FROM logistics_hub WHERE company_id = %(company)s
                         UNION ALL
                        SELECT lower(code), id, active, true
                          FROM logistics_hub WHERE company_id = %(company)s AND code IS NOT NULL) AS found
                    ON found.key = lower(wanted.name)
                 ORDER BY found.by_code, found.active, found.id DESC
                """,
                names=names,
                company=self.env.company.id,
            )
        )
        return dict(rows)  # of several, the last wins: a code before a name, what is in use, the oldest
