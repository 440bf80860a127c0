"""Which columns a table has: what separates them, whether a header names them, which holds the label."""

import csv
import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from rabisco.errors import N_, Sentence, UnusableDataError
from rabisco.intake.findings import Finding, excerpt, refuse
from rabisco.intake.report import Choices, Dialect

DELIMITERS = (",", ";", "\t", "|", " ")
LEAST_SIDE, MOST_SIDE = 4, 256
USUAL_SIDE = 8  # below it, only columns named as pixels or of black and white are taken for images
MOST_OTHERS = 6  # columns beside the pixels
LOOKED_AT = 50  # lines
SPARSE = 0.05  # share of empty cells from which on they are pixels of 0
MAX_COLUMNS = 3 * MOST_SIDE**2 + 3
_LABEL_NAMES = """
label labels class classes target y digit character char letter symbol category
rótulo classe clase etiqueta étiquette chiffre метка класс символ цифра
"""
LABEL_NAMES = frozenset(_LABEL_NAMES.split())
_PIXEL_NAME = re.compile(r"(?:pixel|pix|px|p|x|v|f|c|col|column|feature|attr|attribute)?[ _-]?\d+(?:[x_,-]\d+)*")
_SURE_PIXEL = re.compile(r"(?:pixel|pix|px|p)[ _-]?\d+(?:[x_,-]\d+)*|\d+[x_,-]\d+|r\d+c\d+")
_NAMED_FILE = re.compile(r"(?i).+\.(?:png|jpe?g|gif|bmp|webp|tiff?|avif|heic)")
EMPTY_CELLS = frozenset(("", "nan", "na", "n/a", "null", "none"))  # as programs write what is not there
_INDEX_NAMES = frozenset(("", "id", "index", "idx", "row", "unnamed: 0"))

Lines = Sequence[bytes]


def split_line(line: bytes, delimiter: str) -> list[str]:
    """Return the cells of a line, without quotes and spaces around them."""
    text = line.decode("utf-8", "replace").strip(" \n") if delimiter == " " else line.decode("utf-8", "replace")
    if '"' in text:
        cells = next(csv.reader([text], delimiter=delimiter, skipinitialspace=True), [])
    else:
        cells = text.split(delimiter)
        if len(text.split(None, 1)) == 1:  # no space to take away
            return cells
    return [cell.strip() for cell in cells if cell or delimiter != " "]


def find_columns(lines: Lines, choices: Choices) -> tuple[Dialect, list[Finding]]:
    """Return a dialect that says which columns a table has, and what the user should know of them.

    The lines are the first of the file and some from all over it, without line ends, none of them blank.

    Raises:
        UnusableDataError: There is no delimiter, no label or no square number of pixels.
    """
    delimiter, count = _find_delimiter(lines, choices)
    rows = [cells for line in lines if len(cells := split_line(line, delimiter)) == count]
    first = split_line(lines[0], delimiter)
    has_header = _is_header(first, rows) if choices.has_header is None else choices.has_header
    body = rows[1:] if has_header and rows and rows[0] == first else rows
    header = first if has_header and len(first) == count else []
    sparse = _is_sparse(body)
    if sparse:
        body = [["0" if cell.lower() in EMPTY_CELLS else cell for cell in row] for row in body]
    ignored = _ignored(count, header, body)
    extra: tuple[int, ...] = ()
    if image_shape(count - 1 - len(ignored)) is None:
        extra = _extra(count, ignored, header, body, choices)
    left_out = tuple(sorted({*ignored, *extra}))
    label, guessed = _find_label(count, left_out, header, body, choices)
    shape = image_shape(count - 1 - len(left_out))
    if shape is None:
        raise _no_shape(count, header, body)
    pixels = [place for place in range(count) if place != label and place not in left_out]
    if shape[0] < USUAL_SIDE and not _are_pixels(pixels, header, body):
        raise refuse("features", columns=len(pixels))
    findings = [Finding("sparse")] if sparse else []
    if extra:
        names = ", ".join(header[place] if header else str(place + 1) for place in extra)
        findings.append(Finding("extra-columns", {"columns": names}))
    elif 0 in ignored:
        findings.append(Finding("index-column", {"column": 1}))
    if guessed:
        findings.append(Finding("label-guessed", {"column": label + 1}))
    dialect = Dialect(
        kind="table",
        normalizer="",
        side=shape[0],
        layout="grey" if shape[1] == 1 else "planar",
        delimiter=delimiter,
        has_header=has_header,
        columns=count,
        label_column=label,
        ignored_columns=left_out,
        sparse=sparse,
    )
    return dialect, findings


