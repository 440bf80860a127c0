"""A report on one model or several, as one file: what a student hands in and a team attaches to a pull request.

``Report`` holds what is known, wherever it was measured; ``render`` writes it as a page that needs no server, as JSON,
as CSV or as a picture.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from flask import render_template
from numpy.typing import NDArray

from rabisco.artifacts import Artifact, Card, said_of
from rabisco.data.dataset import Split
from rabisco.evaluation.compare import Comparison, Row
from rabisco.evaluation.metrics import Evaluation
from rabisco.evaluation.readings import Readings, Selection
from rabisco.evaluation.robustness import Robustness
from rabisco.web.models.charts import Reliability, axis, charts_of, reliability_of
from rabisco.web.models.compared import ModelDifference
from rabisco.web.models.confusions import Confusions, confusions_of
from rabisco.web.read.png import data_url

Format = Literal["html", "json", "csv", "svg"]
MEDIA: dict[Format, str] = {"html": "text/html", "json": "application/json", "csv": "text/csv", "svg": "image/svg+xml"}
MOST_WRONG, MOST_RIGHT = 18, 9  # examples of each model
STYLES = ("tokens", "figures", "report")
_STATIC = Path(__file__).parent.parent / "static" / "css"


@dataclass(frozen=True)
class ReportedImage:
    """One test image, uint8 ``(H, W, C)``, its class and what the model answered."""

    image: NDArray[np.uint8]
    category: str
    answer: str
    confidence: float


@dataclass(frozen=True)
class Reported:
    """What a report says of one model; what was not measured is ``None``.

    Metrics are fractions, such as ``accuracy``, ``accuracy_low``, ``roc_auc``; ``trust`` is the accuracy in intervals
    of confidence; ``wrong`` and ``right`` are images that it misreads and reads, the most confident answers first.
    """

    card: Card
    metrics: Mapping[str, float]
    confusions: Confusions | None = None
    trust: Reliability | None = None
    timed: Row | None = None
    robustness: Robustness | None = None
    readings: Readings | None = None
    wrong: tuple[ReportedImage, ...] = ()
    right: tuple[ReportedImage, ...] = ()

    @classmethod
    def of_card(cls, artifact: Artifact, timed: Row | None, robustness: Robustness | None) -> "Reported":
        """Return what a model's card, and what it kept, say."""
        card, readings = artifact.card, artifact.readings
        metrics = {name[5:]: value for name, value in card.metrics.items() if name.startswith("test_")}
        wrong, right = examples(readings, card.class_names) if readings else ((), ())
        trust = reliability_of(card.reliability)
        return cls(card, metrics, confusions_of(card), trust, timed, robustness, readings, wrong, right)

    @classmethod
    def of_evaluation(
        cls,
        artifact: Artifact,
        evaluation: Evaluation,
        logits: NDArray[np.floating],
        split: Split,
        timed: Row | None = None,
    ) -> "Reported":
        """Return what an evaluation of a model's logits, ``(N, classes)``, found on images of any data set."""
        names = tuple(one.category for one in evaluation.classes)
        readings = Readings.of(split, logits, artifact.card.temperature)
        whole = Readings(**{**vars(readings), "rows": np.arange(len(split), dtype=np.int32), "images": split.images})
        plain = evaluation.to_dict()
        metrics = {name: value for name, value in plain.items() if isinstance(value, float)}
        low, high = evaluation.accuracy_interval
        metrics |= {"accuracy_low": low, "accuracy_high": high}
        metrics |= {"macro_f1": evaluation.macro.f1, "weighted_f1": evaluation.weighted.f1}
        wrong, right = examples(whole, names)
        confusions, trust = Confusions(names, evaluation.confusion_matrix), reliability_of(plain["reliability"])
        return cls(artifact.card, metrics, confusions, trust, timed, None, readings, wrong, right)

    def metric(self, name: str) -> float | None:
        """Return a figure; ``None`` where it was not measured."""
        return self.metrics.get(name)

    def points(self, kind: Literal["roc", "precision_recall"], place: int) -> str:
        """Return a curve as the points of a drawing of side 100, of the class at a place, -1 for the mean; or none."""
        curves = getattr(self.readings, kind) if self.readings else None
        classes = len(self.confusions.names) if self.confusions else 0
        if curves is None or len(curves) != classes + 1 or np.isnan(curves[place]).any():
            return ""
        across, up = np.asarray(curves[place], np.float64).T
        return " ".join(f"{100 * x:.1f},{100 - 100 * y:.1f}" for x, y in zip(across, up, strict=True))


