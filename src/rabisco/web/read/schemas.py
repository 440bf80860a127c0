"""What reading pictures and explaining answers are answered with, as the OpenAPI document describes it."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, Field

from rabisco import inference, text_reading
from rabisco.characters import Among
from rabisco.errors import Sentence
from rabisco.explanation.occlusion import Change
from rabisco.rejection import MESSAGES, Reason
from rabisco.text_reading import TextReading
from rabisco.web.platform.languages import translated
from rabisco.web.platform.schemas import Probability, Problem
from rabisco.web.read.png import data_url

Png = Annotated[str, Field(pattern="^data:image/png;base64,")]
Index = Annotated[int, Field(ge=0)]
Rows = list[list[float]]


class CandidateSchema(BaseModel):
    """One class and how probable the model holds it to be; calibrated."""

    category: str
    category_index: int = Field(ge=0)
    probability: Probability


class StepSchema(BaseModel):
    """One step of the way from the picture to what the model saw; `image` is a PNG data URL."""

    name: str
    title: str
    image: Png


class Refusal(BaseModel):
    """Why a picture should not be read; the classes are then no more than the best guess."""

    reason: Reason
    message: str


class PredictionSchema(CandidateSchema):
    """What a model reads in one picture: the best class, then the other facts."""

    top_k: list[CandidateSchema] = Field(min_length=1)
    alike: list[str] = Field(description="The model's other classes of the same shape: O and o for a 0.")
    among: Among = Field(description="What was expected to be written (`among`); nothing else is answered.")
    model: str
    version: int = Field(ge=0, description="Which version of the model answered; 0 is the bundled one.")
    latency_ms: float = Field(ge=0)
    blank: bool
    refused: Refusal | None
    doubt: Probability | None = Field(description="Above 0.5 the picture is refused; null without a rule.")
    remembered: bool = Field(description="Whether a correction of a picture like this one answers.")
    steps: list[StepSchema] = Field(default=[], description="Only with `?steps=1`.")

    @classmethod
    def of(
        cls,
        read: inference.Prediction,
        *,
        with_steps: bool = False,
        drawn: dict[tuple[str, int], dict[str, str]] | None = None,
        **further: Any,
    ) -> Self:
        """Return the answer for what a model read; ``further`` are the fields that a class of its own has more.

        ``drawn`` is as for ``steps``.
        """
        facts = {**read.to_dict(), **further}
        if read.refused:
            facts["refused"]["message"] = translated(Sentence(MESSAGES[read.refused]))
        if with_steps:
            facts["steps"] = steps(read, drawn)
        return cls.model_validate(facts)


class BoxSchema(BaseModel):
    """Where a character lies, in pixels of the picture as it was sent, upright."""

    left: int = Field(ge=0)
    top: int = Field(ge=0)
    width: int = Field(ge=1)
    height: int = Field(ge=1)


class ReadCharacterSchema(CandidateSchema):
    """One character of several: the best class, then what else it may be, and where it is."""

    top_k: list[CandidateSchema] = Field(min_length=1)
    box: BoxSchema
    line: int = Field(ge=0, description="Number of its line, from 0 at the top.")
    remembered: bool = Field(description="Whether a correction of a character like this one answers.")
    steps: list[StepSchema] = Field(default=[], description="Only with `?steps=1`.")


class Reading(BaseModel):
    """What a model reads in a picture of several characters (`characters=many`), in reading order."""

    text: str = Field(description="The characters as a string; lines are parted by line feeds, words by spaces.")
    characters: list[ReadCharacterSchema]
    among: Among = Field(description="What was expected to be written (`among`); nothing else is answered.")
    model: str
    version: int = Field(ge=0, description="Which version of the model answered; 0 is the bundled one.")
    latency_ms: float = Field(ge=0)
    blank: bool
    width: int = Field(ge=1, description="Of the picture as it was sent, upright, in pixels.")
    height: int = Field(ge=1)

    @classmethod
    def of(cls, read: TextReading, *, with_steps: bool = False) -> Self:
        """Return the answer for a text that a model read."""
        facts = read.to_dict()
        if with_steps:
            for answered, character in zip(facts["characters"], read.characters, strict=True):
                answered["steps"] = steps(character)
        return cls.model_validate(facts)


class UnreadPicture(BaseModel):
    """A picture, one among several, that cannot be read, and why."""

    name: str
    error: Problem


class Predictions(BaseModel):
    """One prediction for each picture, in their order; readings where several characters were asked for.

    In the place of one among several that cannot be read stands why.
    """

    predictions: list[PredictionSchema | Reading | UnreadPicture] = Field(min_length=1)
    notes: list[str] = Field(default=[], description="Only of pictures read though their file lacks its end.")


class StageSchema(BaseModel):
    """The maps of one stage of a network: what its kernels found, and where."""

    name: str
    shape: list[int] = Field(description="Height, width and number of the maps.")
    columns: int = Field(ge=1, description="Maps in a row of `image`, which are a pixel apart.")
    image: Png = Field(description="All maps, row by row, the greatest value of the stage white.")
    strongest: list[float] = Field(description="Greatest value of each map.")


class KernelAnswerSchema(BaseModel):
    """Where a kernel answers most, as row and column of the map of its answers, and what."""

    row: Index
    column: Index
    answer: float


class KernelsSchema(BaseModel):
    """The kernels of the first layer and what of the image each answers to."""

    shape: list[int] = Field(description="Number, height, width and channels.")
    columns: int = Field(ge=1, description="Kernels in a row of `image` and of `answers`, which are a pixel apart.")
    image: Png = Field(description="Weights above 0 red, below 0 blue; in colors for colored images.")
    answers: Png = Field(description="What each kernel answers at each place of the image, above 0 red, below 0 blue.")
    strongest: list[KernelAnswerSchema]


class FeatureSchema(BaseModel):
    """One feature and what it adds to the logit of the answer."""

    index: Index
    value: float
    weight: float
    part: float = Field(description="Value times weight.")
    map: Index | None = Field(description="Which map of the last stage it comes from.")
    row: Index | None = Field(description="Where in that map; null where the feature is made of all of it.")
    column: Index | None


class FeaturesSchema(BaseModel):
    """The features that decided. All parts and the bias sum to the logit."""

    count: int = Field(ge=1)
    bias: float
    logit: float
    speaking_for: list[FeatureSchema] = Field(description="The eight that add most.")
    speaking_against: list[FeatureSchema] = Field(description="The eight that take most away.")


class EvidenceSchema(BaseModel):
    """What each pixel adds to the logit of a class, with a linear model: weight times pixel."""

    category: str
    category_index: Index
    logit: float = Field(description="Sum of `bias` and all `values`.")
    bias: float
    values: Rows = Field(description="Row by row; of colored images the sum over the colors.")
    image: Png = Field(description="The values over the drawing, red for the class, blue against it.")
    weights: Png = Field(description="What the class looks for: weights above 0 red, below 0 blue.")


class GradCamSchema(BaseModel):
    """Where the maps of a stage speak for the answer: Grad-CAM."""

    stage: str
    values: Rows = Field(description="Row by row of the stage's maps, from 0.")
    image: Png = Field(description="The values over the image, orange.")


class NeighborSchema(BaseModel):
    """A training image that the model takes for alike; `distance` is that of the features."""

    category: str
    distance: float = Field(ge=0)
    image: Png


class FlipSchema(BaseModel):
    """The smallest square, of those tried, that flips the answer: erased or filled with ink; of a photo, covered."""

    change: Change
    box: BoxSchema = Field(description="The square, in pixels that the model saw.")
    category: str
    probability: Probability
    image: Png


class ExplanationSchema(PredictionSchema):
    """A prediction and what mattered to it, in the parts that were asked for."""

    importance: Rows = Field(
        default=[],
        description="For each pixel that the model saw, row by row, how much the probability of the answer falls, "
        "from -1 to 1, where the patches around it are covered.",
    )
    image: str = Field(default="", description="What the model saw, colored by `importance`: a PNG data URL.")
    stages: list[StageSchema] = Field(default=[], description="From the first; empty of a linear model.")
    kernels: KernelsSchema | None = Field(default=None, description="null of a linear model.")
    features: FeaturesSchema | None = Field(default=None, description="null of a linear model.")
    evidence: list[EvidenceSchema] = Field(
        default=[], description="Of a linear model: of each class expected, the ten most probable if there are more."
    )
    grad_cam: GradCamSchema | None = Field(default=None, description="null of a linear model.")
    nearest: list[NeighborSchema] | None = Field(
        default=None,
        description="The nearest first; null where the version keeps no training images, or none for this reader.",
    )
    flips: list[FlipSchema] = Field(
        default=[], description="At most one that erases and one that adds; empty where none of those tried does."
    )


class Explanations(BaseModel):
    """One explanation for each picture, in their order; why, in the place of one among several that cannot be read."""

    explanations: list[ExplanationSchema | UnreadPicture] = Field(min_length=1)
    notes: list[str] = Field(default=[], description="Only of pictures read though their file lacks its end.")


def steps(
    read: inference.Prediction | text_reading.ReadCharacter,
    drawn: dict[tuple[str, int], dict[str, str]] | None = None,
    locale: str = "",
) -> list[dict[str, str]]:
    """Return how the picture became the model's input: name, title and PNG data URL of each step.

    ``drawn`` holds steps that several models share, by their name and the ``id`` of their pixels, which live, and gets
    further ones. Titles are in the language of ``locale``, of the current request if not given.
    """
    drawn = {} if drawn is None else drawn
    keys = [(step.name, id(step.picture)) for step in read.prepared.steps]
    for key, step in zip(keys, read.prepared.steps, strict=True):
        if key not in drawn:
            drawn[key] = {"name": step.name, "title": translated(step.title, locale), "image": data_url(step.picture)}
    return [drawn[key] for key in keys]
