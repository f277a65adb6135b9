import re
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.tracking_status import FINAL

DAYS_AFTER_END = 90
SAME_WAYBILL = 10  # of so many shipments under one waybill a visitor may choose

# What a customer's own people may read of their shipments through the portal or an API key. Everything else, also what
# other addons add later, stays inside: how risky, who delivers, what the courier was told, what it costs whom.
PORTAL_FIELDS = frozenset(
    [
        "id",
        "name",
        "display_name",
        "create_date",
        "write_date",
        "company_id",
        "customer_id",
        "shipper_id",
        "carrier_id",
        "service_level_id",
        "shipper_name",
        "shipper_phone",
        "shipper_email",
        "shipper_street",
        "shipper_city",
        "shipper_zip",
        "shipper_state",
        "consignee_name",
        "consignee_phone",
        "consignee_email",
        "consignee_street",
        "consignee_city",
        "consignee_zip",
        "consignee_state",
        "origin_country_id",
        "origin_state_id",
        "destination_country_id",
        "destination_state_id",
        "lane",
        "pieces",
        "weight",
        "volume",
        "cargo",
        "insured",
        "currency_id",
        "declared_value",
        "ordered_at",
        "promised_at",
        "status",
        "reason_id",
        "last_event_at",
        "picked_up_at",
        "delivered_at",
        "attempts",
        "eta",
        "eta_low",
        "eta_high",
        "is_done",
        "is_late",
        "missed_promise",
        "signatory",
        "has_proof",
    ]
)


class LogisticsShipment(models.Model):
    """Who outside the company may see a shipment: whoever holds its tracking link, and the customer's own people."""

    _inherit = "logistics.shipment"

    # Computed as superuser: a portal user may know that a parcel is late, not how risky it was.
    is_late = fields.Boolean(compute_sudo=True)
    is_at_risk = fields.Boolean(compute_sudo=True)
    missed_promise = fields.Boolean(compute_sudo=True)
    has_proof = fields.Boolean(compute_sudo=True)

    # Links

    def _get_tracking_url(self):
        """shipment id → URL of its tracking page, the same in every message. At most two statements for any number."""
        self.check_access("read")
        # sudo: links have no readers; whoever may read the shipment may hand its page out.
        tokens = self.env["logistics.tracking.link"].sudo()._standing_tokens(self.ids)
        bases = {company: company.get_base_url() for company in self.sudo().company_id}
        return {shipment.id: f"{bases[shipment.company_id]}/track/{tokens[shipment.id]}" for shipment in self.sudo()}

    def action_copy_tracking_link(self):
        """Put the link into the clipboard of whoever pressed the button."""
        self.ensure_one()
        return {
            "type": "ir.actions.client",
            "tag": "logistics_copy_text",
            "params": {"text": self._get_tracking_url()[self.id], "message": self.env._("Tracking link copied")},
        }

    @api.model
    def _tracking_days(self, name, default):
        """A number of days from the system parameter logistics_crm.<name>."""
        try:
            # sudo: a number, no secret
            return max(1, int(self.env["ir.config_parameter"].sudo().get_param(f"logistics_crm.{name}", default)))
        except ValueError:
            return default

    @api.model
    def _tracking_ends_before(self):
        """A journey that ended before this instant is shown to nobody outside any more."""
        days = self._tracking_days("tracking_days_after_end", DAYS_AFTER_END)
        return fields.Datetime.now() - timedelta(days=days)

    @api.model
    def _still_tracked(self, status, last_event_at):
        return status not in FINAL or not last_event_at or last_event_at >= self._tracking_ends_before()

    @api.model
    def _find_for_visitor(self, waybill, digits):
        """The shipments under `waybill` whose consignee's phone ends in `digits`, newest first.

        One statement, the same for an unknown waybill and for wrong digits. Several carriers or companies may use the
        same waybill: the digits tell which is meant.
        """
        rows = self.env.execute_query(
            SQL(
                r"""
                SELECT id FROM logistics_shipment
                 WHERE name = ANY(%s)
                   AND right(regexp_replace(consignee_phone, '\D', '', 'g'), 4) = %s
                   AND (status != ALL(%s) OR last_event_at IS NULL OR last_event_at >= %s)
                 ORDER BY ordered_at DESC, id DESC LIMIT %s
                """,
                list({waybill, waybill.upper()}),
                digits if re.fullmatch("[0-9]{4}", digits) else None,
                list(FINAL),
                self._tracking_ends_before(),
                SAME_WAYBILL,
            )
        )
        return self.browse(shipment_id for (shipment_id,) in rows)

    # The customer's own people

    @api.model
    def _portal_domain(self, user):
        """The shipments of a customer's people: those that they pay for or send. The record rule says the same."""
        partner = user.commercial_partner_id
        return Domain("customer_id", "child_of", partner.ids) | Domain("shipper_id", "child_of", partner.ids)

    def _has_field_access(self, field, operation):
        allowed = super()._has_field_access(field, operation)
        if allowed and not self.env.su and self.env.user.share:
            return operation == "read" and field.name in PORTAL_FIELDS
        return allowed

    def _mail_get_operation_for_mail_message_operation(self, message_operation):
        """What colleagues write to each other on a shipment is not for the portal; a customer writes on tickets."""
        if self.env.user.share and not self.env.su:
            return dict.fromkeys(self, "write")
        return super()._mail_get_operation_for_mail_message_operation(message_operation)
