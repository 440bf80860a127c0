"""``/uploads``: files to be trained on are kept, looked through by a process of their own, and shown before training.

A program gets an upload as JSON and asks again while it is ``looking``; a browser gets the page that shows what was
found, with a form for each thing that may have been found wrongly.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import IO, Annotated, Any, ClassVar, Literal

from flask import render_template, request, url_for
from flask_babel import lazy_gettext
from pydantic import BeforeValidator, Field

from rabisco import runs, uploads
from rabisco.errors import N_, InvalidRequestError, RunConflictError
from rabisco.intake import Choices
from rabisco.intake.naming import joined
from rabisco.intake.report import Layout, Outermost
from rabisco.uploads import Upload
from rabisco.web.models.versions import ClassNames
from rabisco.web.platform import schemas
from rabisco.web.platform.examples import TABLE
from rabisco.web.platform.fields import MULTIPART, Fields, Requests, file_field, given
from rabisco.web.platform.outages import last_known
from rabisco.web.platform.problems import redirect_or_answer, wants_page
from rabisco.web.platform.routing import Answered, DocumentedBlueprint
from rabisco.web.read.png import data_url
from rabisco.web.train.form import (
    TRAINING_FILES,
    TrainingForm,
    compatible_models,
    form_words,
    kind_of,
    limited,
    rows_of,
)
from rabisco.web.train.schemas import UploadSchema

blueprint = DocumentedBlueprint("uploads", __name__)

MOST_CLASSES = 100  # that are shown with their images


def _tab(value: object) -> object:
    return "\t" if value == "tab" else value


class FileChoices(Fields):
    """How the files are written; what is left out is found by itself."""

    requests: ClassVar[Requests] = (
        {"delimiter": ",", "has_header": True, "label_column": "first", "scale": 255},
        {"inverted": False, "transposed": False, "layout": "grey", "normalizer": "mnist@1"},
        {"folders": "classes", "class_names": "L = corner, T = cross"},
    )

    delimiter: Annotated[Literal[",", ";", "\t", " ", "|"], BeforeValidator(_tab)] | None = Field(
        None, json_schema_extra={"enum": [",", ";", "tab", " ", "|"]}
    )
    has_header: bool | None = None
    label_column: str | None = Field(None, max_length=200, description="`first`, `last` or a name in the header.")
    scale: int | None = Field(None, ge=1, le=65_535, description="Value of a full pixel: 1, 16 or 255.")
    inverted: bool | None = Field(None, description="Whether the images are dark on light.")
    transposed: bool | None = Field(None, description="Whether rows and columns of the images are exchanged.")
    layout: Layout | None = None
    normalizer: str | None = Field(None, max_length=200)
    folders: Outermost | None = Field(
        None, description="What the outermost folders of pictures are: `parts`, such as train and test, or `classes`."
    )

    class_names: ClassNames = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as ``Choices.to_dict`` gives it."""
        return self.model_dump(include={one.name for one in fields(Choices)})


class UploadedFiles(FileChoices):
    """Files to be trained on, and how they are written."""

    media: ClassVar = (MULTIPART,)
    files: ClassVar = TRAINING_FILES
    requests: ClassVar[Requests] = (
        {"train": TABLE},
        {"train": TABLE, "test": TABLE, "epochs": 5, **FileChoices.requests[0]},
        *({"train": TABLE, **example} for example in FileChoices.requests[1:]),
    )

    epochs: int | None = limited("epochs", "Stand in the form of the training that is shown next.")


class UploadPage(Fields):
    """What the form of the training begins with."""

    requests: ClassVar[Requests] = ({"epochs": 5},)

    epochs: int | None = limited("epochs")


@blueprint.post(
    "/uploads",
    summary=lazy_gettext("Keeps files to be trained on and begins to look through them; nothing is trained yet."),
    examples=("curl -F train=@train.csv {url}/uploads",),
    answer=UploadSchema,
    page=True,
    receives=UploadedFiles,
    problems=(400, 413, 415, 503, 507),
    large=True,
    success=201,
)
def upload_data() -> Answered:
    """Keep the files and queue them to be looked through."""
    asked = given(UploadedFiles)
    upload = receive(asked.to_dict())
    runs.tend()
    return answer(upload, asked.epochs if wants_page() else None)


@blueprint.get(
    "/uploads/<upload_id>",
    summary=lazy_gettext("What was found in the files: how they are written, classes, bad rows, what is odd."),
    answer=UploadSchema,
    page=True,
    receives=UploadPage,
    problems=(400, 404, 507),
    guarded=True,
)
def get_upload(upload_id: str) -> Answered:
    """Show what was found, or how far the looking is."""
    upload = last_known(("upload", upload_id), lambda: uploads.get(upload_id))
    asked = given(UploadPage)
    if wants_page():
        return page(upload, TrainingForm.fresh(upload=upload, epochs=asked.epochs))
    return UploadSchema.of(upload)


