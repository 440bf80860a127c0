"""What readers say of predictions: right, another character, or no character at all; kept with consent, and theirs.

A correction belongs to whoever gave it, known by a random token and nothing else; with the token it is listed,
exported and deleted. The picture is stored as PNG, no larger than the models need.
"""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import case, func, select, update
from sqlalchemy import delete as sql_delete

from rabisco import store
from rabisco.artifacts import load_artifact
from rabisco.errors import CorrectionNotFoundError, InvalidRequestError, TooLargeError
from rabisco.store import Correction

LONGEST_SIDE = 640  # pixels; the normalisers look at no more than about that
MOST_EACH = 5000  # corrections that one person may have stored
PAGE_SIZE = 24
OTHER = "another-character"  # what a picture shows whose class the model does not know and nobody named
_MOMENT = (Correction.person, Correction.created)  # what was said at one moment is said of one picture
COLUMNS = ("id", "file", "created", "model", "version", "predicted", "probability", "true_label", "right")


@dataclass(frozen=True)
class Count:
    """How many corrections name a class, right or wrong readings, and how many say that there is no character."""

    characters: int
    no_characters: int


@dataclass(frozen=True)
class Page:
    """Some corrected pictures of a list, newest first.

    Attributes:
        pictures: Those of this page: what was said at one moment of one picture, one correction for each reading.
        number: Of the page, from 1.
        pages: How many there are, at least 1.
        total: How many corrections there are on all of them.
        total_pictures: And how many pictures.
    """

    pictures: tuple[tuple[Correction, ...], ...]
    number: int
    pages: int
    total: int
    total_pictures: int

    @property
    def corrections(self) -> list[Correction]:
        """All corrections of this page."""
        return [one for picture in self.pictures for one in picture]


def add(
    picture: NDArray[np.uint8],
    *,
    model: str,
    version: int,
    predicted: str,
    probability: float,
    true_label: str | None,
    person: str,
    when: datetime | None = None,
    once: bool = False,
) -> Correction:
    """Store what a reader said of one prediction.

    Args:
        picture: As it was read, RGB, uint8 ``(H, W, 3)``.
        model: Name of the artifact that answered.
        version: Its version.
        predicted: The class that it named.
        probability: Of that class, in [0, 1].
        true_label: The class that it is: one of the model's, any one character, or ``OTHER``; ``None``: no character
            at all.
        person: Token of who says so.
        when: The moment; the same for all readings of one picture. Now, if not given.
        once: Whether what this person said before of the same picture and model is replaced.

    Raises:
        ModelNotFoundError: There is no such model.
        InvalidRequestError: The model has no such class, or the probability is none.
        TooLargeError: This person has stored as many as one may.
        StorageError: It could not be stored.
    """
    names = load_artifact(model).card.class_names
    for label, fits in ((predicted, predicted in names), (true_label or "", _can_be(true_label, names))):
        if not fits:
            raise InvalidRequestError(
                f"a correction must name one of the classes of {model}: {' '.join(names)[:300]}. "
                f"Received: {label[:40]!r}; choose one of them, or say that it is another character or none"
            )
    if not 0 <= probability <= 1:
        raise InvalidRequestError(
            f"a probability lies between 0 and 1. Received: {probability}; send the one answered"
        )
    image = encode(picture)
    with store.alone() as session:
        same = select(Correction).where(
            Correction.person == person, Correction.model == model, Correction.image == image
        )
        before = session.scalar(same.limit(1)) if once else None
        if before is not None:
            before.true_label = true_label
            return before
        count = session.scalar(select(func.count()).where(Correction.person == person)) or 0
        if count >= MOST_EACH:
            raise TooLargeError(
                f"one person may store {MOST_EACH} corrections, and these are here. Export them, and delete some"
            )
        correction = Correction(
            image=image,
            model=model,
            artifact_version=version,
            predicted=predicted,
            probability=probability,
            true_label=true_label,
            person=person,
            consent=True,
            created=when or store.now(),
        )
        session.add(correction)
    return correction


def _can_be(label: str | None, names: tuple[str, ...]) -> bool:
    """Return whether a picture can be said to be that: a class of the model, another character, or no character."""
    return label is None or label in names or label == OTHER or (len(label) == 1 and label.isalnum())


def key_of(image: bytes) -> str:
    """Return what names a stored picture, PNG, where a model was taught it."""
    return hashlib.sha256(image).hexdigest()[:32]


