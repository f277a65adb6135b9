import contextlib
import json

from markupsafe import Markup

from odoo import api, fields, models

from ..tools.dialects import DialectError
from ..tools.event_rows import read_event
from ..tools.problems import RowProblem

MAX_SHOWN = 50


class LogisticsWebhookTry(models.TransientModel):
    """Paste a sample of what a source sends and see the events that it would give. Nothing is stored."""

    _name = "logistics.webhook.try"
    _description = "Try a Webhook Sample"

    source_id = fields.Many2one("logistics.tracking.source", required=True, ondelete="cascade")
    sample = fields.Text(help="The body of a delivery, as the sender's documentation or its log shows it.")
    # Every value in it is escaped by Markup below.
    result = fields.Html(compute="_compute_result", sanitize=False)

    @api.depends("sample", "source_id")
    def _compute_result(self):
        for wizard in self:
            wizard.result = wizard._render_result() if wizard.sample and wizard.source_id else False

    def action_try(self):
        """Reading the sample is computed as it changes; the button only keeps the window open."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Try a Sample"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _render_result(self):
        try:
            if not self.source_id.dialect:
                raise DialectError(self.env._("Choose a dialect and save the source first."))
            dialect = self.source_id._dialect()
            events = dialect.parse(self.sample.encode("utf-8", "replace"), {})
        except DialectError as error:
            return self._box("danger", self.env["logistics.bulk.mixin"]._shown_reason(error.reason))
        if not events:
            return self._box("info", self.env._("Readable, but it tells of no parcel: no event comes of it."))
        self.env["logistics.tracking.source"]._name_events([(self.source_id, dialect, event) for event in events])
        outcomes = self._outcomes(events)
        good = sum(ok for ok, _label, _problem in outcomes)
        summary = self.env._("%(count)s events, %(good)s of them go into the log.", count=len(events), good=good)
        rows = Markup().join(
            self._row(event, *outcome) for event, outcome in zip(events[:MAX_SHOWN], outcomes[:MAX_SHOWN], strict=True)
        )
        return self._box("success" if good == len(events) else "warning", summary) + rows

    def _box(self, kind, text):
        return Markup('<div class="alert alert-%s" role="status">%s</div>') % (kind, text)

    def _row(self, event, ok, label, problem):
        said = " · ".join(str(event[key]) for key in ("location", "description") if event.get(key))
        raw = event.get("code") or event.get("status") or ""
        meaning = Markup("%s<br/><small class='text-muted'>%s</small>") % (label or "–", raw)
        return Markup(
            "<div class='row border-bottom py-2 mx-0'>"
            "<div class='col-12 col-md-3 px-0'><b class='text-break'>%s</b><br/><small>%s</small></div>"
            "<div class='col-12 col-md-2 px-0 px-md-2'>%s</div>"
            "<div class='col-12 col-md-4 px-0 px-md-2 text-break'>%s</div>"
            "<div class='col-12 col-md-3 px-0 text-break %s'>%s</div></div>"
        ) % (
            event.get("waybill") or "–",
            event.get("occurred_at") or "–",
            meaning,
            said[:200],
            "text-success" if ok else "text-danger",
            self.env._("Goes into the log") if ok else problem,
        )

    def _outcomes(self, events):
        """What would become of each event: (whether it goes into the log, label of its status, or what is wrong)."""
        source, bulk = self.source_id, self.env["logistics.bulk.mixin"]
        labels = dict(self.env["logistics.tracking.event"]._fields["status"]._description_selection(self.env))
        waybills = {str(event.get("waybill")) for event in events}
        known = set(
            self.env["logistics.shipment"]
            .search([("name", "in", list(waybills)), ("company_id", "=", (source.company_id or self.env.company).id)])
            .mapped("name")
        )
        codes = {}
        for mapping in (source.map_source_id, source):
            codes.update((line.raw_code.lower(), line.status) for line in mapping.code_ids)
        outcomes, now = [], fields.Datetime.now()
        for event in events:
            try:
                row = read_event(event, now)
            except RowProblem as error:
                outcomes.append((False, None, bulk._problem_sentence(error.problem)))
                continue
            status = row.status or codes.get(row.code.lower())
            if not status:
                problem = self.env._("Inbox: the code map lacks %(code)s.", code=row.code)
            elif row.waybill not in known:
                problem = self.env._("Inbox: no shipment has this waybill yet.")
            else:
                problem = None
            outcomes.append((problem is None, labels.get(status), problem))
        return outcomes

    @api.onchange("sample")
    def _onchange_sample(self):
        """Show JSON so that paths can be read off."""
        with contextlib.suppress(ValueError, RecursionError):
            self.sample = json.dumps(json.loads(self.sample or ""), indent=2, ensure_ascii=False)
