"""``/uploads``: files to be trained on are kept, looked through by a process of their own, and shown before training.

A program gets an upload as JSON and asks again while it is ``looking``; a browser gets the page that shows what was
found, with a form for each thing that may have been found wrongly.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import IO, Any, get_args

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext

from rabisco import runs, uploads
from rabisco.errors import N_, InvalidRequestError, RunConflictError, Sentence
from rabisco.images import image_kind
from rabisco.intake import Choices, Finding
from rabisco.intake.report import Outermost
from rabisco.uploads import Upload
from rabisco.web.platform import shapes
from rabisco.web.platform.fields import only_known
from rabisco.web.platform.problems import wants_page
from rabisco.web.platform.routing import route
from rabisco.web.platform.words import translated
from rabisco.web.read.answers import data_url
from rabisco.web.train import shapes as training_shapes
from rabisco.web.train.form import FORM_WORDS, TrainingForm, compatible_models

blueprint = Blueprint("uploads", __name__)

# Names under which the files may come, the first being that of our own form.
TRAIN_FIELDS = ("train", "training", "file")
TEST_FIELDS = ("test", "testing")
YES_OR_NO = {"yes": True, "no": False}
BOOLEAN_CHOICES = ("has_header", "inverted", "transposed")
MOST_CLASSES = 100  # that are shown with their images
TEXT_CHOICES = ("delimiter", "label_column", "layout", "normalizer", "folders")
CHOICES = (*BOOLEAN_CHOICES, *TEXT_CHOICES, "scale")


@route(
    blueprint,
    "POST",
    "/uploads",
    "upload_data",
    lazy_gettext("Keeps files to be trained on and begins to look through them; nothing is trained yet."),
    ("curl -F train=@train.csv {url}/uploads",),
    answer=training_shapes.UploadSchema,
    page=True,
    receives="files",
    problems=(400, 413, 415, 503, 507),
    large=True,
    success=201,
)
def create() -> ResponseReturnValue:
    """Keep the files and queue them to be looked through."""
    upload = receive(choices_of(request.form))
    runs.tend()
    return answer(upload, 201)


@route(
    blueprint,
    "GET",
    "/uploads/<upload_id>",
    "get_upload",
    lazy_gettext("What was found in the files: how they are written, classes, bad rows, what is odd."),
    ("curl {url}/uploads/$UPLOAD",),
    answer=training_shapes.UploadSchema,
    page=True,
    problems=(404, 507),
    guarded=True,
)
def show(upload_id: str) -> ResponseReturnValue:
    """Show what was found, or how far the looking is."""
    upload = uploads.get(upload_id)
    if wants_page():
        return page(upload, TrainingForm.fresh(upload=upload))
    return jsonify(as_json(upload))


@route(
    blueprint,
    "POST",
    "/uploads/<upload_id>/inspect",
    "inspect_upload",
    lazy_gettext("Looks through the files again, as the sender says that they are written."),
    ("curl -d label_column=first {url}/uploads/$UPLOAD/inspect",),
    answer=training_shapes.UploadSchema,
    page=True,
    receives="choices",
    problems=(400, 404, 422, 507),
    success=202,
)
def inspect(upload_id: str) -> ResponseReturnValue:
    """Look through the files again, as the reader says they are written."""
    given = request.get_json(silent=True) if request.is_json else request.form
    if request.is_json and isinstance(given, Mapping):
        only_known(given, CHOICES)
    upload = uploads.look(upload_id, choices_of(given if isinstance(given, Mapping) else {}))
    runs.tend()
    return answer(upload, 202)


@route(
    blueprint,
    "POST",
    "/uploads/<upload_id>/cancel",
    "cancel_upload",
    lazy_gettext("Stops looking through the files."),
    ("curl -X POST {url}/uploads/$UPLOAD/cancel",),
    answer=training_shapes.UploadSchema,
    page=True,
    problems=(400, 404, 507),
    success=202,
)
def cancel(upload_id: str) -> ResponseReturnValue:
    """Stop looking."""
    return answer(uploads.cancel(upload_id), 202)


@route(
    blueprint,
    "POST",
    "/uploads/<upload_id>/delete",
    "delete_upload",
    lazy_gettext("Deletes the files; models that were made of them stay."),
    ("curl -X POST {url}/uploads/$UPLOAD/delete",),
    answer=shapes.Deleted,
    page=True,
    problems=(400, 404, 409, 507),
)
def delete(upload_id: str) -> ResponseReturnValue:
    """Delete the files, unless a training needs them now."""
    upload = uploads.get(upload_id)
    if any(run.data.get("upload") == upload.folder and run.state not in runs.ENDED for run in runs.list_runs()):
        raise RunConflictError(N_("a training that waits or runs needs these files; cancel it first"))
    uploads.delete(upload_id)
    if wants_page():
        return redirect(url_for("train.index"), 303)
    return jsonify(deleted=upload_id)


def receive(choices: Mapping[str, Any] | None = None) -> Upload:
    """Return the files of this request as an upload, queued to be looked through if choices are given.

    Raises:
        InvalidRequestError: There is none, or one is empty.
        StorageError: They could not be kept.
    """
    files: dict[str, IO[bytes]] = {}
    names: dict[str, str] = {}
    for part, fields in (("train", TRAIN_FIELDS), ("test", TEST_FIELDS)):
        sent = next((request.files[field] for field in fields if request.files.get(field)), None)
        if sent is not None and sent.filename:
            files[part], names[part] = sent.stream, sent.filename
    if "train" not in files:
        raise InvalidRequestError(
            N_(
                "a training file was expected in the field “train”: a CSV file, or a zip of pictures in one folder "
                "per class. Received: none; choose a file"
            )
        )
    return uploads.create(files, names["train"].replace("\\", "/").rsplit("/", 1)[-1], choices=choices)


def choices_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form or JSON decides, as ``Choices.to_dict`` gives it; what is empty is left to the data."""
    found: dict[str, Any] = {}
    for name in BOOLEAN_CHOICES:
        value = given.get(name)
        found[name] = value if isinstance(value, bool) else YES_OR_NO.get(str(value))
    for name in TEXT_CHOICES:
        found[name] = str(given.get(name) or "")[:200] or None
    if found["folders"] not in get_args(Outermost):
        found["folders"] = None
    scale = str(given.get("scale") or "")
    found["scale"] = int(scale) if scale.isascii() and scale.isdecimal() and len(scale) < 6 else None
    if found["delimiter"] == "tab":
        found["delimiter"] = "\t"
    return found


