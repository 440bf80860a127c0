"""Names that a user gives to classes: read from text, and matched with the classes that the data have."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from rabisco.errors import UnusableDataError
from rabisco.intake.cells import MAX_LABEL
from rabisco.intake.findings import refuse
from rabisco.intake.report import Inspection
from rabisco.text import normalized, plain

Given = Mapping[str, str] | Sequence[str]
_PAIR = re.compile(r"(.+?)\s*(?:=|→|->|\t|:\s)\s*(.+)")


def parse_class_names(text: str) -> dict[str, str] | list[str]:
    """Return what text such as ``0 = A, 1 = B`` says, or ``A, B, C`` for all classes in their order.

    Names that hold commas are given as JSON, an object or a list.

    Raises:
        UnusableDataError: It says nothing of the kind.
    """
    if text.lstrip().startswith(("{", "[")):
        try:
            return class_names_of(json.loads(text)) or []
        except ValueError:
            raise _malformed(text) from None
    pieces = [piece for piece in (one.strip() for one in _split(text)) if piece]
    pairs = [_PAIR.fullmatch(piece) for piece in pieces]
    if not any(pairs):
        return [_checked(one) for one in pieces]
    if not all(pairs):
        raise _malformed(next(piece for piece, pair in zip(pieces, pairs, strict=True) if not pair))
    return {normalized(pair[1]): _checked(pair[2]) for pair in pairs if pair}


def class_names_of(value: object) -> dict[str, str] | list[str] | None:
    """Return names that a program gives: text, a list, or an object from each class to its name; ``None`` without any.

    Raises:
        UnusableDataError: They are malformed.
    """
    if isinstance(value, str):
        return parse_class_names(value) or None
    if isinstance(value, Mapping):
        return {normalized(str(old)): _checked(new) for old, new in value.items()} or None
    if isinstance(value, Sequence):
        return [_checked(one) for one in value] or None
    if value is None:
        return None
    raise _malformed(str(value))


def matched(given: Given | None, classes: Sequence[str]) -> dict[str, str]:
    """Return the name that each class gets, of those that get another.

    Args:
        given: For some classes their names, or the names of all in their order.
        classes: Those of the data, in the order of their labels.

    Raises:
        UnusableDataError: There are more or fewer names than classes.
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return {old: given[old] for old in classes if given.get(old, old) != old}
    if len(given) != len(classes):
        raise refuse("class-names-count", expected=len(classes), classes=", ".join(classes)[:100], received=len(given))
    return {old: new for old, new in zip(classes, given, strict=True) if old != new}


def unmatched(given: Given | None, classes: Iterable[str]) -> list[str]:
    """Return the classes that were given a name and are not in the data."""
    return [old for old in given if old not in set(classes)] if isinstance(given, Mapping) else []


def joined(inspection: Inspection) -> dict[str, str]:
    """Return a renaming that merges classes whose names differ only in case or accents.

    Each is merged under the name of its largest class. The keys are labels as in the data, also of classes that were
    given names before.
    """
    largest: dict[str, str] = {}
    for one in sorted(inspection.classes, key=lambda one: -(one.train + one.test)):
        if len(one.name) > 1:
            largest.setdefault(plain(one.name), one.name)
    names = {one.name: largest.get(plain(one.name), one.name) for one in inspection.classes}
    before = {old: names[new] for old, new in inspection.dialect.class_names.items() if new in names}
    return {**{old: new for old, new in names.items() if old != new}, **before}


def _split(text: str) -> list[str]:
    pieces = re.split(r"[\n,;]+", text.strip())
    return pieces if len(pieces) > 1 or _PAIR.search(text) else text.split()


def _checked(name: object) -> str:
    text = normalized(str(name))
    if not isinstance(name, str | int) or not 0 < len(text) <= MAX_LABEL:
        raise _malformed(str(name))
    return text


def _malformed(received: str) -> UnusableDataError:
    return refuse("class-names", received=repr(received[:60]))
