import base64
import hashlib
import secrets
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..tools.dialects import Dialect, dialect
from ..tools.dialects.plain_json import ALGORITHMS, SIGNATURES
from ..tools.dialects.standard_webhooks import PREFIX

MANAGER = "logistics_crm.group_logistics_manager"
WEBHOOK_PATH = "/logistics/webhook/"
SIGNATURE_COLUMNS = (
    "dialect",
    "secret",
    "previous_secret",
    "signature",
    "signature_header",
    "signature_algorithm",
    "signature_tolerance",
    "delivery_id_header",
    "delivery_id_path",
)


class WebhookTarget(NamedTuple):
    """The source that a webhook address belongs to, as far as receiving needs it."""

    source_id: int
    company_id: int
    dialect: Dialect


class LogisticsTrackingSource(models.Model):
    """A source that pushes: its address, and how it proves who it is."""

    _inherit = "logistics.tracking.source"

    webhook_enabled = fields.Boolean(string="Receives Webhooks", copy=False)
    webhook_token = fields.Char(groups=MANAGER, copy=False, readonly=True)
    webhook_url = fields.Char(string="Webhook Address", compute="_compute_webhook_url", groups=MANAGER)
    webhook_problem = fields.Char(compute="_compute_webhook_problem", groups=MANAGER)
    previous_secret = fields.Char(
        groups=MANAGER,
        copy=False,
        help="While the secret is being changed at the sender, what is signed with this one is taken as well.",
    )
    signature = fields.Selection(
        list(SIGNATURES), default="hmac", required=True, help="How a plain JSON sender proves who it is."
    )
    signature_header = fields.Char(help="Header with the signature or the secret. Empty: X-Signature.")
    signature_algorithm = fields.Selection(
        [(name, name.upper()) for name in ALGORITHMS], default="sha256", required=True
    )
    signature_tolerance = fields.Integer(
        string="Clock Tolerance (Seconds)",
        default=300,
        required=True,
        help="How far a signed timestamp may be from our clock, for schemes that sign one.",
    )
    delivery_id_header = fields.Char(help="Header in which the sender numbers its deliveries. Empty: none.")
    delivery_id_path = fields.Char(help="Dotted path in the body to the number of the delivery. Empty: none.")
    delivery_ids = fields.One2many("logistics.webhook.delivery", "source_id", string="Webhook Deliveries")
    delivery_count = fields.Integer(string="Webhook Deliveries Received", compute="_compute_delivery_count")

    # The digest is indexed, not the token: how long a look-up takes then tells nothing about the token.
    _webhook_token_uniq = models.UniqueIndex("(sha256(webhook_token::bytea)) WHERE webhook_token IS NOT NULL")
    _check_tolerance = models.Constraint(
        "CHECK(signature_tolerance BETWEEN 1 AND 86400)", "The clock tolerance is between a second and a day."
    )

    @api.depends("webhook_token")
    def _compute_webhook_url(self):
        base = self.get_base_url() if not self or len(self) == 1 else self[:1].get_base_url()
        for source in self:
            source.webhook_url = f"{base}{WEBHOOK_PATH}{source.webhook_token}" if source.webhook_token else False

    @api.depends("webhook_enabled", "dialect", "signature", "secret", "code_ids", "map_source_id", "field_line_ids")
    def _compute_webhook_problem(self):
        """What a manager should do before the source can work, or False."""
        for source in self:
            problem = False
            if source.webhook_enabled and source.dialect:
                signed = source.dialect != "plain_json" or source.signature != "none"
                if signed and not source.secret:
                    problem = self.env._("Set the secret: until then every delivery is refused.")
                elif not signed:
                    problem = self.env._(
                        "Deliveries are not signed: whoever learns the address can send events. Choose a signature if "
                        "the sender knows one."
                    )
                elif source.dialect == "plain_json" and not source.field_line_ids:
                    problem = self.env._("The field map is empty: fill it in, then try it on a sample.")
                elif source.dialect != "standard_webhooks" and not source.code_ids and not source.map_source_id:
                    problem = self.env._("There is no code map: events wait in the inbox until their codes are mapped.")
            source.webhook_problem = problem

    def _compute_delivery_count(self):
        model = self.env["logistics.webhook.delivery"]
        counts = dict(model._read_group([("source_id", "in", self.ids)], ["source_id"], ["__count"]))
        for source in self:
            source.delivery_count = counts.get(source, 0)

    @api.constrains("webhook_enabled", "company_id", "dialect")
    def _check_webhook(self):
        for source in self.filtered("webhook_enabled"):
            if not source.company_id:
                raise ValidationError(
                    self.env._(
                        "%s serves every company, so it cannot receive webhooks: what it receives would belong to "
                        "none. Make a source of your company that also uses its codes.",
                        source.name,
                    )
                )
            if not source.dialect:
                raise ValidationError(self.env._("Choose the dialect in which %s sends its webhooks.", source.name))

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("webhook_enabled"):
                vals.setdefault("webhook_token", self._new_webhook_token())
                vals.setdefault("company_id", self.env.company.id)
        return super().create(vals_list)

    def write(self, vals):
        result = super().write(vals)
        if vals.get("webhook_enabled"):
            # sudo: the address is made for whoever may write the source, and shown to managers only.
            for source in self.sudo().filtered(lambda source: not source.webhook_token):
                source.webhook_token = self._new_webhook_token()
        return result

    @api.onchange("webhook_enabled")
    def _onchange_webhook_enabled(self):
        if self.webhook_enabled and not self.company_id:
            self.company_id = self.env.company

    @api.model
    def _new_webhook_token(self):
        return secrets.token_urlsafe(32)

    # Buttons

    def action_renew_webhook_token(self):
        """A new address; the old one is unknown from now on."""
        for source in self:
            source.webhook_token = self._new_webhook_token()
        return True

    def action_new_secret(self):
        """A new secret; what is signed with the present one is taken until the previous secret is cleared."""
        for source in self:
            secret = secrets.token_bytes(32)
            if source.dialect == "standard_webhooks":
                text = PREFIX + base64.b64encode(secret).decode()
            else:
                text = base64.urlsafe_b64encode(secret).decode().rstrip("=")
            source.write({"previous_secret": source.secret, "secret": text})
        return True

    def action_forget_previous_secret(self):
        self.write({"previous_secret": False})
        return True

    def action_view_deliveries(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("logistics_crm.action_logistics_webhook_delivery")
        return {**action, "domain": [("source_id", "=", self.id)], "context": {}}

    def action_try_webhook(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Try a Sample"),
            "res_model": "logistics.webhook.try",
            "view_mode": "form",
            "target": "new",
            "context": {"default_source_id": self.id},
        }

    # Receiving

    @api.model
    def _webhook_target(self, token):
        """The WebhookTarget that `token` is the address of, or None: unknown, switched off and archived are the same.

        One statement and no record, because it is what every delivery costs. Raises ConfigError where the source is
        set up wrongly.
        """
        self.flush_model()
        columns = SQL(", ").join(map(SQL.identifier, SIGNATURE_COLUMNS))
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, company_id, %s
                  FROM logistics_tracking_source
                 WHERE sha256(webhook_token::bytea) = %s AND webhook_token IS NOT NULL
                   AND webhook_enabled AND active AND company_id IS NOT NULL
                """,
                columns,
                digest,
            )
        )
        if not rows:
            return None
        source_id, company_id, *values = rows[0]
        values = dict(zip(SIGNATURE_COLUMNS, values, strict=True))
        return WebhookTarget(source_id, company_id, dialect(values["dialect"], self._signature_config(values)))
