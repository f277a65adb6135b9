"""The two bulk methods of Odoo's logistics addons: their names, fields and limits."""

from typing import NamedTuple


class BulkMethod(NamedTuple):
    """A method that takes a list of records and answers with a receipt."""

    model: str
    name: str
    argument: str


UPSERT = BulkMethod("logistics.shipment", "upsert", "shipments")
INGEST = BulkMethod("logistics.tracking.event", "ingest", "events")
MAX_ROWS_PER_CALL = 5000

PARTY_FIELDS = {"name", "phone", "email", "street", "city", "zip", "state", "country"}
NESTED_FIELDS = {
    "customer": {"ref", "vat", "phone", "email", "name"},
    "shipper": PARTY_FIELDS,
    "consignee": PARTY_FIELDS,
}
SHIPMENT_FIELDS = set(NESTED_FIELDS) | {
    *("waybill", "carrier", "customer_id", "service_level", "pieces", "weight_kg", "volume_m3"),
    *("declared_value", "freight", "currency", "cargo", "ordered_at", "promised_at"),
}
EVENT_FIELDS = {
    *("waybill", "occurred_at", "status", "code", "source", "external_id", "carrier", "hub", "location"),
    *("reason", "description", "eta", "classifier"),
}
# Whatever is not here is text.
FIELD_TYPES = {
    **dict.fromkeys(("customer_id", "pieces"), "integer"),
    **dict.fromkeys(("weight_kg", "volume_m3", "declared_value", "freight"), "number"),
    **dict.fromkeys(("ordered_at", "promised_at", "occurred_at", "eta"), "datetime"),
}
LARGEST_INTEGER = 2**31 - 1  # of PostgreSQL's int4 and of XML-RPC