def listed(person: str | None = None, *, wrong_only: bool = False, model: str = "", page: int = 1) -> Page:
    """Return a page of corrected pictures, newest first.

    Args:
        person: Token of whose; everybody's if not given.
        wrong_only: Leave out those that say the model was right.
        model: Only those of this model, if given.
        page: From 1; a number behind the last gives the last.
    """
    wanted = []
    if person is not None:
        wanted.append(Correction.person == person)
    if wrong_only:
        wanted.append(Correction.true_label.is_(None) | (Correction.true_label != Correction.predicted))
    if model:
        wanted.append(Correction.model == model)
    moments = select(Correction.person, Correction.created).where(*wanted).group_by(*_MOMENT)
    newest = moments.order_by(func.max(Correction.id).desc())
    with store.reading() as session:
        total = session.scalar(select(func.count()).select_from(Correction).where(*wanted)) or 0
        total_pictures = session.scalar(select(func.count()).select_from(moments.subquery())) or 0
        pages = max(1, -(-total_pictures // PAGE_SIZE))
        number = min(max(1, page), pages)
        found = session.execute(newest.offset((number - 1) * PAGE_SIZE).limit(PAGE_SIZE)).all()
        rows = select(Correction).where(*wanted, Correction.created.in_([row.created for row in found]))
        by_moment: dict[tuple[str, datetime], list[Correction]] = {(row.person, row.created): [] for row in found}
        for one in session.scalars(rows.order_by(Correction.id)):
            by_moment.get((one.person, one.created), []).append(one)
    return Page(tuple(map(tuple, by_moment.values())), number, pages, total, total_pictures)


def to_train_on(model: str, until: datetime | None = None) -> list[Correction]:
    """Return every correction of a model's readings that may be trained on, oldest first; rightness confirmed too.

    Args:
        model: Name of the model.
        until: Only those given by then.
    """
    wanted = select(Correction).where(Correction.model == model, Correction.consent.is_(True))
    if until is not None:
        wanted = wanted.where(Correction.created <= until)
    with store.reading() as session:
        return list(session.scalars(wanted.order_by(Correction.id)))


def counts() -> dict[str, Count]:
    """Return for each model, by name, how many corrections of its readings may be trained on, everybody's."""
    no_character = func.sum(case((Correction.true_label.is_(None), 1), else_=0))
    wanted = select(Correction.model, func.count(), no_character).where(Correction.consent.is_(True))
    with store.reading() as session:
        rows = session.execute(wanted.group_by(Correction.model).order_by(Correction.model)).all()
    return {model: Count(total - none, none) for model, total, none in rows}


def pictures(numbers: Iterable[int], person: str) -> dict[int, bytes]:
    """Return those of the corrections' pictures, PNG by number, that are this person's and still there."""
    wanted = select(Correction.id, Correction.image).where(Correction.id.in_(list(numbers)))
    with store.reading() as session:
        rows = session.execute(wanted.where(Correction.person == person)).all()
    return {row.id: row.image for row in rows}


def mark_used(given: Iterable[Correction], run: str) -> None:
    """Note in which run these corrections were trained on; those deleted meanwhile are let be."""
    numbers = [one.id for one in given]
    with store.writing() as session:
        session.execute(update(Correction).where(Correction.id.in_(numbers)).values(used_in_run=run))


def get(number: int, person: str) -> Correction:
    """Return one correction of a person.

    Raises:
        CorrectionNotFoundError: It is not there, or is another's.
    """
    with store.reading() as session:
        found = session.scalar(select(Correction).where(Correction.id == number, Correction.person == person))
    if found is None:
        raise CorrectionNotFoundError("no correction of yours has that number; it may have been deleted already")
    return found


def of_picture(number: int, person: str) -> list[Correction]:
    """Return all that a person said of the picture of one correction.

    Raises:
        CorrectionNotFoundError: It is not there, or is another's.
    """
    moment = get(number, person).created
    with store.reading() as session:
        same = select(Correction).where(Correction.person == person, Correction.created == moment)
        return list(session.scalars(same))


def everything_of(person: str) -> list[Correction]:
    """Return every correction of a person."""
    with store.reading() as session:
        return list(session.scalars(select(Correction).where(Correction.person == person)))


def delete(number: int, person: str) -> None:
    """Delete one correction of a person for good.

    Raises:
        CorrectionNotFoundError: It is not there, or is another's.
    """
    get(number, person)
    with store.writing() as session:
        session.execute(sql_delete(Correction).where(Correction.id == number, Correction.person == person))


def delete_picture(number: int, person: str) -> int:
    """Delete all that a person said of the picture of one correction, for good; return how many corrections.

    Raises:
        CorrectionNotFoundError: It is not there, or is another's.
    """
    moment = get(number, person).created
    with store.writing() as session:
        same = Correction.person == person, Correction.created == moment
        numbers = list(session.scalars(select(Correction.id).where(*same)))
        session.execute(sql_delete(Correction).where(*same))
    return len(numbers)


def delete_all(person: str) -> int:
    """Delete every correction of a person for good, and return how many there were."""
    with store.writing() as session:
        numbers = list(session.scalars(select(Correction.id).where(Correction.person == person)))
        session.execute(sql_delete(Correction).where(Correction.person == person))
    return len(numbers)


def export(person: str) -> bytes:
    """Return every correction of a person as a zip: the pictures, ``corrections.csv`` and the same as JSON."""
    with store.reading() as session:
        found = list(session.scalars(select(Correction).where(Correction.person == person).order_by(Correction.id)))
    rows = [_row(correction) for correction in found]
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS)
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("corrections.csv", table.getvalue())
        archive.writestr("corrections.json", json.dumps(rows, indent=1, ensure_ascii=False, default=_iso))
        for correction, row in zip(found, rows, strict=True):
            archive.writestr(str(row["file"]), correction.image, zipfile.ZIP_STORED)
    return content.getvalue()


def encode(picture: NDArray[np.uint8]) -> bytes:
    """Return a picture as PNG, its longer side at most ``LONGEST_SIDE`` pixels."""
    image = Image.fromarray(picture)
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    content = io.BytesIO()
    image.save(content, "PNG", optimize=True)
    return content.getvalue()


def is_right(correction: Correction) -> bool:
    """Tell whether it says that the model read rightly."""
    return correction.true_label == correction.predicted


def _row(correction: Correction) -> dict[str, object]:
    values = (
        correction.id,
        f"images/{correction.id}.png",
        correction.created,
        correction.model,
        correction.artifact_version,
        correction.predicted,
        correction.probability,
        correction.true_label,
        is_right(correction),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _iso(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _cell(value: object) -> object:
    """Return a value as a cell that no spreadsheet takes for a formula."""
    text = _iso(value) if isinstance(value, datetime) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
