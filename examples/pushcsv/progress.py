"""A bar on a terminal; elsewhere a plain line every ten seconds, so that logs stay readable."""

from __future__ import annotations

import math
import time
from typing import TextIO


class Progress:
    """How far the file is read, by bytes."""

    WIDTH, PLAIN_SECONDS, TTY_SECONDS = 30, 10.0, 0.1

    def __init__(self, total: int, stream: TextIO):
        self.total, self.stream = max(total, 1), stream
        self.tty = stream.isatty()
        self.start = self.shown = time.monotonic()
        self.drawn = False

    def update(self, done: int, rows: int) -> None:
        now = time.monotonic()
        if now - self.shown < (self.TTY_SECONDS if self.tty else self.PLAIN_SECONDS):
            return
        self.shown = now
        share = min(done / self.total, 1.0)
        left = (now - self.start) * (1 / share - 1) if share else math.inf
        note = f"{share:4.0%}  {rows:,} rows, {rows / (now - self.start):,.0f} rows/s"
        note += f", {left:,.0f} s left" if math.isfinite(left) else ""
        if self.tty:
            bar = "#" * round(share * self.WIDTH)
            self._write(f"\r[{bar:.<{self.WIDTH}}] {note}\x1b[K")
            self.drawn = True
        else:
            self._write(f"{note}\n")

    def message(self, text: str) -> None:
        """Say something without tearing the bar."""
        self.clear()
        self._write(f"{text}\n")

    def finish(self, rows: int) -> None:
        took = time.monotonic() - self.start
        self.message(f"{rows:,} rows in {took:.1f} s")

    def clear(self) -> None:
        if self.drawn:
            self._write("\r\x1b[K")
            self.drawn = False

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()
