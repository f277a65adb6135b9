import json

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.problems import Problem


class LogisticsTrackingInbox(models.Model):
    """Whole webhook deliveries in the inbox: readable JSON in which the source's dialect finds no events."""

    _inherit = "logistics.tracking.inbox"

    kind = fields.Selection(selection_add=[("delivery", "Webhook Delivery")], ondelete={"delivery": "cascade"})

    @api.depends("kind", "payload")
    def _compute_display_name(self):
        super()._compute_display_name()
        for entry in self.filtered(lambda entry: entry.kind == "delivery"):
            entry.display_name = (entry.payload or {}).get("delivery") or self.env._("Webhook Delivery")

    @api.depends("problem", "field_name", "problem_value")
    @api.depends_context("lang")
    def _compute_error(self):
        super()._compute_error()
        bulk = self.env["logistics.bulk.mixin"]
        for entry in self.filtered(lambda entry: entry.problem == "unreadable_delivery"):
            reason = bulk._shown_reason(entry.problem_value) or ""
            entry.error = bulk._problem_sentences()["unreadable_delivery"] % {"value": reason}

    def _replay(self):
        """Deliveries are parsed anew, by the source's set-up of now and the content as corrected."""
        deliveries = self.filtered(lambda entry: entry.kind == "delivery" and entry.state in ("waiting", "rejected"))
        placed = super(LogisticsTrackingInbox, self - deliveries)._replay()
        return placed | deliveries._replay_deliveries() if deliveries else placed

    def _replay_deliveries(self):
        model = self.env["logistics.webhook.delivery"]
        items, outcomes = [], {}
        # sudo: a source's secrets belong to its set-up, nothing of it comes out.
        for entry in self.sudo():
            if entry.source_id.dialect:
                body = json.dumps((entry.payload or {}).get("body")).encode()
                items.append((entry.id, entry.source_id, body, None))
            else:
                outcomes[entry.id] = (self.env._("Its source has no dialect any more."), 0, 0)
        outcomes.update(model._take_bodies(items))
        placed = self.filtered(lambda entry: outcomes[entry.id][0] is None)
        # sudo: who may replay an entry may not write its state otherwise.
        for entry in (self - placed).sudo():
            problem = Problem("unreadable_delivery", None, outcomes[entry.id][0])
            entry.write({"problem": problem.code, "field_name": False, "problem_value": problem.value})
        placed.sudo().write(
            {"state": "placed", "problem": False, "problem_value": False, "placed_at": fields.Datetime.now()}
        )
        for entry in placed.sudo():
            _reason, events, in_log = outcomes[entry.id]
            delivery = model.sudo().search(
                [("source_id", "=", entry.source_id.id), ("delivery_id", "=", (entry.payload or {}).get("delivery"))]
            )
            if delivery:
                delivery._write_outcomes({delivery.id: (None, events, in_log)})
        return placed

    @api.model
    def _close_deliveries(self, deliveries):
        """These deliveries were processed after all: their entries are done."""
        if not deliveries:
            return
        self.flush_model()
        self.env.execute_query(
            SQL(
                """
                UPDATE logistics_tracking_inbox i
                   SET state = 'placed', problem = NULL, problem_value = NULL, placed_at = %s
                  FROM logistics_webhook_delivery d
                 WHERE d.id = ANY(%s) AND i.kind = 'delivery' AND i.state IN ('waiting', 'rejected')
                   AND i.source_id = d.source_id AND i.payload ->> 'delivery' = d.delivery_id
                """,
                fields.Datetime.now(),
                deliveries.ids,
            )
        )
        self.invalidate_model(flush=False)


class LogisticsBulkMixin(models.AbstractModel):
    _inherit = "logistics.bulk.mixin"

    @api.model
    def _problem_sentences(self):
        return {
            **super()._problem_sentences(),
            "unreadable_delivery": self.env._(
                "This delivery cannot be read: %(value)s Correct the set-up of its source, or the content, then "
                "replay it."
            ),
        }
