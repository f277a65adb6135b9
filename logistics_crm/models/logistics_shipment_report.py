import hashlib

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import plaintext2html

MAX_TEXT = 4000
MAX_CONTACT = 128


class LogisticsShipment(models.Model):
    """A recipient reports a problem, and customer service gets a ticket."""

    _inherit = "logistics.shipment"

    @api.model
    def _get_report_types(self):
        """The ticket types that the tracking page offers, in their order."""
        types = self.env["helpdesk.ticket.type"].sudo()  # sudo: names that are shown to everybody
        return types.search([("on_tracking_page", "=", True)], order="tracking_sequence, id")

    def _report_problem(self, problem_type, text, photos=(), contact="", partner=None):
        """Bring a recipient's report to a ticket and return it. Call it as superuser, after checking the token.

        The same report again is the same ticket; more about the same problem is added to the ticket while it is open.

        :param problem_type: one of `_get_report_types()`
        :param photos: JPEG pictures (bytes) that were cleaned
        :param partner: who reports, where it is one of the customer's people and no stranger
        """
        self.ensure_one()
        if problem_type not in self._get_report_types():
            raise UserError(self.env._("Choose what is wrong."))
        text = (text or "").strip()[:MAX_TEXT]
        contact = (contact or "").strip()[:MAX_CONTACT]
        if not text and not photos:
            raise UserError(self.env._("Tell us in a few words what is wrong, or add a photo."))
        self.env["logistics.tracking.link"]._take_turns(self)
        digest = hashlib.sha256(repr((problem_type.id, text, contact)).encode())
        for photo in photos:
            digest.update(hashlib.sha256(photo).digest())
        earlier = self.env["logistics.tracking.report"].search(
            [
                ("shipment_id", "=", self.id),
                ("type_id", "=", problem_type.id),
                ("ticket_id.stage_id.closed", "=", False),
                ("ticket_id.active", "=", True),
            ]
        )
        if partner:  # the shipper's people do not write into the payer's ticket
            earlier = earlier.filtered(
                lambda report: report.ticket_id.commercial_partner_id == partner.commercial_partner_id
            )
        same = earlier.filtered(lambda report: report.digest == digest.hexdigest())
        if same:
            return same[0].ticket_id
        # Written for colleagues, in their language and not in the visitor's.
        self = self.with_context(lang=self.company_id.partner_id.lang, mail_create_nosubscribe=True)
        problem_type = problem_type.with_env(self.env)
        body = self._report_body(text, contact)
        if earlier:
            ticket = earlier[0].ticket_id
        else:
            ticket = self.env["helpdesk.ticket"].create(self._prepare_report_ticket(problem_type, body, partner))
            if partner:
                ticket.message_subscribe(partner.ids)
        attachments = self._attach_report_photos(ticket, photos)
        if earlier or attachments:
            ticket.message_post(
                body=body if earlier else self.env._("Photos that came with the report"),
                attachment_ids=attachments.ids,
                subtype_xmlid="mail.mt_note",
            )
        self.env["logistics.tracking.report"].create(
            {
                "shipment_id": self.id,
                "ticket_id": ticket.id,
                "type_id": problem_type.id,
                "digest": digest.hexdigest(),
            }
        )
        return ticket

    def _report_body(self, text, contact):
        lines = [text or self.env._("(photos only)")]
        if contact:
            lines.append(self.env._("How to reach the recipient: %(contact)s", contact=contact))
        return plaintext2html("\n\n".join(lines))

    def _prepare_report_ticket(self, problem_type, body, partner):
        channel = "helpdesk_mgmt.helpdesk_ticket_channel_web" if partner else "logistics_crm.ticket_channel_tracking"
        contact_name = partner.name if partner else self.consignee_name
        contact_email = partner.email if partner else self.consignee_email
        partner = partner or self.customer_id or self.shipper_id or self.consignee_id
        company = self.company_id
        team = company.logistics_report_team_id
        return {
            "name": f"{problem_type.name}: {self.name}",
            "description": body,
            "company_id": company.id,
            "partner_id": partner.id,
            "partner_name": contact_name or partner.name,
            "partner_email": contact_email or partner.email,
            "channel_id": self._report_data(channel),
            "category_id": self._report_data("logistics_crm.ticket_category_shipment"),
            "type_id": problem_type.id,
            "team_id": team.id,
            # Named, so that a ticket's first stage is a change that its mail template hears of.
            "stage_id": team.with_company(company)._get_applicable_stages()[:1].id,
            "user_id": False,
            "shipment_ids": [(6, 0, self.ids)],
        }

    def _report_data(self, name):
        """Id of a channel or category; False if somebody deleted it."""
        record = self.env.ref(name, raise_if_not_found=False)
        return record.id if record else False

    def _attach_report_photos(self, ticket, photos):
        return self.env["ir.attachment"].create(
            [
                {
                    "name": f"{self.name}-{number}.jpg",
                    "raw": photo,
                    "mimetype": "image/jpeg",
                    "res_model": ticket._name,
                    "res_id": ticket.id,
                }
                for number, photo in enumerate(photos, start=1)
            ]
        )
