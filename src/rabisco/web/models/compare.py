"""``GET /compare``: models side by side, what was measured of them and what each reads in the same drawing."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar

from flask import Blueprint, jsonify, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from pydantic import Field

from rabisco.artifacts import BUNDLED_DIR, Artifact, Card, list_names, load_artifact
from rabisco.errors import N_, MeasurementNotFoundError, Sentence
from rabisco.evaluation.compare import Comparison, Pair, Row
from rabisco.evaluation.robustness import Robustness
from rabisco.runs import measuring
from rabisco.runs.measuring import Measuring
from rabisco.settings import get_settings
from rabisco.web.models.aliases import default_model, resolve, shown_models
from rabisco.web.models.charts import Axis, axis, learning_curve
from rabisco.web.models.titles import distinct_title
from rabisco.web.platform import shapes
from rabisco.web.platform.fields import Fields, given
from rabisco.web.platform.problems import wants_page
from rabisco.web.platform.routing import route
from rabisco.web.platform.words import translated

blueprint = Blueprint("compare", __name__)

RESULTS_DIR = BUNDLED_DIR / "results"  # of the measurements that come with the package
# As many as can be told apart in a chart, and read side by side.
MOST = 4
STATES = {
    "waiting": lazy_gettext("Waiting for another measurement."),
    "loading": lazy_gettext("Loading the test images."),
    "reading": lazy_gettext("Each model reads the test images."),
    "timing": lazy_gettext("Measuring how long an image takes."),
    "done": lazy_gettext("Done."),
    "failed": lazy_gettext("It could not be measured."),
}


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

    @property
    def accuracy(self) -> tuple[float, float, float] | None:
        """The accuracy on its own test images and the ends of the 95% interval; ``None`` where the card has none."""
        found = [self.metric(name) for name in ("accuracy", "accuracy_low", "accuracy_high")]
        return None if None in found else tuple(found)  # type: ignore[return-value]

    @property
    def shared_accuracy(self) -> tuple[float, float, float] | None:
        """The same on the images that all models of the run were given."""
        return (self.timed.accuracy, *self.timed.accuracy_interval) if self.timed else None


@dataclass(frozen=True)
class ModelDifference:
    """Two models on the same images; without ``pair`` they were never given the same.

    Attributes:
        first: Card of one model.
        second: Card of the other.
        pair: What came of reading the same images.
        examples: How many they were.
        dataset: Of which data set.
        accuracies: What share of them each model reads correctly, in [0, 1], by its name.
    """

    first: Card
    second: Card
    pair: Pair | None = None
    examples: int = 0
    dataset: str = ""
    accuracies: Mapping[str, float] = field(default_factory=dict)

    @property
    def measurable(self) -> bool:
        """Whether both can be given the same images: they have a class in common and look at images of one shape."""
        same_shape = self.first.image_shape == self.second.image_shape
        return same_shape and bool(set(self.first.class_names) & set(self.second.class_names))

    @property
    def better(self) -> tuple[Card, Card, float, float, float]:
        """The better of the two, the other, by how much in [0, 1], and the ends of the 95% interval."""
        middle, low, high = self.interval
        if middle < 0:
            return self.second, self.first, -middle, -high, -low
        return self.first, self.second, middle, low, high

    @property
    def interval(self) -> tuple[float, float, float]:
        """The difference of the accuracies and the ends of its 95% interval."""
        assert self.pair
        return self.pair.difference(self.examples)


class ComparePage(Fields):
    """The models to be compared."""

    model: list[str] = Field([])


class Measured(Fields):
    """The models to be given the same images."""

    malformed: ClassVar = Sentence(N_("expected “model”: a list of models' names"))

    model: list[str] = Field(description="Names of models.", json_schema_extra={"minItems": 2, "maxItems": MOST})


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
    receives=ComparePage,
    problems=(404, 503),
)
def index() -> ResponseReturnValue:
    """Show the chosen models side by side; programs get the figures as JSON."""
    asked = list(dict.fromkeys(map(resolve, given(ComparePage).model)))
    artifacts = [load_artifact(name) for name in asked[:MOST] or shown_models() or [default_model()]]
    known = list(comparisons(artifacts))
    run = max(known, key=lambda one: len(one.rows), default=None)
    contestants = [_contestant(artifact, run) for artifact in artifacts]
    differences = [_difference(*pair, known) for pair in itertools.combinations(contestants, 2)]
    if not wants_page():
        return jsonify(models=[_as_json(one) for one in contestants], pairs=_pairs(differences))
    cards = [one.card for one in contestants]
    curves = [(place, learning_curve(one.card)) for place, one in enumerate(contestants)]
    curves = [(place, curve) for place, curve in curves if len(curve) > 1]
    shared = len(contestants) > 1 and all(one.timed for one in contestants)
    accuracies = [one.shared_accuracy if shared else one.accuracy for one in contestants]
    return render_template(
        "models/compare.html",
        contestants=contestants,
        cards=cards,
        differences=differences,
        times_of=_times_of,
        measuring_states={name: str(words) for name, words in STATES.items()},
        under_way=_under_way(artifacts),
        other_images=len({one.card.dataset.fingerprint for one in contestants}) > 1,
        run=run if run and run.rows else None,
        shared=shared,
        names=list_names(),
        too_many=len(asked) > MOST,
        most=MOST,
        accuracies=accuracies,
        accuracy_axis=_accuracy_axis(accuracies),
        corruptions=_corruptions(contestants),
        corruptions_axis=_corruptions_axis(contestants),
        curves=curves,
        curve_titles=[distinct_title(contestants[place].card, cards) for place, _ in curves],
        curves_axis=_curves_axis([curve for _, curve in curves]),
    )


@route(
    blueprint,
    "POST",
    "/compare/measurements",
    "measure_models",
    lazy_gettext(
        "Gives models, “model” several times, the same test images, one after the other; answers at once with how far "
        "that is. The comparison shows what came of it."
    ),
    ("curl -d model=mnist-cnn -d model=mnist-linear {url}/compare/measurements",),
    answer=shapes.MeasuringSchema,
    page=True,
    receives=Measured,
    problems=(400, 404, 422, 503, 507),
    success=202,
)
def measure() -> ResponseReturnValue:
    """Have models measured on the same images."""
    names = [resolve(name) for name in given(Measured).model]
    asked = measuring.start(names[:MOST])
    if wants_page():
        return redirect(url_for("compare.index", model=names), 303)
    response = jsonify(_measuring_as_json(asked))
    response.headers["Location"] = url_for("compare.measurement", measuring_id=asked.id)
    return response, 202


@route(
    blueprint,
    "GET",
    "/compare/measurements/<measuring_id>",
    "get_measurement",
    lazy_gettext("How far such a measurement is: “state”, and “share” of the images read."),
    ("curl {url}/compare/measurements/$MEASUREMENT",),
    answer=shapes.MeasuringSchema,
    problems=(404,),
)
def measurement(measuring_id: str) -> ResponseReturnValue:
    """Answer how far a measurement is."""
    found = measuring.status(measuring_id)
    if found is None:
        raise MeasurementNotFoundError(
            N_("a measurement is named by the id that it got when it was asked for; nothing has that id")
        )
    return jsonify(_measuring_as_json(found))


def _measuring_as_json(found: Measuring) -> dict[str, Any]:
    message = translated(Sentence(found.message)) if found.message else ""
    return {**found.model_dump(include={"id", "state", "share"}), "models": list(found.models), "message": message}


def comparisons(artifacts: list[Artifact]) -> Iterator[Comparison]:
    """Yield the comparisons known of these models, the newest first, without the models trained again since."""
    by_name = {artifact.name: artifact for artifact in artifacts}
    by_command = Comparison.read(get_settings().home / "comparison.json")
    bundled = Comparison.read(RESULTS_DIR / "compare.json")
    for comparison in (*measuring.results(), by_command, bundled):
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
                accuracies = {row.name: row.accuracy for row in comparison.rows}
                cards = turned[0].card, turned[1].card
                return ModelDifference(*cards, pair, comparison.examples, comparison.dataset, accuracies)
    return ModelDifference(first.card, second.card)


def _times_of(contestants: list[ComparedModel]) -> dict[str, float]:
    """Return how long one image takes each model, in milliseconds, of those that were timed in one run."""
    return {one.card.name: one.timed.single.median_ms for one in contestants if one.timed}


def _under_way(artifacts: list[Artifact]) -> dict[str, Any] | None:
    """Return how far the measurement of these models is, if there is one that is not done."""
    if len(artifacts) < 2:
        return None
    found = measuring.of(artifacts)
    return None if found is None or found.state == "done" else _measuring_as_json(found)


def _accuracy_axis(accuracies: Iterable[tuple[float, float, float] | None]) -> Axis | None:
    values = [value for one in accuracies for value in one or ()]
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
