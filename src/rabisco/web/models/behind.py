"""From a figure to its images: which they are, what models answered on them, and where their pixels come from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rabisco.artifacts import Artifact
from rabisco.errors import InvalidConfigurationError
from rabisco.evaluation import DatasetReader
from rabisco.evaluation.readings import OF_TWO, Readings, Selection
from rabisco.inference import Predictor, get_predictor, softmax
from rabisco.runs import held_out, measurements
from rabisco.runs.measurements import ComparedAnswers, MeasurementJob, comparisons_dir

PER_PAGE = 48
Images = NDArray[np.uint8]
Source = Literal["data set", "artifact", "measurement", "none"]


@dataclass(frozen=True)
class ModelAnswer:
    """What a model answered on an image: a class and its probability."""

    model: str
    category: str
    probability: float
    right: bool


@dataclass(frozen=True)
class Shown:
    """One image of a page; ``image`` is uint8 ``(H, W, C)``, ``None`` where it is not at hand."""

    row: int
    category: str
    answers: tuple[ModelAnswer, ...]
    image: Images | None


@dataclass(frozen=True)
class Behind:
    """The images behind a figure.

    Attributes:
        dataset: Name of their data set.
        count: How many there are.
        at_hand: How many of them can be shown; these come first.
        pages: How many pages they fill.
        shown: Those of this page.
        source: Where the pixels come from.
        state: ``reading`` while a process fetches the images, ``unread`` before the models have read them.
        under_way: How far that reading is, if it was asked for.
    """

    dataset: str
    count: int = 0
    at_hand: int = 0
    pages: int = 1
    shown: tuple[Shown, ...] = ()
    source: Source = "none"
    state: Literal["ready", "reading", "unread"] = "ready"
    under_way: MeasurementJob | None = None


@dataclass(frozen=True)
class _Pool:
    """All the images of which some are chosen, and what is known of them."""

    dataset: str
    class_names: Sequence[str]
    mine: Readings
    other: Readings | None
    rows: NDArray[np.int64]  # of the images that are at hand
    images: Images  # of these rows
    source: Source
    state: Literal["ready", "reading", "unread"] = "ready"


def behind(
    artifact: Artifact, other: Artifact | None, damage: str, asked: Selection, page: int, *, visible: bool = True
) -> Behind:
    """Return a page of the images behind a figure.

    Args:
        artifact: The model whose figure it is.
        other: A second model, whose answers stand beside.
        damage: Name of a corruption, by which the images are damaged; empty for the images as they are.
        asked: Which images, classes as indices into those of the model.
        page: From 1.
        visible: Whether the images themselves may be shown.
    """
    artifacts = [artifact, *([other] if other else [])]
    pool = None if damage else _own(artifact, other)
    if pool is None or (asked.which in OF_TWO and pool.other is None):
        pool = _measured(artifacts, damage)
    if pool is None:
        asked_of = {one.name for one in artifacts}
        known = measurements.status(measurements.id_of(artifacts, damage or measurements.CLEAN))
        under_way = known if known and set(known.models) == asked_of else None
        return Behind(artifact.card.dataset.name, state="unread", under_way=under_way)
    if not visible:
        pool = replace(pool, rows=pool.rows[:0], images=pool.images[:0], source="none")
    names = artifact.card.class_names
    places = [None if at is None else pool.class_names.index(names[at]) for at in (asked.category, asked.answer)]
    rows = pool.mine.select(Selection(places[0], places[1], asked.low, asked.high, asked.which), pool.other)
    here = np.isin(rows, pool.rows)
    ordered = np.concatenate([rows[here], rows[~here]])
    pages = max(1, -(-len(ordered) // PER_PAGE))
    chosen = ordered[(page - 1) * PER_PAGE : page * PER_PAGE]
    return Behind(
        dataset=pool.dataset,
        count=len(rows),
        at_hand=int(here.sum()),
        pages=pages,
        shown=tuple(_shown(pool, artifacts, chosen)),
        source=pool.source,
        state=pool.state,
    )


def _own(artifact: Artifact, other: Artifact | None) -> _Pool | None:
    """Return a model's own test images; ``None`` where it did not keep what it answered."""
    mine = artifact.readings
    if mine is None:
        return None
    theirs = other.readings if other and other.card.class_names == artifact.card.class_names else None
    if theirs is not None and not np.array_equal(theirs.labels, mine.labels):
        theirs = None
    state, images = held_out.test_images(artifact)
    facts = artifact.card.dataset.name, artifact.card.class_names, mine, theirs
    if images is not None:
        return _Pool(*facts, np.arange(len(images)), images, "data set")
    rows, kept = mine.rows.astype(np.int64), mine.images
    return _Pool(*facts, rows, kept, "artifact", "reading" if state == "reading" else "ready")


