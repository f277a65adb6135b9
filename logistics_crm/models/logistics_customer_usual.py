from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

DAYS = 90
ENOUGH = 20  # shipments from which on "usual" means something


class LogisticsCustomerUsual(models.Model):
    """What is usual for a customer: mean and deviation of weight and declared value over the last 90 days.

    Computed every night in one statement a company, so that a check of an order costs one join.
    """

    _name = "logistics.customer.usual"
    _description = "Usual Shipment of a Customer"
    _log_access = False
    _rec_name = "customer_id"

    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    customer_id = fields.Many2one("res.partner", required=True, ondelete="cascade", index=True)
    shipment_count = fields.Integer(required=True)
    weight_limit = fields.Float(
        help="From here on a weight (kg) is unusual: mean + 4 deviations, at least twice the mean."
    )
    value_limit = fields.Float(
        help="From here on a declared value is unusual: mean + 4 deviations, at least twice the mean."
    )
    computed_on = fields.Date(required=True)

    _customer_uniq = models.UniqueIndex("(company_id, customer_id)")

    @api.model
    def _cron_compute(self):
        """Compute every company's rows; one statement and one commit a company, safe to repeat."""
        companies = self.env["res.company"].search([("active", "=", True)])
        for number, company in enumerate(companies, 1):
            self._compute_company(company)
            if not self.env["ir.cron"]._commit_progress(1, remaining=len(companies) - number):
                break

    @api.model
    def _compute_company(self, company):
        today = fields.Date.today()
        self.env["logistics.shipment"].flush_model()
        self.env.execute_query(
            SQL(
                """
                INSERT INTO logistics_customer_usual AS usual (
                    company_id, customer_id, shipment_count, weight_limit, value_limit, computed_on)
                SELECT company_id, customer_id, count(*), %(weight)s, %(value)s, %(today)s
                  FROM logistics_shipment
                 WHERE company_id = %(company)s AND ordered_at >= %(since)s AND customer_id IS NOT NULL
                   AND status != 'cancelled' AND (check_state IS NULL OR check_state != 'to_check')
                 GROUP BY company_id, customer_id HAVING count(*) >= %(enough)s
                    ON CONFLICT (company_id, customer_id) DO UPDATE
                       SET shipment_count = excluded.shipment_count, weight_limit = excluded.weight_limit,
                           value_limit = excluded.value_limit, computed_on = excluded.computed_on
                """,
                weight=_limit("weight"),
                value=_limit("declared_value"),
                today=today,
                company=company.id,
                since=fields.Datetime.now() - timedelta(days=DAYS),
                enough=ENOUGH,
            )
        )
        # A customer that has become silent has no usual any more.
        self.env.execute_query(
            SQL("DELETE FROM logistics_customer_usual WHERE company_id = %s AND computed_on < %s", company.id, today)
        )
        self.invalidate_model(flush=False)


def _limit(column):
    column = SQL("NULLIF(%s, 0)", SQL.identifier(column))
    return SQL("GREATEST(avg(%s) + 4 * stddev_pop(%s), 2 * avg(%s))", column, column, column)
