"""Pictures by class (``cat/1.png``): who belongs to which class and part, and their pixels as a model reads them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rabisco.errors import RabiscoError, UnusableDataError
from rabisco.images import decode, prepare, shape_of
from rabisco.intake.appearance import find_photo_normalizer
from rabisco.intake.archive import Member, Read, open_members
from rabisco.intake.batch import Batch
from rabisco.intake.findings import Finding, refuse
from rabisco.intake.report import BadRow, Choices, Dialect
from rabisco.settings import get_settings

BATCH = 256
LOOKED_AT = 40
COLOURED = 20  # levels by which the channels of a coloured picture differ, on average

Part = Literal["train", "test"]
_PARTS: dict[str, Part] = {
    **dict.fromkeys(("train", "training", "val", "valid", "validation"), "train"),
    **dict.fromkeys(("test", "testing"), "test"),
}
_VALIDATION = frozenset(("val", "valid", "validation"))


@dataclass(frozen=True)
class _Picture:
    member: Member
    place: int
    label: str
    part: Part


def detect(path: Path, choices: Choices) -> tuple[Dialect, list[Finding]]:
    """Return which normaliser suits the pictures, and what the user should know of them.

    Raises:
        UnusableDataError: There are none, or the archive is damaged or made to do harm.
    """
    with open_members(path) as (members, read):
        pictures = _arranged(members)
        if not any(picture.member.is_picture for picture in pictures):
            raise refuse("no-pictures")
        normalizer = choices.normalizer or _suitable(pictures, read)
        folders = {part.lower() for member in members for part in member.parts[:-1]}
    merged = folders & _VALIDATION and any(picture.part == "test" for picture in pictures)
    return Dialect(kind="pictures", normalizer=normalizer), [Finding("validation-merged")] if merged else []


def has_test(path: Path) -> bool:
    """Tell whether the pictures lie in folders for training and test."""
    with open_members(path) as (members, _):
        return any(picture.part == "test" for picture in _arranged(members))


def read_batches(path: Path, dialect: Dialect, part: Part | None = None) -> Iterator[Batch]:
    """Yield pictures as the normaliser makes them.

    Args:
        path: A folder or a zip archive.
        dialect: Names the normaliser.
        part: Only pictures in folders of that part; all of them if not given.

    Raises:
        UnusableDataError: The archive is damaged or made to do harm.
    """
    with open_members(path) as (members, read):
        chosen = [picture for picture in _arranged(members) if part in (None, picture.part)]
        for start in range(0, len(chosen), BATCH):
            yield _read_batch(chosen[start : start + BATCH], read, dialect.normalizer)


def _arranged(members: list[Member]) -> list[_Picture]:
    """Return every file with its class, the folder it lies in, and its part, a folder above that."""
    paths = [member.parts for member in members]
    while len({parts[0] for parts in paths}) == 1 and all(len(parts) > 2 for parts in paths):
        paths = [parts[1:] for parts in paths]
    divided = bool(paths) and all(parts[0].lower() in _PARTS for parts in paths) and max(map(len, paths)) > 2
    pictures = []
    for place, (member, parts) in enumerate(zip(members, paths, strict=True), start=1):
        folders = parts[1:-1] if divided else parts[:-1]
        part = _PARTS[parts[0].lower()] if divided else "train"
        pictures.append(_Picture(member, place, folders[0] if folders else "", part))
    return pictures


def _read_batch(pictures: list[_Picture], read: Read, normalizer: str) -> Batch:
    images, labels, bad = [], [], []
    for picture in pictures:
        found = _read_one(picture, read, normalizer)
        if isinstance(found, Finding):
            bad.append(BadRow(picture.place, found, picture.member.name))
        else:
            images.append(found)
            labels.append(picture.label)
    shape = (0, *shape_of(normalizer))
    return Batch(np.stack(images) if images else np.zeros(shape, np.uint8), labels, bad)


def _read_one(picture: _Picture, read: Read, normalizer: str) -> NDArray[np.uint8] | Finding:
    if not picture.label:
        return Finding("picture-no-folder")
    try:
        prepared = prepare(decode(read(picture.member), **get_settings().picture_limits), normalizer)
    except UnusableDataError:
        raise
    except RabiscoError as error:
        return Finding("picture-unreadable", {"reason": error.sentence})
    return Finding("picture-blank") if prepared.blank else prepared.pixels


def _suitable(pictures: list[_Picture], read: Read) -> str:
    """Return the normaliser for most pictures: of photographs, which are coloured all over, or of pen on paper."""
    step = max(1, len(pictures) // LOOKED_AT)
    votes, photographs = [], []
    for picture in pictures[::step]:
        try:
            pixels = decode(read(picture.member), **get_settings().picture_limits).astype(np.int16)
        except UnusableDataError:
            raise
        except RabiscoError:
            continue
        votes.append(float(np.ptp(pixels, axis=2).mean()) > COLOURED)
        photographs.append(pixels.shape)
    return find_photo_normalizer(photographs) if sum(votes) > len(votes) / 2 else "mnist@1"
