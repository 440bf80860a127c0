"""A CSV file: how it is written, found from lines all over it, and its images, block by block."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

from rabisco.errors import N_, Sentence, UnusableDataError
from rabisco.intake.appearance import arrange, find_layout, find_normalizer, is_inverted, is_transposed
from rabisco.intake.cells import RowReader
from rabisco.intake.columns import EMPTY_CELLS, Columns, find_columns, split_line
from rabisco.intake.findings import Finding, excerpt, refuse
from rabisco.intake.lines import BLOCK_BYTES, read_blocks
from rabisco.intake.report import Batch, Choices, Dialect
from rabisco.intake.spread import find_spread, spread_block
from rabisco.text import guess_encoding

SAMPLE_LINES = 600
SAMPLE_BYTES = 16 << 20
SCALES = (1, 16, 255)
_FOREIGN = re.compile(rb"[^\n,;|\t]*[\x80-\xff][^\n,;|\t]*")  # cells with letters beyond ASCII


def read_batches(path: Path, dialect: Dialect) -> Iterator[Batch]:
    """Yield the images of a table, a block of its text at a time.

    Raises:
        UnusableDataError: The file is no text, too large or damaged.
    """
    reader = RowReader(dialect)
    line = 1
    for block in read_blocks(path):
        body = block
        if line == 1 and dialect.has_header:
            start = block.index(b"\n", len(block) - len(block.lstrip())) + 1  # blank lines may come before the header
            line += block.count(b"\n", 0, start)
            body = block[start:]
        rows = reader.read(spread_block(body, dialect.delimiter) if dialect.spread else body, line)
        line += rows.lines
        yield Batch(arrange(rows.values, dialect), rows.labels, rows.bad)


def detect(path: Path, choices: Choices) -> tuple[Dialect, list[Finding]]:
    """Return how a table is written, and what the user should know of it.

    Raises:
        UnusableDataError: It is no table of images.
    """
    lines, encoding = _sample(path)
    spread = None
    try:
        columns = find_columns(lines, choices)
    except UnusableDataError:
        spread = find_spread(lines, choices)
        if spread is None:
            raise
        lines = spread.lines
        columns = find_columns(lines, replace(choices, delimiter=spread.delimiter))
    body = lines[1:] if columns.has_header else lines
    if not body:
        raise refuse("no-rows", reason=Sentence(N_("there is a header and nothing else")))
    dialect = Dialect(
        kind="table",
        normalizer="",
        side=columns.side,
        layout="grey" if columns.channels == 1 else "planar",
        delimiter=columns.delimiter,
        has_header=columns.has_header,
        columns=columns.columns,
        label_column=columns.label_column,
        ignored_columns=columns.ignored_columns,
        encoding=encoding,
        sparse=columns.sparse,
    )
    dialect = _with_numbers(dialect, body, choices)
    dialect = replace(_with_appearance(dialect, body, choices), spread=spread is not None)
    remarks = [Finding("spread", {"column": spread.column})] if spread is not None else []
    return dialect, [*remarks, *_remarks(dialect, columns)]


def _remarks(dialect: Dialect, columns: Columns) -> list[Finding]:
    found = []
    if dialect.encoding != "utf-8":
        found.append(Finding("encoding-guessed", {"encoding": dialect.encoding}))
    if dialect.sparse:
        found.append(Finding("sparse"))
    if columns.extra:
        found.append(Finding("extra-columns", {"columns": ", ".join(columns.extra)}))
    elif 0 in dialect.ignored_columns:
        found.append(Finding("index-column", {"column": 1}))
    if columns.guessed:
        found.append(Finding("label-guessed", {"column": columns.label_column + 1}))
    return found


def _sample(path: Path) -> tuple[list[bytes], str]:
    """Return the first line that is not blank, lines from all over the file, and the encoding of the labels."""
    per_block = max(1, SAMPLE_LINES // (1 + path.stat().st_size // BLOCK_BYTES)) if path.exists() else 1
    lines: list[bytes] = []
    size = 0
    foreign: list[bytes] = []
    for block in read_blocks(path):
        if not block.isascii() and len(foreign) < SAMPLE_LINES:
            foreign += _FOREIGN.findall(block)
        if size > SAMPLE_BYTES:
            continue
        found = [line for line in block.split(b"\n") if line.strip(b" \t,;|")]
        chosen = found if len(found) <= per_block else found[:: -(-len(found) // per_block)]
        lines += chosen if lines else list(dict.fromkeys(chain(found[:20], chosen)))
        size += sum(map(len, chosen))
    if not lines:
        raise refuse("empty")
    return lines, guess_encoding(foreign)


def _with_numbers(dialect: Dialect, body: list[bytes], choices: Choices) -> Dialect:
    """Return the dialect with the way its pixels are written: decimals, and the value of a full one."""
    if choices.scale is not None and choices.scale not in SCALES:
        raise refuse(
            "choice", name=Sentence(N_("scale")), expected=Sentence(N_("1, 16 or 255")), received=choices.scale
        )
    ranges, decimals, comma, words = [], 0, False, b""
    places = dialect.pixel_columns.tolist()
    for line in body:
        cells = split_line(line, dialect.delimiter)
        if len(cells) != dialect.columns:
            continue
        pixels = [cells[place] for place in places]
        if all(pixels) and (digits := "".join(pixels)).isascii() and digits.isdigit():
            numbers = list(map(int, pixels))
            ranges.append((float(min(numbers)), float(max(numbers))))
            continue
        if dialect.delimiter != "," and not comma:
            comma = any("," in cell for cell in pixels)
        try:
            pixels = ["0" if cell.lower() in EMPTY_CELLS else cell for cell in pixels] if dialect.sparse else pixels
            values = [float(cell.replace(",", ".")) for cell in pixels]
        except ValueError:
            words = words or line
            continue
        decimals += any(not cell.isdigit() for cell in pixels)
        ranges.append((min(values), max(values)))
    if not ranges and words:
        raise refuse("not-numbers", text=excerpt(words))
    if not ranges:
        raise refuse("uneven")
    within = [high for low, high in ranges if low >= 0 and high <= 255.5]
    if len(within) <= len(ranges) / 2:
        low, high = (
            round(pick(values), 3) for pick, values in zip((min, max), zip(*ranges, strict=True), strict=True)
        )
        raise refuse("pixel-range", low=low, high=high)
    highest = max(within)
    scale = 1 if highest <= 1.001 else 16 if highest <= 16 and dialect.side == 8 else 255
    return replace(dialect, decimals=decimals > len(ranges) / 2, decimal_comma=comma, scale=choices.scale or scale)


def _with_appearance(dialect: Dialect, body: list[bytes], choices: Choices) -> Dialect:
    """Return the dialect with what its images look like."""
    rows = RowReader(dialect).read(b"\n".join(body) + b"\n", 1)
    values = rows.values
    if not len(values):
        raise refuse("no-rows", reason=rows.bad[0].reason.sentence)
    if dialect.layout != "grey":
        dialect = replace(dialect, layout=choices.layout or find_layout(values, dialect.side))
    gray = dialect.layout == "grey"
    inverted = choices.inverted if choices.inverted is not None else gray and is_inverted(arrange(values, dialect))
    dialect = replace(dialect, inverted=inverted)
    transposed = (
        choices.transposed if choices.transposed is not None else gray and is_transposed(arrange(values, dialect))
    )
    dialect = replace(dialect, transposed=transposed)
    return replace(dialect, normalizer=choices.normalizer or find_normalizer(arrange(values, dialect)))
