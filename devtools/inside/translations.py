"""Translations of our addons: merge a fresh template into them, and check that they are complete.

python -m devtools.inside.translations merge ADDON NEW.pot
python -m devtools.inside.translations check ADDON…
"""

import sys
from pathlib import Path

import polib

LANGUAGE = "zh_CN"
KEPT_HEADERS = {
    "Project-Id-Version": "Odoo Server 19.0",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
}


def merge(addon: str, exported: str) -> int:
    """Renew i18n/<addon>.pot, and in zh_CN.po keep what is translated, add what is new, drop what is gone."""
    folder = Path(addon) / "i18n"
    folder.mkdir(exist_ok=True)
    pot = polib.pofile(exported, wrapwidth=78)
    _write(pot, folder / f"{addon}.pot", addon, KEPT_HEADERS)
    target = folder / f"{LANGUAGE}.po"
    old = {_key(entry): entry for entry in polib.pofile(str(target))} if target.is_file() else {}
    new = polib.POFile(wrapwidth=78)
    for entry in pot:
        known = old.get(_key(entry))
        entry.msgstr = known.msgstr if known and "fuzzy" not in known.flags else ""
        new.append(entry)
    _write(new, target, addon, KEPT_HEADERS | {"Language": LANGUAGE, "Plural-Forms": "nplurals=1; plural=0;"})
    missing = [entry.msgid for entry in new if not entry.msgstr]
    dropped = set(old) - {_key(entry) for entry in new}
    print(f"{addon}: {len(new)} terms, {len(missing)} not translated, {len(dropped)} dropped")
    for term in missing[:5]:
        print(f"    {term[:100]!r}")
    return 0


def check(addons: list[str]) -> int:
    problems = [problem for addon in addons for problem in _problems(addon)]
    print("\n".join(problems))
    return 1 if problems else 0


def _problems(addon: str) -> list[str]:
    folder = Path(addon) / "i18n"
    found = []
    read = {}
    for path in (folder / f"{addon}.pot", folder / f"{LANGUAGE}.po", *sorted(folder.glob("*.po"))):
        if path in read:
            continue
        if not path.is_file():
            return [*found, f"{path}: missing; ./dev i18n {addon} writes it"]
        try:
            read[path] = polib.pofile(str(path), check_for_duplicates=True)
        except (OSError, ValueError) as error:
            return [*found, f"{path}: {error}"]
    terms = {_key(entry) for entry in read[folder / f"{addon}.pot"]}
    path = folder / f"{LANGUAGE}.po"
    translated = read[path]
    for entry in translated:
        if entry.obsolete:
            continue
        if "fuzzy" in entry.flags:
            found.append(f"{path}:{entry.linenum}: fuzzy: {entry.msgid[:60]!r}")
        elif not entry.msgstr:
            found.append(f"{path}:{entry.linenum}: not translated: {entry.msgid[:60]!r}")
    have = {_key(entry) for entry in translated if not entry.obsolete}
    found += [f"{path}: lacks the term {term[1][:60]!r}; ./dev i18n {addon}" for term in sorted(terms - have)]
    found += [f"{path}: {term[1][:60]!r} is not in {addon}.pot" for term in sorted(have - terms)]
    return found


def _key(entry: polib.POEntry) -> tuple[str, str]:
    return entry.msgctxt or "", entry.msgid


def _write(catalog: polib.POFile, path: Path, addon: str, headers: dict[str, str]) -> None:
    """Without dates and tool versions, which would make a difference of every export."""
    catalog.metadata = dict(headers)
    catalog.header = f"Translation of the Odoo addon {addon}.\n"
    catalog.save(str(path), newline="\n")


if __name__ == "__main__":
    if sys.argv[1] == "merge":
        sys.exit(merge(*sys.argv[2:]))
    sys.exit(check(sys.argv[2:]))
