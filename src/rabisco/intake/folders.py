"""Who belongs to which class and part: by the folders that pictures lie in, or by a table that lies beside them."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from rabisco.errors import InvalidImageError
from rabisco.intake.archive import Contents, Member
from rabisco.intake.columns import LABEL_NAMES
from rabisco.intake.findings import Finding
from rabisco.intake.report import Outermost
from rabisco.text import guess_encoding, normalized, plain

Part = Literal["train", "test"]
MAX_TABLE_BYTES = 64 << 20
LEAST_SHARED = 2  # classes by which folders of unknown names are known as parts

_WORDS = {
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
_PART_OF = {plain(word): part for part, words in _WORDS.items() for word in words.split()}
_FILLER_WORDS = (
    "set data dataset images image imgs img pictures photos split part samples digits conjunto dados datos imagens "
    "imágenes de del do da of du jeu données выборка данные набор изображения"
)
_FILLERS = frozenset(map(plain, _FILLER_WORDS.split()))
_PART_COLUMNS = frozenset(("split", "set", "part", "usage", "subset", "partition", "fold"))


def part_of(name: str) -> str | None:
    """Return which part a folder's name says: ``train``, ``validation`` or ``test``, in any of the five languages."""
    words = [word for word in re.split(r"[\W_]+|(?<=\D)(?=\d)", plain(name)) if word]
    telling = [word for word in words if word not in _FILLERS and not word.isdigit()]
    if len(telling) != 1:
        return None
    joined = telling[0]
    return _PART_OF.get(joined) or _PART_OF.get(re.sub(r"(set|data|images|imgs)$", "", joined))


@dataclass(frozen=True)
class PlacedPicture:
    """A picture, its place among all of them from 1, its class, empty if nothing tells it, and its part."""

    member: Member
    place: int
    label: str
    part: Part


@dataclass(frozen=True)
class Arrangement:
    """All pictures, and how what they are was told.

    Attributes:
        pictures: In the order of their names.
        understood: What tells class and part.
        outermost: What the outermost folders are; nothing if a table tells the classes, or there is one folder alone.
        findings: What else is to be known.
    """

    pictures: list[PlacedPicture]
    understood: Finding
    outermost: Outermost | None = None
    findings: tuple[Finding, ...] = ()


def arrange_pictures(contents: Contents, outermost: Outermost | None = None) -> Arrangement:
    """Return the pictures of a folder or archive with their classes and parts.

    Args:
        contents: All files.
        outermost: What the outermost folders are, if the user said so.
    """
    members = [member for member in contents.members if contents.is_picture(member)]
    others = [member.name for member in contents.members if not contents.is_picture(member)]
    paths = _without_common_folders([member.parts for member in members])
    if not any(len(parts) > 1 for parts in paths) or _one_folder(paths):
        told = _by_table(contents, members)
        if told is not None:
            return told
    notes = [Finding("other-files", {"count": len(others), "names": _named(others)})] if others else []
    inner = _parts_within_classes(paths) if outermost is None else {}
    kinds = {} if inner else _parts_of_folders(paths, outermost)
    if inner:
        labels = [parts[0] if len(parts) > 1 else "" for parts in paths]
        named: list[str | None] = [inner.get(parts[1]) if len(parts) > 2 else None for parts in paths]
    elif kinds:
        labels = [parts[1] if len(parts) > 2 and parts[0] in kinds else "" for parts in paths]
        named = [kinds.get(parts[0]) for parts in paths]
    else:
        labels = [parts[0] if len(parts) > 1 else "" for parts in paths]
        named = [None] * len(paths)
    roles = _roles({one for one in named if one})
    parts_found = [roles.get(one or "", "train") for one in named]
    pictures = [
        PlacedPicture(member, place, label, part)
        for place, (member, label, part) in enumerate(zip(members, labels, parts_found, strict=True), start=1)
    ]
    folders = kinds or inner
    if not folders:
        count = len({label for label in labels if label})
        return Arrangement(pictures, Finding("folders-are-classes", {"count": count}), "classes", tuple(notes))
    notes += _notes_on_validation({one for one in named if one})
    return Arrangement(pictures, _understood(folders, roles), "parts" if kinds else None, tuple(notes))


