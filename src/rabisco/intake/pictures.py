"""Pictures by class (``cat/1.png``): who belongs to which class and part, and their pixels as a model reads them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rabisco.errors import RabiscoError, Sentence, UnusableDataError
from rabisco.images import decode, prepare, shape_of
from rabisco.intake.appearance import find_photo_normalizer
from rabisco.intake.archive import Contents, Member, open_members
from rabisco.intake.findings import Finding, refuse
from rabisco.intake.labels import find_labels, part_of
from rabisco.intake.report import BadRow, Batch, Choices, Dialect, Outermost
from rabisco.settings import get_settings
from rabisco.text import listed, plain

BATCH = 256
LOOKED_AT = 40
MAX_UNREADABLE = 1000  # pictures, spread over all, of which one must be readable
LEAST_SHARED = 2  # classes by which folders of unknown names are known as parts
COLORED = 20  # levels by which the channels of a colored picture differ, on average
_ANNOTATIONS = (".txt", ".xml", ".json", ".jsonl", ".yaml", ".yml")
_TELLING = (".json", ".jsonl", ".yaml", ".yml")  # of which one holds all

Part = Literal["train", "test"]


@dataclass(frozen=True)
class _Placed:
    """A picture, its place among all of them from 1, its class, empty if nothing tells it, and its part."""

    member: Member
    place: int
    label: str
    part: Part


@dataclass(frozen=True)
class _Arrangement:
    """All pictures in the order of their names, and how what they are was told."""

    pictures: list[_Placed]
    understood: Finding  # what tells class and part
    outermost: Outermost | None = None  # none if a table holds the classes, or there is only one folder
    findings: tuple[Finding, ...] = ()  # what else is to be known


def detect(path: Path, choices: Choices) -> tuple[Dialect, list[Finding]]:
    """Return which normalizer suits the pictures and how they lie, and what the user should know, understood first.

    Raises:
        UnusableDataError: There are none, or the archive is damaged or made to do harm.
    """
    with open_members(path) as contents:
        arrangement = _arranged(contents, choices.folders)
        if not arrangement.pictures:
            raise _none_here(contents)
        _look_for_one(arrangement.pictures, contents)
        normalizer = choices.normalizer or _suitable(arrangement.pictures, contents)
        dialect = Dialect(kind="pictures", normalizer=normalizer, folders=arrangement.outermost)
        return dialect, [arrangement.understood, *contents.notes, *arrangement.findings]


def _none_here(contents: Contents) -> UnusableDataError:
    names = [member.name for member in contents.members]
    inner = next((name for name in names if name.lower().endswith((".zip", ".tar", ".gz", ".7z", ".rar"))), None)
    if inner is not None:
        return refuse("zip-in-zip", name=inner[-60:])
    return refuse("no-pictures", name=names[0][-60:]) if names else refuse("empty-archive")


def has_test(path: Path, folders: Outermost | None) -> bool:
    """Return whether the pictures lie in folders for training and test."""
    with open_members(path) as contents:
        return any(picture.part == "test" for picture in _arranged(contents, folders).pictures)


def read_batches(path: Path, dialect: Dialect, part: Part) -> Iterator[Batch]:
    """Yield the pictures of a part as the dialect's normalizer makes them.

    Raises:
        UnusableDataError: The archive is damaged or made to do harm.
    """
    with open_members(path) as contents:
        pictures = _arranged(contents, dialect.folders).pictures
        chosen = [picture for picture in pictures if picture.part == part]
        for start in range(0, len(chosen), BATCH):
            yield _read_batch(chosen[start : start + BATCH], contents, dialect.normalizer)


def _read_batch(pictures: list[_Placed], contents: Contents, normalizer: str) -> Batch:
    images, labels, bad = [], [], []
    for picture in pictures:
        found = _read_one(picture, contents, normalizer)
        if isinstance(found, Finding):
            bad.append(BadRow(picture.place, found, picture.member.name))
        else:
            images.append(found)
            labels.append(picture.label)
    shape = (0, *shape_of(normalizer))
    return Batch(np.stack(images) if images else np.zeros(shape, np.uint8), labels, bad)


def _read_one(picture: _Placed, contents: Contents, normalizer: str) -> NDArray[np.uint8] | Finding:
    if not picture.label:
        return Finding("picture-no-folder")
    pixels = _decoded(picture, contents)
    if isinstance(pixels, Sentence):
        return Finding("picture-unreadable", {"reason": pixels})
    prepared = prepare(pixels, normalizer)
    return Finding("picture-blank") if prepared.blank else prepared.pixels


def _look_for_one(pictures: list[_Placed], contents: Contents) -> None:
    """Refuse very many files of which none seems to be a picture, before all of them are tried."""
    reason: Sentence | None = None
    for picture in pictures[:: len(pictures) // MAX_UNREADABLE] if len(pictures) > MAX_UNREADABLE else ():
        found = _decoded(picture, contents)
        if not isinstance(found, Sentence):
            return
        reason = found
    if reason is not None:
        raise refuse("no-rows", reason=reason)


def _decoded(picture: _Placed, contents: Contents) -> NDArray[np.uint8] | Sentence:
    """Return the pixels of a picture, or why it cannot be read."""
    try:
        return decode(contents.read(picture.member), **get_settings().picture_limits)
    except UnusableDataError:
        raise
    except RabiscoError as error:
        return error.sentence


def _suitable(pictures: list[_Placed], contents: Contents) -> str:
    """Return the normalizer for most pictures: of photographs, which are colored all over, or of pen on paper."""
    step = max(1, len(pictures) // LOOKED_AT)
    votes, photographs = [], []
    for picture in pictures[::step]:
        pixels = _decoded(picture, contents)
        if not isinstance(pixels, Sentence):
            votes.append(float(np.ptp(pixels, axis=2).mean()) > COLORED)
            photographs.append(pixels.shape)
    return find_photo_normalizer(photographs) if sum(votes) > len(votes) / 2 else "mnist@1"


def _arranged(contents: Contents, outermost: Outermost | None) -> _Arrangement:
    """Return pictures with their classes and parts; the user may have said what the outermost folders are."""
    members, others = [], []
    for member in contents.members:
        if contents.is_picture(member):
            members.append(member)
        else:
            others.append(member.name)
    paths = _without_common_folders([member.parts for member in members])
    if not any(len(parts) > 1 for parts in paths) or _one_folder(paths):
        told = find_labels(contents, members)
        if told is not None:
            labels, named, understood = told
            return _Arrangement(_with_places(members, labels, named), understood)
    _refuse_annotations(paths, others)
    notes = [Finding("other-files", {"count": len(others), "names": listed(others)})] if others else []
    inner = _parts_within_classes(paths) if outermost is None else {}
    kinds = {} if inner else _parts_of_folders(paths, outermost)
    if kinds:
        labels = [parts[1] if len(parts) > 2 and parts[0] in kinds else "" for parts in paths]
        named = [kinds.get(parts[0]) for parts in paths]
    else:
        labels = [parts[0] if len(parts) > 1 else "" for parts in paths]
        named = [inner.get(parts[1]) if len(parts) > 2 else None for parts in paths]
    pictures = _with_places(members, labels, named)
    folders = kinds or inner
    if not folders:
        count = len({label for label in labels if label})
        return _Arrangement(pictures, Finding("folders-are-classes", {"count": count}), "classes", tuple(notes))
    found = {one for one in named if one}
    if {"train", "validation"} <= found:
        notes.append(Finding("validation-merged" if "test" in found else "validation-as-test"))
    return _Arrangement(pictures, _understood(folders, _roles(found)), "parts" if kinds else None, tuple(notes))


def _with_places(members: list[Member], labels: list[str], named: list[str | None]) -> list[_Placed]:
    """Return pictures with the classes and the parts that are named for them."""
    roles = _roles({one for one in named if one})
    return [
        _Placed(member, place, label, roles.get(part or "", "train"))
        for place, (member, label, part) in enumerate(zip(members, labels, named, strict=True), start=1)
    ]


def _refuse_annotations(paths: list[tuple[str, ...]], others: list[str]) -> None:
    """Refuse pictures of one folder whose classes stand in files of annotations, as programs for boxes write them."""
    folders = {parts[:-1] for parts in paths if part_of(parts[0]) is None or len(parts) > 2}
    names = {folder[-1] if folder else "" for folder in folders}
    annotated = [name for name in others if name.lower().endswith(_ANNOTATIONS) and "readme" not in name.lower()]
    telling = any(name.lower().endswith(_TELLING) for name in annotated)
    if paths and len(names) <= 1 and annotated and (2 * len(annotated) > len(paths) or telling):
        raise refuse("annotations", name=annotated[0])


def _without_common_folders(paths: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return paths without the folders that all lie in; a few files beside such a folder do not count."""
    while True:
        deep = [parts for parts in paths if len(parts) > 2]
        inside = [parts for parts in paths if len(parts) > 1]
        if len({parts[0] for parts in inside}) != 1 or 2 * len(deep) <= len(paths):
            return paths
        paths = [parts[1:] if len(parts) > 1 else parts for parts in paths]


def _one_folder(paths: list[tuple[str, ...]]) -> bool:
    """Return whether no two pictures lie in folders of different names, but for those of parts."""
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


def _understood(folders: dict[str, str], roles: dict[str, Part]) -> Finding:
    names = {
        part: listed(sorted(top for top, kind in folders.items() if roles[kind] == part)) for part in ("train", "test")
    }
    return Finding("folders-are-parts", names) if names["test"] else Finding("folders-hold-classes", names)
