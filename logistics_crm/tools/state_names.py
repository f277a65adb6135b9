"""Names of states as people and systems write them, brought to one form for look-ups."""

# ISO 3166-2:CN subdivision codes with the romanised names that international systems use.
CN_NAMES = {
    "BJ": "beijing",
    "SH": "shanghai",
    "TJ": "tianjin",
    "CQ": "chongqing",
    "HE": "hebei",
    "SX": "shanxi",
    "NM": "inner mongolia",
    "LN": "liaoning",
    "JL": "jilin",
    "HL": "heilongjiang",
    "JS": "jiangsu",
    "ZJ": "zhejiang",
    "AH": "anhui",
    "FJ": "fujian",
    "JX": "jiangxi",
    "SD": "shandong",
    "HA": "henan",
    "HB": "hubei",
    "HN": "hunan",
    "GD": "guangdong",
    "GX": "guangxi",
    "HI": "hainan",
    "SC": "sichuan",
    "GZ": "guizhou",
    "YN": "yunnan",
    "XZ": "tibet",
    "SN": "shaanxi",
    "GS": "gansu",
    "QH": "qinghai",
    "NX": "ningxia",
    "XJ": "xinjiang",
    "TW": "taiwan",
    "HK": "hong kong",
    "MO": "macau",
}
_SUFFIXES = (
    "壮族自治区",
    "回族自治区",
    "维吾尔自治区",
    "特别行政区",
    "自治区",
    "省",
    "市",
    " province",
    " state",
    " municipality",
)


def state_key(name):
    """`广东省`, `广东` and `Guangdong Province`, `guangdong` each to one key."""
    key = " ".join(name.split()).lower()
    for suffix in _SUFFIXES:
        if key.endswith(suffix) and len(key) > len(suffix) + 1:
            return key[: -len(suffix)]
    return key


def state_keys(country_code, code, name, iso_code):
    """Every key under which a state can be named: its code in Odoo, its name, its ISO 3166-2 code, romanised."""
    keys = {state_key(name), state_key(code)}
    if iso_code:
        iso_code = iso_code.upper()
        keys |= {iso_code.lower(), f"{country_code}-{iso_code}".lower()}
        if country_code == "CN" and iso_code in CN_NAMES:
            keys.add(CN_NAMES[iso_code])
    return keys
