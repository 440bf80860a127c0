"""Who belongs to which class and part: by the folders that pictures lie in, or by a table that lies beside them."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from rabisco.intake.archive import Contents, Member
from rabisco.intake.findings import Finding, refuse
from rabisco.intake.labels import find_labels, part_of
from rabisco.intake.report import Outermost
from rabisco.text import listed, plain

Part = Literal["train", "test"]
_ANNOTATIONS = (".txt", ".xml", ".json", ".jsonl", ".yaml", ".yml")
_TELLING = (".json", ".jsonl", ".yaml", ".yml")  # of which one holds all
LEAST_SHARED = 2  # classes by which folders of unknown names are known as parts


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
        outermost: What the outermost folders are; ``None`` if a table holds the classes, or there is only one folder.
        findings: What else is to be known.
    """

    pictures: list[PlacedPicture]
    understood: Finding
    outermost: Outermost | None = None
    findings: tuple[Finding, ...] = ()


def arrange_pictures(contents: Contents, outermost: Outermost | None) -> Arrangement:
    """Return the pictures of a folder or archive with their classes and parts.

    The user may have said what the outermost folders are.
    """
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
            return Arrangement(_placed(members, labels, named), understood)
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
    pictures = _placed(members, labels, named)
    folders = kinds or inner
    if not folders:
        count = len({label for label in labels if label})
        return Arrangement(pictures, Finding("folders-are-classes", {"count": count}), "classes", tuple(notes))
    found = {one for one in named if one}
    if {"train", "validation"} <= found:
        notes.append(Finding("validation-merged" if "test" in found else "validation-as-test"))
    return Arrangement(pictures, _understood(folders, _roles(found)), "parts" if kinds else None, tuple(notes))


def _placed(members: list[Member], labels: list[str], named: list[str | None]) -> list[PlacedPicture]:
    """Return pictures with the classes and the parts that are named for them."""
    roles = _roles({one for one in named if one})
    return [
        PlacedPicture(member, place, label, roles.get(part or "", "train"))
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
