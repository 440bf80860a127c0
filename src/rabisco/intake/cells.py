"""A block of lines becomes pixels and labels by arithmetic on its bytes: no line and no number is a Python object.

A line that this cannot read, because of decimals or a fault, is read cell by cell, which also finds the fault.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rabisco.intake.columns import EMPTY_CELLS
from rabisco.intake.findings import Finding, excerpt
from rabisco.intake.report import BadRow, Dialect
from rabisco.text import normalized

MAX_LABEL = 100  # characters
_LINE_FEED, _QUOTE, _SPACE = 10, 34, 32
_FORMULA = re.compile(rb"[=@].|[+-].*[(|!]", re.DOTALL)
_EMPTY = frozenset(cell.encode() for cell in EMPTY_CELLS)
_TOLERANCE = 1.001  # a full pixel that arithmetic made a little fuller

Integers = NDArray[np.int64]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class _Lines:
    """The cells of a block, one after another, and which of them make a line."""

    block: bytes
    text: Bytes  # the block's
    starts: Integers  # of each cell
    ends: Integers
    counts: Integers  # cells of each line
    first_cells: Integers  # of each line, by their places among all cells
    open_quotes: NDArray[np.bool_]  # whether a line has a quotation mark that is not closed

    def grid(self, rows: Integers, columns: int) -> tuple[Integers, Integers]:
        """Return start and end of the cells of some lines that have ``columns`` columns, both ``(N, columns)``."""
        if len(rows) == len(self.counts):
            return self.starts.reshape(-1, columns), self.ends.reshape(-1, columns)
        places = self.first_cells[rows][:, np.newaxis] + np.arange(columns)
        return self.starts[places], self.ends[places]


class RowReader:
    """Reads blocks of one dialect; labels it has met before cost it nothing."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._delimiter = dialect.delimiter.encode()
        self._pixels = dialect.pixel_columns
        self._labels: dict[bytes, str | Finding] = {}
        levels = np.arange(256) * (255 / dialect.scale)
        self._levels = np.where(levels <= 255, levels, 0).round().astype(np.uint8)

    def read(self, block: bytes, first_line: int) -> tuple[NDArray[np.uint8], list[str], list[BadRow]]:
        """Return a block's pixels, uint8 ``(N, P)`` in the order of the columns, the labels, and the lines left out.

        Args:
            block: Whole lines, each ended by a line feed.
            first_line: Number of its first line in the file.
        """
        if self._delimiter == b" ":
            block = re.sub(rb"(?m)^ +| +$", b"", re.sub(rb" {2,}", b" ", block))
        lines = self._cells(block)
        whole = (lines.counts == self._dialect.columns) & ~lines.open_quotes
        rows = np.flatnonzero(whole)
        bad = [
            BadRow(first_line + line, reason)
            for line in np.flatnonzero(~whole).tolist()
            if (reason := self._misshapen(lines, line))
        ]
        values, labels, faults = self._read_grid(lines, rows)
        bad += [BadRow(first_line + int(rows[row]), reason) for row, reason in faults.items()]
        bad.sort(key=lambda row: row.row)
        good = np.setdiff1d(np.arange(len(rows)), list(faults)) if faults else slice(None)
        return values[good], labels, bad

    def _cells(self, block: bytes) -> "_Lines":
        text = np.frombuffer(block, np.uint8)
        line_feeds = text == _LINE_FEED
        separators = line_feeds | (text == self._delimiter[0])
        line_ends = np.flatnonzero(line_feeds)
        open_quotes = None
        if b'"' in block:
            quotes = text == _QUOTE
            running = np.cumsum(quotes, dtype=np.int64)
            per_line = np.diff(running[line_ends], prepend=0)
            open_quotes = per_line % 2 == 1
            lengths = np.diff(line_ends, prepend=-1)
            before = np.repeat(running[line_ends] - per_line, lengths)
            separators &= line_feeds | ((running - before) % 2 == 0) | np.repeat(open_quotes, lengths)
        ends = np.flatnonzero(separators)
        starts = np.empty_like(ends)
        starts[:1] = 0
        starts[1:] = ends[:-1] + 1
        last_cells = np.searchsorted(ends, line_ends)
        counts = np.diff(last_cells, prepend=-1)
        if open_quotes is None:
            open_quotes = np.zeros(len(counts), bool)
        else:
            quoted = (ends - starts >= 2) & (text[starts] == _QUOTE) & (text[ends - 1] == _QUOTE)
            starts, ends = starts + quoted, ends - quoted
        return _Lines(block, text, starts, ends, counts, last_cells - counts + 1, open_quotes)

    def _misshapen(self, lines: "_Lines", line: int) -> Finding | None:
        """Return the error for a line with the wrong number of cells, or ``None`` if it is blank."""
        if lines.open_quotes[line]:
            return Finding("row-quote")
        count = int(lines.counts[line])
        first = int(lines.first_cells[line])
        cells = _texts(lines.block, lines.starts[first : first + count], lines.ends[first : first + count])
        if not any(cell.strip() for cell in cells) and (count == 1 or self._dialect.delimiter in " \t"):
            return None
        for column, cell in enumerate(cells):
            if _FORMULA.match(cell.strip()):
                return Finding("row-formula", {"column": column + 1})
        return Finding("row-cells", {"expected": self._dialect.columns, "received": count})

    def _read_grid(self, lines: "_Lines", rows: Integers) -> tuple[NDArray[np.uint8], list[str], dict[int, Finding]]:
        """Return pixels of all rows, labels of the good ones, and what is wrong with the others, by their place."""
        starts, ends = lines.grid(rows, self._dialect.columns)
        if b" " in lines.block and self._delimiter != b" ":
            starts, ends = _stripped(lines.text, starts, ends)
        columns = _slice(self._pixels)
        pixel_starts, pixel_ends = starts[:, columns], ends[:, columns]
        if self._dialect.decimals:
            values = np.zeros((len(rows), len(self._pixels)), np.uint8)
            odd = np.ones(len(rows), bool)
        else:
            values, odd = self._read_integers(lines.text, pixel_starts, pixel_ends)
        place = self._dialect.label_column
        labels = [self._label(cell) for cell in _texts(lines.block, starts[:, place], ends[:, place])]
        faults = {row: label for row, label in enumerate(labels) if isinstance(label, Finding)}
        for row in np.flatnonzero(odd).tolist():
            found = self._read_odd(_texts(lines.block, pixel_starts[row], pixel_ends[row]))
            if isinstance(found, Finding):
                faults[row] = found
            else:
                values[row] = found
        return values, [str(label) for row, label in enumerate(labels) if row not in faults], faults

    def _read_integers(
        self, text: Bytes, starts: Integers, ends: Integers
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Return cells of one to three digits as pixels, and which rows hold others."""
        shape, scale = ends.shape, self._dialect.scale
        lengths = (ends - starts).ravel()
        ends = ends.ravel()
        digits = text - np.uint8(48)  # what is no digit wraps round to more than 9
        values = digits[ends - 1]
        wrong = values > 9
        values = values.astype(np.uint16)
        if lengths.size and lengths.min() < 1:
            empty = lengths < 1
            wrong[empty] = not self._dialect.sparse
            values[empty] = 0
        more = np.flatnonzero(lengths > 1)  # few cells, where most of an image is background
        long = lengths[more]
        tens = digits[ends[more] - 2].astype(np.uint16)
        wrong[more[(tens > 9) | (long > 3)]] = True
        values[more] += 10 * tens
        most = more[long > 2]
        hundreds = digits[ends[most] - 3].astype(np.uint16)
        values[most] += 100 * hundreds
        wrong[most[(hundreds > 9) | (values[most] > scale)]] = True
        if scale < 99:  # shorter numbers may be too large as well
            wrong |= values > scale
        rows = wrong.reshape(shape).any(axis=1)
        values[wrong] = 0
        return (values.astype(np.uint8) if scale == 255 else self._levels[values]).reshape(shape), np.asarray(rows)

    def _read_odd(self, cells: list[bytes]) -> NDArray[np.uint8] | Finding:
        scale = self._dialect.scale
        try:
            values = np.array([float(cell) for cell in self._pointed(cells)])
        except ValueError:
            return self._fault(cells)
        if any(b"_" in cell for cell in cells):  # Python reads 1_000 as a number
            return self._fault(cells)
        if not ((values >= 0) & (values <= scale * _TOLERANCE)).all():
            return self._fault(cells)
        return np.asarray((np.minimum(values, scale) * (255 / scale)).round(), dtype=np.uint8)

    def _pointed(self, cells: list[bytes]) -> list[bytes]:
        if self._dialect.sparse:
            cells = [b"0" if cell.strip().lower() in _EMPTY else cell for cell in cells]
        return [cell.replace(b",", b".") for cell in cells] if self._dialect.decimal_comma else cells

    def _fault(self, cells: list[bytes]) -> Finding:
        """Return what is wrong with the first wrong cell."""
        scale = self._dialect.scale
        for place, cell in enumerate(self._pointed(cells)):
            column = int(self._pixels[place]) + 1
            stripped = cell.strip()
            if not stripped:
                return Finding("row-empty-cell", {"column": column})
            if _FORMULA.match(stripped):
                return Finding("row-formula", {"column": column})
            value = _number(stripped)
            if value is None:
                return Finding("row-not-number", {"column": column, "text": excerpt(cell)})
            if not 0 <= value <= scale * _TOLERANCE:
                return Finding("row-out-of-range", {"column": column, "text": excerpt(cell), "limit": scale})
        raise AssertionError("a row without fault was said to have one")

    def _label(self, cell: bytes) -> str | Finding:
        label = self._labels.get(cell)
        if label is None:
            label = self._read_label(cell)
            if len(self._labels) < 100_000:
                self._labels[cell] = label
        return label

    def _read_label(self, cell: bytes) -> str | Finding:
        stripped = cell.strip()
        if not stripped:
            return Finding("row-no-label")
        if len(stripped) > 1 and _FORMULA.match(stripped):
            return Finding("row-formula", {"column": self._dialect.label_column + 1})
        text = normalized(stripped.decode(self._dialect.encoding, "replace").replace('""', '"'))
        if len(text) > MAX_LABEL:
            return Finding("row-label-too-long", {"limit": MAX_LABEL})
        whole = re.fullmatch(r"([0-9]+)(?:\.0*(?:[eE]\+?0+)?)?", text)  # what spreadsheets and pandas make of 3
        return whole[1] if whole else text


def _texts(block: bytes, starts: Integers, ends: Integers) -> list[bytes]:
    return [block[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def _number(cell: bytes) -> float | None:
    try:
        return None if b"_" in cell else float(cell)
    except ValueError:
        return None


def _slice(places: Integers) -> slice | Integers:
    """Return neighboring places as a slice, which copies nothing."""
    steady = all(after - before == 1 for before, after in pairwise(places.tolist()))
    return slice(int(places[0]), int(places[-1]) + 1) if steady else places


def _stripped(text: Bytes, starts: Integers, ends: Integers) -> tuple[Integers, Integers]:
    starts, ends = starts.copy(), ends.copy()
    while (leading := (starts < ends) & (text[starts] == _SPACE)).any():
        starts += leading
    while (trailing := (starts < ends) & (text[ends - 1] == _SPACE)).any():
        ends -= trailing
    return starts, ends
