"""A CSV file: how it is written, found from lines all over it, and its images, block by block.

All pixels of an image may stand in one cell, ``3,"0 0 12 …"`` or ``3,[0, 0, 12 …]``: it is spread to one for each.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from rabisco.errors import N_, Sentence, UnusableDataError
from rabisco.intake.appearance import arrange, find_layout, find_normalizer, is_inverted, is_transposed
from rabisco.intake.cells import RowReader
from rabisco.intake.columns import DELIMITERS, EMPTY_CELLS, find_columns, image_shape, split_line
from rabisco.intake.findings import Finding, excerpt, refuse
from rabisco.intake.lines import BLOCK_BYTES, read_blocks
from rabisco.intake.report import Batch, Choices, Dialect
from rabisco.text import guess_encoding

SAMPLE_LINES = 600
SAMPLE_BYTES = 16 << 20
SCALES = (1, 16, 255)
LEAST_SPREAD = 15  # pixels in one cell, before the last one
_FOREIGN = re.compile(rb"[^\n,;|\t]*[\x80-\xff][^\n,;|\t]*")  # cells with letters beyond ASCII
_NUMBER = rb"\d+(?:\.\d*)?(?:[eE][+-]?\d+)?"
_QUOTED = re.compile(rb'"\s*\[?\s*(' + _NUMBER + rb"(?:[\s,;]+" + _NUMBER + rb"){%d,})\s*\]?\s*\"" % LEAST_SPREAD)
_BRACKETED = re.compile(rb"\[\s*(" + _NUMBER + rb"(?:[\s,;]+" + _NUMBER + rb"){%d,})\s*\]" % LEAST_SPREAD)
_PLAIN = re.compile(rb"(?<![\d.])(" + _NUMBER + rb"(?: +" + _NUMBER + rb"){%d,})" % LEAST_SPREAD)
_BETWEEN = re.compile(rb"[\s,;]+")


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
        values, labels, bad = reader.read(_spread_block(body, dialect.delimiter) if dialect.spread else body, line)
        line += body.count(b"\n")
        yield Batch(arrange(values, dialect), labels, bad)


def detect(path: Path, choices: Choices) -> tuple[Dialect, list[Finding]]:
    """Return how a table is written, and what the user should know of it.

    Raises:
        UnusableDataError: It is no table of images.
    """
    lines, encoding = _sample(path)
    spread, remarks = None, list[Finding]()
    try:
        dialect, found = find_columns(lines, choices)
    except UnusableDataError:
        spread = _find_spread(lines, choices)
        if spread is None:
            raise
        lines, delimiter, column = spread
        dialect, found = find_columns(lines, replace(choices, delimiter=delimiter))
        remarks.append(Finding("spread", {"column": column}))
    if encoding != "utf-8":
        remarks.append(Finding("encoding-guessed", {"encoding": encoding}))
    body = lines[1:] if dialect.has_header else lines
    if not body:
        raise refuse("no-rows", reason=Sentence(N_("there is a header and nothing else")))
    dialect = _with_numbers(replace(dialect, encoding=encoding, spread=spread is not None), body, choices)
    return _with_appearance(dialect, body, choices), [*remarks, *found]


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
    values, _, bad = RowReader(dialect).read(b"\n".join(body) + b"\n", 1)
    if not len(values):
        raise refuse("no-rows", reason=bad[0].reason.sentence)
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


def _find_spread(lines: Sequence[bytes], choices: Choices) -> tuple[list[bytes], str, int] | None:
    """Return lines with their pixels in cells of their own, what separates these, and the column they stood in.

    ``None`` if most lines do not hold an image in one cell.
    """
    found = [_found(line) for line in lines]
    counts = Counter(len(_BETWEEN.split(match[1])) for match in found if match)
    if not counts:
        return None
    pixels, times = counts.most_common(1)[0]
    if image_shape(pixels) is None or 2 * times <= len(lines) - 1:
        return None
    place, match = next((at, one) for at, one in enumerate(found) if one and len(_BETWEEN.split(one[1])) == pixels)
    rest = lines[place][: match.start()] + lines[place][match.end() :]
    allowed = DELIMITERS[:-1] if choices.delimiter is None else (choices.delimiter,)  # spaces part the pixels
    delimiter = max(allowed, key=lambda one: rest.count(one.encode()))
    column = lines[place][: match.start()].count(delimiter.encode())
    spread = [_spread(line, delimiter.encode()) for line in lines]
    if found[0] is None:  # a header
        cells = lines[0].split(delimiter.encode())
        if column < len(cells):
            cells[column : column + 1] = [b"pixel%d" % number for number in range(pixels)]
            spread[0] = delimiter.encode().join(cells)
    return spread, delimiter, column + 1


def _spread_block(block: bytes, delimiter: str) -> bytes:
    """Return whole lines, each ended by a line feed, with their pixels in cells of their own."""
    return b"\n".join(_spread(line, delimiter.encode()) for line in block.split(b"\n"))


def _found(line: bytes) -> "re.Match[bytes] | None":
    return _QUOTED.search(line) or _BRACKETED.search(line) or _PLAIN.search(line)


def _spread(line: bytes, delimiter: bytes) -> bytes:
    match = _found(line)
    if match is None:
        return line
    return line[: match.start()] + delimiter.join(_BETWEEN.split(match[1])) + line[match.end() :]
