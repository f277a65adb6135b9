from urllib.parse import quote

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools.dialects import DialectError
from ..tools.http_client import FetchError, fetch
from .logistics_tracking_source_webhook import MANAGER

LIST, SINGLE = "{waybills}", "{waybill}"


class LogisticsTrackingSource(models.Model):
    """A source that is asked: which carrier's shipments, how often, and, where no code does it, at which address."""

    _inherit = "logistics.tracking.source"

    poll_enabled = fields.Boolean(string="Is Polled", copy=False)
    poll_minutes = fields.Integer(string="Every (Minutes)", default=30, required=True)
    poll_batch = fields.Integer(
        string="Waybills a Request", default=20, required=True, help="How many waybills are asked for at once."
    )
    poll_max_days = fields.Integer(
        string="Ask for at Most (Days)",
        default=60,
        required=True,
        help="Shipments that were ordered longer ago are not asked for any more.",
    )
    poll_url = fields.Char(
        string="Polling Address",
        groups=MANAGER,
        copy=False,
        help="With {waybills} (separated by commas) or {waybill} (one a request) in it. Empty: the carrier's own "
        "integration is asked.",
    )
    poll_header = fields.Char(
        string="Polling Header",
        groups=MANAGER,
        copy=False,
        help="Header that proves who we are, such as Authorization.",
    )
    poll_header_value = fields.Char(string="Polling Header Value", groups=MANAGER, copy=False)
    poll_ids = fields.One2many("logistics.tracking.poll", "source_id")
    poll_last_at = fields.Datetime(string="Last Polled", compute="_compute_poll")
    poll_next_at = fields.Datetime(string="Next Poll", compute="_compute_poll")
    poll_error = fields.Char(string="Last Error", compute="_compute_poll")

    _check_poll_numbers = models.Constraint(
        "CHECK(poll_minutes BETWEEN 1 AND 10080 AND poll_batch BETWEEN 1 AND 500 AND poll_max_days BETWEEN 1 AND 3650)",
        "A source is polled every minute to every week, for 1 to 500 waybills a request, for up to ten years.",
    )
    _polled_carrier_uniq = models.UniqueIndex(
        "(carrier_id, company_id) WHERE poll_enabled AND active", "Another source is polled for this carrier already."
    )

    @api.depends("poll_ids.last_at", "poll_ids.next_at", "poll_ids.error")
    @api.depends_context("lang")
    def _compute_poll(self):
        for source in self:
            poll = source.poll_ids[:1]
            source.poll_last_at = poll.last_at
            source.poll_next_at = poll.next_at if source.poll_enabled else False
            source.poll_error = self.env["logistics.bulk.mixin"]._shown_reason(poll.error)

    @api.constrains(
        "poll_enabled", "company_id", "carrier_id", "poll_url", "dialect", "poll_header", "poll_header_value"
    )
    def _check_poll(self):
        # sudo: the address is looked at, not shown.
        for source in self.sudo().filtered("poll_enabled"):
            if not source.company_id or not source.carrier_id:
                raise ValidationError(
                    self.env._(
                        "%s is polled for the shipments of one carrier in one company: set its carrier and company.",
                        source.name,
                    )
                )
            if not source.poll_url:
                continue
            if (LIST in source.poll_url) == (SINGLE in source.poll_url):
                raise ValidationError(
                    self.env._("The address must hold either {waybills}, for many in a request, or {waybill}, for one.")
                )
            if not source.poll_url.lower().startswith(("http://", "https://")):
                raise ValidationError(self.env._("The address must begin with https:// or http://."))
            if not source.dialect:
                raise ValidationError(self.env._("Choose the dialect in which %s answers.", source.name))
            if any(sign in (source.poll_header or "") + (source.poll_header_value or "") for sign in "\r\n\0"):
                raise ValidationError(self.env._("A header is one line of text."))

    @api.model_create_multi
    def create(self, vals_list):
        sources = super().create(vals_list)
        sources._sync_polls()
        return sources

    def write(self, vals):
        result = super().write(vals)
        if {"poll_enabled", "poll_minutes", "poll_url", "carrier_id"} & vals.keys():
            self._sync_polls()
        return result

    def _sync_polls(self):
        """Each polled source has its row of state; a change of the set-up polls it anew at once."""
        # sudo: the row follows from the source; nobody writes it by hand.
        polled = self.filtered("poll_enabled").sudo()
        self.env["logistics.tracking.poll"].sudo().create(
            [{"source_id": source.id} for source in polled if not source.poll_ids]
        )
        polled.poll_ids.write({"next_at": fields.Datetime.now(), "failures": 0})

    def action_poll_now(self):
        """Have the scheduled action poll these sources at once."""
        self.check_access("write")
        for source in self:
            if not source.poll_enabled or not source.active:
                raise UserError(self.env._("%s is not polled. Tick Is Polled first.", source.name))
        # sudo: the state of polling follows its source, which the user may write.
        self.sudo().poll_ids.write({"next_at": fields.Datetime.now()})
        self.env.ref("logistics_crm.cron_poll_sources").sudo()._trigger()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._("It is polled within a minute."),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _fetch_from_url(self, waybills):
        """Ask the address for `waybills` and return event dicts. Raises FetchError or DialectError.

        The worked example of polling: no state, no database, one answer in the source's dialect.
        """
        self.ensure_one()
        # sudo: the address is allowed to managers only, and so is letting it lead into the own network.
        private = self.env["ir.config_parameter"].sudo().get_param("logistics_crm.poll_private_addresses")
        allow_private = str(private).lower() in ("1", "true", "yes")
        headers = {"Accept": "application/json", "User-Agent": "logistics-crm"}
        if self.poll_header and self.poll_header_value:
            headers[self.poll_header.strip()] = self.poll_header_value.strip()
        dialect, events = self._dialect(), []
        if LIST in self.poll_url:
            urls = [self.poll_url.replace(LIST, ",".join(quote(waybill, safe="") for waybill in waybills))]
        else:
            urls = [self.poll_url.replace(SINGLE, quote(waybill, safe="")) for waybill in waybills]
        unknown = 0
        for url in urls:
            try:
                events += dialect.parse(fetch(url, headers, allow_private))
            except FetchError as error:
                # 404 for one waybill says that the carrier does not know it; for all of them, that nobody is there.
                unknown += 1
                if error.status != 404 or len(urls) == unknown:
                    raise
        parsed = [(self, dialect, event) for event in events]
        self._name_events(parsed)
        return events

    @api.model
    def _poll_reason(self, error):
        """What went wrong, in a sentence that holds no address and no secret."""
        if isinstance(error, FetchError | DialectError):
            return error.reason
        if isinstance(error, UserError):
            return str(error)[:300]
        return self.env._("The carrier's integration failed (%s); the server's log tells more.", type(error).__name__)
