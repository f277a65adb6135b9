from markupsafe import Markup, escape

from odoo import fields, models
from odoo.fields import Domain


class LogisticsCourierAction(models.Model):
    """An exception at the door reaches customer service at once."""

    _inherit = "logistics.courier.action"

    def _tell_customer_service(self):
        """Open a ticket about this exception, or add to the one that is open already; the ticket."""
        self.ensure_one()
        # Customer service reads this: in the company's language, not the courier's. A courier follows no ticket.
        action = self.with_context(
            lang=self.company_id.partner_id.lang or self.env.lang,
            mail_create_nosubscribe=True,
            mail_post_autofollow=False,
        ).with_company(self.company_id)
        ticket = action._find_open_ticket()
        if not ticket:
            ticket = action.env["helpdesk.ticket"].create(action._prepare_ticket())
        action._post_on_ticket(ticket)
        return ticket

    def _find_open_ticket(self):
        """The open ticket about this shipment and reason, if any.

        One that was made in this very transaction is about the same event, whatever it says of the reason.
        """
        open_ticket = Domain("stage_id", "=", False) | Domain("stage_id.closed", "=", False)
        same_reason = Domain("shipment_reason_id", "=", self.reason_id.id)
        just_made = Domain("shipment_reason_id", "=", False) & Domain("create_date", ">=", self.env.cr.now())
        domain = Domain("shipment_ids", "in", self.shipment_id.ids) & open_ticket & (same_reason | just_made)
        return self.env["helpdesk.ticket"].search(domain, limit=1, order="id desc")

    def _prepare_ticket(self):
        shipment, customer = self.shipment_id, self.shipment_id.customer_id
        channel = self.env.ref("logistics_crm.ticket_channel_courier", raise_if_not_found=False)
        team = self.company_id.logistics_courier_team_id
        return {
            "name": f"{self.reason_id.name}: {shipment.name}",
            "description": self._describe(),
            "company_id": self.company_id.id,
            "partner_id": customer.id,
            "partner_name": customer.name,
            "partner_email": customer.email,
            "shipment_ids": [fields.Command.set(shipment.ids)],
            "shipment_reason_id": self.reason_id.id,
            "channel_id": channel.id if channel else False,
            "team_id": team.id,
            "user_id": False,  # helpdesk would assign it to whoever makes it: the courier
            "priority": "2",
            **self.reason_id._get_ticket_values(),
        }

    def _post_on_ticket(self, ticket):
        """Put the report with its photos on the ticket, for the one responsible or else the team to see."""
        self.photo_ids.write({"res_model": ticket._name, "res_id": ticket.id})
        responsible = ticket.user_id or ticket.team_id.user_id
        partners = (responsible or ticket.team_id.user_ids).partner_id
        ticket.message_post(
            body=self._describe(),
            author_id=self.user_id.partner_id.id,
            attachment_ids=self.photo_ids.ids,
            partner_ids=partners.ids,
            subtype_xmlid="mail.mt_note",
        )
        if responsible:
            ticket.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Courier: %(reason)s", reason=self.reason_id.name),
                user_id=responsible.id,
            )

    def _describe(self):
        """What the courier reported, as HTML."""
        shipment = self.shipment_id
        local = shipment.event_ids._local_text(self.happened_at, self.utc_offset)
        facts = [
            (self.env._("Waybill"), shipment.name),
            (self.env._("What is wrong"), self.reason_id.name),
            (self.env._("Courier"), self.user_id.name),
            (self.env._("Time"), local),
            (self.env._("Consignee"), shipment.consignee_name),
            (self.env._("Place"), self.place),
        ]
        lines = [Markup("<b>%s</b>: %s") % (label, value) for label, value in facts if value]
        if self.note:
            lines.append(Markup("<br/>").join(escape(line) for line in self.note.split("\n")))
        return Markup("").join(Markup("<p>%s</p>") % line for line in lines)
