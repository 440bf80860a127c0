"""``GET /models/<name>/images``: the images behind a figure, with what one model or two answer on each.

They come from the model's data set where that is at hand, else from what the model kept, or from a measurement.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
from flask import render_template, url_for
from flask_babel import lazy_gettext
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from rabisco.artifacts import Artifact, load_artifact
from rabisco.errors import N_, InvalidConfigurationError, InvalidRequestError
from rabisco.evaluation import DatasetReader
from rabisco.evaluation.readings import OF_TWO, Readings, Selection, Which
from rabisco.evaluation.robustness import CORRUPTIONS
from rabisco.inference import Predictor, get_predictor, softmax
from rabisco.runs import held_out, measurements
from rabisco.runs.measurements import ComparedAnswers
from rabisco.web.models.aliases import resolve
from rabisco.web.models.compare import STATES, under_way
from rabisco.web.models.versions import AskedVersion, asked_version
from rabisco.web.platform.access import may_see_images_of
from rabisco.web.platform.fields import Requests, given
from rabisco.web.platform.problems import wants_page
from rabisco.web.platform.routing import Answered, DocumentedBlueprint
from rabisco.web.platform.schemas import Probability
from rabisco.web.read.png import data_url

blueprint = DocumentedBlueprint("images", __name__)
PER_PAGE = 48
Images = NDArray[np.uint8]
Source = Literal["data set", "artifact", "measurement", "none"]
State = Literal["ready", "reading", "unread"]

TITLES: dict[str, object] = {
    "": lazy_gettext("Test images"),
    "wrong": lazy_gettext("Misread"),
    "right": lazy_gettext("Read correctly"),
    "both-wrong": lazy_gettext("Both models are wrong"),
    "both-right": lazy_gettext("Both models are right"),
    "only-this": lazy_gettext("Only %(name)s is right"),
    "only-other": lazy_gettext("Only %(name)s is right"),
}


class ImagesAsked(AskedVersion):
    """Which images are asked for."""

    requests: ClassVar[Requests] = (
        {"version": "0", "category": "7", "which": "wrong", "page": 1},
        {"category": "7", "read_as": "1"},
        {"beside": "mnist-tiny", "which": "only-this", "low": 0.5, "high": 1.0},
        {"damage": "noise"},
    )

    beside: str = Field("", description="A second model, whose answers stand beside.")
    category: str = Field("", description="True class.")
    read_as: str = Field("", description="Class that the model answers.")
    low: float = Field(-1.0, ge=-1, le=1, description="The model's confidence is above that.")
    high: float = Field(1.0, ge=0, le=1, description="And at most that.")
    which: Which = ""
    damage: str = Field("", description="Name of a corruption: the images damaged by it.")
    page: int = Field(1, ge=1, le=100_000)


class AnswerSchema(BaseModel):
    """What a model answered on an image."""

    model: str
    category: str
    probability: Probability
    right: bool


class TestImageSchema(BaseModel):
    """One test image: its row, its true class, what each model answered, and itself as a PNG data URL."""

    row: int = Field(ge=0)
    category: str
    answers: list[AnswerSchema]
    image: str | None = Field(description="`null` where the image is not at hand.")


class TestImagesSchema(BaseModel):
    """The images behind a figure, the most confident answers first, a page at a time."""

    source: Source = Field(description="Where the images come from.")
    state: State = Field(
        description="`reading` while more of the images are fetched, `unread` before the models have read them."
    )
    dataset: str
    count: int = Field(ge=0, description="How many there are.")
    at_hand: int = Field(ge=0, description="How many of them can be shown.")
    pages: int = Field(ge=1)
    images: list[TestImageSchema]


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
    state: State = "ready"


@blueprint.get(
    "/models/<name>/images",
    summary=lazy_gettext(
        "The test images behind a figure, the most confident answers first: of a true class, read as a class, in an "
        "interval of confidence, right or wrong, damaged; with the answers of a second model beside."
    ),
    examples=(
        "curl '{url}/models/cnn/images?category=4&read_as=9'",
        "curl '{url}/models/cnn/images?beside=linear&which=both-wrong'",
    ),
    answer=TestImagesSchema,
    page=True,
    receives=ImagesAsked,
    problems=(400, 404, 422, 503, 507),
)
def list_test_images(name: str) -> Answered:
    """Show the images behind a figure."""
    asked = given(ImagesAsked)
    artifact = load_artifact(resolve(name), asked_version(asked.version))
    other = load_artifact(resolve(asked.beside)) if asked.beside else None
    if asked.which in OF_TWO and other is None:
        raise InvalidRequestError(
            N_("“which=%(which)s” is of two models. Received: one; name the other as “beside”"), which=asked.which
        )
    if asked.damage and asked.damage not in CORRUPTIONS:
        raise InvalidRequestError(
            N_("expected “%(field)s” to be one of %(choices)s, received “%(asked)s”"),
            field="damage",
            choices=", ".join(CORRUPTIONS),
            asked=asked.damage[:40],
        )
    names = artifact.card.class_names
    for field in (asked.category, asked.read_as):
        if field and field not in names:
            raise InvalidRequestError(
                N_("the classes of the model are %(names)s. Received: %(received)s; choose one of them"),
                names=" ".join(names[:100]),
                received=field[:40],
            )
    artifacts = [artifact, *([other] if other else [])]
    found = _found(artifacts, asked, visible=may_see_images_of(*artifacts))
    return _page(asked, artifacts, found) if wants_page() else found


def _page(asked: ImagesAsked, artifacts: list[Artifact], found: TestImagesSchema) -> str:
    artifact, other = artifacts[0], artifacts[-1] if len(artifacts) > 1 else None
    fields = asked.model_dump(exclude_defaults=True, exclude={"page"})
    images = asked.damage or measurements.CLEAN
    return render_template(
        "models/images.html",
        asked=asked,
        artifact=artifact,
        other=other,
        found=found,
        title=TITLES[asked.which],
        title_name=(artifact if asked.which == "only-this" else artifacts[-1]).name,
        measuring_states={name: str(words) for name, words in STATES.items()},
        models=[one.name for one in artifacts],
        images=images,
        under_way=under_way(artifacts, images) if found.state == "unread" else None,
        page_at=lambda page: url_for("images.list_test_images", name=artifact.name, **fields, page=page),
        grey=artifact.card.image_shape[2] == 1,
    )


def _found(artifacts: list[Artifact], asked: ImagesAsked, *, visible: bool) -> TestImagesSchema:
    """Return a page of the images behind a figure of the first model; perhaps with a second one's answers beside.

    Unless they are ``visible``, the images themselves are left out.
    """
    pool = None if asked.damage else _own(*artifacts)
    if pool is None or (asked.which in OF_TWO and pool.other is None):
        pool = _measured(artifacts, asked.damage)
    if pool is None:
        nothing = {"source": "none", "state": "unread", "count": 0, "at_hand": 0, "pages": 1, "images": []}
        return TestImagesSchema.model_validate({**nothing, "dataset": artifacts[0].card.dataset.name})
    if not visible:
        pool = replace(pool, rows=pool.rows[:0], images=pool.images[:0], source="none")
    category, answer = (pool.class_names.index(name) if name else None for name in (asked.category, asked.read_as))
    rows = pool.mine.select(Selection(category, answer, asked.low, asked.high, asked.which), pool.other)
    here = np.isin(rows, pool.rows)
    ordered = np.concatenate([rows[here], rows[~here]])
    return TestImagesSchema(
        source=pool.source,
        state=pool.state,
        dataset=pool.dataset,
        count=len(rows),
        at_hand=int(here.sum()),
        pages=max(1, -(-len(ordered) // PER_PAGE)),
        images=_shown(pool, artifacts, ordered[(asked.page - 1) * PER_PAGE : asked.page * PER_PAGE]),
    )


def _own(artifact: Artifact, other: Artifact | None = None) -> _Pool | None:
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
        read = ComparedAnswers.read(measurements.comparisons_dir() / one)
        if read and all(artifact.name in read.readings for artifact in artifacts):
            mine, *theirs = [read.readings[artifact.name] for artifact in artifacts]
            rows, images = np.arange(len(read.split.images)), read.split.images
            cards = [artifact.card for artifact in artifacts]
            known = {
                new: old
                for card in cards
                for old, new in zip(card.original_class_names or card.class_names, card.class_names, strict=True)
            }
            names = tuple(known.get(name, name) for name in artifacts[0].card.class_names)
            extended = (*read.class_names, *(name for name in names if name not in read.class_names))
            return _Pool(read.dataset, extended, mine, theirs[0] if theirs else None, rows, images, "measurement")
    return None


def _shown(pool: _Pool, artifacts: list[Artifact], rows: NDArray[np.int64]) -> list[TestImageSchema]:
    """Return images with the answers of each model; of one that has not read them all, read now."""
    wanted = set(rows.tolist())
    images = {int(row): np.asarray(pool.images[at]) for at, row in enumerate(pool.rows) if row in wanted}
    now = _answer_now(artifacts[1], pool, images) if len(artifacts) > 1 and pool.other is None else {}
    found = []
    for row in map(int, rows):
        label = int(pool.mine.labels[row])
        answers = [_answer(artifacts[0].name, pool, pool.mine, row)]
        if pool.other is not None:
            answers.append(_answer(artifacts[1].name, pool, pool.other, row))
        elif row in now:
            answers.append(now[row])
        image = data_url(images[row]) if row in images else None
        found.append(TestImageSchema(row=row, category=pool.class_names[label], answers=answers, image=image))
    return found


def _answer(name: str, pool: _Pool, readings: Readings, row: int) -> AnswerSchema:
    category, probability = pool.class_names[int(readings.answers[row])], min(1.0, float(readings.confidence[row]))
    return AnswerSchema(model=name, category=category, probability=probability, right=bool(readings.right[row]))


def _answer_now(other: Artifact, pool: _Pool, images: dict[int, Images]) -> dict[int, AnswerSchema]:
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
        name, probability = reader.class_names[int(one.argmax())], min(1.0, float(one.max()))
        right = name == pool.class_names[int(pool.mine.labels[row])]
        found[row] = AnswerSchema(model=other.name, category=name, probability=probability, right=right)
    return found
