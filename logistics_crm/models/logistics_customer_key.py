from odoo import fields, models


class LogisticsCustomerKey(models.Model):
    """Under which key (reference, VAT, phone, e-mail) bulk input made a customer.

    The unique index is what keeps two servers from making the same customer twice at the same moment: the second one
    meets a row that its snapshot cannot see, PostgreSQL reports a serialization failure, and Odoo's retry finds the
    customer that the first one made.
    """

    _name = "logistics.customer.key"
    _description = "Customer Key"
    _rec_name = "key"
    _log_access = False

    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    key = fields.Char(required=True)
    partner_id = fields.Many2one("res.partner", required=True, ondelete="cascade", index=True)

    _key_uniq = models.UniqueIndex("(company_id, key)", "This key belongs to a customer already.")
