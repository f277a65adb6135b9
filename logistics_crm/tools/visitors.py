"""Visitors who are nobody's user: which language to answer in, and who counts as one."""

import ipaddress


def visitor_network(address):
    """Whom to count the tries of: the address, and of IPv6 the network, for one visitor has a whole one."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def choose_language(installed, *wishes):
    """The first of the visitor's wishes that is installed, in our spelling; else English, else the first installed.

    :param installed: codes such as `en_US`, `zh_CN`
    :param wishes: codes in the order of preference, in any usual spelling (`zh-Hans-CN`, `zh`, `en_GB`, None)
    """
    installed = list(installed)
    by_name = {code.lower(): code for code in installed}
    for wish in wishes:
        name = (wish or "").replace("-", "_").lower()
        if not name or name == "*":
            continue
        if name in by_name:
            return by_name[name]
        parts = name.split("_")
        if len(parts) == 3 and f"{parts[0]}_{parts[2]}" in by_name:  # zh_Hans_CN
            return by_name[f"{parts[0]}_{parts[2]}"]
        for known, code in by_name.items():
            if known.split("_")[0] == parts[0]:
                return code
    if "en_us" in by_name:
        return by_name["en_us"]
    return installed[0] if installed else "en_US"
