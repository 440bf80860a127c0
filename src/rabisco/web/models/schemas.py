"""What the routes about models answer, as the OpenAPI document describes it."""

from dataclasses import asdict
from typing import Literal, Self

from flask import request
from pydantic import BaseModel, Field

from rabisco.artifacts import Artifact
from rabisco.errors import Sentence
from rabisco.runs.measurements import MeasurementJob
from rabisco.web.models.aliases import aliases_of
from rabisco.web.models.compared import ComparedModel, ModelDifference
from rabisco.web.platform.languages import translated
from rabisco.web.platform.schemas import Probability


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

    @classmethod
    def of(cls, artifact: Artifact) -> Self:
        """Return the entry of a model."""
        card = artifact.card
        return cls(
            name=card.name,
            aliases=aliases_of(card.name),
            architecture=card.architecture,
            dataset=card.dataset.name,
            classes=list(card.class_names),
            parameters=card.parameters,
            metrics=card.metrics,
            training_seconds=card.training_seconds,
            predict=f"{request.script_root}/predict/{card.name}",
        )


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
    multiply_adds: int | None
    load_ms: float | None
    memory_bytes: int | None
    corrupted_accuracy: Probability | None

    @classmethod
    def of(cls, one: ComparedModel) -> Self:
        """Return what is known of a model that is compared."""
        card = one.card
        measured = ("accuracy", "accuracy_low", "accuracy_high", "roc_auc", "calibration_error")
        return cls(
            name=card.name,
            dataset=card.dataset.name,
            test_examples=card.dataset.test_examples,
            **{name: one.metric(name) for name in measured},
            parameters=card.parameters,
            weights_bytes=one.artifact.weights_path.stat().st_size,
            onnx_bytes=one.artifact.onnx_path.stat().st_size,
            training_seconds=card.training_seconds,
            inference_ms=one.timed.single.median_ms if one.timed else None,
            inference_ratio=one.timed.single.ratio if one.timed else None,
            multiply_adds=card.multiply_adds,
            load_ms=one.timed.load_ms if one.timed else None,
            memory_bytes=one.timed.memory_bytes if one.timed else None,
            corrupted_accuracy=one.robustness.mean_accuracy if one.robustness else None,
        )


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

    @classmethod
    def of(cls, difference: ModelDifference) -> Self:
        """Return two models that were given the same images."""
        assert difference.pair
        ends = dict(zip(("difference", "difference_low", "difference_high"), difference.interval, strict=True))
        return cls.model_validate({**asdict(difference.pair), "examples": difference.examples, **ends})


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

    @classmethod
    def of(cls, found: MeasurementJob) -> Self:
        """Return how far a measurement is."""
        message = translated(Sentence(found.message)) if found.message else ""
        return cls(**found.model_dump(include={"id", "models", "state", "share"}), message=message)
