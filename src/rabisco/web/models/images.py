"""``GET /models/<name>/images``: the images behind a figure, with what one model or two answer on each."""

from typing import ClassVar, Literal

from flask import Blueprint, render_template, url_for
from flask_babel import lazy_gettext
from pydantic import BaseModel, Field

from rabisco.artifacts import Artifact, load_artifact
from rabisco.errors import N_, InvalidRequestError
from rabisco.evaluation.readings import OF_TWO, Selection, Which
from rabisco.evaluation.robustness import CORRUPTIONS
from rabisco.runs import measurements
from rabisco.web.models.aliases import resolve
from rabisco.web.models.behind import Behind, Shown, behind
from rabisco.web.models.compare import STATES
from rabisco.web.models.shapes import MeasuringSchema
from rabisco.web.models.versions import AskedVersion, asked_version
from rabisco.web.platform.access import may_see_images_of
from rabisco.web.platform.fields import Requests, given
from rabisco.web.platform.problems import wants_page
from rabisco.web.platform.routing import Answered, route
from rabisco.web.platform.schemas import Probability
from rabisco.web.read.answers import data_url

blueprint = Blueprint("images", __name__)

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

    @classmethod
    def of(cls, one: Shown) -> "TestImageSchema":
        """Return an image that is shown."""
        image = None if one.image is None else data_url(one.image)
        answers = [AnswerSchema(**vars(answer)) for answer in one.answers]
        return cls(row=one.row, category=one.category, answers=answers, image=image)


class TestImagesSchema(BaseModel):
    """The images behind a figure, the most confident answers first, a page at a time."""

    source: Literal["data set", "artifact", "measurement", "none"] = Field(description="Where the images come from.")
    state: Literal["ready", "reading", "unread"] = Field(
        description="`reading` while more of the images are fetched, `unread` before the models have read them."
    )
    dataset: str
    count: int = Field(ge=0, description="How many there are.")
    at_hand: int = Field(ge=0, description="How many of them can be shown.")
    pages: int = Field(ge=1)
    images: list[TestImageSchema]


@route(
    blueprint,
    "GET",
    "/models/<name>/images",
    "list_test_images",
    lazy_gettext(
        "The test images behind a figure, the most confident answers first: of a true class, read as a class, in an "
        "interval of confidence, right or wrong, damaged; with the answers of a second model beside."
    ),
    (
        "curl '{url}/models/cnn/images?category=4&read_as=9'",
        "curl '{url}/models/cnn/images?beside=linear&which=both-wrong'",
    ),
    answer=TestImagesSchema,
    page=True,
    receives=ImagesAsked,
    problems=(400, 404, 422, 503, 507),
)
def index(name: str) -> Answered:
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
    visible = may_see_images_of(artifact, *([other] if other else []))
    found = behind(artifact, other, asked.damage, _selection(asked, artifact), asked.page, visible=visible)
    if wants_page():
        return _page(asked, artifact, other, found)
    images = [TestImageSchema.of(one) for one in found.shown]
    return TestImagesSchema.model_validate({**vars(found), "images": images})


def _selection(asked: ImagesAsked, artifact: Artifact) -> Selection:
    """Return which rows are asked for.

    Raises:
        InvalidRequestError: The model has no such class.
    """
    names = artifact.card.class_names
    for field in (asked.category, asked.read_as):
        if field and field not in names:
            raise InvalidRequestError(
                N_("the classes of the model are %(names)s. Received: %(received)s; choose one of them"),
                names=" ".join(names[:100]),
                received=field[:40],
            )
    places = [names.index(field) if field else None for field in (asked.category, asked.read_as)]
    return Selection(places[0], places[1], asked.low, asked.high, asked.which)


def _page(asked: ImagesAsked, artifact: Artifact, other: Artifact | None, found: Behind) -> str:
    of = artifact if asked.which == "only-this" or other is None else other
    fields = asked.model_dump(exclude_defaults=True, exclude={"page"})
    models = [artifact.name, *([other.name] if other else [])]
    under_way = found.under_way
    return render_template(
        "models/images.html",
        asked=asked,
        artifact=artifact,
        other=other,
        found=found,
        title=TITLES[asked.which],
        title_name=of.name,
        data_url=data_url,
        measuring_states={name: str(words) for name, words in STATES.items()},
        models=models,
        images=asked.damage or measurements.CLEAN,
        under_way=MeasuringSchema.of(under_way) if under_way and under_way.state != "done" else None,
        page_at=lambda page: url_for("images.index", name=artifact.name, **fields, page=page),
        grey=artifact.card.image_shape[2] == 1,
    )
