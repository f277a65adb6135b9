import re

from odoo import api, models


class LogisticsBulkMixin(models.AbstractModel):
    """Reasons of the plain Python tools in the reader's language.

    A dialect and the HTTP client know no language: what they say goes to the sender and into the database as it is, and
    is put into the reader's words where it is shown.
    """

    _inherit = "logistics.bulk.mixin"

    @api.model
    def _shown_reason(self, reason):
        """`reason` in the reader's language; unchanged where it is none of those that we know."""
        if not reason:
            return reason
        for pattern, sentence in self._reason_texts().items():
            match = re.fullmatch(pattern, reason, re.DOTALL)
            if match:
                return sentence % match.groupdict()
        return reason

    @api.model
    def _reason_texts(self):
        """Pattern of the English reason → sentence with the pattern's named groups."""
        _ = self.env._
        return {
            r"The body is not UTF-8 text\.": _("The content is not UTF-8 text."),
            r"The body is not JSON: (?P<why>.*)": _("The content is not JSON: %(why)s"),
            r"The body is not a JSON object\.": _("The content is not a JSON object."),
            r"The body nests too deeply\.": _("The content nests too deeply."),
            r"The body has a number that is too large\.": _("The content has a number that is too large."),
            r"The body has neither an event nor a list of events in data\.": _(
                "The content has neither an event nor a list of events in data."
            ),
            r"The body has no (?P<what>[^:]*?)(: it is not (?P<kind>.*))?\.": _(
                "The content has no %(what)s, so it is not what this sender sends."
            ),
            r"There is no event and no list of events at (?P<where>.*)\.": _(
                "There is no event and no list of events at %(where)s."
            ),
            r"There is no event field (?P<what>.*); known are .*": _("There is no event field %(what)s."),
            r"There is no time zone (?P<what>.*)\.": _("There is no time zone %(what)s."),
            r"(?P<what>.*) is not a date format\.": _("%(what)s is not a date format."),
            r"(?P<what>.*) is not a dotted path(: a name is missing)?\.": _("%(what)s is not a dotted path."),
            r"A Standard Webhooks secret is whsec_ and base64\.": _(
                "A Standard Webhooks secret begins with whsec_, and base64 follows."
            ),
            r"It answered (?P<status>\d+)\.": _("It answered %(status)s."),
            r"It redirects \((?P<status>\d+)\); give the final address\.": _(
                "It redirects (%(status)s); give the final address."
            ),
            r"Its answer is over (?P<size>\d+) kB\.": _("Its answer is over %(size)s kB."),
            r"It did not finish within (?P<seconds>[\d.]+) seconds\.": _(
                "It did not finish within %(seconds)s seconds."
            ),
            r"Its address is private or not allowed\.": _("Its address is private or not allowed."),
            r"It did not answer in time\.": _("It did not answer in time."),
            r"Its name is not known\.": _("Its name is not known."),
            r"Its certificate or encryption is not valid\.": _("Its certificate or encryption is not valid."),
            r"The address or a header is not valid\.": _("The address or a header is not valid."),
            r"It cannot be reached, or broke off\.": _("It cannot be reached, or broke off."),
        }