def page(upload: Upload, form: TrainingForm, status: int = 200) -> ResponseReturnValue:
    """Return the page of an upload, with a training form as far as it is filled in."""
    runs.expect()
    bases = compatible_models(upload.inspection) if upload.inspection else []
    chosen = upload.inspection.choices if upload.inspection else Choices()
    return render_template(
        "train/upload.html",
        upload=upload,
        form=form,
        bases=bases,
        kind=image_kind(upload.inspection.dialect.normalizer) if upload.inspection else "grey",
        chosen=chosen,
        with_choice=_with_choice(chosen),
        most_classes=MOST_CLASSES,
        data_url=data_url,
        **FORM_WORDS,
    ), status


def as_json(upload: Upload) -> dict[str, Any]:
    """Return an upload as the API gives it."""
    inspection = upload.inspection
    found = None
    if inspection is not None:
        found = inspection.to_dict()
        del found["samples"]
        found["understood"] = finding_as_json(inspection.understood) if inspection.understood else None
        found["warnings"] = [finding_as_json(finding) for finding in inspection.warnings]
        found["errors"] = [finding_as_json(finding) for finding in inspection.errors]
        for name, part in (("train", inspection.train), ("test", inspection.test)):
            for row, bad in zip(found[name]["bad_rows"], part.bad_rows, strict=True) if part else ():
                row["reason"] = finding_as_json(bad.reason)
    return {
        "id": upload.id,
        "name": upload.name,
        "size": upload.size,
        "has_test": upload.has_test,
        "created": upload.created.isoformat(),
        "state": upload.state,
        "rows": upload.rows,
        "share": upload.share,
        "refusal": finding_as_json(upload.refusal) if upload.refusal else None,
        "inspection": found,
    }


def finding_as_json(finding: Finding) -> dict[str, Any]:
    """Return what was found as the API gives it."""
    parameters = {name: str(one) if isinstance(one, Sentence) else one for name, one in finding.parameters.items()}
    return {"code": finding.code, "text": translated(finding.sentence), "parameters": parameters}


def _with_choice(chosen: Choices) -> Any:
    """Return a function from one changed choice to all of them, as a form's hidden fields: name and value."""

    def changed(**change: object) -> list[tuple[str, str]]:
        values = replace(chosen, **change).to_dict()  # type: ignore[arg-type]
        return [(name, _written(value)) for name, value in values.items() if value is not None]

    return changed


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "tab" if value == "\t" else str(value)


def answer(upload: Upload, status: int) -> ResponseReturnValue:
    """Answer with an upload: a browser with its page, a program with what is known of it."""
    address = url_for("uploads.show", upload_id=upload.id)
    if wants_page():
        return redirect(address, 303)
    response = jsonify(as_json(upload))
    response.headers["Location"] = address
    return response, status
