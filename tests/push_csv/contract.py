"""The two bulk methods in memory."""

from datetime import datetime


class RefusedError(Exception):
    """The whole call is refused, as Odoo refuses it: an HTTP status, or an XML-RPC fault."""

    def __init__(self, status, fault, message):
        super().__init__(message)
        self.status, self.fault = status, fault


PARTY_FIELDS = {"name", "phone", "email", "street", "city", "zip", "state", "country"}
NESTED_FIELDS = {
    "customer": {"ref", "vat", "phone", "email", "name"},
    "shipper": PARTY_FIELDS,
    "consignee": PARTY_FIELDS,
}
SHIPMENT_FIELDS = {
    *("waybill", "carrier", "customer", "customer_id", "shipper", "consignee", "service_level", "pieces"),
    *("weight_kg", "volume_m3", "declared_value", "freight", "currency", "cargo", "ordered_at"),
    "promised_at",
}
EVENT_FIELDS = {
    *("waybill", "occurred_at", "status", "code", "source", "external_id", "carrier", "hub", "location"),
    *("reason", "description", "eta", "classifier"),
}
STATUSES = {
    *("created", "confirmed", "picked_up", "departed", "in_transit", "arrived_hub", "customs"),
    *("out_for_delivery", "ready_for_pickup", "attempt_failed", "delivered", "exception", "returning"),
    *("returned", "cancelled", "expired"),
}
NUMBERS = {
    "pieces": int,
    "weight_kg": float,
    "volume_m3": float,
    "declared_value": float,
    "freight": float,
}


class Contract:
    """The two bulk methods in memory: what they accept, and the receipts that they give."""

    def __init__(self):
        self.shipments, self.events, self.calls = {}, {}, []

    def call(self, model, method, arguments):
        methods = {
            ("logistics.shipment", "upsert"): ("shipments", self.upsert),
            ("logistics.tracking.event", "ingest"): ("events", self.ingest),
        }
        if (model, method) not in methods:
            raise RefusedError(404, 2, f"{model}.{method} does not exist")
        name, function = methods[model, method]
        rows = arguments.get(name)
        if set(arguments) != {name} or not isinstance(rows, list):
            raise RefusedError(422, 2, f"{method} takes a list, {name}")
        if len(rows) > 5000:
            raise RefusedError(422, 2, f"{len(rows)} rows; at most 5,000 a call")
        self.calls.append((method, len(rows)))
        return function(rows)

    def upsert(self, rows):
        receipt = {
            "received": len(rows),
            "created": 0,
            "updated": 0,
            "unchanged": 0,
            "rejected": [],
            "ids": {},
        }
        for index, row in enumerate(rows):
            if problem := self.shipment_problem(row):
                receipt["rejected"].append({"index": index, "waybill": row.get("waybill"), **problem})
                continue
            known = self.shipments.get(row["waybill"])
            merged = {**(known or {}), **row}
            receipt["created" if known is None else "unchanged" if merged == known else "updated"] += 1
            self.shipments[row["waybill"]] = merged
            receipt["ids"][row["waybill"]] = list(self.shipments).index(row["waybill"]) + 1
        return receipt

    def ingest(self, rows):
        receipt = {"received": len(rows), "created": 0, "duplicates": 0, "parked": 0, "rejected": []}
        for index, row in enumerate(rows):
            if problem := self.event_problem(row):
                receipt["rejected"].append({"index": index, "waybill": row.get("waybill"), **problem})
                continue
            identity = self.identity(row)
            if identity in self.events:
                receipt["duplicates"] += 1
            elif row["waybill"] not in self.shipments:
                receipt["parked"] += 1
            else:
                receipt["created"] += 1
                self.events[identity] = row
        return receipt

    def identity(self, row):
        if row.get("external_id"):
            return row.get("source"), row["external_id"]
        return tuple(row.get(name) for name in ("waybill", "occurred_at", "status", "code", "hub", "location"))

    def shipment_problem(self, row):
        if unknown := set(row) - SHIPMENT_FIELDS:
            return {"field": unknown.pop(), "error": "unknown field"}
        for name, parts in NESTED_FIELDS.items():
            if name in row and not (isinstance(row[name], dict) and set(row[name]) <= parts and row[name]):
                return {"field": name, "error": "bad party"}
        for name, kind in NUMBERS.items():
            if name in row and not isinstance(row[name], (int, kind)):
                return {"field": name, "error": "not a number"}
        if "carrier" in row:
            return {"field": "carrier", "error": f"unknown carrier {row['carrier']}"}
        return self.text_problem(row, "waybill") or self.moment_problem(row, "ordered_at", "promised_at")

    def event_problem(self, row):
        if unknown := set(row) - EVENT_FIELDS:
            return {"field": unknown.pop(), "error": "unknown field"}
        if not row.get("code") and row.get("status") not in STATUSES:
            return {"field": "status", "error": f"unknown status {row.get('status')}"}
        if "occurred_at" not in row:
            return {"field": "occurred_at", "error": "missing"}
        return self.text_problem(row, "waybill") or self.moment_problem(row, "occurred_at", "eta")

    def text_problem(self, row, name):
        if not isinstance(row.get(name), str) or not row[name]:
            return {"field": name, "error": "missing"}
        return None

    def moment_problem(self, row, *names):
        for name in names:
            if name in row and datetime.fromisoformat(row[name]).utcoffset() is None:
                return {"field": name, "error": "no offset"}
        return None
