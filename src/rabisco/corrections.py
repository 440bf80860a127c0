"""What readers say of predictions: right, another character, or no character at all; kept with consent, and theirs.

A correction belongs to whoever gave it, known by a random token and nothing else; with the token it is listed,
exported and deleted. The picture is stored as PNG, no larger than the models need. Whatever takes the number of a
correction raises ``CorrectionNotFoundError`` where it is not there, or is another's.
"""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import case, func, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.orm import Session

from rabisco import store
from rabisco.artifacts import load_artifact
from rabisco.errors import N_, CorrectionNotFoundError, InvalidRequestError, TooLargeError
from rabisco.store import Correction, Picture
from rabisco.text import normalized

LONGEST_SIDE = 640  # pixels; the normalizers look at no more than about that
MOST_EACH = 5000  # corrections that one person may have stored
PAGE_SIZE = 24
OTHER = "another-character"  # what a picture shows whose class the model does not know and nobody named
COLUMNS = ("id", "file", "created", "model", "version", "predicted", "probability", "true_label", "right")


@dataclass(frozen=True)
class CorrectedReading:
    """What a model read in a picture: the class that a version of an artifact named, and its probability in [0, 1]."""

    model: str
    version: int
    predicted: str
    probability: float


@dataclass(frozen=True)
class Count:
    """How many corrections name a class, right or wrong readings, and how many say that there is no character."""

    characters: int
    no_characters: int


@dataclass(frozen=True)
class Page:
    """Some corrected pictures of a list, newest first."""

    pictures: tuple[tuple[Correction, ...], ...]  # those of this page: of each, one correction for each reading
    number: int  # of the page, from 1
    pages: int  # how many there are, at least 1
    total: int  # how many corrections there are on all of them
    total_pictures: int  # and how many pictures

    @property
    def corrections(self) -> list[Correction]:
        """All corrections of this page."""
        return [one for picture in self.pictures for one in picture]


NOTHING = Page((), 1, 1, 0, 0)


def add(
    picture: NDArray[np.uint8], readings: Sequence[CorrectedReading], *, true_label: str | None, person: str
) -> list[Correction]:
    """Store what a picture really is, and what models read in it; all of it or nothing.

    What a person says again of the same picture replaces what it is; of a model that read it before, nothing is added.

    Args:
        picture: As it was read, RGB, uint8 ``(H, W, 3)``.
        readings: One or more.
        true_label: The class that it is: one of each model's, any one character, or ``OTHER``; ``None``: no character
            at all.
        person: Token of who says so.

    Returns:
        One correction for each reading.

    Raises:
        ModelNotFoundError: There is no such model.
        InvalidRequestError: A model has no such class, or a probability is none.
        TooLargeError: This person has stored as many as one may.
        StorageError: It could not be stored.
    """
    true_label = None if true_label is None else normalized(true_label)
    for one in readings:
        _check(one, true_label)
    image = encode(picture)
    with store.alone() as session:
        same = select(Picture).where(Picture.person == person, Picture.key == key_of(image))
        stored = session.scalar(same.order_by(Picture.id.desc()).limit(1))
        if stored is None:
            stored = Picture(image=image, key=key_of(image), person=person, consent=True)
        stored.true_label = true_label
        session.add(stored)
        session.flush()
        said_before = session.scalars(select(Correction).where(Correction.picture_id == stored.id))
        known = {one.model: one for one in said_before}
        new = {one.model: _correction_of(one) for one in readings if one.model not in known}
        owned = select(func.count()).select_from(Correction).join(Correction.picture).where(Picture.person == person)
        if new and (session.scalar(owned) or 0) + len(new) > MOST_EACH:
            raise TooLargeError(
                N_("one person may store %(most)s corrections, and these are here. Export them, and delete some"),
                most=MOST_EACH,
            )
        stored.corrections.extend(new.values())
        session.flush()
    return [{**known, **new}[one.model] for one in readings]


