"""What a stranger may see of a person: enough to recognise oneself, not enough to learn who it is."""

import re

_CJK = re.compile(r"[\u3400-\u9fff\uac00-\ud7af\u3040-\u30ff]")
_SHORT_PHONE = 9


def mask_name(name):
    """`张三丰` → `张**`, `Ada Lovelace` → `A*** L***`, empty → ``."""
    words = (name or "").split()
    if not words:
        return ""
    if _CJK.match(words[0]):
        return words[0][0] + "**"
    return " ".join(word[0] + "***" for word in words[:2])


def mask_phone(phone):
    """`+8613812345678` → `138****5678`. Of a number too short to hide anything, two digits remain."""
    phone = phone or ""
    digits = re.sub(r"\D", "", phone.removeprefix("+86"))
    if not digits:
        return ""
    if len(digits) < _SHORT_PHONE:
        return "****" + digits[-2:]
    return f"{digits[:3]}****{digits[-4:]}"


def last_digits(phone, count=4):
    """The last digits of a phone number, or an empty text if it has fewer."""
    digits = re.sub(r"\D", "", phone or "")
    return digits[-count:] if len(digits) >= count else ""


def scrubber(names=(), phones=(), streets=()):
    """A function that masks these people's names, phones and streets in a text, wherever a carrier wrote them into it.

    Other phone numbers stay: a carrier's remark often tells the courier's, so that one can call.
    """
    masked = {street: "***" for street in streets if street and len(street) > 3}
    masked.update({name: mask_name(name) for name in names if name and len(name.strip()) > 1})
    words = sorted(masked, key=len, reverse=True)
    patterns = []
    for phone in phones:
        digits = re.sub(r"\D", "", phone or "")
        # As written on the waybill, or without the country's code, with any separators in between.
        patterns += [
            (re.compile(r"(?<!\d)\+?" + r"[\s().-]*".join(digits[-length:]) + r"(?!\d)"), mask_phone(phone))
            for length in range(len(digits), max(_SHORT_PHONE, len(digits) - 3) - 1, -1)
        ]

    def scrub(text):
        for word in words:
            text = text.replace(word, masked[word])
        for pattern, replacement in patterns:
            text = pattern.sub(replacement, text)
        return text

    return scrub
