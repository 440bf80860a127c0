"""``/models/<name>/…``: the versions of a model, which one answers, going back, deleting, and the files themselves.

A program gets the versions as they stand afterwards; a browser's form leads back to the model's page, which says what
was done and how to undo it.
"""

from typing import ClassVar

from flask import Blueprint, redirect, send_file, url_for
from flask_babel import lazy_gettext
from pydantic import Field

from rabisco import artifacts
from rabisco.artifacts import load_artifact
from rabisco.errors import N_, InvalidRequestError, VersionNotFoundError
from rabisco.web.models.aliases import default_model, resolve
from rabisco.web.models.naming import DESCRIPTION, ClassNames
from rabisco.web.models.shapes import Versions
from rabisco.web.models.standing import standing
from rabisco.web.platform import schemas
from rabisco.web.platform.fields import Fields, Requests, given
from rabisco.web.platform.problems import wants_page
from rabisco.web.platform.routing import Answered, route

blueprint = Blueprint("versions", __name__)
PROBLEMS = (404, 409, 503, 507)  # of what changes a version

FILES = {
    artifacts.WEIGHTS_FILE: "application/octet-stream",
    artifacts.ONNX_FILE: "application/octet-stream",
    artifacts.CARD_FILE: "application/json",
}


class Naming(Fields):
    """What the classes are to be called."""

    requests: ClassVar[Requests] = ({"class_names": "0 = zero, 1 = one"}, {"class_names": {"0": "nought"}})

    class_names: ClassNames = Field(description=DESCRIPTION)


class AskedVersion(Fields):
    """The version of a model, the one that answers if not given."""

    requests: ClassVar[Requests] = ({"version": "0"},)

    version: str = ""


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


def done(name: str, what: str) -> Answered:
    """Answer a change: a browser with the model's page, a program with how the model stands now."""
    if wants_page():
        return redirect(url_for("models.card", name=name, done=what), 303)
    return Versions.of(standing(name))


@route(
    blueprint,
    "GET",
    "/models/<name>/versions",
    "list_versions",
    lazy_gettext("Lists the versions of a model: each save is one, and earlier ones are kept."),
    ("curl {url}/models/mnist-cnn/versions",),
    answer=Versions,
    problems=(404, 503),
)
def index(name: str) -> Answered:
    """List the versions, newest first."""
    return Versions.of(standing(resolve(name)))


@route(
    blueprint,
    "POST",
    "/models/<name>/versions/<version>/use",
    "use_version",
    lazy_gettext("Lets that version of the model answer from now on, in every process of the server."),
    ("curl -X POST {url}/models/mine/versions/1/use",),
    answer=Versions,
    page=True,
    problems=PROBLEMS,
)
def use(name: str, version: str) -> Answered:
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
    answer=Versions,
    page=True,
    receives=Naming,
    problems=(400, 404, 422, 503, 507),
)
def name_classes(name: str) -> Answered:
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
    answer=Versions,
    page=True,
    problems=PROBLEMS,
)
def delete(name: str, version: str) -> Answered:
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
    answer=Versions,
    page=True,
    problems=PROBLEMS,
)
def rollback(name: str) -> Answered:
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
    answer=Versions,
    page=True,
    problems=PROBLEMS,
)
def promote(name: str) -> Answered:
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
    answer=Versions,
    page=True,
    problems=PROBLEMS,
)
def rollback_default() -> Answered:
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
    answer=schemas.Deleted,
    page=True,
    problems=PROBLEMS,
)
def delete_model(name: str) -> Answered:
    """Delete every version that was trained here."""
    artifacts.delete_model(resolve(name))
    if wants_page():
        return redirect(url_for("models.index"), 303)
    return schemas.Deleted(deleted=resolve(name))


@route(
    blueprint,
    "GET",
    "/models/<name>/card.json",
    "download_card",
    lazy_gettext("Its card as a file, with the hashes of the other two."),
    ("curl -O {url}/models/mnist-linear/card.json",),
    defaults={"file": artifacts.CARD_FILE},
    answer=schemas.CardSchema,
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
def download(name: str, file: str) -> Answered:
    """Send one file of a version."""
    artifact = load_artifact(resolve(name), asked_version(given(AskedVersion).version))
    return send_file(artifact.folder / file, FILES[file], as_attachment=True, download_name=file, max_age=0)
