import json
import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

_logger = logging.getLogger(__name__)
KEEP_DAYS = 30
VACUUM_BATCH = 10_000


class LogisticsWebhookDelivery(models.Model):
    """One delivery of a webhook as it came. It is stored before anything else happens to it.

    received → processed (its events are in the log, or each in the inbox), or unreadable (it is in the inbox as a
    whole). The row stays for a while, for those who look into an integration.
    """

    _name = "logistics.webhook.delivery"
    _description = "Webhook Delivery"
    _order = "id desc"
    _rec_name = "delivery_id"
    _log_access = False

    source_id = fields.Many2one("logistics.tracking.source", required=True, readonly=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    delivery_id = fields.Char(
        string="Delivery Number",
        required=True,
        readonly=True,
        help="The sender's number of this delivery, or a digest of its content.",
    )
    received_at = fields.Datetime(string="Received", required=True, readonly=True)
    body = fields.Text(string="Content", readonly=True)
    headers = fields.Json(readonly=True, help="Headers that reading the content needs. Never a signature.")
    state = fields.Selection(
        [("received", "Received"), ("processed", "Processed"), ("unreadable", "Unreadable")],
        required=True,
        readonly=True,
        default="received",
        help="Received: waits to be processed. Unreadable: it is in the inbox, with the reason.",
    )
    error = fields.Char(readonly=True)
    error_text = fields.Char(string="What Is Wrong", compute="_compute_error_text")
    event_count = fields.Integer(string="Events", readonly=True, aggregator="sum")
    placed_count = fields.Integer(string="In the Log", readonly=True, help="New events and those known already.")
    inbox_count = fields.Integer(string="In the Inbox", readonly=True)
    processed_at = fields.Datetime(string="Processed", readonly=True)

    _delivery_uniq = models.UniqueIndex("(source_id, delivery_id)", "This delivery was received already.")
    _received_idx = models.Index("(id) WHERE state = 'received'")
    _company_idx = models.Index("(company_id, id)")

    @api.depends("error")
    @api.depends_context("lang")
    def _compute_error_text(self):
        for delivery in self:
            delivery.error_text = self.env["logistics.bulk.mixin"]._shown_reason(delivery.error)

    # Storing

    @api.model
    def _store_delivery(self, target, delivery_id, body, headers):
        """Keep a delivery: one statement. Return whether it is new.

        Two requests with the same delivery at once: one stores it, the other waits for the first and stores nothing.

        :param target: WebhookTarget
        :param body: text
        :param headers: dict of those that parsing needs
        """
        # The look before the insertion spares a delivery that is sent again while its row is being processed the
        # conflict with that, which would make the request begin anew.
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO logistics_webhook_delivery (
                    source_id, company_id, delivery_id, received_at, body, headers, state,
                    event_count, placed_count, inbox_count)
                SELECT %(source)s, %(company)s, %(delivery)s, %(now)s, %(body)s, %(headers)s::jsonb, 'received', 0, 0, 0
                 WHERE NOT EXISTS (
                       SELECT 1 FROM logistics_webhook_delivery
                        WHERE source_id = %(source)s AND delivery_id = %(delivery)s)
                    ON CONFLICT (source_id, delivery_id) DO NOTHING
                """,
                source=target.source_id,
                company=target.company_id,
                delivery=delivery_id,
                now=fields.Datetime.now(),
                body=body,
                headers=json.dumps(headers) if headers else None,
            ),
            log_exceptions=False,
        )
        return self.env.cr.rowcount == 1

    @api.model
    def _wake_processing(self):
        """Have the scheduled action run now. Called once a delivery is committed, in a transaction of its own.

        While one call is pending, no further one is added. A call that a running scheduled action is about to remove
        (xmax tells) does not count as pending: the action may have looked already.
        """
        cron_id = self.env["ir.model.data"]._xmlid_to_res_id("logistics_crm.cron_process_deliveries")
        try:
            with self.pool.cursor() as cr:
                now = fields.Datetime.now()
                cr.execute(
                    SQL(
                        """
                        INSERT INTO ir_cron_trigger (cron_id, call_at)
                        SELECT id, %(now)s FROM ir_cron
                         WHERE id = %(cron)s AND active AND NOT EXISTS (
                               SELECT 1 FROM ir_cron_trigger
                                WHERE cron_id = %(cron)s AND call_at <= %(now)s AND xmax = 0)
                        """,
                        now=now,
                        cron=cron_id or 0,
                    )
                )
                woken = cr.rowcount
            if woken:
                # sudo: only wakes the scheduler.
                self.env["ir.cron"].sudo()._notifydb()
        except Exception:
            # The delivery is safe; the scheduled action comes by itself within a minute.
            _logger.warning("Could not wake the processing of webhook deliveries", exc_info=True)

    @api.autovacuum
    def _gc_deliveries(self):
        """Drop what is processed and old. What is unreadable is in the inbox, with its content."""
        # sudo: a number out of the settings.
        days = self.env["ir.config_parameter"].sudo().get_param("logistics_crm.webhook_keep_days")
        days = int(days) if days and str(days).isdigit() else KEEP_DAYS
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM logistics_webhook_delivery WHERE id IN (
                    SELECT id FROM logistics_webhook_delivery
                     WHERE state <> 'received' AND received_at < %s
                     ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
                """,
                fields.Datetime.now() - timedelta(days=days),
                VACUUM_BATCH,
            )
        )
        count = self.env.cr.rowcount
        return count, count == VACUUM_BATCH
