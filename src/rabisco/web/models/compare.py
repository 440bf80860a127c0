"""``/compare``: models side by side, what was measured of them and what each reads in the same drawing."""

from typing import ClassVar

from flask import redirect, render_template, url_for
from flask_babel import lazy_gettext
from pydantic import Field

from rabisco.artifacts import Artifact, list_names, load_artifact
from rabisco.errors import N_, MeasurementNotFoundError, Sentence
from rabisco.images import image_kind
from rabisco.runs import measurements
from rabisco.web.models.aliases import default_model, resolve, shown_models
from rabisco.web.models.charts import axis, charts_of
from rabisco.web.models.compared import compared, uploads_measured
from rabisco.web.models.schemas import ComparisonSchema, ContestantSchema, MeasuringSchema, PairSchema
from rabisco.web.models.titles import distinct_title
from rabisco.web.platform.fields import Fields, Requests, given
from rabisco.web.platform.problems import wants_page
from rabisco.web.platform.routing import Answered, DocumentedBlueprint

blueprint = DocumentedBlueprint("compare", __name__)

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


class ComparePage(Fields):
    """The models to be compared."""

    requests: ClassVar[Requests] = ({"model": ["mnist-cnn", "mnist-tiny"]},)

    model: list[str] = Field([])


class Measured(Fields):
    """The models to be given the same images."""

    requests: ClassVar[Requests] = ({"model": ["mnist-tiny", "mnist-linear"], "images": "clean"},)

    malformed: ClassVar = Sentence(N_("expected “model”: a list of models' names"))

    model: list[str] = Field(description="Names of models.", json_schema_extra={"minItems": 1, "maxItems": MOST})
    images: str = Field(
        "", description="Given, the images are only read, for a look at them: `clean`, or the name of a corruption."
    )


@blueprint.get(
    "/compare",
    summary=lazy_gettext(
        "Models side by side: accuracy with its interval, ROC AUC, calibration, size and times. “?model=”, given "
        "several times, chooses them; what was not measured is null."
    ),
    examples=("curl '{url}/compare?model=cnn&model=linear'",),
    answer=ComparisonSchema,
    page=True,
    receives=ComparePage,
    problems=(404, 503),
)
def compare_models() -> Answered:
    """Show the chosen models side by side; programs get the figures as JSON."""
    asked = dict.fromkeys(map(resolve, given(ComparePage).model))
    artifacts = chosen(given(ComparePage).model)
    contestants, differences, run = compared(artifacts)
    if not wants_page():
        pairs = [PairSchema.of(one) for one in differences if one.pair]
        return ComparisonSchema(models=[ContestantSchema.of(one) for one in contestants], pairs=pairs)
    cards = [one.card for one in contestants]
    charts = charts_of([(one.card, one.robustness) for one in contestants])
    shared = len(contestants) > 1 and all(one.timed for one in contestants)
    accuracies = [one.shared_accuracy if shared else one.accuracy for one in contestants]
    return render_template(
        "models/compare.html",
        contestants=contestants,
        cards=cards,
        drawn=[card for card in cards if image_kind(card.normalizer) == "grey"],
        differences=differences,
        times={one.card.name: one.timed.single.median_ms for one in contestants if one.timed},
        measuring_states={name: str(words) for name, words in STATES.items()},
        uploaded=uploads_measured(),
        under_way=under_way(artifacts) if len(artifacts) > 1 else None,
        other_images=len({one.card.dataset.fingerprint for one in contestants}) > 1,
        run=run,
        shared=shared,
        names=list_names(),
        too_many=len(asked) > MOST,
        most=MOST,
        accuracies=accuracies,
        accuracy_axis=axis([value for one in accuracies for value in one or ()]),
        curve_titles=[distinct_title(cards[place], cards) for place, _ in charts["curves"]],
        **charts,
    )


@blueprint.post(
    "/compare/measurements",
    summary=lazy_gettext(
        "Gives models, “model” several times, the same test images, one after the other; answers at once with how far "
        "that is. The comparison shows what came of it."
    ),
    examples=("curl -d model=mnist-cnn -d model=mnist-linear {url}/compare/measurements",),
    answer=MeasuringSchema,
    page=True,
    receives=Measured,
    problems=(400, 404, 422, 503, 507),
    success=202,
)
def measure_models() -> Answered:
    """Have models measured on the same images."""
    images, names = given(Measured).images, [resolve(name) for name in given(Measured).model]
    asked = measurements.start(names[:MOST], images)
    if not wants_page():
        return MeasuringSchema.of(asked), {"Location": url_for("compare.get_measurement", measuring_id=asked.id)}
    if not images:
        return redirect(url_for("compare.compare_models", model=names), 303)
    beside, damage = next(iter(names[1:]), None), None if images == measurements.CLEAN else images
    return redirect(url_for("images.list_test_images", name=names[0], beside=beside, damage=damage), 303)


@blueprint.get(
    "/compare/measurements/<measuring_id>",
    summary=lazy_gettext("How far such a measurement is: “state”, and “share” of the images read."),
    answer=MeasuringSchema,
    problems=(404,),
)
def get_measurement(measuring_id: str) -> Answered:
    """Answer how far a measurement is."""
    found = measurements.status(measuring_id)
    if found is None:
        raise MeasurementNotFoundError(
            N_("a measurement is named by the id that it got when it was asked for; nothing has that id")
        )
    return MeasuringSchema.of(found)


def under_way(artifacts: list[Artifact], images: str = "") -> MeasuringSchema | None:
    """Return how far the measurement of these models on ``images`` is, if there is one that is not done."""
    found = measurements.status(measurements.id_of(artifacts, images))
    return None if found is None or found.state == "done" else MeasuringSchema.of(found)


def chosen(names: list[str]) -> list[Artifact]:
    """Return the models named, at most ``MOST``; those of the pages where none is."""
    asked = list(dict.fromkeys(map(resolve, names)))
    return [load_artifact(name) for name in asked[:MOST] or shown_models() or [default_model()]]
