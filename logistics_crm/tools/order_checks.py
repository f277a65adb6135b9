"""The checks of an order that need no database: the phone and the address."""

import re
import unicodedata

import phonenumbers

# What a service level may require of an order: names of the shipment's fields.
REQUIRABLE = (
    "consignee_name",
    "consignee_phone",
    "consignee_street",
    "consignee_zip",
    "shipper_name",
    "shipper_phone",
    "weight",
    "volume",
    "cargo",
    "declared_value",
)
_CN_MOBILE = re.compile(r"\+861[3-9]\d{9}$")


def phone_is_valid(number, country_code):
    """Whether `number` is a number that the country's plan has (E.164, or as dialled within `country_code`)."""
    if not number:
        return True  # whether there must be one is another check
    if _CN_MOBILE.match(number):
        return True  # all Chinese mobile prefixes, and the bulk of the traffic
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, country_code or None))
    except phonenumbers.NumberParseException:
        return False


def address_key(text):
    """An address without what people write differently: spaces, punctuation, case, full and half width."""
    folded = unicodedata.normalize("NFKC", text or "").casefold()
    return "".join(char for char in folded if char.isalnum())
