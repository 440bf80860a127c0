"""Tables with all pixels of an image in one cell, ``3,"0 0 12 …"`` or ``3,[0, 0, 12 …]``: one cell becomes many."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rabisco.intake.columns import DELIMITERS, image_shape
from rabisco.intake.report import Choices

LEAST = 15  # numbers before the last one
_NUMBER = rb"\d+(?:\.\d*)?(?:[eE][+-]?\d+)?"
_QUOTED = re.compile(rb'"\s*\[?\s*(' + _NUMBER + rb"(?:[\s,;]+" + _NUMBER + rb"){%d,})\s*\]?\s*\"" % LEAST)
_BRACKETED = re.compile(rb"\[\s*(" + _NUMBER + rb"(?:[\s,;]+" + _NUMBER + rb"){%d,})\s*\]" % LEAST)
_PLAIN = re.compile(rb"(?<![\d.])(" + _NUMBER + rb"(?: +" + _NUMBER + rb"){%d,})" % LEAST)
_BETWEEN = re.compile(rb"[\s,;]+")


@dataclass(frozen=True)
class Spread:
    """Lines with their pixels in cells of their own, what separates these, and the column in which they stood."""

    lines: list[bytes]
    delimiter: str
    column: int


def find_spread(lines: Sequence[bytes], choices: Choices) -> Spread | None:
    """Return lines with their pixels in cells of their own; ``None`` if most do not hold an image in one cell."""
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
    return Spread(spread, delimiter, column + 1)


def spread_block(block: bytes, delimiter: str) -> bytes:
    """Return whole lines, each ended by a line feed, with their pixels in cells of their own."""
    return b"\n".join(_spread(line, delimiter.encode()) for line in block.split(b"\n"))


def _found(line: bytes) -> "re.Match[bytes] | None":
    return _QUOTED.search(line) or _BRACKETED.search(line) or _PLAIN.search(line)


def _spread(line: bytes, delimiter: bytes) -> bytes:
    match = _found(line)
    if match is None:
        return line
    return line[: match.start()] + delimiter.join(_BETWEEN.split(match[1])) + line[match.end() :]
