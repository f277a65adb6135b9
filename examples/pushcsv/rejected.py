"""The rows that were not taken, as a CSV of the input's own shape: corrected there, it is pushed again."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TextIO

from .errors import PushError
from .mapping import Mapping
from .rows import SourceRow

# Placed before the original columns: people see them first, and a row with too many cells keeps them all.
REJECTED_COLUMNS = ["push_line", "push_field", "push_error"]


class RejectedFile:
    """Made only when there are rejected rows."""

    def __init__(self, path: Path, mapping: Mapping, columns: list[str]):
        self.path, self.mapping, self.columns = path, mapping, columns
        self._stream: TextIO | None = None

    def write(self, row: SourceRow) -> None:
        if self._stream is None:
            self._open()
        fields = "; ".join(dict.fromkeys(name for name, _ in row.errors if name))
        self._writer.writerow([row.line, fields, "; ".join(text for _, text in row.errors), *row.cells])

    def close(self) -> None:
        if self._stream:
            self._stream.close()

    def _open(self) -> None:
        try:
            # A message of ours or of the server may hold what the file's own encoding cannot.
            self._stream = self.path.open("w", encoding=self.mapping.encoding, errors="backslashreplace", newline="")
        except OSError as error:
            raise PushError(f"{self.path}: cannot be written: {error.strerror}; use --rejected FILE") from error
        self._writer = csv.writer(self._stream, delimiter=self.mapping.delimiter, quotechar=self.mapping.quote)
        self._writer.writerow([*REJECTED_COLUMNS, *self.columns])
