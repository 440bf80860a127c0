"""``/train`` and ``POST /training``: choose data, say how to train, start a run."""

from dataclasses import replace
from typing import Any, ClassVar

from flask import render_template, request
from flask_babel import lazy_gettext

from rabisco import data, runs, uploads
from rabisco.errors import N_, InvalidConfigurationError, InvalidRequestError, RabiscoError
from rabisco.images import image_kind
from rabisco.intake import Choices
from rabisco.intake.naming import class_names_of
from rabisco.runs import RunRequest
from rabisco.uploads import Upload
from rabisco.web.platform.fields import Fields, Requests, collected, given
from rabisco.web.platform.languages import translated
from rabisco.web.platform.problems import wants_page
from rabisco.web.platform.routing import Answered, DocumentedBlueprint, app_settings
from rabisco.web.platform.visitors import queued_as
from rabisco.web.train import uploads as upload_pages
from rabisco.web.train.form import USUAL, Training, TrainingForm, compatible_models, form_words, trainable
from rabisco.web.train.runs import answer
from rabisco.web.train.schemas import RunSchema

blueprint = DocumentedBlueprint("train", __name__)

# Commands that do the same, the quickest first; the tests hold them to the recipes.
COMMANDS = (
    ("rabisco train digits-linear", lazy_gettext("A linear model in seconds, on bundled digits:")),
    ("rabisco train mnist-cnn", lazy_gettext("The neural network of the drawing page, the most accurate:")),
)


class TrainPage(Fields):
    """Which data set of the catalog is shown."""

    requests: ClassVar[Requests] = ({"dataset": "digits"},)

    dataset: str = ""


@blueprint.get(
    "/entrainer-le-modele",
    operation="train_page_in_french",
    summary=lazy_gettext("The same page under its French name."),
    same_as="/train",
    page=True,
    receives=TrainPage,
    problems=(404,),
)
@blueprint.get(
    "/train",
    summary=lazy_gettext(
        "The page on which data are chosen and trained on; “?dataset=” chooses a data set of the catalog."
    ),
    examples=("curl '{url}/train?dataset=digits'",),
    page=True,
    receives=TrainPage,
    problems=(404,),
)
def train_page() -> Answered:
    """Show what can be trained on; of a data set that was chosen, the form of a training."""
    if name := given(TrainPage).dataset:
        return _dataset_page(TrainingForm.fresh(dataset=name))
    return _choice_page(TrainingForm.fresh())


@blueprint.post(
    "/training",
    summary=lazy_gettext(
        "Starts a training and answers at once with it: on the files “train” and “test” (CSV, or a zip of "
        "pictures), on an “upload”, or on a “dataset” of the catalog."
    ),
    examples=(
        "curl -F train=@train.csv -F test=@test.csv -F epochs=12 {url}/training",
        """curl --json '{{"dataset": "digits", "preset": "seconds"}}' {url}/training""",
    ),
    answer=RunSchema,
    page=True,
    receives=Training,
    problems=(400, 404, 413, 415, 422, 503, 507),
    large=True,
    success=202,
)
def start_training() -> Answered:
    """Start a training on files that are sent, on an upload, or on a data set of the catalog; answer with the run."""
    form = TrainingForm.sent(collected(Training))
    upload = (
        upload_pages.receive() if request.files else uploads.get(form.get("upload")) if form.get("upload") else None
    )
    if upload:
        form.values["upload"] = upload.id
    if request.form.get(USUAL) == "fast" and not form.is_changed(TrainingForm.fresh(upload, form.get("dataset"))):
        form.values["preset"] = "fast"
    try:
        run = runs.submit(_request(form, upload).model_copy(update={"owner": queued_as()}))
    except RabiscoError as error:
        if not wants_page() or not (form.errors or isinstance(error, InvalidConfigurationError)):
            raise
        return _again(form, upload, "" if form.errors else translated(error.sentence))
    return answer(run)


def _request(form: TrainingForm, upload: Upload | None) -> RunRequest:
    if upload is not None:
        inspection = upload.inspection
        source: dict[str, Any] = {"upload": upload.folder, "title": upload.name}
        if names := class_names_of(form.get("class_names")):
            chosen = inspection.choices if inspection else Choices()
            normalizer = inspection.dialect.normalizer if inspection else None
            source["choices"] = replace(chosen, class_names=names, normalizer=normalizer).to_dict()
        elif inspection is not None:
            source["dialect"] = inspection.dialect.to_dict()
            source["test_dialect"] = inspection.test_dialect.to_dict() if inspection.test_dialect else None
        rows = inspection.train.rows if inspection else 0
        return form.request(source, upload.name.split(".")[0], rows)
    if form.get("recipe"):
        return form.request({"recipe": form.get("recipe")}, form.get("recipe"))
    if form.get("dataset"):
        entry = data.get_entry(form.get("dataset"))
        return form.request({"catalog": entry.name}, entry.name)
    raise InvalidRequestError(
        N_(
            "something to train on was expected: files in the fields “train” and “test”, an upload, or a data set of "
            "the catalog. Received: nothing; choose one"
        )
    )


def _again(form: TrainingForm, upload: Upload | None, error: str) -> Answered:
    """Return the page that the form stood on, as it was filled in, with what is wrong."""
    if error:
        form.errors["form"] = error
    if upload is not None:
        if upload.state == "waiting":
            upload = uploads.look(upload.id)
        return upload_pages.page(upload, form, 422)
    if form.get("dataset"):
        return _dataset_page(form, 422)
    return _choice_page(form, 422)


def _choice_page(form: TrainingForm, status: int = 200) -> Answered:
    settings = app_settings()
    here_now = [entry for entry in trainable() if data.is_local(entry.name)]
    return render_template(
        "train/index.html",
        here_now=here_now,
        elsewhere=[entry for entry in trainable() if entry not in here_now],
        form=form,
        most=settings.max_training_bytes,
        size_of=_size_of,
        commands=COMMANDS,
    ), status


def _dataset_page(form: TrainingForm, status: int = 200) -> Answered:
    runs.expect()
    entry = data.get_entry(form.get("dataset"))
    return render_template(
        "train/dataset.html",
        entry=entry,
        local=data.is_local(entry.name),
        form=form,
        bases=compatible_models(tuple(entry.class_names)),
        **form_words(entry.train_examples, image_kind(entry.normalizer)),
    ), status


def _size_of(entry: data.Entry) -> int:
    """Return the bytes of a data set's images when they are loaded."""
    count = entry.train_examples + entry.test_examples
    height, width, channels = entry.image_shape
    return count * height * width * channels