def _correction_of(one: CorrectedReading) -> Correction:
    return Correction(
        model=one.model, artifact_version=one.version, predicted=one.predicted, probability=one.probability
    )


def _can_be(label: str | None, names: tuple[str, ...]) -> bool:
    """Return whether a picture can be said to be that: a class of the model, another character, or no character."""
    return label is None or label in names or label == OTHER or (len(label) == 1 and label.isalnum())


def key_of(image: bytes) -> str:
    """Return what names a stored picture, PNG, also where a model was taught it."""
    return hashlib.sha256(image).hexdigest()[:32]


def listed(person: str | None = None, *, wrong_only: bool = False, model: str = "", page: int = 1) -> Page:
    """Return a page of corrected pictures, newest first: everybody's and of every model's readings, if not given.

    With ``wrong_only``, those that say the model was right are left out. A page behind the last is the last.
    """
    wanted = []
    if person is not None:
        wanted.append(Picture.person == person)
    if wrong_only:
        wanted.append(Picture.true_label.is_(None) | (Picture.true_label != Correction.predicted))
    if model:
        wanted.append(Correction.model == model)
    counting = select(func.count(), func.count(Picture.id.distinct())).join(Picture.corrections).where(*wanted)
    with store.reading() as session:
        total, total_pictures = session.execute(counting).one()
        pages = max(1, -(-total_pictures // PAGE_SIZE))
        number = min(max(1, page), pages)
        matching = select(Picture.id).join(Picture.corrections).where(*wanted)
        newest = matching.distinct().order_by(Picture.id.desc())
        found = session.scalars(newest.offset((number - 1) * PAGE_SIZE).limit(PAGE_SIZE)).all()
        rows = select(Correction).join(Correction.picture).where(*wanted, Picture.id.in_(found))
        by_picture: dict[int, list[Correction]] = {picture: [] for picture in found}
        for one in session.scalars(rows.order_by(Correction.id)):
            by_picture[one.picture_id].append(one)
    return Page(tuple(map(tuple, by_picture.values())), number, pages, total, total_pictures)


def to_train_on(model: str, until: datetime | None = None) -> list[Correction]:
    """Return every correction of a model's readings that may be trained on, oldest first; rightness confirmed too.

    With ``until``, only those given by then.
    """
    of_model = select(Correction).join(Correction.picture).where(Correction.model == model)
    wanted = of_model.where(Picture.consent.is_(True))
    if until is not None:
        wanted = wanted.where(Picture.created <= until)
    with store.reading() as session:
        return list(session.scalars(wanted.order_by(Correction.id)))


def counts() -> dict[str, Count]:
    """Return for each model, by name, how many corrections of its readings may be trained on, everybody's."""
    no_character = func.sum(case((Picture.true_label.is_(None), 1), else_=0))
    counted = select(Correction.model, func.count(), no_character).join(Correction.picture)
    wanted = counted.where(Picture.consent.is_(True))
    with store.reading() as session:
        rows = session.execute(wanted.group_by(Correction.model).order_by(Correction.model)).all()
    return {model: Count(total - none, none) for model, total, none in rows}


def pictures(numbers: Iterable[int], person: str) -> dict[int, bytes]:
    """Return those of the corrections' pictures, PNG by number, that are this person's and still there."""
    wanted = select(Correction.id, Picture.image).join(Correction.picture).where(Correction.id.in_(list(numbers)))
    with store.reading() as session:
        rows = session.execute(wanted.where(Picture.person == person)).all()
    return {row.id: row.image for row in rows}


def mark_used(given: Iterable[Correction], run: str) -> None:
    """Note in which run these corrections were trained on; those deleted meanwhile are let be."""
    numbers = [one.id for one in given]
    with store.writing() as session:
        session.execute(update(Correction).where(Correction.id.in_(numbers)).values(used_in_run=run))


def get(number: int, person: str) -> Correction:
    """Return one correction of a person."""
    with store.reading() as session:
        return _own(session, number, person)


def of_picture(number: int, person: str) -> list[Correction]:
    """Return all that a person said of the picture of one correction."""
    with store.reading() as session:
        same = Correction.picture_id == _own(session, number, person).picture_id
        return list(session.scalars(select(Correction).where(same).order_by(Correction.id)))


def everything_of(person: str) -> list[Correction]:
    """Return every correction of a person, oldest first."""
    wanted = select(Correction).join(Correction.picture).where(Picture.person == person).order_by(Correction.id)
    with store.reading() as session:
        return list(session.scalars(wanted))


def delete(number: int, person: str) -> None:
    """Delete one correction of a person for good, and its picture if nothing else is said of it."""
    with store.writing() as session:
        found = _own(session, number, person)
        others = select(Correction.id).where(Correction.picture_id == found.picture_id, Correction.id != number)
        session.delete(found if session.scalar(others.limit(1)) else found.picture)


def delete_picture(number: int, person: str) -> int:
    """Delete the picture of one correction with all that was said of it, for good; return how many corrections."""
    with store.writing() as session:
        picture = _own(session, number, person).picture
        count = len(picture.corrections)
        session.delete(picture)
    return count


def delete_all(person: str) -> int:
    """Delete every correction of a person for good, and return how many there were."""
    with store.writing() as session:
        owned = select(func.count()).select_from(Correction).join(Correction.picture).where(Picture.person == person)
        count = session.scalar(owned) or 0
        session.execute(sql_delete(Picture).where(Picture.person == person))
    return count


def export(person: str) -> bytes:
    """Return every correction of a person as a zip: the pictures, ``corrections.csv`` and the same as JSON."""
    found = everything_of(person)
    rows = [_row(correction) for correction in found]
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS)
    writer.writeheader()
    writer.writerows({key: safe_cell(value) for key, value in row.items()} for row in rows)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("corrections.csv", table.getvalue())
        archive.writestr("corrections.json", json.dumps(rows, indent=1, ensure_ascii=False))
        for correction, row in zip(found, rows, strict=True):
            archive.writestr(str(row["file"]), correction.picture.image, zipfile.ZIP_STORED)
    return content.getvalue()


def encode(picture: NDArray[np.uint8]) -> bytes:
    """Return a picture as PNG, its longer side at most ``LONGEST_SIDE`` pixels."""
    image = Image.fromarray(picture)
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    content = io.BytesIO()
    image.save(content, "PNG", optimize=True)
    return content.getvalue()


def _check(one: CorrectedReading, true_label: str | None) -> None:
    names = load_artifact(one.model).card.class_names
    for label, fits in ((one.predicted, one.predicted in names), (true_label or "", _can_be(true_label, names))):
        if not fits:
            raise InvalidRequestError(
                N_(
                    "a correction must name one of the classes of %(model)s: %(names)s. Received: %(label)s; choose "
                    "one of them, or say that it is another character or none"
                ),
                model=one.model,
                names=" ".join(names)[:300],
                label=repr(label[:40]),
            )
    if not 0 <= one.probability <= 1:
        raise InvalidRequestError(
            N_("a probability lies between 0 and 1. Received: %(probability)s; send the one answered"),
            probability=one.probability,
        )


def _own(session: Session, number: int, person: str) -> Correction:
    mine = Correction.id == number, Picture.person == person
    found = session.scalar(select(Correction).join(Correction.picture).where(*mine))
    if found is None:
        raise CorrectionNotFoundError(N_("no correction of yours has that number; it may have been deleted already"))
    return found


def _row(correction: Correction) -> dict[str, object]:
    values = (
        correction.id,
        f"images/{correction.id}.png",
        correction.picture.created.isoformat(),
        correction.model,
        correction.artifact_version,
        correction.predicted,
        correction.probability,
        correction.true_label,
        correction.is_right,
    )
    return dict(zip(COLUMNS, values, strict=True))


def safe_cell(value: object) -> object:
    """Return a value as a cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
