"""The CSV, read as a stream: memory does not depend on its length."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path

from .errors import MappingError, PushError
from .mapping import Mapping
from .rejected import REJECTED_COLUMNS
from .rows import SourceRow, map_row


class CsvSource:
    """An open CSV file whose header holds every column that the mapping reads."""

    def __init__(self, path: Path, mapping: Mapping):
        self.path, self.mapping = path, mapping

    def __enter__(self) -> CsvSource:
        try:
            self._raw = self.path.open("rb")
            self.size = os.fstat(self._raw.fileno()).st_size
            self._text = io.TextIOWrapper(self._raw, encoding=self.mapping.encoding, newline="")
        except OSError as error:
            raise PushError(f"{self.path}: cannot be read: {error.strerror}") from error
        except LookupError as error:
            raise MappingError(
                f"[csv] encoding {self.mapping.encoding!r} is not known; try utf-8-sig or gb18030"
            ) from error
        self._reader = csv.reader(
            self._text, delimiter=self.mapping.delimiter, quotechar=self.mapping.quote, strict=True
        )
        _, header = next(self._records(), (0, []))
        # A file of rejected rows can be pushed again as it is.
        self._skip = len(REJECTED_COLUMNS) if header[: len(REJECTED_COLUMNS)] == REJECTED_COLUMNS else 0
        self.columns = [name.strip() for name in header[self._skip :]]
        self._check_columns()
        return self

    def __exit__(self, *exception: object) -> None:
        self._text.close()

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._raw.tell()

    def rows(self) -> Iterator[SourceRow]:
        """Every row below the header, mapped."""
        for line, cells in self._records():
            row = SourceRow(line, cells[self._skip :])
            map_row(row, self.columns, self.mapping)
            yield row

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Records with the line on which they begin; an unreadable one ends in a clear message."""
        while True:
            line = self._reader.line_num + 1
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except UnicodeError as error:
                raise PushError(
                    f"{self.path}, at or soon after line {line}: is not {self.mapping.encoding}"
                    f" ({getattr(error, 'reason', error)});"
                    " set encoding in the mapping's [csv], for example gb18030 or cp1252"
                ) from error
            except csv.Error as error:
                raise PushError(
                    f"{self.path}, line {line}: {error}; look for a quote that is not closed,"
                    " or set delimiter or quote in the mapping's [csv]"
                ) from error
            if cells:
                yield line, cells

    def _check_columns(self) -> None:
        missing = sorted(self.mapping.columns - set(self.columns))
        if missing:
            raise PushError(
                f"{self.path}: has no column {', '.join(map(repr, missing))}, which the mapping names;"
                f" its columns are {', '.join(map(repr, self.columns)) or 'none'}"
                f" (delimiter {self.mapping.delimiter!r})"
            )
        twice = [name for name in sorted(self.mapping.columns) if self.columns.count(name) > 1]
        if twice:
            raise PushError(f"{self.path}: column {twice[0]!r} is there more than once; rename one of them")
