from odoo import api, fields, models


class LogisticsTrackingInbox(models.Model):
    """What is wrong, in a few words: for grouping and filters, where the whole sentence is too long."""

    _inherit = "logistics.tracking.inbox"

    problem = fields.Selection(selection="_select_problem", readonly=True)

    @api.model
    def _select_problem(self):
        """A code without words of its own shows as it is, so that extensions need not name theirs twice."""
        labels = self._problem_labels()
        codes = {**self.env["logistics.bulk.mixin"]._problem_sentences(), **labels}
        return [(code, labels.get(code, code)) for code in codes]

    @api.model
    def _problem_labels(self):
        """Problem code → label. Extensions add their own codes."""
        _ = self.env._
        return {
            "unknown_waybill": _("Unknown Waybill"),
            "ambiguous_waybill": _("Waybill of Several Carriers"),
            "shared_waybill": _("Waybill of Several Carriers, None Named"),
            "unknown_code": _("Unmapped Code"),
            "unknown_status": _("Unknown Status"),
            "unknown_source": _("Unknown Source"),
            "unknown_reason": _("Unknown Reason"),
            "unknown_carrier": _("Unknown Carrier"),
            "unknown_service_level": _("Unknown Service Level"),
            "unknown_currency": _("Unknown Currency"),
            "unknown_country": _("Unknown Country"),
            "unknown_customer": _("Unknown Customer"),
            "unknown_classifier": _("Unknown Classifier"),
            "unknown_key": _("Unknown Field"),
            "customer_without_name": _("New Customer Without a Name"),
            "customer_refused": _("Customer Refused"),
            "two_customers": _("Two Customers Given"),
            "missing": _("Field Missing"),
            "missing_status": _("Status Missing"),
            "no_offset": _("Time Without Offset"),
            "not_instant": _("No Valid Time"),
            "instant_range": _("Time out of Range"),
            "in_future": _("Time in the Future"),
            "not_text": _("No Text"),
            "too_long": _("Text Too Long"),
            "not_number": _("No Number"),
            "not_whole": _("No Whole Number"),
            "negative": _("Negative Number"),
            "too_large": _("Number Too Large"),
            "not_boolean": _("Neither True nor False"),
            "not_dict": _("No Dictionary"),
            "unreadable_delivery": _("Unreadable Delivery"),
        }