def _measured(artifacts: list[Artifact], damage: str) -> _Pool | None:
    """Return images that the models were given together; ``None`` where that was not done."""
    ids = [measurements.id_of(artifacts, damage or measurements.CLEAN)]
    if not damage and len(artifacts) > 1:
        ids.insert(0, measurements.id_of(artifacts))
    for one in ids:
        read = ComparedAnswers.read(comparisons_dir() / one)
        if read and all(artifact.name in read.readings for artifact in artifacts):
            mine, *theirs = [read.readings[artifact.name] for artifact in artifacts]
            rows, images = np.arange(len(read.split.images)), read.split.images
            known = {new: old for artifact in artifacts for old, new in _renamed(artifact)}
            names = tuple(known.get(name, name) for name in artifacts[0].card.class_names)
            extended = (*read.class_names, *(name for name in names if name not in read.class_names))
            return _Pool(read.dataset, extended, mine, theirs[0] if theirs else None, rows, images, "measurement")
    return None


def _renamed(artifact: Artifact) -> list[tuple[str, str]]:
    card = artifact.card
    return list(zip(card.original_class_names or card.class_names, card.class_names, strict=True))


def _shown(pool: _Pool, artifacts: list[Artifact], rows: NDArray[np.int64]) -> list[Shown]:
    """Return images with the answers of each model; of one that has not read them all, read now."""
    places = {int(row): place for place, row in enumerate(pool.rows) if row in set(rows.tolist())}
    images = {row: np.asarray(pool.images[place]) for row, place in places.items()}
    now = _answer_now(artifacts[1], pool, images) if len(artifacts) > 1 and pool.other is None else {}
    found = []
    for row in map(int, rows):
        label = int(pool.mine.labels[row])
        answers = [_answer(artifacts[0].name, pool, pool.mine, row)]
        if pool.other is not None:
            answers.append(_answer(artifacts[1].name, pool, pool.other, row))
        elif row in now:
            answers.append(now[row])
        found.append(Shown(row, pool.class_names[label], tuple(answers), images.get(row)))
    return found


def _answer(name: str, pool: _Pool, readings: Readings, row: int) -> ModelAnswer:
    category = pool.class_names[int(readings.answers[row])]
    return ModelAnswer(name, category, min(1.0, float(readings.confidence[row])), bool(readings.right[row]))


def _answer_now(other: Artifact, pool: _Pool, images: dict[int, Images]) -> dict[int, ModelAnswer]:
    """Return what a second model answers on the images of this page, where it can read them."""
    if not images or next(iter(images.values())).shape != tuple(other.card.image_shape):
        return {}
    predictor = get_predictor(other.name) if other.version == get_predictor(other.name).version else Predictor(other)
    try:
        reader = DatasetReader(predictor, pool.class_names)
    except InvalidConfigurationError:  # they have no class in common
        return {}
    probabilities = softmax(reader.logits(np.stack(list(images.values()))) / np.float32(other.card.temperature))
    found = {}
    for row, one in zip(images, probabilities, strict=True):
        best = int(one.argmax())
        name = reader.class_names[best]
        right = name == pool.class_names[int(pool.mine.labels[row])]
        found[row] = ModelAnswer(other.name, name, min(1.0, float(one[best])), right)
    return found
