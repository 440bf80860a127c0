"""``GET /compare``: models side by side, what was measured of them and what each reads in the same drawing."""

import itertools
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext

from rabisco.artifacts import BUNDLED_DIR, Artifact, Card, list_names, load_artifact
from rabisco.evaluation.compare import Comparison, Pair, Row
from rabisco.evaluation.robustness import Robustness
from rabisco.settings import get_settings
from rabisco.web.models.aliases import default_model, resolve, shown_models
from rabisco.web.models.charts import Axis, axis, learning_curve
from rabisco.web.platform import shapes
from rabisco.web.platform.problems import wants_page
from rabisco.web.platform.routing import route

blueprint = Blueprint("compare", __name__)

RESULTS_DIR = BUNDLED_DIR / "results"  # of the measurements that come with the package
# As many as can be told apart in a chart, and read side by side.
MOST = 4


@dataclass(frozen=True)
class ComparedModel:
    """One model of the comparison; what was not measured is ``None``."""

    artifact: Artifact
    timed: Row | None
    robustness: Robustness | None

    @property
    def card(self) -> Card:
        """Its card."""
        return self.artifact.card

    @property
    def weights_bytes(self) -> int:
        """Size of ``pesos.h5``."""
        return self.artifact.weights_path.stat().st_size

    @property
    def onnx_bytes(self) -> int:
        """Size of ``model.onnx``."""
        return self.artifact.onnx_path.stat().st_size

    def metric(self, name: str) -> float | None:
        """Return a figure of the test images; ``None`` where the card has none."""
        return self.card.metrics.get(f"test_{name}")


@dataclass(frozen=True)
class ModelDifference:
    """Two models on the same images; without ``pair`` they were never given the same."""

    first: Card
    second: Card
    pair: Pair | None = None
    examples: int = 0
    dataset: str = ""

    @property
    def interval(self) -> tuple[float, float, float]:
        """The difference of the accuracies and the ends of its 95% interval."""
        assert self.pair
        return self.pair.difference(self.examples)


@route(
    blueprint,
    "GET",
    "/compare",
    "compare_models",
    lazy_gettext(
        "Models side by side: accuracy with its interval, ROC AUC, calibration, size and times. “?model=”, given "
        "several times, chooses them; what was not measured is null."
    ),
    ("curl '{url}/compare?model=cnn&model=linear'",),
    answer=shapes.ComparisonSchema,
    page=True,
    query=("model",),
    problems=(404, 503),
)
def index() -> ResponseReturnValue:
    """Show the chosen models side by side; programs get the figures as JSON."""
    asked = list(dict.fromkeys(map(resolve, request.args.getlist("model"))))
    artifacts = [load_artifact(name) for name in asked[:MOST] or shown_models() or [default_model()]]
    known = list(comparisons(artifacts))
    run = max(known, key=lambda one: len(one.rows), default=None)
    contestants = [_contestant(artifact, run) for artifact in artifacts]
    differences = [_difference(*pair, known) for pair in itertools.combinations(contestants, 2)]
    if not wants_page():
        return jsonify(models=[_as_json(one) for one in contestants], pairs=_pairs(differences))
    curves = [(place, learning_curve(one.card)) for place, one in enumerate(contestants)]
    curves = [(place, curve) for place, curve in curves if len(curve) > 1]
    return render_template(
        "models/compare.html",
        contestants=contestants,
        cards=[one.card for one in contestants],
        differences=differences,
        run=run if run and run.rows else None,
        names=list_names(),
        too_many=len(asked) > MOST,
        most=MOST,
        accuracy_axis=_accuracy_axis(contestants),
        corruptions=_corruptions(contestants),
        corruptions_axis=_corruptions_axis(contestants),
        curves=curves,
        curves_axis=_curves_axis([curve for _, curve in curves]),
    )


