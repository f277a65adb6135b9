"""Reading of shipments as integrators send them (`logistics.shipment.upsert`)."""

from .problems import RowProblem
from .row_values import check_keys, read_instant, read_number, read_text

PARTY_KEYS = frozenset(["name", "phone", "email", "street", "city", "zip", "state", "country", "ref"])
CUSTOMER_KEYS = frozenset(["ref", "vat", "phone", "email", "name"])

_TEXTS = {"carrier": 128, "service_level": 128, "currency": 8, "cargo": 128}
_NUMBERS = {
    "weight_kg": "weight",
    "volume_m3": "volume",
    "declared_value": "declared_value",
    "freight": "freight_amount",
}
_INSTANTS = ("ordered_at", "promised_at")
KEYS = frozenset(
    ["waybill", "customer", "customer_id", "shipper", "consignee", "pieces", "insured", *_TEXTS, *_NUMBERS, *_INSTANTS]
)
_PARTY_LIMITS = {
    "name": 256,
    "phone": 64,
    "email": 254,
    "street": 512,
    "city": 128,
    "zip": 32,
    "state": 128,
    "country": 64,
    "ref": 64,
}


def read_shipment(row):
    """Read one shipment dict → a dict of the keys that are present, in our form.

    `waybill` always; `carrier`, `service_level`, `currency`, `cargo` as texts; `customer`, `shipper`, `consignee` as
    dicts of texts; column names for plain values. An empty value means *clear it*. Raises RowProblem.
    """
    check_keys(row, KEYS)
    waybill = read_text(row.get("waybill"), "waybill", 64)
    if waybill is None:
        raise RowProblem("missing", "waybill")
    result = {"waybill": waybill}
    for key, value in row.items():
        if key in _NUMBERS:
            result[_NUMBERS[key]] = read_number(value, key)
        elif key in _TEXTS:
            result[key] = read_text(value, key, _TEXTS[key])
        elif key in _INSTANTS:
            result[key] = read_instant(value, key)[0]
        elif key in ("shipper", "consignee"):
            empty = value is None or value is False
            result[key] = dict.fromkeys(PARTY_KEYS) if empty else _read_dict(value, key, PARTY_KEYS, _PARTY_LIMITS)
        elif key == "customer":
            result[key] = _read_customer(value)
        elif key == "customer_id" or key == "pieces":
            result[key] = read_number(value, key, whole=True)
        elif key == "insured":
            if value not in (True, False, None):
                raise RowProblem("not_boolean", key, value)
            result[key] = bool(value)
    if result.get("customer") and result.get("customer_id"):
        raise RowProblem("two_customers", "customer_id")
    return result


def _read_dict(value, field, allowed, limits):
    if value is None or value is False:
        return {}
    check_keys(value, allowed, field + ".")
    return {key: read_text(item, f"{field}.{key}", limits[key]) for key, item in value.items()}


def _read_customer(value):
    customer = _read_dict(value, "customer", CUSTOMER_KEYS, {**_PARTY_LIMITS, "vat": 64})
    if customer and not any(customer.values()):
        raise RowProblem("missing", "customer.ref")
    return customer
