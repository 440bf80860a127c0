"""Classes of pictures that no folders tell: from tables beside them, or from the beginnings of their names."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from rabisco.errors import InvalidImageError
from rabisco.intake.archive import Contents, Member
from rabisco.intake.columns import DELIMITERS, LABEL_NAMES
from rabisco.intake.findings import Finding
from rabisco.text import guess_encoding, listed, normalized, plain

MAX_TABLE_BYTES = 64 << 20
MAX_TABLES = 20  # that are looked at
MAX_CELLS = 4_000_000  # of a table that is
MEASURED = 1 << 20  # characters that tell how a table is divided
LEAST_OF_A_NAME = 3  # pictures whose names begin alike
_TOLD_NAMES = LABEL_NAMES | {"choice", "tag", "species", "breed", "emotion", "ground_truth", "labels", "transcription"}
_PART_COLUMNS = frozenset(("split", "set", "part", "usage", "subset", "partition", "fold"))
_NUMBERED = re.compile(r"(.*?)[\W_]*(?:copy|\(?\d+\)?)[\W_\d]*")
_DIGIT = re.compile(r"(\d)[_\-. ].*")

_PART_WORDS = {  # in five languages
    "train": (
        "train training tr trn learn learning fit treino treinamento treinar entrenamiento entrenar entreno "
        "entraînement apprentissage обучение обучающая обучающий тренировка тренировочная тренировочный учебная"
    ),
    "validation": (
        "val valid validation validate validating dev development holdout validação validación valida валидация "
        "валидационная валидационный проверка проверочная"
    ),
    "test": (
        "test testing tst eval evaluation evaluate teste testes prueba pruebas examen avaliação evaluación essai "
        "essais évaluation тест тестовая тестовый тесты тестирование экзамен контрольная"
    ),
}
_PART_OF = {plain(word): part for part, words in _PART_WORDS.items() for word in words.split()}
_FILLER_WORDS = (
    "set data dataset images image imgs img pictures photos split part samples digits conjunto dados datos imagens "
    "imágenes de del do da of du jeu données выборка данные набор изображения"
)
_FILLERS = frozenset(map(plain, _FILLER_WORDS.split()))

NamedLabels = tuple[list[str], list[str | None], Finding]


def find_labels(contents: Contents, members: Sequence[Member]) -> NamedLabels | None:
    """Return the class and the part of each picture, told by tables of file names, else by how the names begin.

    If several tables match, use the one that labels the most pictures with more than one class. Tables with the same
    class column, such as one per part, are combined. ``None`` if nothing tells a class.
    """
    found = []
    tables = [one for one in contents.members if one.is_table and one.size <= MAX_TABLE_BYTES] if members else []
    tables.sort(key=lambda one: (one.suffix == ".txt", -one.size))  # notes last: short, and in ``.txt``
    for table in sorted(tables[:MAX_TABLES], key=lambda one: one.name):
        told = _labels_in(_rows(contents, table), members, table)
        if told is not None:
            found.append(told)
    if not found:
        return _by_names(members)
    best = max(found, key=lambda one: (min(2, len(set(one[1].values()))), len(one[1])))
    alike = [one for one in found if one is best or (one[0] == best[0] and len(set(one[1].values())) > 1)]
    labels: dict[int, str] = {}
    parts: dict[int, str] = {}
    for _, its_labels, its_parts, _ in alike:
        labels = {**its_labels, **labels}
        parts = {**its_parts, **parts}
    names = ", ".join(table for _, _, _, table in alike)
    return _named(members, labels, parts, Finding("table-of-labels", {"table": names, "column": best[0]}))


def _by_names(members: Sequence[Member]) -> NamedLabels | None:
    """Return what all files' names begin with as classes: words (``cat.1.png``), else digits (``3_12.png``)."""
    for pattern in (_NUMBERED, _DIGIT):
        matches = [pattern.fullmatch(PurePosixPath(member.name).stem) for member in members]
        labels = {place: match[1] for place, match in enumerate(matches) if match and match[1].strip("_-. ")}
        counts = Counter(labels.values())
        if len(labels) == len(members) and len(counts) > 1 and min(counts.values()) >= LEAST_OF_A_NAME:
            return _named(members, labels, {}, Finding("names-of-files", {"classes": listed(sorted(counts))}))
    return None


def _named(
    members: Sequence[Member], labels: dict[int, str], parts: dict[int, str], understood: Finding
) -> NamedLabels:
    """Return what is known of each picture by its place; where no part is told, the folder around it may name one."""
    known = [parts.get(n) or _part_around(member) if n in labels else None for n, member in enumerate(members)]
    return [labels.get(n, "") for n in range(len(members))], known, understood


def _part_around(member: Member) -> str | None:
    """Return the part that the folder around a picture names, or ``None``."""
    return part_of(member.parts[-2]) if len(member.parts) > 1 else None


