"""The command: from its arguments to its exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from .clients import Json2Client, XmlRpcClient
from .errors import PushError
from .mapping import load_mapping
from .options import build_parser, check_url, find_key
from .progress import Progress
from .pushing import Client, Pusher, push_file
from .rejected import RejectedFile
from .source import CsvSource
from .tally import Tally, summary
from .transport import Http

EXIT_OK, EXIT_REJECTED, EXIT_FAILED = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    options = build_parser().parse_args(arguments)
    # A name that the terminal cannot show must not end the push.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    key = ""
    try:
        if not options.dry_run:
            key = find_key(options)
        return run(options, key, lambda text: print(redact(text, key)))
    except (PushError, OSError) as error:  # OSError: a full disk, a closed pipe
        print(f"push_csv.py: {redact(str(error), key)}", file=sys.stderr)
        return EXIT_FAILED


def run(options: argparse.Namespace, key: str, say: Callable[[str], None]) -> int:
    """Do what the command line asks for; `say` prints to standard output."""
    mapping = load_mapping(options.mapping)
    rejected_path = options.rejected or Path(f"{options.data.stem}.rejected.csv")
    if rejected_path.resolve() in (options.data.resolve(), options.mapping.resolve()):
        raise PushError(f"--rejected {rejected_path} would overwrite what is read; choose another name")
    tally = Tally()
    with CsvSource(options.data, mapping) as source:
        progress = Progress(source.size, sys.stderr)

        def tell(text: str) -> None:
            progress.message(redact(text, key))

        client = None if options.dry_run else make_client(options, key, tell)
        rejected = RejectedFile(rejected_path, mapping, source.columns)
        try:
            push_file(source, Pusher(client, options.batch, tally), rejected, progress, options.limit)
        except (PushError, OSError, KeyboardInterrupt) as error:
            progress.clear()
            say(summary(tally, options.dry_run, rejected_path))
            if tally.last_line > 1 and client:
                say(f"Pushed up to line {tally.last_line}; run again once it is mended, nothing is doubled.")
            raise PushError(str(error) or "interrupted") from error
        finally:
            rejected.close()
    say(summary(tally, options.dry_run, rejected_path))
    return EXIT_REJECTED if tally.rows["rejected"] else EXIT_OK


def make_client(options: argparse.Namespace, key: str, tell: Callable[[str], None]) -> Client:
    """The client of the chosen protocol."""
    missing = [name for name in ("url", "db") if not getattr(options, name)]
    if options.protocol == "xmlrpc" and not options.user:
        missing.append("user")
    if missing:
        raise PushError(f"--{' and --'.join(missing)} needed (or --dry-run)")
    http = Http(check_url(options.url, tell), options.timeout, options.retries, tell)
    if options.protocol == "xmlrpc":
        return XmlRpcClient(http, options.db, key, options.user)
    return Json2Client(http, options.db, key)


def redact(text: str, key: str) -> str:
    """Whatever a server or library says back to us, the key is not printed."""
    return text.replace(key, "***") if key else text
