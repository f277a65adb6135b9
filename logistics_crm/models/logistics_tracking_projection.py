import json
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.projection import LogEntry, State, advance, can_advance, log_order, project


class Transition(NamedTuple):
    """A change of a shipment's status or reason, made by one event that was not late."""

    shipment_id: int
    event_id: int
    from_status: str
    to_status: str
    from_reason_id: int | None
    to_reason_id: int | None


class EtaChange(NamedTuple):
    """A change of a shipment's estimated arrival; naive UTC datetimes or None."""

    shipment_id: int
    old: object
    new: object


class LogisticsShipment(models.Model):
    """How the tracked fields follow from the log, for whole sets of shipments."""

    _inherit = "logistics.shipment"

    @api.model
    def _lock_for_events(self, waybills):
        """Lock the company's shipments with these waybills, in the order of their ids.

        One transaction at a time may add to a shipment's log. Locks taken in one order cannot deadlock.

        :return: waybill → list of (id, carrier id, *State.FIELDS)
        """
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT name, id, carrier_id, %s
                  FROM logistics_shipment
                 WHERE company_id = %s AND name = ANY(%s)
                 ORDER BY id
                   FOR NO KEY UPDATE
                """,
                _STATE_COLUMNS,
                self.env.company.id,
                list(waybills),
            )
        )
        found = {}
        for row in rows:
            found.setdefault(row[0], []).append(row[1:])
        return found

    @api.model
    def _project_new_events(self, entries, now):
        """Carry locked shipments on by events that were just inserted, then tell the hooks.

        :param entries: shipment id → (State as stored, list of new LogEntry)
        :param now: naive UTC instant of the call
        """
        states, transitions, eta_changes, behind = {}, [], [], []
        for shipment_id, (state, new) in entries.items():
            new.sort(key=log_order)
            if not can_advance(state, new):
                behind.append(shipment_id)
                continue
            eta = state.eta
            transitions += _transitions(shipment_id, advance(state, new))
            if state.eta != eta:
                eta_changes.append(EtaChange(shipment_id, eta, state.eta))
            states[shipment_id] = state
        if behind:
            logs = self._read_logs(behind)
            for shipment_id in behind:
                old, new = entries[shipment_id]
                log = logs[shipment_id]
                state, steps = project(log)
                transitions += _transitions(shipment_id, _not_late(steps, log, {entry.event_id for entry in new}))
                if state.eta != old.eta:
                    eta_changes.append(EtaChange(shipment_id, old.eta, state.eta))
                states[shipment_id] = state
        self._write_states(states, now)
        if transitions:
            self._on_transitions(transitions)
        if eta_changes:
            self._on_eta_changes(eta_changes)

    def _reproject(self):
        """Compute the tracked fields of these shipments from their whole logs anew, telling nobody."""
        self.flush_recordset()
        self.lock_for_update(allow_referencing=True)
        logs = self._read_logs(self.ids)
        self._write_states({id_: project(logs.get(id_, ()))[0] for id_ in self.ids}, fields.Datetime.now())

    @api.model
    def _read_logs(self, shipment_ids):
        """shipment id → list of LogEntry."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT e.shipment_id, e.occurred_at, e.status, e.dedup_key, e.reason_id,
                       COALESCE(r.undoes_delivery, false), e.classifier, e.eta, e.id
                  FROM logistics_tracking_event e LEFT JOIN logistics_reason r ON r.id = e.reason_id
                 WHERE e.shipment_id = ANY(%s)
                """,
                list(shipment_ids),
            )
        )
        logs = {}
        for shipment_id, *entry in rows:
            logs.setdefault(shipment_id, []).append(LogEntry(*entry))
        return logs

    @api.model
    def _write_states(self, states, now):
        """Write shipment id → State, always: the row's new version is what tells a concurrent transaction that the
        log grew, even where the state stays the same."""
        data = [{"id": shipment_id, **state.as_json()} for shipment_id, state in states.items()]
        self.env.execute_query(
            SQL(
                """
                UPDATE logistics_shipment s
                   SET status = d.status, reason_id = d.reason_id, last_event_at = d.last_event_at,
                       picked_up_at = d.picked_up_at, delivered_at = d.delivered_at, attempts = d.attempts,
                       eta = d.eta, write_uid = %s, write_date = %s
                  FROM json_to_recordset(%s::json) AS d(
                       id int, status varchar, reason_id int, last_event_at timestamp, picked_up_at timestamp,
                       delivered_at timestamp, attempts int, eta timestamp)
                 WHERE s.id = d.id
                """,
                self.env.uid,
                now,
                json.dumps(data),
            )
        )
        # All of the model: what else is computed from these fields goes too, and it takes no time a record.
        self.invalidate_model(flush=False)


_STATE_COLUMNS = SQL(", ").join(SQL.identifier(name) for name in State.FIELDS)


def _not_late(steps, log, fresh):
    """Those of `steps` that `fresh` events (ids) made and that come after every event known before."""
    known = [log_order(entry) for entry in log if entry.event_id not in fresh and entry.classifier == "actual"]
    newest = max(known, default=None)
    return [
        step for step in steps if step.entry.event_id in fresh and (newest is None or log_order(step.entry) > newest)
    ]


def _transitions(shipment_id, steps):
    return [
        Transition(
            shipment_id,
            step.entry.event_id,
            step.from_status,
            step.to_status,
            step.from_reason_id,
            step.entry.reason_id,
        )
        for step in steps
    ]