@dataclass(frozen=True)
class Report:
    """What a report holds: models in the order of their columns, and what was measured of them in one run.

    ``dataset`` names the images that all were judged on, and is empty where each was on its own.
    """

    models: Sequence[Reported]
    dataset: str = ""
    examples: int = 0
    pairs: Sequence[ModelDifference] = ()
    comparison: Comparison | None = None
    made: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def cards(self) -> list[Card]:
        """The models' cards."""
        return [one.card for one in self.models]

    @property
    def accuracies(self) -> list[tuple[float, float, float] | None]:
        """Accuracy of each model and the ends of its interval."""
        found = [tuple(one.metric(name) for name in _INTERVAL) for one in self.models]
        return [None if None in one else one for one in found]  # type: ignore[misc]

    def to_dict(self) -> dict[str, Any]:
        """Return every figure as plain values that JSON can hold."""
        return {
            "dataset": self.dataset,
            "examples": self.examples,
            "made": self.made.isoformat(timespec="seconds"),
            "models": [_plain(one) for one in self.models],
            "comparison": self.comparison.to_dict() if self.comparison else None,
        }

    def to_rows(self) -> list[tuple[str, str, str, object]]:
        """Return every figure as a row: model, part, name, value."""
        rows: list[tuple[str, str, str, object]] = []
        for one in self.models:
            name = one.card.name
            rows += [(name, "figures", key, value) for key, value in one.metrics.items()]
            rows += [(name, "costs", key, value) for key, value in costs_of(one).items() if value is not None]
            for row in one.confusions.classes if one.confusions else ():
                figures = {key: value for key, value in vars(row).items() if key != "category"}
                rows += [(name, f"class {row.category}", key, value) for key, value in figures.items()]
            damaged = one.robustness.rows if one.robustness else ()
            rows += [(name, "damaged", accuracy.corruption, accuracy.accuracy) for accuracy in damaged]
        return rows


_INTERVAL = ("accuracy", "accuracy_low", "accuracy_high")


def costs_of(one: Reported) -> dict[str, float | None]:
    """Return what a model costs: seconds, milliseconds, bytes, weights."""
    return {
        "training_seconds": one.card.training_seconds,
        "inference_ms": one.timed.single.median_ms if one.timed else None,
        "inference_ms_in_batches": one.timed.batched.median_ms if one.timed else None,
        "parameters": one.card.parameters,
        "multiply_adds": one.card.multiply_adds,
        "load_ms": one.timed.load_ms if one.timed else None,
        "memory_bytes": one.timed.memory_bytes if one.timed else None,
    }


def examples(readings: Readings, names: Sequence[str]) -> tuple[tuple[ReportedImage, ...], tuple[ReportedImage, ...]]:
    """Return images that are misread, the most confident answers first, and images that are read; of those kept."""
    places = {int(row): place for place, row in enumerate(readings.rows)}

    def shown(which: Literal["wrong", "right"], most: int) -> tuple[ReportedImage, ...]:
        rows = [row for row in readings.select(Selection(which=which)).tolist() if row in places][:most]
        return tuple(
            ReportedImage(
                np.asarray(readings.images[places[row]]),
                names[int(readings.labels[row])],
                names[int(readings.answers[row])],
                float(readings.confidence[row]),
            )
            for row in rows
        )

    return shown("wrong", MOST_WRONG), shown("right", MOST_RIGHT)


def render(report: Report, as_format: Format) -> str:
    """Return a report as the text of a file, in the language that an application's context gives."""
    if as_format == "json":
        return json.dumps(report.to_dict(), indent=1, ensure_ascii=False) + "\n"
    if as_format == "csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("model", "part", "name", "value"))
        writer.writerows(report.to_rows())
        return text.getvalue()
    accuracies = [value for one in report.accuracies for value in one or ()]
    facts = {"report": report, "accuracy_axis": axis(accuracies)}
    if as_format == "svg":
        return render_template("models/report.svg", **facts)
    return render_template(
        "models/report.html",
        **facts,
        **charts_of([(one.card, one.robustness) for one in report.models]),
        said_of=said_of,
        data_url=data_url,
        style="\n".join((_STATIC / f"{name}.css").read_text(encoding="utf-8") for name in STYLES),
    )


def _plain(one: Reported) -> dict[str, Any]:
    card = one.card.model_dump(mode="json", exclude={"refusal", "confusions", "reliability", "history", "files"})
    return {
        "name": one.card.name,
        "metrics": dict(one.metrics),
        "costs": costs_of(one),
        "class_names": one.confusions.names if one.confusions else None,
        "confusions": one.confusions.counts if one.confusions else None,
        "reliability": one.trust.bins if one.trust else None,
        "robustness": one.robustness.to_dict() if one.robustness else None,
        "history": one.card.history,
        "card": card,
    }
