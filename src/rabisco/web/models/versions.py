"""``/models/<name>/…``: the versions of a model, which one answers, going back, deleting, and the files themselves.

A program gets the versions as they stand afterwards; a browser's form leads back to the model's page, which says what
was done and how to undo it.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from flask import send_file, url_for
from flask_babel import lazy_gettext
from pydantic import BaseModel, BeforeValidator, Field

from rabisco import artifacts
from rabisco.artifacts import Version, load_artifact
from rabisco.errors import N_, InvalidRequestError, UnusableDataError, VersionNotFoundError
from rabisco.intake.naming import class_names_of
from rabisco.web.models.aliases import default_model, resolve
from rabisco.web.platform import schemas
from rabisco.web.platform.fields import Fields, Requests, given, refused
from rabisco.web.platform.problems import redirect_or_answer
from rabisco.web.platform.routing import Answered, DocumentedBlueprint, app_settings

blueprint = DocumentedBlueprint("versions", __name__)


def _names(value: object) -> object:
    alone = value[0] if isinstance(value, list) and len(value) == 1 else value  # a form's field that may stand twice
    try:
        return class_names_of(alone)
    except UnusableDataError as error:
        raise refused(error.sentence.message, **error.sentence.values) from error


_DESCRIPTION = "Names of the classes: `0 = A, 1 = B`, or `A, B, C` for all of them; in JSON also an object, or a list."
# The field ``class_names``: what the classes of data or of a model are called.
ClassNames = Annotated[
    dict[str, str] | list[str] | str | None, BeforeValidator(_names), Field(description=_DESCRIPTION)
]


class Naming(Fields):
    """What the classes are to be called."""

    requests: ClassVar[Requests] = ({"class_names": "0 = zero, 1 = one"}, {"class_names": {"0": "nought"}})

    class_names: ClassNames


class AskedVersion(Fields):
    """The version of a model, the one that answers if not given."""

    requests: ClassVar[Requests] = ({"version": "0"},)

    version: str = ""


@dataclass(frozen=True)
class Standing:
    """How a model stands among its versions, newest first, and among the models, as its page shows it.

    If it was promoted, ``undo_default`` is the model that answered by default before it; else that is empty.
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


class ModelVersion(BaseModel):
    """One version of a model; `current` answers, a roll-back goes to `previous`."""

    version: int = Field(ge=0)
    current: bool
    previous: bool
    created: str | None = Field(description="When it was trained; null if its card is damaged.")
    notes: str
    metrics: dict[str, float]

    @classmethod
    def of(cls, version: Version) -> Self:
        """Return a version and what its card says, if that can be read."""
        card = version.card
        return cls(
            version=version.number,
            current=version.current,
            previous=version.previous,
            created=card.created.isoformat() if card else None,
            notes=card.notes if card else "",
            metrics=card.metrics if card else {},
        )


class Versions(BaseModel):
    """The versions of a model, the newest first; `default` says whether it answers when no model is named."""

    name: str
    default: bool
    versions: list[ModelVersion] = Field(min_length=1)

    @classmethod
    def of(cls, standing: Standing) -> Self:
        """Return how a model stands."""
        return cls(
            name=standing.name, default=standing.is_default, versions=[*map(ModelVersion.of, standing.versions)]
        )


CHANGE: dict[str, Any] = {"answer": Versions, "page": True, "problems": (404, 409, 503, 507)}  # of a version


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


def standing(name: str) -> Standing:
    """Return how the model called ``name`` stands."""
    settings = app_settings()
    is_default = default_model() == name
    before = artifacts.previous_default() if is_default and artifacts.promoted() == name else None
    undo = "" if before is None else before or settings.default_model
    return Standing(name, artifacts.versions(name), is_default, "" if undo == name else undo)


def done(name: str, what: str) -> Answered:
    """Answer a change: a browser with the model's page, a program with how the model stands now."""
    return redirect_or_answer(url_for("models.get_model", name=name, done=what), lambda: Versions.of(standing(name)))


@blueprint.get(
    "/models/<name>/versions",
    summary=lazy_gettext("Lists the versions of a model: each save is one, and earlier ones are kept."),
    examples=("curl {url}/models/mnist-cnn/versions",),
    answer=Versions,
    problems=(404, 503),
)
def list_versions(name: str) -> Answered:
    """List the versions, newest first."""
    return Versions.of(standing(resolve(name)))


