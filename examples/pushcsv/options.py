"""The command line's options, and the checks of the key and the address among them."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from .contract import MAX_ROWS_PER_CALL
from .errors import PushError

KEY_VARIABLE = "ODOO_API_KEY"


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="push_csv.py",
        description="Push shipments and tracking events from a CSV file into Odoo.",
        epilog=f"The API key comes from --key, --key-file or the environment variable {KEY_VARIABLE};"
        " the last two keep it out of the shell's history."
        " Exit code: 0 all taken, 1 some rows rejected, 2 failed.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    by_default = "default: %(default)s"
    add("data", type=Path, help="the CSV file")
    add("mapping", type=Path, help="the TOML mapping of its columns")
    add("--url", help="address of the Odoo server, for example https://erp.example.com")
    add("--db", help="name of the database")
    add("--key", help="API key (better: --key-file or the environment)")
    add("--key-file", type=Path, help="file that holds the API key and nothing else")
    add("--user", help="login of the key's user; needed for XML-RPC")
    add("--protocol", choices=["json2", "xmlrpc"], default="json2", help=by_default)
    rows_a_call = whole_number(1, MAX_ROWS_PER_CALL)
    batch_help = f"rows a call, at most {MAX_ROWS_PER_CALL} ({by_default})"
    add("--batch", type=rows_a_call, default=1000, metavar="N", help=batch_help)
    add("--limit", type=whole_number(1), metavar="N", help="push only the first N rows")
    rejected_help = "where rejected rows go (default: the data's name with .rejected.csv, in the current directory)"
    add("--rejected", type=Path, metavar="FILE", help=rejected_help)
    add("--dry-run", action="store_true", help="map every row and say what would be pushed")
    add("--retries", type=whole_number(0), default=6, metavar="N", help=by_default)
    add("--timeout", type=whole_number(1), default=120, metavar="SECONDS", help=by_default)
    return parser


def whole_number(low: int, high: int | None = None) -> Callable[[str], int]:
    """An argparse type with bounds."""

    def parse(text: str) -> int:
        with suppress(ValueError):
            value = int(text)
            if value >= low and (high is None or value <= high):
                return value
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low}" + (f" to {high}" if high else ""))

    return parse


def find_key(options: argparse.Namespace) -> str:
    """The API key, checked here because an odd one would show up in the errors of libraries."""
    if options.key:
        key = options.key
    elif options.key_file:
        try:
            key = options.key_file.read_text(encoding="utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise PushError(f"--key-file {options.key_file}: cannot be read as a text file") from error
    else:
        key = os.environ.get(KEY_VARIABLE, "").strip()
    if not key:
        raise PushError(f"no API key: set {KEY_VARIABLE}, or use --key-file FILE")
    if not re.fullmatch(r"[!-~]+", key):
        raise PushError("the API key holds spaces, line breaks or letters that no key has; copy it again")
    return key


def check_url(url: str, tell: Callable[[str], None]) -> str:
    """The server's address without a slash at its end."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PushError("--url is an address such as https://erp.example.com")
    if parts.username or parts.password:
        raise PushError("--url holds a user or password; leave it out, the API key is all that is needed")
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        tell("warning: http sends the API key unencrypted; use https")
    return url.rstrip("/")