def comparisons(artifacts: list[Artifact]) -> Iterator[Comparison]:
    """Yield the comparisons known of these models, the newest first, without the models trained again since."""
    by_name = {artifact.name: artifact for artifact in artifacts}
    for path in (get_settings().home / "comparison.json", RESULTS_DIR / "compare.json"):
        comparison = Comparison.read(path)
        if comparison:
            rows = tuple(row for row in comparison.rows if row.name in by_name and is_of(row, by_name[row.name]))
            names = {row.name for row in rows}
            pairs = tuple(pair for pair in comparison.pairs if {pair.first, pair.second} <= names)
            yield replace(comparison, rows=rows, pairs=pairs)


def is_of(row: Row, artifact: Artifact) -> bool:
    """Return whether a model was measured as it is now; size and training time tell."""
    now = artifact.card.training_seconds, artifact.onnx_path.stat().st_size
    return (row.training_seconds, row.onnx_bytes) == now


def robustness(artifact: Artifact) -> Robustness | None:
    """Return how a bundled model reads corrupted images; nothing is known of models trained here."""
    found = Robustness.read_all(RESULTS_DIR / "robustness.json").get(artifact.name)
    same = found and found.clean_accuracy == artifact.card.metrics.get("test_accuracy")
    return found if same and artifact.folder.is_relative_to(BUNDLED_DIR) else None


def _contestant(artifact: Artifact, run: Comparison | None) -> ComparedModel:
    timed = next((row for row in run.rows if row.name == artifact.name), None) if run else None
    return ComparedModel(artifact, timed, robustness(artifact))


def _difference(first: ComparedModel, second: ComparedModel, known: list[Comparison]) -> ModelDifference:
    for comparison in known:
        for pair in comparison.pairs:
            if {pair.first, pair.second} == {first.card.name, second.card.name}:
                turned = (second, first) if pair.first == second.card.name else (first, second)
                return ModelDifference(turned[0].card, turned[1].card, pair, comparison.examples, comparison.dataset)
    return ModelDifference(first.card, second.card)


def _accuracy_axis(contestants: list[ComparedModel]) -> Axis | None:
    names = ("accuracy", "accuracy_low", "accuracy_high")
    values = [value for one in contestants for name in names if (value := one.metric(name)) is not None]
    return axis(values) if values else None


def _corruptions(contestants: list[ComparedModel]) -> dict[str, list[tuple[int, float]]]:
    """Return for each corruption the place and the accuracy of every model that was measured under it."""
    found: dict[str, list[tuple[int, float]]] = {}
    for place, one in enumerate(contestants):
        for row in one.robustness.rows if one.robustness else ():
            found.setdefault(row.corruption, []).append((place, row.accuracy))
    return found


def _corruptions_axis(contestants: list[ComparedModel]) -> Axis | None:
    values = [row.accuracy for one in contestants if one.robustness for row in one.robustness.rows]
    return axis([*values, 1.0]) if values else None


def _curves_axis(curves: list[list[float]]) -> Axis | None:
    """Return the axis of the curves; a first epoch far below the rest is cut off, or it would flatten it all."""
    values = [value for curve in curves for value in curve[1:]]
    return axis(values) if values else None


def _as_json(one: ComparedModel) -> dict[str, Any]:
    card = one.card
    return {
        "name": card.name,
        "dataset": card.dataset.name,
        "test_examples": card.dataset.test_examples,
        "accuracy": one.metric("accuracy"),
        "accuracy_low": one.metric("accuracy_low"),
        "accuracy_high": one.metric("accuracy_high"),
        "roc_auc": one.metric("roc_auc"),
        "calibration_error": one.metric("calibration_error"),
        "parameters": card.parameters,
        "weights_bytes": one.weights_bytes,
        "onnx_bytes": one.onnx_bytes,
        "training_seconds": card.training_seconds,
        "inference_ms": one.timed.single.median_ms if one.timed else None,
        "inference_ratio": one.timed.single.ratio if one.timed else None,
        "corrupted_accuracy": one.robustness.mean_accuracy if one.robustness else None,
    }


def _pairs(differences: list[ModelDifference]) -> list[dict[str, Any]]:
    return [
        {
            **asdict(difference.pair),
            "examples": difference.examples,
            **dict(zip(("difference", "difference_low", "difference_high"), difference.interval, strict=True)),
        }
        for difference in differences
        if difference.pair
    ]