def _no_shape(count: int, header: list[str], body: list[list[str]]) -> UnusableDataError:
    """Return the refusal of columns that are no images, by its likeliest cause."""
    if image_shape(count):
        return refuse("no-label", columns=count)
    words = _words(count, body)
    file = next((cell for row in body[:LOOKED_AT] for cell in row if _NAMED_FILE.fullmatch(cell)), None)
    if file is not None and count < USUAL_SIDE**2:
        return refuse("table-alone", name=excerpt(file.encode()))
    if count <= USUAL_SIDE**2 and count - len(words) > 1:
        return refuse("features", columns=count - len(words))
    if many := _one_hot(count, body):
        return refuse("one-hot", count=many)
    if len(words) > 1:
        names = ", ".join(header[place] if header else str(place + 1) for place in words[:5])
        return refuse("columns-of-text", columns=count, names=names)
    return refuse("columns", columns=count)


def _one_hot(count: int, body: list[list[str]]) -> int:
    """Return how many columns at one end hold a single 1 in each row, beside which an image is left; 0 if none do."""
    for many in range(2, 101):
        if body and image_shape(count - many):
            for columns in (slice(count - many, count), slice(0, many)):
                found = [[_number(cell) for cell in row[columns]] for row in body]
                if all(row.count(1) == 1 and row.count(0) == many - 1 for row in found):
                    return many
    return 0


def _words(count: int, body: list[list[str]]) -> list[int]:
    """Return the places of columns most of whose cells are no numbers."""
    rows = body[:LOOKED_AT]
    return [place for place in range(count) if 2 * sum(_number(row[place]) is None for row in rows) > len(rows)]


def _is_sparse(body: list[list[str]]) -> bool:
    """Return whether cells are left empty instead of 0, all over the table."""
    rows = [row[:-1] for row in body[:LOOKED_AT]]
    empty = [sum(cell.lower() in EMPTY_CELLS for cell in row) for row in rows]
    return bool(rows) and sum(empty) > SPARSE * sum(map(len, rows)) and 2 * sum(map(bool, empty)) > len(rows)


def _extra(
    count: int, ignored: tuple[int, ...], header: list[str], body: list[list[str]], choices: Choices
) -> tuple[int, ...]:
    """Return the columns to leave out so that an image is left: those of text, those named otherwise than pixels."""
    words = [place for place in _words(count, body) if place not in ignored]
    label = _named_label(header, choices)
    if label is None and words:
        varied = [(len({row[place] for row in body}), place) for place in words]
        label = min((one for one in varied if 1 < one[0] <= len(body) / 2), default=(0, None))[1]
    named = [place for place, name in enumerate(header) if _PIXEL_NAME.fullmatch(name.lower())]
    others = [place for place in range(len(header)) if place not in named] if 2 * len(named) > len(header) else []
    for chosen in (words, [*words, *([0] if 0 not in ignored else [])], [*words, *others]):
        left_out = {*chosen} - {label}
        rest = count - 1 - len({*ignored, *left_out})
        if left_out and len(left_out) <= MOST_OTHERS and image_shape(rest) is not None:
            return tuple(sorted(left_out - {*ignored}))
    return ()


def _are_pixels(places: list[int], header: list[str], body: list[list[str]]) -> bool:
    """Return whether few columns are pixels: whole numbers or shares of 1 under such names, or two values alone.

    Four by four measurements, called ``f0`` to ``f15``, are none.
    """
    cells = {row[place] for row in body for place in places}
    if len(cells) <= 2:
        return True
    named = sum(_SURE_PIXEL.fullmatch(header[place].lower()) is not None for place in places) if header else 0
    values = [number for cell in cells if (number := _number(cell)) is not None]
    return 2 * named > len(places) and (max(values, default=2) <= 1 or all(value.is_integer() for value in values))


def _named_label(header: list[str], choices: Choices) -> int | None:
    names = [name.lower() for name in header]
    if choices.label_column is not None and choices.label_column.lower() in names:
        return names.index(choices.label_column.lower())
    return next((place for place, name in enumerate(names) if name in LABEL_NAMES), None)


