"""Pictures by class (``cat/1.png``): who belongs to which class and part, and their pixels as a model reads them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabisco.errors import RabiscoError, Sentence, UnusableDataError
from rabisco.images import decode, prepare, shape_of
from rabisco.intake.appearance import find_photo_normalizer
from rabisco.intake.archive import Contents, open_members
from rabisco.intake.findings import Finding, refuse
from rabisco.intake.folders import Part, PlacedPicture, arrange_pictures
from rabisco.intake.report import BadRow, Batch, Choices, Dialect, Outermost
from rabisco.settings import get_settings

BATCH = 256
LOOKED_AT = 40
MAX_UNREADABLE = 1000  # pictures, spread over all, of which one must be readable
COLORED = 20  # levels by which the channels of a colored picture differ, on average


def detect(path: Path, choices: Choices) -> tuple[Dialect, list[Finding]]:
    """Return which normalizer suits the pictures and how they lie, and what the user should know, understood first.

    Raises:
        UnusableDataError: There are none, or the archive is damaged or made to do harm.
    """
    with open_members(path) as contents:
        arrangement = arrange_pictures(contents, choices.folders)
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
        return any(picture.part == "test" for picture in arrange_pictures(contents, folders).pictures)


def read_batches(path: Path, dialect: Dialect, part: Part) -> Iterator[Batch]:
    """Yield pictures as the normalizer makes them.

    Args:
        path: A folder or an archive.
        dialect: Names the normalizer, and what the outermost folders are.
        part: Only pictures of that part.

    Raises:
        UnusableDataError: The archive is damaged or made to do harm.
    """
    with open_members(path) as contents:
        pictures = arrange_pictures(contents, dialect.folders).pictures
        chosen = [picture for picture in pictures if picture.part == part]
        for start in range(0, len(chosen), BATCH):
            yield _read_batch(chosen[start : start + BATCH], contents, dialect.normalizer)


def _read_batch(pictures: list[PlacedPicture], contents: Contents, normalizer: str) -> Batch:
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


def _read_one(picture: PlacedPicture, contents: Contents, normalizer: str) -> NDArray[np.uint8] | Finding:
    if not picture.label:
        return Finding("picture-no-folder")
    pixels = _decoded(picture, contents)
    if isinstance(pixels, Sentence):
        return Finding("picture-unreadable", {"reason": pixels})
    prepared = prepare(pixels, normalizer)
    return Finding("picture-blank") if prepared.blank else prepared.pixels


def _look_for_one(pictures: list[PlacedPicture], contents: Contents) -> None:
    """Refuse very many files of which none seems to be a picture, before all of them are tried."""
    reason: Sentence | None = None
    for picture in pictures[:: len(pictures) // MAX_UNREADABLE] if len(pictures) > MAX_UNREADABLE else ():
        found = _decoded(picture, contents)
        if not isinstance(found, Sentence):
            return
        reason = found
    if reason is not None:
        raise refuse("no-rows", reason=reason)


def _decoded(picture: PlacedPicture, contents: Contents) -> NDArray[np.uint8] | Sentence:
    """Return the pixels of a picture, or why it cannot be read."""
    try:
        return decode(contents.read(picture.member), **get_settings().picture_limits)
    except UnusableDataError:
        raise
    except RabiscoError as error:
        return error.sentence


def _suitable(pictures: list[PlacedPicture], contents: Contents) -> str:
    """Return the normalizer for most pictures: of photographs, which are colored all over, or of pen on paper."""
    step = max(1, len(pictures) // LOOKED_AT)
    votes, photographs = [], []
    for picture in pictures[::step]:
        pixels = _decoded(picture, contents)
        if not isinstance(pixels, Sentence):
            votes.append(float(np.ptp(pixels, axis=2).mean()) > COLORED)
            photographs.append(pixels.shape)
    return find_photo_normalizer(photographs) if sum(votes) > len(votes) / 2 else "mnist@1"
