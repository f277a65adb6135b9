import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools.event_rows import dedup_key
from ..tools.payloads import canonical, payload_of

REPLAY_BATCH = 1000
# The problems that end by themselves, when a shipment appears.
WAYBILL_PROBLEMS = ("unknown_waybill", "ambiguous_waybill")


class LogisticsTrackingInbox(models.Model):
    """Input that could not be placed: kept with its payload and the reason until it can be, or a person decides."""

    _name = "logistics.tracking.inbox"
    _description = "Tracking Inbox"
    _order = "received_at desc, id desc"
    _rec_name = "waybill"

    kind = fields.Selection([("event", "Tracking Event"), ("shipment", "Shipment")], required=True, readonly=True)
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("rejected", "Needs Fixing"),
            ("placed", "Placed"),
            ("superseded", "Superseded"),
            ("discarded", "Discarded"),
        ],
        required=True,
        readonly=True,
        help="Waiting: placed by itself once the shipment or the code exists. Needs fixing: a person must correct it. "
        "Superseded: the sender corrected it and sent the shipment again.",
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    source_id = fields.Many2one("logistics.tracking.source", readonly=True, index="btree_not_null", ondelete="set null")
    waybill = fields.Char(readonly=True)
    raw_code = fields.Char(readonly=True)
    problem = fields.Char(readonly=True, help="Code of what is wrong.")
    field_name = fields.Char(string="Field", readonly=True)
    problem_value = fields.Char(readonly=True)
    error = fields.Char(string="What Is Wrong", compute="_compute_error")
    payload = fields.Json(readonly=True)
    payload_text = fields.Text(
        string="Content",
        compute="_compute_payload_text",
        inverse="_inverse_payload_text",
        help="What was received, as JSON. Correct it here, then replay.",
    )
    received_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    last_received_at = fields.Datetime(readonly=True)
    times_received = fields.Integer(default=1, readonly=True, aggregator=None)
    placed_at = fields.Datetime(readonly=True)
    shipment_id = fields.Many2one("logistics.shipment", readonly=True, index="btree_not_null", ondelete="set null")
    dedup_key = fields.Char(readonly=True, required=True)

    _open_uniq = models.UniqueIndex("(dedup_key) WHERE state IN ('waiting', 'rejected')", "This input waits already.")
    _waybill_idx = models.Index("(company_id, waybill) WHERE state IN ('waiting', 'rejected')")
    _code_idx = models.Index("(lower(raw_code)) WHERE state = 'waiting' AND problem = 'unknown_code'")
    _state_idx = models.Index("(company_id, state, received_at)")

    @api.depends("problem", "field_name", "problem_value")
    @api.depends_context("lang")
    def _compute_error(self):
        sentences = self.env["logistics.bulk.mixin"]._problem_sentences()
        for entry in self:
            sentence = sentences.get(entry.problem)
            entry.error = (
                sentence % {"field": entry.field_name or "", "value": entry.problem_value or ""}
                if sentence
                else entry.problem
            )

    @api.depends("payload")
    def _compute_payload_text(self):
        for entry in self:
            entry.payload_text = json.dumps(entry.payload or {}, indent=2, ensure_ascii=False)

    def _inverse_payload_text(self):
        for entry in self:
            try:
                payload = json.loads(entry.payload_text or "")
            except ValueError as error:
                raise UserError(
                    self.env._("The content is not valid JSON (%s). Correct it, then save.", error)
                ) from None
            if not isinstance(payload, dict):
                raise UserError(self.env._("The content must be one JSON object: { … }."))
            payload = payload_of(payload)
            # What it waits for from now on is what it says now.
            entry.write(
                {
                    "payload": payload,
                    "waybill": self._payload_text_of(payload, "waybill"),
                    "raw_code": self._payload_text_of(payload, "code"),
                }
            )

    # Storing

    @api.model
    def _store(self, kind, leftovers):
        """Keep rows that could not be placed. The same row sent again is counted on the entry that waits already.

        :param leftovers: list of (row as received, Problem, whether it waits, source id or None)
        """
        now = self.env["logistics.bulk.mixin"]._bulk_now()
        company_id = self.env.company.id
        data = {}
        for row, problem, waits, source_id in leftovers:
            payload = payload_of(row)
            key = dedup_key(company_id, kind, source_id, canonical(payload))
            if key in data:
                data[key]["times"] += 1
                continue
            data[key] = {
                "source_id": source_id,
                "state": "waiting" if waits else "rejected",
                "waybill": self._payload_text_of(payload, "waybill"),
                "raw_code": self._payload_text_of(payload, "code"),
                "problem": problem.code,
                "field": problem.field,
                "value": problem.value,
                "payload": payload,
                "times": 1,
                "key": key,
            }
        self.flush_model()
        self.env.execute_query(
            SQL(
                """
                INSERT INTO logistics_tracking_inbox AS inbox (
                    kind, company_id, source_id, state, waybill, raw_code, problem, field_name, problem_value, payload,
                    times_received, dedup_key, received_at, last_received_at,
                    create_uid, create_date, write_uid, write_date)
                SELECT %(kind)s, %(company)s, source_id, state, waybill, raw_code, problem, field, value, payload,
                       times, key, %(now)s, %(now)s, %(uid)s, %(now)s, %(uid)s, %(now)s
                  FROM json_to_recordset(%(data)s::json) AS row(
                       source_id int, state varchar, waybill varchar, raw_code varchar, problem varchar,
                       field varchar, value varchar, payload jsonb, times int, key varchar)
                    ON CONFLICT (dedup_key) WHERE state IN ('waiting', 'rejected') DO UPDATE
                       SET times_received = inbox.times_received + excluded.times_received,
                           last_received_at = excluded.last_received_at, state = excluded.state,
                           problem = excluded.problem, field_name = excluded.field_name,
                           problem_value = excluded.problem_value
                """,
                kind=kind,
                company=company_id,
                uid=self.env.uid,
                now=now,
                data=json.dumps(list(data.values())),
            )
        )
        self.invalidate_model(flush=False)

    @api.model
    def _payload_text_of(self, payload, key):
        value = payload.get(key)
        return str(value)[:128] if value is not None and not isinstance(value, dict | list) else None

    @api.model
    def _supersede(self, waybills):
        """Shipments with these waybills were taken: what was rejected of them before is not to be fixed any more,
        and must not be replayed over the newer data."""
        self.flush_model()
        self.env.execute_query(
            SQL(
                """
                UPDATE logistics_tracking_inbox SET state = 'superseded', write_uid = %s, write_date = %s
                 WHERE company_id = %s AND waybill = ANY(%s) AND kind = 'shipment' AND state = 'rejected'
                """,
                self.env.uid,
                self.env["logistics.bulk.mixin"]._bulk_now(),
                self.env.company.id,
                list(waybills),
            )
        )
        self.invalidate_model(flush=False)

    # Placing

    @api.model
    def _place_waiting_for_waybills(self, waybills):
        """Place what waits for shipments with these waybills. Called in the transaction that made them.

        What is more than one batch is left to the scheduled action, which is woken at once.
        """
        if waybills:
            self._place_waiting(SQL("waybill = ANY(%s) AND problem IN %s", list(waybills), WAYBILL_PROBLEMS))

    @api.model
    def _place_waiting_for_codes(self, codes):
        """Place what waits for these `logistics.tracking.code` records."""
        if codes:
            self._place_waiting(
                SQL(
                    "lower(raw_code) = ANY(SELECT lower(code) FROM unnest(%s) AS code) AND problem = 'unknown_code'",
                    codes.mapped("raw_code"),
                ),
                any_company=True,
            )

    @api.model
    def _place_waiting_for_sources(self, sources):
        """Place what waits for a code that these `logistics.tracking.source` records now find in another's map."""
        maps = sources.map_source_id
        if maps:
            self._place_waiting(
                SQL(
                    "source_id = ANY(%s) AND problem = 'unknown_code' AND lower(raw_code) IN"
                    " (SELECT lower(raw_code) FROM logistics_tracking_code WHERE source_id = ANY(%s))",
                    sources.ids,
                    maps.ids,
                ),
                any_company=True,
            )

    @api.model
    def _place_waiting(self, condition, any_company=False):
        # SQL and sudo: whoever makes the shipment or the code may not see the inbox; nothing comes back to them.
        company = SQL() if any_company else SQL("AND company_id = %s", self.env.company.id)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id FROM logistics_tracking_inbox
                 WHERE kind = 'event' AND state = 'waiting' AND %s %s
                 ORDER BY id LIMIT %s
                """,
                condition,
                company,
                REPLAY_BATCH + 1,
            )
        )
        if not rows:
            return
        self.sudo().browse([entry_id for [entry_id] in rows[:REPLAY_BATCH]])._replay()
        if len(rows) > REPLAY_BATCH:
            # sudo: waking a scheduled action gives the caller nothing.
            self.env.ref("logistics_crm.cron_place_waiting").sudo()._trigger()

    @api.model
    def _cron_place_waiting(self):
        """Place what can be placed by now, in batches with a commit between them.

        Most of it was placed when its shipment or code appeared. This finds what two transactions missed of each
        other and what was too much at once. It takes only entries whose shipment or code exists, so what goes on
        waiting costs nothing; what cannot be placed after all is left alone until it is received or edited again.
        """
        last_id = 0
        while True:
            entries = self._select_placeable(last_id)
            if not entries:
                break
            last_id = entries[-1].id
            entries._replay()
            if not self.env["ir.cron"]._commit_progress(len(entries)):
                break

    @api.model
    def _select_placeable(self, after_id):
        """Up to REPLAY_BATCH waiting entries whose shipment or code exists, that no other server works on."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT i.id FROM logistics_tracking_inbox i
                 WHERE i.kind = 'event' AND i.state = 'waiting' AND i.id > %s
                   AND CASE i.problem
                       WHEN 'unknown_waybill' THEN EXISTS (
                            SELECT 1 FROM logistics_shipment s WHERE s.company_id = i.company_id AND s.name = i.waybill)
                       WHEN 'unknown_code' THEN EXISTS (
                            SELECT 1 FROM logistics_tracking_code c
                             WHERE lower(c.raw_code) = lower(i.raw_code)
                               AND c.source_id IN (i.source_id, (SELECT map_source_id FROM logistics_tracking_source
                                                                  WHERE id = i.source_id)))
                       END
                 ORDER BY i.id LIMIT %s
                   FOR UPDATE SKIP LOCKED
                """,
                after_id,
                REPLAY_BATCH,
            )
        )
        return self.browse([entry_id for [entry_id] in rows])

    def _replay(self):
        """Put these open entries through the bulk path again, set-wise; each ends placed or with its present problem.

        :return: the entries that were placed
        """
        outcomes = []
        open_entries = self.filtered(lambda entry: entry.state in ("waiting", "rejected"))
        for (kind, company), entries in open_entries.grouped(lambda entry: (entry.kind, entry.company_id)).items():
            # sudo: the payload was accepted from somebody with the right to send it; a replay adds no right.
            model = self.env["logistics.tracking.event" if kind == "event" else "logistics.shipment"].sudo()
            results = model.with_company(company)._replay_rows([entry.payload for entry in entries])
            outcomes += zip(entries.ids, results, strict=True)
        self._write_outcomes(outcomes)
        return self.browse([entry_id for entry_id, (shipment_id, *_rest) in outcomes if shipment_id])

    @api.model
    def _write_outcomes(self, outcomes):
        """:param outcomes: list of (entry id, (shipment id or None, Problem or None, whether it waits, source id))"""
        data = [
            {
                "id": entry_id,
                "state": "placed" if shipment_id else "waiting" if waits else "rejected",
                "shipment_id": shipment_id,
                "source_id": source_id,
                "problem": problem and problem.code,
                "field": problem and problem.field,
                "value": problem and problem.value,
            }
            for entry_id, (shipment_id, problem, waits, source_id) in outcomes
        ]
        self.flush_model()
        self.env.execute_query(
            SQL(
                """
                UPDATE logistics_tracking_inbox i
                   SET state = d.state, shipment_id = d.shipment_id, problem = d.problem, field_name = d.field,
                       problem_value = d.value, source_id = COALESCE(d.source_id, i.source_id),
                       placed_at = CASE WHEN d.state = 'placed' THEN %s::timestamp END,
                       write_uid = %s, write_date = %s
                  FROM json_to_recordset(%s::json) AS d(
                       id int, state varchar, shipment_id int, source_id int, problem varchar, field varchar,
                       value varchar)
                 WHERE i.id = d.id
                """,
                now := self.env["logistics.bulk.mixin"]._bulk_now(),
                self.env.uid,
                now,
                json.dumps(data),
            )
        )
        self.invalidate_model(flush=False)

    # Actions

    def action_replay(self):
        """Replay by hand, after a correction; tell how it went."""
        self.check_access("write")
        placed = self._replay()
        left = len(self) - len(placed)
        if left:
            message = self.env._(
                "%(placed)s placed, %(left)s still not: see what is wrong there.", placed=len(placed), left=left
            )
        else:
            message = self.env._("%(placed)s placed.", placed=len(placed))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if left else "success",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_discard(self):
        """Take entries out of the queue; they stay readable under *Discarded*."""
        self.filtered(lambda entry: entry.state in ("waiting", "rejected")).write({"state": "discarded"})
        return True

    def action_view_shipment(self):
        self.ensure_one()
        return self.shipment_id._action_open(self.shipment_id)

    def action_map_code(self):
        """Open a new line of the source's code map for this entry's raw code."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Map This Code"),
            "res_model": "logistics.tracking.code",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_source_id": self.source_id.id, "default_raw_code": self.raw_code},
        }

    @api.autovacuum
    def _gc_placed(self):
        """What was placed or superseded stays for 90 days, for those who look into an integration."""
        limit = fields.Datetime.subtract(fields.Datetime.now(), days=90)
        entries = self.search([("state", "in", ("placed", "superseded")), ("write_date", "<", limit)], limit=10_000)
        entries.unlink()
        return len(entries), len(entries) == 10_000