def _without_common_folders(paths: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return paths without the folders that all lie in; a few files beside such a folder do not count."""
    while True:
        deep = [parts for parts in paths if len(parts) > 2]
        inside = [parts for parts in paths if len(parts) > 1]
        if len({parts[0] for parts in inside}) != 1 or 2 * len(deep) <= len(paths):
            return paths
        paths = [parts[1:] if len(parts) > 1 else parts for parts in paths]


def _one_folder(paths: list[tuple[str, ...]]) -> bool:
    """Tell whether no two pictures lie in folders of different names, but for those of parts."""
    names = {parts[-2] for parts in paths if len(parts) > 1}
    return len({name for name in names if part_of(name) is None}) <= 1 and all(len(parts) <= 2 for parts in paths)


def _parts_of_folders(paths: list[tuple[str, ...]], outermost: Outermost | None) -> dict[str, str]:
    """Return the part that each outermost folder is; empty if they are classes."""
    if outermost == "classes":
        return {}
    classes = _classes_within(paths)
    deep = {top for top, found in classes.items() if found}
    known = {top: part for top in deep if (part := part_of(top)) is not None}
    if outermost == "parts":
        return {top: part_of(top) or "train" for top in deep}
    inside = [parts for parts in paths if len(parts) > 1]
    within_known = sum(len(parts) > 2 and parts[0] in known for parts in inside)
    if known and deep == set(known) and 2 * within_known > len(inside):
        return known
    shared = set.intersection(*(set(found) for found in classes.values())) if len(deep) > 1 else set()
    same = len(shared) >= LEAST_SHARED and all(2 * len(shared) > len(found) for found in classes.values())
    return {top: known.get(top, "train") for top in deep} if same else {}


def _classes_within(paths: list[tuple[str, ...]]) -> dict[str, Counter[str]]:
    """Return for each outermost folder the folders in it that hold pictures, with how many."""
    found: dict[str, Counter[str]] = {}
    for parts in paths:
        if len(parts) > 1:
            counter = found.setdefault(parts[0], Counter())
            if len(parts) > 2:
                counter[plain(parts[1])] += 1
    return found


def _parts_within_classes(paths: list[tuple[str, ...]]) -> dict[str, str]:
    """Return the part that each folder within the classes is, where all are parts (``cat/train/1.png``)."""
    inside = [parts for parts in paths if len(parts) > 1]
    names = {parts[1] for parts in inside if len(parts) > 2}
    kinds = {name: part for name in names if (part := part_of(name)) is not None}
    tops = {parts[0] for parts in inside}
    return kinds if kinds and set(kinds) == names and len(tops) > 1 and len(set(kinds.values())) > 1 else {}


def _roles(kinds: set[str]) -> dict[str, Part]:
    """Return what each part that is there is used for: a lone validation part is the test part."""
    roles: dict[str, Part] = dict.fromkeys(kinds, "train")
    if "train" in kinds:
        for lone in ("test", "validation"):
            if lone in kinds:
                roles[lone] = "test"
                break
    elif kinds == {"validation", "test"}:
        roles["test"] = "test"
    return roles


def _notes_on_validation(kinds: set[str]) -> list[Finding]:
    if not {"train", "validation"} <= kinds:
        return []
    return [Finding("validation-merged" if "test" in kinds else "validation-as-test")]


def _understood(folders: dict[str, str], roles: dict[str, Part]) -> Finding:
    names = {
        part: _named(sorted(top for top, kind in folders.items() if roles[kind] == part)) for part in ("train", "test")
    }
    return Finding("folders-are-parts", names) if names["test"] else Finding("folders-hold-classes", names)


def _by_table(contents: Contents, members: list[Member]) -> Arrangement | None:
    """Return the arrangement that a table of file names and classes tells; nothing if there is no such table."""
    places = {key: place for place, member in reversed(list(enumerate(members))) for key in _keys(member.name)}
    for table in contents.members:
        if table.is_table and table.size <= MAX_TABLE_BYTES:
            rows = _rows(contents, table)
            found = _labels_in(rows, places)
            if found is not None:
                column, labels, kinds = found
                roles = _roles(set(kinds.values()))
                pictures = [
                    PlacedPicture(member, place + 1, labels.get(place, ""), roles.get(kinds.get(place, ""), "train"))
                    for place, member in enumerate(members)
                ]
                return Arrangement(pictures, Finding("table-of-labels", {"table": table.name, "column": column}))
    return None


def _keys(name: str) -> Iterable[str]:
    """Return what a table may call a file, the fullest first."""
    path = PurePosixPath(name)
    for one in (path, path.name, path.stem):
        yield str(one).casefold()


def _rows(contents: Contents, table: Member) -> list[list[str]]:
    try:
        content = contents.read_start(table, MAX_TABLE_BYTES)
    except InvalidImageError:
        return []
    text = content.decode(guess_encoding([content[: 1 << 16]]), "replace").removeprefix("\ufeff")
    lines = [line for line in text.splitlines() if line.strip()]
    best: list[list[str]] = []
    for delimiter in (",", ";", "\t", "|", " "):
        rows = [[normalized(cell) for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
        widths = Counter(len(row) for row in rows)
        if widths and widths.most_common(1)[0][0] > max(1, max(map(len, best[:1]), default=1)):
            best = [row for row in rows if len(row) == widths.most_common(1)[0][0]]
    return best


def _labels_in(rows: list[list[str]], places: dict[str, int]) -> tuple[str, dict[int, str], dict[int, str]] | None:
    """Return the column of the classes, and class and part of pictures by their places among all."""
    if len(rows) < 2:
        return None
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
    named = [place for place in rest if header[place] in LABEL_NAMES]
    label = (named or sorted(rest, key=lambda place: len(set(columns[place]))))[0]
    labels, kinds = {}, {}
    for row in rows[has_header:]:
        place = _place(row[files], places)
        if place is not None:
            labels[place] = row[label]
            if part_column is not None and (kind := part_of(row[part_column])) is not None:
                kinds[place] = kind
    return (rows[0][label] if has_header else str(label + 1)), labels, kinds


def _place(cell: str, places: dict[str, int]) -> int | None:
    path = cell.replace("\\", "/").casefold().removeprefix("./")
    for key in (path, PurePosixPath(path).name):
        if key in places:
            return places[key]
    return None


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" (+{len(names) - 5})" if len(names) > 5 else "")
