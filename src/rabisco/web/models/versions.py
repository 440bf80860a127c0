"""``/models/<name>/…``: the versions of a model, which one answers, going back, deleting, and the files themselves.

A program gets the versions as they stand afterwards; a browser's form leads back to the model's page, which says what
was done and how to undo it.
"""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, jsonify, redirect, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from pydantic import Field

from rabisco import artifacts
from rabisco.artifacts import Version, load_artifact
from rabisco.errors import N_, InvalidRequestError, VersionNotFoundError
from rabisco.settings import Settings
from rabisco.web.models.aliases import default_model, resolve
from rabisco.web.models.naming import DESCRIPTION, ClassNames
from rabisco.web.platform import shapes
from rabisco.web.platform.fields import Fields, given
from rabisco.web.platform.problems import wants_page
from rabisco.web.platform.routing import route

blueprint = Blueprint("versions", __name__)
PROBLEMS = (404, 409, 503, 507)  # of what changes a version

FILES = {
    artifacts.WEIGHTS_FILE: "application/octet-stream",
    artifacts.ONNX_FILE: "application/octet-stream",
    artifacts.CARD_FILE: "application/json",
}


class Naming(Fields):
    """What the classes are to be called."""

    class_names: ClassNames = Field(description=DESCRIPTION)


class AskedVersion(Fields):
    """The version of a model, the one that answers if not given."""

    version: str = ""


@dataclass(frozen=True)
class Standing:
    """How a model stands among its versions and among the models, as its page shows it.

    Attributes:
        name: Its name.
        versions: Newest first.
        is_default: Whether it answers when a request names no model.
        undo_default: The model that answered by default before it, if it was promoted; else empty.
    """

    name: str
    versions: list[Version]
    is_default: bool
    undo_default: str

    @property
    def previous(self) -> int | None:
        """The version to which a roll-back goes."""
        return next((version.number for version in self.versions if version.previous), None)

    @property
    def can_be_deleted(self) -> bool:
        """Whether there is a version that was trained here."""
        return any(version.number != artifacts.BUNDLED for version in self.versions)


def standing(name: str) -> Standing:
    """Return how the model called ``name`` stands."""
    settings: Settings = current_app.config["RABISCO"]
    is_default = default_model() == name
    before = artifacts.previous_default() if is_default and artifacts.promoted() == name else None
    undo = "" if before is None else before or settings.default_model
    return Standing(name, artifacts.versions(name), is_default, "" if undo == name else undo)


def asked_version(text: str | None) -> int | None:
    """Return the number of the version asked for, ``None`` if none is.

    Raises:
        VersionNotFoundError: It is no number.
    """
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise VersionNotFoundError(
            N_("a version is a number, 0 or above. Received: %(text)s; choose one of the list"), text=text[:40]
        )
    return int(text)


def done(name: str, what: str) -> ResponseReturnValue:
    """Answer a change: a browser with the model's page, a program with how the model stands now."""
    if wants_page():
        return redirect(url_for("models.card", name=name, done=what), 303)
    return jsonify(as_json(standing(name)))


@route(
    blueprint,
    "GET",
    "/models/<name>/versions",
    "list_versions",
    lazy_gettext("Lists the versions of a model: each save is one, and earlier ones are kept."),
    ("curl {url}/models/mnist-cnn/versions",),
    answer=shapes.Versions,
    problems=(404, 503),
)
def index(name: str) -> ResponseReturnValue:
    """List the versions, newest first."""
    return jsonify(as_json(standing(resolve(name))))


@route(
    blueprint,
    "POST",
    "/models/<name>/versions/<version>/use",
    "use_version",
    lazy_gettext("Lets that version of the model answer from now on, in every process of the server."),
    ("curl -X POST {url}/models/mine/versions/1/use",),
    answer=shapes.Versions,
    page=True,
    problems=PROBLEMS,
)
def use(name: str, version: str) -> ResponseReturnValue:
    """Let this version answer."""
    artifacts.use_version(resolve(name), asked_version(version) or 0)
    return done(resolve(name), "used")


@route(
    blueprint,
    "POST",
    "/models/<name>/classes",
    "name_classes",
    lazy_gettext("Gives the classes of a model of one’s own other names: a new version, undone like any."),
    ("curl -d 'class_names=0 = A, 1 = B' {url}/models/mine/classes",),
    answer=shapes.Versions,
    page=True,
    receives=Naming,
    problems=(400, 404, 422, 503, 507),
)
def name_classes(name: str) -> ResponseReturnValue:
    """Give the classes other names."""
    names = given(Naming).class_names
    if not names or isinstance(names, str):  # which was read as one of the others
        raise InvalidRequestError(N_("the field “%(name)s” was expected. Received: none"), name="class_names")
    artifacts.rename_classes(resolve(name), names)
    return done(resolve(name), "named")