@blueprint.post(
    "/models/<name>/versions/<version>/use",
    summary=lazy_gettext("Lets that version of the model answer from now on, in every process of the server."),
    **CHANGE,
)
def use_version(name: str, version: str) -> Answered:
    """Let this version answer."""
    artifacts.use_version(resolve(name), asked_version(version) or 0)
    return done(resolve(name), "used")


@blueprint.post(
    "/models/<name>/classes",
    summary=lazy_gettext("Gives the classes of a model of one’s own other names: a new version, undone like any."),
    examples=("curl -d 'class_names=0 = A, 1 = B' {url}/models/mine/classes",),
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


@blueprint.post(
    "/models/<name>/versions/<version>/delete",
    summary=lazy_gettext("Deletes that version for good; the one that answers and the bundled one cannot be deleted."),
    **CHANGE,
)
def delete_version(name: str, version: str) -> Answered:
    """Delete this version for good."""
    artifacts.delete(resolve(name), asked_version(version) or 0)
    return done(resolve(name), "deleted")


@blueprint.post(
    "/models/<name>/rollback",
    summary=lazy_gettext("Lets the version answer again that did before; the same bytes, so the same predictions."),
    **CHANGE,
)
def rollback_model(name: str) -> Answered:
    """Let the version answer that did before."""
    artifacts.rollback(resolve(name))
    return done(resolve(name), "undone")


@blueprint.post(
    "/models/<name>/promote",
    summary=lazy_gettext("Lets the model answer by default: when a request to “/predict” names none."),
    **CHANGE,
)
def promote_model(name: str) -> Answered:
    """Let this model answer by default."""
    artifacts.promote(resolve(name))
    return done(resolve(name), "promoted")


@blueprint.post(
    "/models/rollback",
    summary=lazy_gettext("Lets the model answer by default that did before the last one was promoted."),
    **CHANGE,
)
def rollback_default() -> Answered:
    """Let the model answer by default that did before."""
    artifacts.rollback_default()
    return done(default_model(), "promoted")


@blueprint.post(
    "/models/<name>/delete",
    summary=lazy_gettext("Deletes every version of the model that was trained here; a bundled one answers again."),
    answer=schemas.Deleted,
    page=True,
    problems=CHANGE["problems"],
)
def delete_model(name: str) -> Answered:
    """Delete every version that was trained here."""
    artifacts.delete_model(resolve(name))
    return redirect_or_answer(url_for("models.list_models"), lambda: schemas.Deleted(deleted=resolve(name)))


@blueprint.get(
    "/models/<name>/card.json",
    operation="download_card",
    summary=lazy_gettext("Its card as a file, with the hashes of the other two."),
    examples=("curl -O {url}/models/mnist-linear/card.json",),
    defaults={"file": artifacts.CARD_FILE},
    answer=schemas.CardSchema,
    receives=AskedVersion,
    problems=(404, 503),
)
@blueprint.get(
    "/models/<name>/model.onnx",
    operation="download_onnx",
    summary=lazy_gettext("The same model as a file for ONNX Runtime."),
    examples=("curl -o model.onnx {url}/models/mnist-linear/model.onnx",),
    defaults={"file": artifacts.ONNX_FILE},
    file="application/octet-stream",
    receives=AskedVersion,
    problems=(404, 503),
)
@blueprint.get(
    "/models/<name>/pesos.h5",
    operation="download_weights",
    summary=lazy_gettext("The weights of a model as a file for Keras (HDF5); “?version=” chooses the version."),
    examples=("curl -o pesos.h5 {url}/models/mnist-linear/pesos.h5",),
    defaults={"file": artifacts.WEIGHTS_FILE},
    file="application/octet-stream",
    receives=AskedVersion,
    problems=(404, 503),
)
def download(name: str, file: str) -> Answered:
    """Send one file of a version."""
    artifact = load_artifact(resolve(name), asked_version(given(AskedVersion).version))
    media = "application/json" if file == artifacts.CARD_FILE else "application/octet-stream"
    return send_file(artifact.folder / file, media, as_attachment=True, download_name=file, max_age=0)
