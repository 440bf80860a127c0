"""``/models`` and ``/models/<name>``: what each model is and how good it is, from its card; a report on several."""

from dataclasses import replace
from typing import ClassVar, Literal

from flask import Response, render_template
from flask_babel import lazy_gettext
from pydantic import Field

from rabisco.artifacts import Artifact, list_artifacts, list_damaged, load_artifact, said_of
from rabisco.artifacts.paths import divided, pointer_of
from rabisco.web.models.aliases import default_model, resolve
from rabisco.web.models.compare import MOST, chosen
from rabisco.web.models.compared import ComparedModel, compared, comparisons
from rabisco.web.models.confusions import confusions_of
from rabisco.web.models.report import MEDIA, Format, Report, Reported, render
from rabisco.web.models.schemas import Model, Models
from rabisco.web.models.versions import AskedVersion, asked_version, standing
from rabisco.web.platform import schemas
from rabisco.web.platform.access import may_see_images_of
from rabisco.web.platform.fields import Fields, Requests, given
from rabisco.web.platform.languages import translated
from rabisco.web.platform.problems import wants_page
from rabisco.web.platform.routing import Answered, DocumentedBlueprint

blueprint = DocumentedBlueprint("models", __name__)

# What the page says after a form has changed something.
DONE = {
    "used": lazy_gettext("Done: another version answers from now on."),
    "undone": lazy_gettext("Undone: the earlier version answers again."),
    "named": lazy_gettext("Done: the classes have these names from now on. It is a version, undone like any."),
    "deleted": lazy_gettext("The version has been deleted."),
    "promoted": lazy_gettext("Done: this model answers by default from now on."),
}


class ModelPage(AskedVersion):
    """The version that is shown; ``done`` is what the page says that has just been done."""

    requests: ClassVar[Requests] = ({"version": "0", "done": "used"},)

    done: Literal["", "used", "undone", "named", "deleted", "promoted"] = ""


class ReportAsked(Fields):
    """The models that it is on, and the form of the file."""

    requests: ClassVar[Requests] = tuple({"model": ["mnist-tiny", "mnist-linear"], "form": form} for form in MEDIA)

    model: list[str] = Field([], json_schema_extra={"maxItems": MOST})
    form: Format = "html"


@blueprint.get(
    "/compare/report",
    summary=lazy_gettext(
        "What is known of models as one file: “form” is “html”, a page that needs no server, “json”, “csv” or “svg”."
    ),
    examples=("curl -o report.html '{url}/compare/report?model=cnn&model=linear'",),
    file=", ".join(MEDIA.values()),
    receives=ReportAsked,
    problems=(400, 404, 503),
)
def download_report() -> Answered:
    """Return the report as a file."""
    asked = given(ReportAsked)
    report = _report_of(chosen(asked.model))
    name = "-".join(card.name.replace("@", "-v") for card in report.cards)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}.{asked.form}"}
    return Response(render(report, asked.form), mimetype=MEDIA[asked.form], headers=headers)


@blueprint.get(
    "/models",
    summary=lazy_gettext("Lists the models: what each learned from and how often it is right."),
    answer=Models,
    page=True,
)
def list_models() -> Answered:
    """List the models, as a page for browsers and as JSON for all others."""
    artifacts = list_artifacts()
    damaged = {name: translated(error.sentence) for name, error in list_damaged().items()}
    if wants_page():
        cards = [artifact.card for artifact in artifacts]
        return render_template("models/index.html", cards=cards, default=default_model(), damaged=damaged)
    return Models(models=[Model.of(artifact) for artifact in artifacts], default=default_model(), damaged=damaged)


@blueprint.get(
    "/models/<name>",
    summary=lazy_gettext("Answers one model's whole card, with its training curve and the hashes of its files."),
    examples=("curl {url}/models/mnist-cnn",),
    answer=schemas.CardSchema,
    page=True,
    receives=ModelPage,
    problems=(404, 503),
)
def get_model(name: str) -> Answered:
    """Show one model's whole card, that of the version asked for; the page shows the other versions beside it."""
    asked = given(ModelPage)
    base, behind = divided(resolve(name))
    artifact = load_artifact(base, behind if behind is not None else asked_version(asked.version))
    if wants_page():
        return render_template(
            "models/model.html",
            card=artifact.card,
            said=said_of(artifact.card),
            version=artifact.version,
            sizes=_sizes(artifact),
            default=default_model(),
            standing=standing(base),
            current=pointer_of(base).version,
            timed=next((row for known in comparisons([artifact]) for row in known.rows), None),
            drawn=Reported.of_card(artifact, None, None).points,
            class_rows=known.classes if (known := confusions_of(artifact.card)) else [],
            done=DONE.get(asked.done),
        )
    return Response(artifact.card.model_dump_json(), mimetype="application/json")


@blueprint.get(
    "/models/<name>/card.md",
    summary=lazy_gettext(
        "The card in Markdown, with the fields that model hubs read; “?version=” chooses the version."
    ),
    examples=("curl -O {url}/models/mnist-cnn/card.md",),
    file="text/markdown",
    receives=AskedVersion,
    problems=(404, 503),
)
def download_model_card(name: str) -> Answered:
    """Return the card as a file to put beside the model."""
    artifact = load_artifact(resolve(name), asked_version(given(AskedVersion).version))
    text = render_template("models/card.md", artifact=artifact, card=artifact.card, said=said_of(artifact.card))
    headers = {"Content-Disposition": "attachment; filename=README.md"}
    return Response(text, mimetype="text/markdown", headers=headers)


def _sizes(artifact: Artifact) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in (artifact.weights_path, artifact.onnx_path)}


def _report_of(artifacts: list[Artifact]) -> Report:
    """Return what is known of models: by their cards, and by what was measured of them together."""
    models, pairs, run = compared(artifacts)
    dataset = models[0].card.dataset
    same_images = all(one.card.dataset.fingerprint == dataset.fingerprint for one in models)
    together = run is not None and len(run.rows) == len(models) > 1 and same_images
    reported = [_reported(one) for one in models]
    if together:
        return Report(reported, dataset.name, dataset.test_examples, pairs, run)
    return Report(reported, pairs=pairs, comparison=run)


def _reported(one: ComparedModel) -> Reported:
    reported = Reported.of_card(one.artifact, one.timed, one.robustness)
    return reported if may_see_images_of(one.artifact) else replace(reported, wrong=(), right=())