@blueprint.post(
    "/uploads/<upload_id>/inspect",
    summary=lazy_gettext("Looks through the files again, as the sender says that they are written."),
    examples=("curl -d label_column=first {url}/uploads/$UPLOAD/inspect",),
    answer=UploadSchema,
    page=True,
    receives=FileChoices,
    problems=(400, 404, 422, 507),
    success=202,
)
def inspect_upload(upload_id: str) -> Answered:
    """Look through the files again, as the reader says they are written."""
    upload = uploads.look(upload_id, given(FileChoices).to_dict())
    runs.tend()
    return answer(upload)


@blueprint.post(
    "/uploads/<upload_id>/cancel",
    summary=lazy_gettext("Stops looking through the files."),
    answer=UploadSchema,
    page=True,
    problems=(400, 404, 507),
    success=202,
)
def cancel_upload(upload_id: str) -> Answered:
    """Stop looking."""
    return answer(uploads.cancel(upload_id))


@blueprint.post(
    "/uploads/<upload_id>/delete",
    summary=lazy_gettext("Deletes the files; models that were made of them stay."),
    answer=schemas.Deleted,
    page=True,
    problems=(400, 404, 409, 507),
)
def delete_upload(upload_id: str) -> Answered:
    """Delete the files, unless a training needs them now."""
    upload = uploads.get(upload_id)
    if any(run.data.get("upload") == upload.folder and run.state not in runs.ENDED for run in runs.list_runs()):
        raise RunConflictError(N_("a training that waits or runs needs these files; cancel it first"))
    uploads.delete(upload_id)
    return redirect_or_answer(url_for("train.train_page"), lambda: schemas.Deleted(deleted=upload_id))


def receive(choices: Mapping[str, Any] | None = None) -> Upload:
    """Return the files of this request as an upload, queued to be looked through if choices are given.

    Raises:
        InvalidRequestError: There is none, or one is empty.
        StorageError: They could not be kept.
    """
    files: dict[str, IO[bytes]] = {}
    names: dict[str, str] = {}
    for name, sent in request.files.items():
        part = file_field(UploadedFiles, name)
        if part and sent.filename:
            files[part], names[part] = sent.stream, sent.filename
    if "train" not in files:
        raise InvalidRequestError(
            N_(
                "a training file was expected in the field “train”: a CSV file, or a zip of pictures in one folder "
                "per class. Received: none; choose a file"
            )
        )
    return uploads.create(files, names["train"].replace("\\", "/").rsplit("/", 1)[-1], choices=choices)


def page(upload: Upload, form: TrainingForm, status: int = 200) -> Answered:
    """Return the page of an upload, with a training form as far as it is filled in."""
    runs.expect()
    found = upload.inspection
    bases = compatible_models(found.class_names, found.dialect.normalizer) if found else []
    chosen = found.choices if found else Choices()
    return render_template(
        "train/upload.html",
        upload=upload,
        form=form,
        bases=bases,
        chosen=chosen,
        with_choice=_with_choice(chosen),
        class_names=_class_names(upload),
        joined=joined(found) if found else {},
        most_classes=MOST_CLASSES,
        data_url=data_url,
        **form_words(rows_of(upload), kind_of(upload)),
    ), status


def _with_choice(chosen: Choices) -> Any:
    """Return a function from one changed choice to all of them, as a form's hidden fields: name and value."""

    def changed(**change: object) -> list[tuple[str, str]]:
        values = replace(chosen, **change).to_dict()  # type: ignore[arg-type]
        return [(name, _written(value)) for name, value in values.items() if value is not None]

    return changed


def _class_names(upload: Upload) -> str:
    """Return the names of the classes as the form holds them, each beside the label that it stands for."""
    if upload.inspection is None:
        return ""
    labels = {new: old for old, new in upload.inspection.dialect.class_names.items()}
    return "\n".join(f"{labels.get(name, name)} = {name}" for name in upload.inspection.class_names)


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping | Sequence) and not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return "tab" if value == "\t" else str(value)


def answer(upload: Upload, epochs: int | None = None) -> Answered:
    """Answer with an upload: a browser with its page, a program with what is known of it."""
    address = url_for("uploads.get_upload", upload_id=upload.id, epochs=epochs)
    return redirect_or_answer(address, lambda: UploadSchema.of(upload), located=True)
