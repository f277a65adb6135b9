from base64 import b64encode

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..tools.courier_actions import RELATIONS, read_action
from ..tools.problems import Problem, RowProblem
from ..tools.proof_images import ImageProblem, clean_photo, clean_signature

STATUS_OF = {"delivered": "delivered", "failed": "attempt_failed", "exception": "exception"}
# Which reasons a courier may give, by their group.
REASON_GROUPS = {
    "delivered": (),
    "failed": ("delivery",),
    "exception": ("damage", "loss", "misdelivery", "order"),
}
# Tries to send are cheap; more than this in a minute is no courier.
ACTIONS_A_MINUTE = 120


class LogisticsCourierAction(models.Model):
    """What a courier did at a door, as the phone told it: each once, whatever the connection.

    The phone makes the key and goes on sending until it gets an answer; the same key always gets the same answer.
    What could not be applied (the shipment was given to somebody else, cancelled …) stays here until an agent decides.
    """

    _name = "logistics.courier.action"
    _description = "Courier Action"
    _inherit = ["logistics.bulk.mixin"]
    _order = "happened_at desc, id desc"
    _rec_name = "waybill"

    key = fields.Char(required=True, readonly=True, help="Made by the phone: one for each action.")
    digest = fields.Char(required=True, readonly=True)
    user_id = fields.Many2one("res.users", string="Courier", required=True, readonly=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    shipment_id = fields.Many2one("logistics.shipment", readonly=True, index="btree_not_null", ondelete="set null")
    waybill = fields.Char(readonly=True)
    kind = fields.Selection(
        [("delivered", "Delivered"), ("failed", "Attempt Failed"), ("exception", "Exception")],
        required=True,
        readonly=True,
    )
    state = fields.Selection(
        [("kept", "To Check"), ("done", "Done"), ("dismissed", "Dismissed")],
        required=True,
        readonly=True,
        help="To check: it changed nothing yet; somebody has to accept or dismiss it.",
    )
    problem = fields.Char(readonly=True, help="Code of why it was not applied.")
    problem_value = fields.Char(readonly=True)
    error = fields.Char(string="Why It Waits", compute="_compute_error")
    happened_at = fields.Datetime(required=True, readonly=True)
    utc_offset = fields.Integer(string="UTC Offset (minutes)", readonly=True, aggregator=None)
    device_time = fields.Char(readonly=True, help="What the phone's own clock said.")
    clock_off = fields.Boolean(
        string="Clock Corrected", readonly=True, help="The phone's clock was wrong; the time is corrected by ours."
    )
    reason_id = fields.Many2one("logistics.reason", readonly=True, ondelete="restrict")
    signatory = fields.Char(string="Signed By", readonly=True)
    relation = fields.Selection(RELATIONS, string="Relation to Consignee", readonly=True)
    note = fields.Text(readonly=True)
    latitude = fields.Float(readonly=True, digits=(9, 6), aggregator=None)
    longitude = fields.Float(readonly=True, digits=(9, 6), aggregator=None)
    accuracy = fields.Float(string="Accuracy (m)", readonly=True, aggregator=None)
    place = fields.Char(compute="_compute_place")
    signature = fields.Image(max_width=1200, max_height=600, readonly=True)
    photo_ids = fields.Many2many(
        "ir.attachment",
        "logistics_courier_action_photo_rel",
        "action_id",
        "attachment_id",
        string="Photos",
        readonly=True,
    )
    warnings = fields.Json(readonly=True)
    ticket_id = fields.Many2one("helpdesk.ticket", readonly=True, index="btree_not_null", ondelete="set null")
    answer = fields.Json(readonly=True, help="What the phone was told.")

    _key_uniq = models.UniqueIndex("(key)", "This action was taken already.")
    _user_idx = models.Index("(user_id, happened_at)")
    _kept_idx = models.Index("(company_id, happened_at) WHERE state = 'kept'")

    @api.depends("problem", "problem_value")
    @api.depends_context("lang")
    def _compute_error(self):
        sentences = self._problem_sentences()
        for action in self:
            sentence = sentences.get(action.problem)
            action.error = sentence and sentence % {"field": "", "value": action.problem_value or ""}

    @api.depends("latitude", "longitude", "accuracy")
    def _compute_place(self):
        for action in self:
            known = action.latitude or action.longitude
            action.place = (
                f"{action.latitude:.5f}, {action.longitude:.5f} (± {action.accuracy:.0f} m)" if known else False
            )

    # Taking an action

    @api.model
    def _act(self, payload):
        """Take one action of the user's, sent by their phone.

        :param payload: a dict with the keys of `tools.courier_actions.KEYS`
        :return: a JSON-ready dict. `state` is *done*, *kept* (it waits here for an agent), *refused* (nothing was
            stored: the phone sent nonsense) or *retry* (later); `code` and `message` say why, `warnings` what was
            left out
        """
        user = self.env.user
        if not user.has_group("logistics_crm.group_logistics_courier"):
            return self._refusal(Problem("not_courier"))
        if not self.env["logistics.rate.limit"]._allow("courier.act", user.id, ACTIONS_A_MINUTE, 60):
            return {"state": "retry", "code": "too_many", "message": self.env._("Too many at once. It is sent later.")}
        return self._take(payload)

    @api.model
    def _take(self, payload):
        """What `_act` does for a courier who may."""
        try:
            action = read_action(payload, self._bulk_now())
        except RowProblem as error:
            return self._refusal(error.problem)
        # sudo: couriers have no rights on this table. What is written is their own action, as checked below.
        actions = self.sudo()
        known, is_new = actions._claim(action)
        if not is_new:
            if known.user_id != self.env.user or known.digest != action.digest:
                # Somebody else's key, or one used twice: neither may see what the first one did.
                return self._refusal(Problem("key_taken", "key"))
            return known.answer
        known._fill(action)
        known.answer = known._settle(action.reason)
        return known.answer

    @api.model
    def _claim(self, action):
        """The row of this key, and whether it is new.

        Whoever comes second waits for the first here; the database then has the request run again, and it finds the
        first one's row.
        """
        now = self._bulk_now()
        company = self.env.company
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO logistics_courier_action (
                    key, digest, user_id, company_id, kind, state, happened_at,
                    create_uid, create_date, write_uid, write_date)
                VALUES (%s, %s, %s, %s, %s, 'kept', %s, %s, %s, %s, %s)
                    ON CONFLICT (key) DO NOTHING
                RETURNING id
                """,
                *(action.key, action.digest, self.env.uid, company.id, action.kind, action.happened_at),
                *(self.env.uid, now, self.env.uid, now),
            )
        )
        if rows:
            return self.browse(rows[0][0]), True
        return self.search([("key", "=", action.key)]), False

    def _fill(self, action):
        """Complete a new row with all that the phone told; pictures are encoded anew."""
        warnings = []
        signature = None
        if action.signature:
            try:
                signature = clean_signature(action.signature)
            except ImageProblem as error:
                warnings.append(f"signature_{error.reason}")
        photos = []
        for number, photo in enumerate(action.photos, 1):
            try:
                photos.append((number, clean_photo(photo)))
            except ImageProblem as error:
                warnings.append(f"photo_{error.reason}")
        latitude, longitude, accuracy = action.place or (0, 0, 0)
        shipment = self.env["logistics.shipment"].browse(action.shipment_id).exists()
        if shipment.company_id not in self.env.user.company_ids:
            shipment = shipment.browse()
        self.write(
            {
                "company_id": (shipment.company_id or self.env.company).id,
                "shipment_id": shipment.id,
                "waybill": shipment.name if shipment.courier_id == self.env.user else action.waybill,
                "utc_offset": action.utc_offset,
                "device_time": action.device_time,
                "clock_off": action.clock_off,
                "signatory": action.signatory,
                "relation": action.relation,
                "note": action.note,
                "latitude": latitude,
                "longitude": longitude,
                "accuracy": accuracy,
                "signature": b64encode(signature) if signature else False,
                "warnings": warnings,
            }
        )
        self.photo_ids = self.env["ir.attachment"].create(
            [
                {
                    "name": f"{self.waybill or self.key}-{number}.jpg",
                    "raw": photo,
                    "mimetype": "image/jpeg",
                    "res_model": self._name,
                    "res_id": self.id,
                }
                for number, photo in photos
            ]
        )

    def _settle(self, reason_code):
        """Apply a new action, or say why it waits; the answer for the phone."""
        problem = self._find_problem(reason_code) or self._apply()
        if not problem:
            return self._answer("done")
        self.write({"state": "kept", "problem": problem.code, "problem_value": problem.value})
        self._note_on_shipment()
        return self._answer("kept", problem)

    def _find_problem(self, reason_code):
        """The Problem for which this action has to wait for a person, or None. Sets the reason."""
        shipment = self.shipment_id
        if reason_code:
            self.reason_id = self.env["logistics.reason"].search([("code", "=", reason_code)], limit=1)
        if not shipment or shipment.courier_id != self.user_id:
            return Problem("not_yours", None, self.waybill or "")
        if shipment.status in ("cancelled", "returned"):
            return Problem(f"is_{shipment.status}", None, shipment.name)
        groups = REASON_GROUPS[self.kind]
        if bool(groups) != bool(reason_code) or (groups and self.reason_id.group not in groups):
            return Problem("wrong_reason", None, reason_code or "")
        if self.kind == "delivered":
            if not (self.signatory and self.signature) and not self.photo_ids:
                return Problem("no_proof", None, shipment.name)
            if shipment.status == "delivered" and shipment.has_proof:
                return Problem("has_proof", None, shipment.name)
        elif self.kind == "failed" and shipment.delivered_at and shipment.delivered_at <= self.happened_at:
            return Problem("is_delivered", None, shipment.name)
        return None

    # Applying

    def _apply(self):
        """Write the event and what follows from it; the Problem if the log does not take it."""
        self.ensure_one()
        problem = self._write_event()
        if problem:
            return problem
        self.write({"state": "done", "problem": False, "problem_value": False})
        if self.kind == "delivered":
            self._write_proof()
        elif self.kind == "exception":
            self.ticket_id = self._tell_customer_service()
        return None

    def _write_event(self):
        shipment = self.shipment_id
        events = self.env["logistics.tracking.event"].with_company(shipment.company_id)
        batch = events._ingest_batch([self._prepare_event()], shipment.ids)
        return batch.parked.get(0) or batch.rejected.get(0)

    def _prepare_event(self):
        """The event as `logistics.tracking.event.ingest` takes it.

        The log is shown to recipients: names, notes and coordinates stay with the action and the proof.
        """
        local = fields.Datetime.add(self.happened_at, minutes=self.utc_offset)
        hours, minutes = divmod(abs(self.utc_offset), 60)
        return {
            "source": "courier",
            "external_id": self.key,
            "waybill": self.shipment_id.name,
            "status": STATUS_OF[self.kind],
            "reason": self.reason_id.code or None,
            "occurred_at": f"{local.isoformat()}{'-' if self.utc_offset < 0 else '+'}{hours:02}:{minutes:02}",
            "location": self.shipment_id.consignee_city or None,
        }

    def _write_proof(self):
        """Put signature and photos on the shipment."""
        shipment = self.shipment_id
        self.photo_ids.write({"res_model": shipment._name, "res_id": shipment.id})
        shipment.with_context(tracking_disable=True).write(
            {
                "signatory": self.signatory,
                "signatory_relation": self.relation,
                "signature": self.signature,
                "proof_photo_ids": [fields.Command.set(self.photo_ids.ids)],
                "proof_at": self.happened_at,
                "proof_by_id": self.user_id.id,
                "proof_place": self.place or self.shipment_id.consignee_city,
            }
        )

    def _note_on_shipment(self):
        """Who looks at the shipment sees that something about it waits."""
        if self.shipment_id:
            self.shipment_id._message_log(
                body=self.env._(
                    "%(courier)s reported: %(kind)s. It changed nothing; see Courier Reports. %(error)s",
                    courier=self.user_id.name,
                    kind=dict(self._fields["kind"]._description_selection(self.env))[self.kind],
                    error=self.error,
                )
            )

    # What agents do with what waits

    def action_accept(self):
        """Apply what waited, as if nothing had stood against it."""
        for action in self._kept_for_decision():
            if not action.shipment_id:
                raise UserError(
                    self.env._("%s: there is no shipment to apply this to. Dismiss it.", action.waybill or action.key)
                )
            action.shipment_id.sudo(False).check_access("write")
            if action.kind != "delivered" and not action.reason_id:
                raise UserError(
                    self.env._("%s: there is no reason any more. Add the event on the shipment.", action.waybill)
                )
            problem = action._apply()
            if problem:
                raise UserError(self._problem_sentence(problem))
        return True

    def action_dismiss(self):
        """Close what waited, changing nothing else."""
        self._kept_for_decision().write({"state": "dismissed"})
        return True

    def _kept_for_decision(self):
        self.check_access("read")
        if not self.env.user.has_group("logistics_crm.group_logistics_agent"):
            raise AccessError(self.env._("Only agents decide what becomes of a courier's report."))
        # sudo: nobody may edit these rows; an agent who may read them decides by these two buttons alone.
        return self.sudo().filtered(lambda action: action.state == "kept")

    # Answers

    @api.model
    def _refusal(self, problem):
        return {
            "state": "refused",
            "code": problem.code,
            "message": self._problem_sentence(problem),
            "warnings": [],
        }

    def _answer(self, state, problem=None):
        message = self._kept_sentence(problem) if problem else self._done_sentence()
        sentences = self._warning_sentences()
        return {
            "state": state,
            "code": problem.code if problem else "",
            "message": message,
            "warnings": [sentences[code] for code in self.warnings or ()],
            "ticket": self.ticket_id.number or "",
            "clock_off": self.clock_off,
        }

    @api.model
    def _kept_sentence(self, problem):
        """For the courier; agents read the problem alone."""
        return self.env._("%s Your report is kept; the office decides.", self._problem_sentence(problem))

    def _done_sentence(self):
        if self.kind == "delivered":
            return self.env._("Delivered.")
        if self.kind == "failed":
            return self.env._("Attempt noted.")
        return self.env._("Customer service knows: ticket %s.", self.ticket_id.number)

    @api.model
    def _warning_sentences(self):
        _ = self.env._
        return {
            "signature_not_a_picture": _("The signature could not be read and was left out."),
            "signature_too_big": _("The signature was too large and was left out."),
            "signature_blank": _("The signature was empty and was left out."),
            "photo_not_a_picture": _("A photo could not be read and was left out."),
            "photo_too_big": _("A photo was too large and was left out."),
        }

    @api.model
    def _problem_sentences(self):
        _ = self.env._
        return {
            **super()._problem_sentences(),
            "not_courier": _("You are not a courier here. Ask the office for the group Courier."),
            "not_yours": _("%(value)s is not this courier's any more."),
            "is_cancelled": _("%(value)s was cancelled meanwhile."),
            "is_returned": _("%(value)s was returned meanwhile."),
            "is_delivered": _("%(value)s was delivered before."),
            "has_proof": _("%(value)s was delivered and signed for before."),
            "no_proof": _("%(value)s needs a signature with a name, or a photo."),
            "wrong_reason": _("This reason does not fit: %(value)s."),
            "unknown_kind": _("There is no such action: %(value)s"),
            "unknown_relation": _("There is no such relation: %(value)s"),
            "not_key": _("The key must be a UUID; this is: %(value)s"),
            "key_taken": _("This key belongs to another action. Do it again."),
            "not_base64": _("%(field)s is no picture in base64: %(value)s"),
            "too_large_image": _("%(field)s has a picture over %(value)s MB."),
            "too_many_photos": _("At most %(value)s photos."),
        }

    # What the phone shows

    @api.model
    def _get_courier_reasons(self):
        """What a courier may choose from: kind → list of `{"code", "name"}`."""
        # sudo: couriers have no rights on reasons; these names are for them to choose from.
        offered = {group for groups in REASON_GROUPS.values() for group in groups}
        reasons = self.env["logistics.reason"].sudo().search([("group", "in", list(offered))])
        return {
            kind: [{"code": reason.code, "name": reason.name} for reason in reasons if reason.group in groups]
            for kind, groups in REASON_GROUPS.items()
        }

    @api.model
    def _get_courier_done(self):
        """What the user did today, latest first, JSON-ready."""
        start, end = self.env["logistics.shipment"]._get_courier_day()
        # sudo: couriers have no rights on this table; these are their own actions.
        actions = self.sudo().search(
            [("user_id", "=", self.env.uid), ("happened_at", ">=", start), ("happened_at", "<", end)], limit=500
        )
        return [
            {
                "key": action.key,
                "kind": action.kind,
                "state": action.state,
                # Only what the phone itself told of shipments that are not the courier's any more.
                "shipment_id": action.shipment_id.id if action.shipment_id.courier_id == self.env.user else 0,
                "waybill": action.waybill or "",
                "consignee": action.shipment_id.consignee_name or ""
                if action.shipment_id.courier_id == self.env.user
                else "",
                "reason": action.reason_id.name or "",
                "signatory": action.signatory or "",
                "happened_at": fields.Datetime.to_string(action.happened_at),
                "message": action._kept_sentence(Problem(action.problem, None, action.problem_value or ""))
                if action.state == "kept"
                else "",
            }
            for action in actions
        ]
