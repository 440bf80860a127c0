"""``GET /models`` and ``GET /models/<name>``: what each model is and how good it is, from its card."""

from typing import ClassVar, Literal

from flask import Blueprint, Response, render_template
from flask_babel import lazy_gettext

from rabisco.artifacts import Artifact, list_artifacts, list_damaged, load_artifact, said_of
from rabisco.artifacts.paths import divided, pointer_of
from rabisco.web.models.aliases import default_model, resolve
from rabisco.web.models.compared import comparisons
from rabisco.web.models.confusions import confusions_of
from rabisco.web.models.report import Reported
from rabisco.web.models.shapes import Model, Models
from rabisco.web.models.standing import standing
from rabisco.web.models.versions import AskedVersion, asked_version
from rabisco.web.platform import schemas
from rabisco.web.platform.fields import Requests, given
from rabisco.web.platform.languages import translated
from rabisco.web.platform.problems import wants_page
from rabisco.web.platform.routing import Answered, route

blueprint = Blueprint("models", __name__)

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


@route(
    blueprint,
    "GET",
    "/models",
    "list_models",
    lazy_gettext("Lists the models: what each learned from and how often it is right."),
    ("curl {url}/models",),
    answer=Models,
    page=True,
)
def index() -> Answered:
    """List the models, as a page for browsers and as JSON for all others."""
    artifacts = list_artifacts()
    damaged = {name: translated(error.sentence) for name, error in list_damaged().items()}
    if wants_page():
        cards = [artifact.card for artifact in artifacts]
        return render_template("models/index.html", cards=cards, default=default_model(), damaged=damaged)
    return Models(models=[Model.of(artifact) for artifact in artifacts], default=default_model(), damaged=damaged)


@route(
    blueprint,
    "GET",
    "/models/<name>",
    "get_model",
    lazy_gettext("Answers one model's whole card, with its training curve and the hashes of its files."),
    ("curl {url}/models/mnist-cnn",),
    answer=schemas.CardSchema,
    page=True,
    receives=ModelPage,
    problems=(404, 503),
)
def card(name: str) -> Answered:
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


@route(
    blueprint,
    "GET",
    "/models/<name>/card.md",
    "download_model_card",
    lazy_gettext("The card in Markdown, with the fields that model hubs read; “?version=” chooses the version."),
    ("curl -O {url}/models/mnist-cnn/card.md",),
    file="text/markdown",
    receives=AskedVersion,
    problems=(404, 503),
)
def markdown(name: str) -> Answered:
    """Return the card as a file to put beside the model."""
    artifact = load_artifact(resolve(name), asked_version(given(AskedVersion).version))
    text = render_template("models/card.md", artifact=artifact, card=artifact.card, said=said_of(artifact.card))
    headers = {"Content-Disposition": "attachment; filename=README.md"}
    return Response(text, mimetype="text/markdown", headers=headers)


def _sizes(artifact: Artifact) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in (artifact.weights_path, artifact.onnx_path)}