@route(
    blueprint,
    "POST",
    "/models/<name>/versions/<version>/delete",
    "delete_version",
    lazy_gettext("Deletes that version for good; the one that answers and the bundled one cannot be deleted."),
    ("curl -X POST {url}/models/mine/versions/1/delete",),
    answer=shapes.Versions,
    page=True,
    problems=PROBLEMS,
)
def delete(name: str, version: str) -> ResponseReturnValue:
    """Delete this version for good."""
    artifacts.delete(resolve(name), asked_version(version) or 0)
    return done(resolve(name), "deleted")


@route(
    blueprint,
    "POST",
    "/models/<name>/rollback",
    "rollback_model",
    lazy_gettext("Lets the version answer again that did before; the same bytes, so the same predictions."),
    ("curl -X POST {url}/models/mine/rollback",),
    answer=shapes.Versions,
    page=True,
    problems=PROBLEMS,
)
def rollback(name: str) -> ResponseReturnValue:
    """Let the version answer that did before."""
    artifacts.rollback(resolve(name))
    return done(resolve(name), "undone")


@route(
    blueprint,
    "POST",
    "/models/<name>/promote",
    "promote_model",
    lazy_gettext("Lets the model answer by default: when a request to “/predict” names none."),
    ("curl -X POST {url}/models/mine/promote",),
    answer=shapes.Versions,
    page=True,
    problems=PROBLEMS,
)
def promote(name: str) -> ResponseReturnValue:
    """Let this model answer by default."""
    artifacts.promote(resolve(name))
    return done(resolve(name), "promoted")


@route(
    blueprint,
    "POST",
    "/models/rollback",
    "rollback_default",
    lazy_gettext("Lets the model answer by default that did before the last one was promoted."),
    ("curl -X POST {url}/models/rollback",),
    answer=shapes.Versions,
    page=True,
    problems=PROBLEMS,
)
def rollback_default() -> ResponseReturnValue:
    """Let the model answer by default that did before."""
    artifacts.rollback_default()
    return done(default_model(), "promoted")


@route(
    blueprint,
    "POST",
    "/models/<name>/delete",
    "delete_model",
    lazy_gettext("Deletes every version of the model that was trained here; a bundled one answers again."),
    ("curl -X POST {url}/models/mine/delete",),
    answer=shapes.Deleted,
    page=True,
    problems=PROBLEMS,
)
def delete_model(name: str) -> ResponseReturnValue:
    """Delete every version that was trained here."""
    artifacts.delete_model(resolve(name))
    if wants_page():
        return redirect(url_for("models.index"), 303)
    return jsonify(deleted=resolve(name))


@route(
    blueprint,
    "GET",
    "/models/<name>/card.json",
    "download_card",
    lazy_gettext("Its card as a file, with the hashes of the other two."),
    ("curl -O {url}/models/mnist-linear/card.json",),
    defaults={"file": artifacts.CARD_FILE},
    answer=shapes.Card,
    receives=AskedVersion,
    problems=(404, 503),
)
@route(
    blueprint,
    "GET",
    "/models/<name>/model.onnx",
    "download_onnx",
    lazy_gettext("The same model as a file for ONNX Runtime."),
    ("curl -o model.onnx {url}/models/mnist-linear/model.onnx",),
    defaults={"file": artifacts.ONNX_FILE},
    file="application/octet-stream",
    receives=AskedVersion,
    problems=(404, 503),
)
@route(
    blueprint,
    "GET",
    "/models/<name>/pesos.h5",
    "download_weights",
    lazy_gettext("The weights of a model as a file for Keras (HDF5); “?version=” chooses the version."),
    ("curl -o pesos.h5 {url}/models/mnist-linear/pesos.h5",),
    defaults={"file": artifacts.WEIGHTS_FILE},
    file="application/octet-stream",
    receives=AskedVersion,
    problems=(404, 503),
)
def download(name: str, file: str) -> ResponseReturnValue:
    """Send one file of a version."""
    artifact = load_artifact(resolve(name), asked_version(given(AskedVersion).version))
    return send_file(artifact.folder / file, FILES[file], as_attachment=True, download_name=file, max_age=0)


def as_json(standing: Standing) -> dict[str, Any]:
    """Return how a model stands, as plain values."""
    return {
        "name": standing.name,
        "default": standing.is_default,
        "versions": [
            {
                "version": version.number,
                "current": version.current,
                "previous": version.previous,
                "created": version.card.created.isoformat() if version.card else None,
                "notes": version.card.notes if version.card else "",
                "metrics": version.card.metrics if version.card else {},
            }
            for version in standing.versions
        ],
    }
