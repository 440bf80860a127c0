"""The shapes of the API's answers, as the OpenAPI document describes them; tests hold every real answer to them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from rabisco.artifacts import Card

__all__ = ["Card", "ComparisonSchema", "Live", "Models", "OpenAPI", "Problem", "Ready"]

Probability = Annotated[float, Field(ge=0, le=1)]


class AssistantPage(BaseModel):
    """A page of the documentation that an answer comes from."""

    page: str
    title: str


class AssistantAnswer(BaseModel):
    """What the assistant says."""

    answer: str = Field(description="Markdown.")
    source: Literal["model", "documentation"]
    html: str = Field(description="The same as safe HTML.")
    pages: list[AssistantPage]
    tools: list[str] = Field(description="What the language model looked up.")
    note: str


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
    """Every model, the name of the one that answers by default, and what is wrong with those that cannot be read."""

    models: list[Model]
    default: str
    damaged: dict[str, str]


class ContestantSchema(BaseModel):
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


class PairSchema(BaseModel):
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


class ComparisonSchema(BaseModel):
    """Models side by side, and each pair of them that was given the same images."""

    models: list[ContestantSchema]
    pairs: list[PairSchema]


class MeasuringSchema(BaseModel):
    """How far a measurement of models on the same images is."""

    id: str
    models: list[str]
    state: Literal["waiting", "loading", "reading", "timing", "done", "failed"]
    share: Probability = Field(description="Of the images read.")
    message: str = Field(description="Why it failed, else empty.")


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


class CorrectionSchema(BaseModel):
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

    corrections: list[CorrectionSchema]
    page: int = Field(ge=1)
    pages: int = Field(ge=1)
    total: int = Field(ge=0)
    pictures: int = Field(ge=0, description="Several models may have read the same picture.")


class TaughtSchema(BaseModel):
    """What came of teaching a model one picture; `unchanged` of `counted` test images are answered as before."""

    model: str
    version: int = Field(ge=0, description="The version that knows the picture; a roll-back goes to the one before.")
    unchanged: int = Field(ge=0)
    counted: int = Field(ge=0, description="0 where the model keeps no test images to count on.")


class StoredCorrections(BaseModel):
    """What has been stored, one correction for each reading of the picture, and which models know it from now on."""

    corrections: list[CorrectionSchema] = Field(min_length=1)
    taught: list[TaughtSchema]


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