def image_shape(pixels: int) -> tuple[int, int] | None:
    """Return side and channels of square images with this number of pixels, or ``None`` if there are none."""
    for channels in (1, 3):
        side = math.isqrt(max(pixels, 0) // channels)
        if side * side * channels == pixels and LEAST_SIDE <= side <= MOST_SIDE:
            return side, channels
    return None


def _find_delimiter(lines: Lines, choices: Choices) -> tuple[str, int]:
    if choices.delimiter is not None and choices.delimiter not in DELIMITERS:
        raise refuse(
            "choice",
            name=Sentence(N_("delimiter")),
            expected=Sentence(N_("comma, semicolon, tab, bar or space")),
            received=choices.delimiter,
        )
    best = (False, False, False, 0.0, 0, "")
    for delimiter in DELIMITERS if choices.delimiter is None else (choices.delimiter,):
        counts = Counter(len(split_line(line, delimiter)) for line in lines[:50])
        count, times = counts.most_common(1)[0]
        share = round(times / min(50, len(lines)), 1)
        most_others = MOST_OTHERS if share >= 0.5 else 3
        plausible = any(image_shape(count - other) for other in range(1, most_others + 1))
        best = max(best, (plausible, _numeric(lines, delimiter), count > 1, share, count, delimiter))
    plausible, _, _, share, count, delimiter = best
    if count < 2:
        raise refuse("no-delimiter")
    if count > MAX_COLUMNS:
        raise refuse("too-many-columns", limit=MAX_COLUMNS)
    if not plausible:
        if share < 0.5:
            raise refuse("uneven")
        rows = [cells for line in lines[1:] if len(cells := split_line(line, delimiter)) == count]
        raise _no_shape(count, [], rows)
    return delimiter, count


def _numeric(lines: Lines, delimiter: str) -> bool:
    """Return whether most cells are numbers: those of "0,5;0,25" are not, split at the commas."""
    cells = split_line(lines[min(len(lines), 50) - 1], delimiter)
    return sum(_number(cell) is not None for cell in cells) > len(cells) / 2


def _is_header(first: list[str], rows: list[list[str]]) -> bool:
    """Return whether the first line names columns: words above numbers, or a row of counting numbers."""
    numbers = [_number(cell) for cell in first]
    counted = [number for number in numbers if number is not None]
    if len(counted) >= LEAST_SIDE**2 and np.all(np.diff(counted[1:]) == 1):
        return True
    others = next((row for row in rows if row != first), None)
    if others is None or len(others) != len(first):
        return len(counted) < len(first) / 2
    above, below = (
        [cell.lower() in EMPTY_CELLS or _number(cell) is not None for cell in row] for row in (first, others)
    )
    words = sum(there and not here for here, there in zip(above, below, strict=True))
    return words > len(first) / 2


def _ignored(count: int, header: list[str], body: list[list[str]]) -> tuple[int, ...]:
    """Return the places of columns that are neither label nor pixel: a last one that is empty, a first that counts."""
    ignored = []
    if body and image_shape(count - 1) is None and not any(row[-1] for row in body):
        ignored.append(count - 1)
    if image_shape(count - 1 - len(ignored)) is None and image_shape(count - 2 - len(ignored)) is not None:
        numbers = [_number(row[0]) for row in body]
        counts = [number for number in numbers if number is not None]
        rising = len(counts) == len(body) and len(counts) > 1 and bool(np.all(np.diff(counts) > 0))
        if rising or (header and header[0].lower() in _INDEX_NAMES):
            ignored.insert(0, 0)
    return tuple(ignored)


def _find_label(
    count: int, ignored: tuple[int, ...], header: list[str], body: list[list[str]], choices: Choices
) -> tuple[int, bool]:
    places = [place for place in range(count) if place not in ignored]
    wanted = choices.label_column
    if wanted in ("first", "last"):
        return places[0 if wanted == "first" else -1], False
    names = [name.lower() for name in header]
    if wanted is not None:
        if wanted.lower() not in names:
            raise refuse("label-column", column=excerpt(wanted.encode()))
        return names.index(wanted.lower()), False
    named = [place for place in places if names and names[place] in LABEL_NAMES]
    if named:
        return named[0], False
    return _find_label_by_content(places, body)


def _find_label_by_content(places: list[int], body: list[list[str]]) -> tuple[int, bool]:
    first, last = ([row[place] for row in body] for place in (places[0], places[-1]))
    words = [any(_number(cell) is None for cell in cells) for cells in (first, last)]
    if words[0] != words[1]:
        return (places[0] if words[0] else places[-1]), False
    if words[0]:
        return places[0], True
    varied = [len(set(cells)) > 1 for cells in (first, last)]
    if varied[0] != varied[1]:
        return (places[0] if varied[0] else places[-1]), False
    if not varied[0]:
        return places[0], True
    whole = [all(cell.replace(".0", "").isdigit() for cell in cells) for cells in (first, last)]
    if whole[0] != whole[1]:
        return (places[0] if whole[0] else places[-1]), False
    strangeness = [
        _strangeness(body, places[0], places[1]),
        _strangeness(body, places[-1], places[-2]),
    ]
    return (places[0] if strangeness[0] >= strangeness[1] else places[-1]), abs(strangeness[0] - strangeness[1]) < 0.1


def _strangeness(body: list[list[str]], place: int, neighbor: int) -> float:
    """Return how little a column has to do with the one beside it: neighboring pixels are alike, a label is not."""
    here, beside = (np.array([_number(row[column]) or 0.0 for row in body]) for column in (place, neighbor))
    if here.std() == 0 or beside.std() == 0:
        return 1.0
    return 1.0 - abs(float(np.corrcoef(here, beside)[0, 1]))


def _number(cell: str) -> float | None:
    try:
        return float(cell.replace(",", ".")) if "_" not in cell else None
    except ValueError:
        return None
