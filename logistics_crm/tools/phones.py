"""Phone numbers to E.164 on `phonenumbers`, quick for the shapes that make up most of the traffic."""

import re

import phonenumbers

_E164 = re.compile(r"\+[1-9]\d{7,14}$")
_CN_MOBILE = re.compile(r"1[3-9]\d{9}$")


def to_e164(number, country_code):
    """`number` in E.164, or the number as given when it cannot be one.

    :param country_code: ISO 3166 alpha-2 of the country that a number without + is read in, or None
    """
    if _E164.match(number):
        return number
    if country_code == "CN" and _CN_MOBILE.match(number):
        return "+86" + number
    try:
        parsed = phonenumbers.parse(number, country_code or None)
    except phonenumbers.NumberParseException:
        return number
    if not phonenumbers.is_possible_number(parsed):
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
