"""Set-up steps: told with their progress, skipped when done, safe to interrupt and to run at the same time twice.

A step is done when its stamp holds the hash of what it was made from. It is written last, so that an
interrupted step is simply done again; steps build beside their target and rename.
"""

import contextlib
import fcntl
import hashlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from . import paths


class Failure(Exception):
    """Something the user can act on; printed without a traceback."""


class Progress:
    """Numbers the steps of one command: [2/5] Python packages … 41 s."""

    def __init__(self, total: int):
        self.total = total
        self.number = 0

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator["Step"]:
        self.number += 1
        step = Step(f"[{self.number}/{self.total}] {title}")
        try:
            yield step
        except BaseException:
            step.end("failed")
            raise
        step.end()


class Step:
    """One line of progress. `detail` is what was found or made; `work` says that something is being done."""

    def __init__(self, title: str):
        self.title = title
        self.detail = ""
        self.began = time.monotonic()
        self.working = False

    def work(self, what: str) -> None:
        """Say what takes time now, before it does."""
        self.working = True
        print(f"{self.title} … {what}", flush=True)

    def end(self, outcome: str = "") -> None:
        seconds = time.monotonic() - self.began
        text = ", ".join(part for part in (outcome, self.detail) if part) or "done"
        took = f" ({seconds:.0f} s)" if self.working or seconds >= 1 else ""
        print(f"{self.title}: {text}{took}", flush=True)


def digest(*parts: object) -> str:
    """A short hash of strings and, for paths, of file contents."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part.read_bytes() if isinstance(part, Path) else str(part).encode())
        found.update(b"\0")
    return found.hexdigest()[:12]


def is_done(name: str, key: str) -> bool:
    stamp = paths.STAMPS / name
    return stamp.is_file() and stamp.read_text() == key


def mark_done(name: str, key: str) -> None:
    part = paths.STAMPS / f".{name}.{os.getpid()}"
    part.write_text(key)
    part.rename(paths.STAMPS / name)


def forget(name: str) -> None:
    (paths.STAMPS / name).unlink(missing_ok=True)


@contextlib.contextmanager
def lock(name: str) -> Iterator[None]:
    """Let one process in at a time, and say so when another one is inside."""
    with open(paths.LOCKS / name, "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another ./dev that is busy with: {name}", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def run(command: list[str], log: str | None = None, **options) -> None:
    """Run a command; its output goes to .dev/log/<log> and its end is shown if it fails."""
    if log is None:
        code = subprocess.call(command, **options)
        tail = ""
    else:
        with open(paths.LOG / log, "ab") as out:
            start = out.tell()
            out.write(f"$ {shlex.join(command)}\n".encode())
            out.flush()
            streams = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": subprocess.STDOUT}
            code = subprocess.call(command, **streams, **options)
        with open(paths.LOG / log, "rb") as out:
            out.seek(start)
            tail = "\n".join(out.read().decode(errors="replace").splitlines()[-25:])
    if code:
        hint = f"\n{tail}\nThe whole output is in {paths.LOG / log}" if log else ""
        raise Failure(f"this command ended with status {code}: {shlex.join(command)}{hint}")


def foreground(command: list[str], **options) -> int:
    """Run a command in the terminal and return its status. Ctrl-C reaches it too and is its own business."""
    process = subprocess.Popen(command, **options)

    def end(*_):
        process.terminate()

    before = signal.signal(signal.SIGTERM, end)
    try:
        while True:
            with contextlib.suppress(KeyboardInterrupt):
                return process.wait()
    finally:
        signal.signal(signal.SIGTERM, before)


def output(command: list[str], **options) -> str:
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        said = done.stderr.strip()
        raise Failure(f"this command ended with status {done.returncode}: {shlex.join(command)}\n{said}")
    return done.stdout


def warn(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
