"""The shapes of the API's answers, as the OpenAPI document describes them; tests hold every real answer to them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from rabisco.artifacts import Card
from rabisco.characters import Among
from rabisco.rejection import Reason

__all__ = ["Card", "Comparison", "Live", "Models", "OpenAPI", "Predictions", "Problem", "Reading", "Ready"]

Probability = Annotated[float, Field(ge=0, le=1)]


class Candidate(BaseModel):
    """One class and how probable the model holds it to be; calibrated."""

    category: str
    category_index: int = Field(ge=0)
    probability: Probability


class Step(BaseModel):
    """One step of the way from the picture to what the model saw; `image` is a PNG data URL."""

    name: str
    title: str
    image: str = Field(pattern="^data:image/png;base64,")


class Refusal(BaseModel):
    """Why a picture should not be read; the classes are then no more than the best guess."""

    reason: Reason
    message: str


class Prediction(Candidate):
    """What a model reads in one picture: the best class, then the other facts."""

    top_k: list[Candidate] = Field(min_length=1)
    alike: list[str] = Field(description="The model's other classes of the same shape: O and o for a 0.")
    among: Among = Field(description="What was expected to be written (`among`); nothing else is answered.")
    model: str
    version: int = Field(ge=0, description="Which version of the model answered; 0 is the bundled one.")
    latency_ms: float = Field(ge=0)
    blank: bool
    refused: Refusal | None
    doubt: Probability | None = Field(description="Above 0.5 the picture is refused; null without a rule.")
    steps: list[Step] = Field(default=[], description="Only with `?steps=1`.")


class Box(BaseModel):
    """Where a character lies, in pixels of the picture as it was sent, upright."""

    left: int = Field(ge=0)
    top: int = Field(ge=0)
    width: int = Field(ge=1)
    height: int = Field(ge=1)


class ReadCharacter(Candidate):
    """One character of several: the best class, then what else it may be, and where it is."""

    top_k: list[Candidate] = Field(min_length=1)
    box: Box
    line: int = Field(ge=0, description="Number of its line, from 0 at the top.")
    steps: list[Step] = Field(default=[], description="Only with `?steps=1`.")


class Reading(BaseModel):
    """What a model reads in a picture of several characters (`characters=many`), in reading order."""

    text: str = Field(description="The characters as a string; lines are parted by line feeds, words by spaces.")
    characters: list[ReadCharacter]
    among: Among = Field(description="What was expected to be written (`among`); nothing else is answered.")
    model: str
    version: int = Field(ge=0, description="Which version of the model answered; 0 is the bundled one.")
    latency_ms: float = Field(ge=0)
    blank: bool
    width: int = Field(ge=1, description="Of the picture as it was sent, upright, in pixels.")
    height: int = Field(ge=1)


class Predictions(BaseModel):
    """One prediction for each picture, in their order; readings where several characters were asked for."""

    predictions: list[Prediction | Reading] = Field(min_length=1)


class Explanation(Prediction):
    """A prediction and what mattered to it; `image` is what the model saw, coloured, as a PNG data URL."""

    importance: list[list[float]] = Field(
        description="For each pixel that the model saw, row by row, how much the probability of the answer falls, "
        "from -1 to 1, where the patches around it are covered."
    )
    image: str = Field(pattern="^data:image/png;base64,")


class Explanations(BaseModel):
    """One explanation for each picture, in their order."""

    explanations: list[Explanation] = Field(min_length=1)


class Model(BaseModel):
    """One model of the list; `predict` is where it is asked."""

    name: str
    aliases: list[str]
    architecture: str
    dataset: str
    classes: list[str]
    parameters: int = Field(ge=0)
    metrics: dict[str, float]
    training_seconds: float = Field(ge=0)
    predict: str


class Models(BaseModel):
    """Every model, and the name of the one that answers by default."""

    models: list[Model]
    default: str


class Contestant(BaseModel):
    """One model in a comparison; figures of its test images, `null` where nothing was measured."""

    name: str
    dataset: str
    test_examples: int = Field(ge=0)
    accuracy: Probability | None
    accuracy_low: Probability | None
    accuracy_high: Probability | None
    roc_auc: Probability | None
    calibration_error: Probability | None
    parameters: int = Field(ge=0)
    weights_bytes: int = Field(ge=0)
    onnx_bytes: int = Field(ge=0)
    training_seconds: float = Field(ge=0)
    inference_ms: float | None = Field(description="Of one image, the model alone, median.")
    inference_ratio: float | None = Field(description="Against the first model of the same run.")
    corrupted_accuracy: Probability | None


class Pair(BaseModel):
    """Two models on the same images: the difference of their accuracies, its 95% interval, McNemar's exact test."""

    first: str
    second: str
    examples: int = Field(ge=1)
    only_first: int = Field(ge=0)
    only_second: int = Field(ge=0)
    difference: float = Field(ge=-1, le=1)
    difference_low: float = Field(ge=-1, le=1)
    difference_high: float = Field(ge=-1, le=1)
    p_value: Probability


class Comparison(BaseModel):
    """Models side by side, and each pair of them that was given the same images."""

    models: list[Contestant]
    pairs: list[Pair]


class ModelVersion(BaseModel):
    """One version of a model; `current` answers, a roll-back goes to `previous`."""

    version: int = Field(ge=0)
    current: bool
    previous: bool
    created: str | None = Field(description="When it was trained; null if its card is damaged.")
    notes: str
    metrics: dict[str, float]


class Versions(BaseModel):
    """The versions of a model, the newest first; `default` says whether it answers when no model is named."""

    name: str
    default: bool
    versions: list[ModelVersion] = Field(min_length=1)


class Deleted(BaseModel):
    """What is no longer there."""

    deleted: str


class Correction(BaseModel):
    """What a reader said of one reading; `true_label` is null where the picture shows no character."""

    id: int
    created: str
    model: str
    version: int = Field(ge=0)
    predicted: str
    probability: Probability
    true_label: str | None
    right: bool


class Corrections(BaseModel):
    """A page of one's own corrections, newest first."""

    corrections: list[Correction]
    page: int = Field(ge=1)
    pages: int = Field(ge=1)
    total: int = Field(ge=0)
    pictures: int = Field(ge=0, description="Several models may have read the same picture.")


class StoredCorrections(BaseModel):
    """What has been stored: one correction for each reading of the picture."""

    corrections: list[Correction] = Field(min_length=1)


class DeletedCorrections(BaseModel):
    """How many corrections are no longer there."""

    deleted: int = Field(ge=0)


class Ready(BaseModel):
    """The default model is loaded and can predict."""

    status: Literal["ready"]
    default_model: str
    models: list[str]


class Live(BaseModel):
    """The process answers."""

    status: Literal["live"]


class OpenAPI(BaseModel):
    """An OpenAPI document."""

    openapi: Literal["3.1.1"]
    info: dict[str, Any]
    servers: list[dict[str, Any]]
    paths: dict[str, Any]
    components: dict[str, Any]


class Problem(BaseModel):
    """What went wrong (RFC 9457): `detail` says what was expected, what was received and what to do."""

    type: str = Field(pattern="^urn:rabisco:problem:")
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