def _rows(contents: Contents, table: Member) -> list[list[str]]:
    try:
        content = contents.read_start(table, MAX_TABLE_BYTES)
    except InvalidImageError:
        return []
    text = content.decode(guess_encoding([content[: 1 << 16]]), "replace").removeprefix("\ufeff")
    try:
        widths = {one: _usual_width(text[:MEASURED], one) for one in DELIMITERS}
        delimiter = max(DELIMITERS, key=lambda one: widths[one])
        width = widths[delimiter]
        most_rows = max(text.count("\n"), text.count("\r")) + 1
        if width < 2 or width * most_rows > MAX_CELLS:
            return []
        rows = csv.reader(_lines(text), delimiter=delimiter)
        return [[normalized(cell) for cell in row] for row in rows if len(row) == width]
    except csv.Error:  # a cell of more than 128 kB
        return []


def _usual_width(text: str, delimiter: str) -> int:
    widths = Counter(map(len, csv.reader(_lines(text), delimiter=delimiter)))
    return max(widths, key=lambda width: widths[width], default=0)


def _lines(text: str) -> Iterator[str]:
    return (line for line in io.StringIO(text, newline=None) if line.strip())


def _labels_in(
    rows: list[list[str]], members: Sequence[Member], table: Member
) -> tuple[str, dict[int, str], dict[int, str], str] | None:
    """Return the column of the classes, class and part of pictures by their places, and the table's name."""
    if len(rows) < 2:
        return None
    places = _places(members, table)
    columns = list(zip(*rows, strict=True))
    matches = [sum(_place(cell, places) is not None for cell in column) for column in columns]
    files = max(range(len(columns)), key=lambda column: matches[column])
    if 2 * matches[files] < len(rows):
        return None
    has_header = _place(columns[files][0], places) is None
    header = [name.casefold() for name in rows[0]] if has_header else [""] * len(columns)
    part_column = next((place for place, name in enumerate(header) if name in _PART_COLUMNS), None)
    rest = [place for place in range(len(columns)) if place not in (files, part_column)]
    if not rest:
        return None
    body = rows[has_header:]
    chosen = _label_column(header, rest, body)
    labels, kinds = {}, {}
    for row in body:
        place = _place(row[files], places)
        if place is not None:
            labels[place] = (
                row[chosen] if chosen is not None else next(rows[0][one] for one in rest if row[one] == "1")
            )
            if part_column is not None and (kind := part_of(row[part_column])) is not None:
                kinds[place] = kind
    if chosen is None:
        told = ", ".join(rows[0][place] for place in rest)
    else:
        told = rows[0][chosen] if has_header else str(chosen + 1)
    return told, labels, kinds, table.name


def _label_column(header: list[str], rest: list[int], body: list[list[str]]) -> int | None:
    """Return the column of the classes: one that is named so, else of those that vary the one with the fewest values.

    ``None`` where each class has a column of its own that holds 1 for its pictures and 0 for others.
    """
    named = [place for place in rest if header[place] in _TOLD_NAMES]
    if named:
        return named[0]
    one_hot = {"1": 1, "0": len(rest) - 1}
    if len(rest) > 1 and any(header) and all(Counter(row[place] for place in rest) == one_hot for row in body):
        return None
    values = {place: len({row[place] for row in body}) for place in rest}
    return min(rest, key=lambda place: (values[place] < 2, values[place]))


def _places(members: Sequence[Member], table: Member) -> dict[str, int]:
    """Return the place of each picture by what a table may call it; the likelier of two that are called the same."""
    part, folder = part_of(PurePosixPath(table.name).stem), table.parts[:-1]

    def strangeness(member: Member) -> tuple[bool, bool, bool]:
        its = _part_around(member)
        return member.parts[:-1] != folder, part is not None and its != part, its == "test"

    found: dict[str, int] = {}
    for place in sorted(range(len(members)), key=lambda place: strangeness(members[place]), reverse=True):
        for key in _keys(members[place].name):
            found[key] = place
    return found


def _keys(name: str) -> Iterable[str]:
    """Return what a table may call a file, the fullest first."""
    last = name.rpartition("/")[2]
    for one in (name, last, last.rpartition(".")[0] or last):
        yield one.casefold()


def _place(cell: str, places: dict[str, int]) -> int | None:
    path = cell.replace("\\", "/").casefold().removeprefix("./")
    for key in (path, path.rpartition("/")[2]):
        if key in places:
            return places[key]
    return None


def part_of(name: str) -> str | None:
    """Return which part a folder's name says: ``train``, ``validation`` or ``test``, in any of the five languages."""
    words = [word for word in re.split(r"[\W_]+|(?<=\D)(?=\d)", plain(name)) if word]
    telling = [word for word in words if word not in _FILLERS and not word.isdigit()]
    if len(telling) != 1:
        return None
    joined = telling[0]
    return _PART_OF.get(joined) or _PART_OF.get(re.sub(r"(set|data|images|imgs)$", "", joined))
