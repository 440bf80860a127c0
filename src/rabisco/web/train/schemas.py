"""The schemas of the API's answers about data to be trained on and about trainings."""

from typing import Annotated, Any, Literal, Self

from flask import url_for
from flask_babel import gettext
from pydantic import BaseModel, ConfigDict, Field

from rabisco import artifacts, data, runs
from rabisco.data import Entry
from rabisco.errors import RabiscoError, Sentence
from rabisco.intake import Choices, Dialect, Finding, Inspection
from rabisco.intake.report import ClassCount
from rabisco.retraining.report import RetrainingReport
from rabisco.runs import Run, RunRequest, State
from rabisco.runs.cluster import ClusterState
from rabisco.runs.request import Source
from rabisco.runs.states import has_learned
from rabisco.store import RunEventRow
from rabisco.training.config import TrainingConfiguration
from rabisco.training.progress import Progress
from rabisco.uploads import Upload
from rabisco.web.platform.languages import translated
from rabisco.web.platform.schemas import AsKept, Moment, Probability


class UploadFinding(BaseModel):
    """Something found in a user's data: `code` for programs, `text` for people."""

    code: str
    text: str
    parameters: Annotated[dict[str, Any], AsKept(dict[str, str | int | float])]

    @classmethod
    def of(cls, finding: Finding) -> Self:
        """Return what was found, in the reader's language."""
        parameters = {name: str(one) if isinstance(one, Sentence) else one for name, one in finding.parameters.items()}
        return cls(code=finding.code, text=translated(finding.sentence), parameters=parameters)


class BadRowSchema(BaseModel):
    """A row, or a picture, that cannot be read and is left out; rows count from 1."""

    row: int
    reason: UploadFinding
    name: str


class PartSchema(BaseModel):
    """What one file, or one part of the pictures, holds; of the rows that cannot be read the first hundred."""

    rows: int
    bad_count: int
    bad_rows: list[BadRowSchema]


class InspectionSchema(BaseModel):
    """What was found in the files."""

    dialect: Dialect
    test_dialect: Dialect | None
    choices: Choices
    train: PartSchema
    test: PartSchema | None
    classes: list[ClassCount]
    duplicates: int
    contradictions: int
    leaked: int
    understood: UploadFinding | None
    warnings: list[UploadFinding]
    errors: list[UploadFinding]


class UploadSchema(BaseModel):
    """Files to be trained on; `inspection` is what was found once `state` is `ready` or `unusable`."""

    id: str
    name: str
    size: int = Field(ge=0, description="Bytes of all files.")
    has_test: bool
    created: Moment
    state: Literal["waiting", "queued", "looking", "refused", "unusable", "ready"]
    rows: int = Field(ge=0, description="Looked at so far, while it is `looking`.")
    share: Probability | None = Field(description="Of the looking that is done; null where it cannot be told.")
    refusal: UploadFinding | None = Field(description="Why the files cannot be read.")
    inspection: Annotated[dict[str, Any], AsKept(InspectionSchema)] | None

    @classmethod
    def of(cls, upload: Upload) -> Self:
        """Return an upload as it stands."""
        refusal = upload.refusal and UploadFinding.of(upload.refusal)
        inspection = upload.inspection and _found(upload.inspection)
        return cls.model_validate({**vars(upload), "refusal": refusal, "inspection": inspection})


class SourceSchema(Source):
    """Where the images come from: one of `catalog`, `recipe` and `upload`."""

    dialect: Annotated[dict[str, Any], AsKept(Dialect)] | None = None
    test_dialect: Annotated[dict[str, Any], AsKept(Dialect)] | None = None
    choices: Annotated[dict[str, Any], AsKept(Choices)] | None = None


class OrderSchema(RunRequest):
    """All that was asked for; null is the recipe's, or what usually serves."""

    data: SourceSchema


class ChangeSchema(BaseModel):
    """A state or a phase that begins, and what is known of it then."""

    model_config = ConfigDict(extra="allow")

    state: State = "running"
    phase: str = ""
    device: str = ""
    classes: int = 0
    share: float = 0


class RunSchema(BaseModel):
    """One training; `actions` says what can be asked of it now."""

    id: str
    name: str
    notes: str
    state: State
    wanted: str
    request: Annotated[dict[str, Any], AsKept(OrderSchema, hidden=("owner",))]
    data: Annotated[dict[str, Any], AsKept(SourceSchema)]
    dataset: str
    architecture: str
    configuration: Annotated[dict[str, Any], AsKept(TrainingConfiguration, hidden=("settle_epochs",))]
    seed: int
    artifact: str = Field(description="Name of the model that it makes.")
    artifact_version: int | None
    accuracy: Probability | None = Field(description="On the test images, once it has ended well.")
    metrics: dict[str, float] | None
    progress: Annotated[dict[str, Any], AsKept(Progress)] | None
    message: str = Field(description="Why it failed.")
    learned: bool | None = Field(
        description="Whether its model reads about twice as well as chance; null without one."
    )
    report: Annotated[dict[str, Any], AsKept(RetrainingReport)] | None = Field(
        description="What improved and what got worse, where it learned from corrections."
    )
    created: Moment
    queued: Moment
    started: Moment | None
    ended: Moment | None
    retry_of: str | None
    last_event: int = Field(ge=0)
    actions: list[str]
    begun: bool
    page: str
    events: str = Field(description="Where its events are told.")

    @classmethod
    def of(cls, run: Run) -> Self:
        """Return a training as it stands."""
        report = runs.report_of(run.id) if run.request.get("corrections") else None
        card = None if report else card_of(run)
        facts = {
            "message": translated(run.message),
            "request": {name: value for name, value in run.request.items() if name != "owner"},
            "report": report and report.to_dict(),
            "learned": None if card is None else has_learned(card),
            "page": url_for("runs.get_run", run_id=run.id),
            "events": url_for("runs.follow_run", run_id=run.id),
        }
        return cls.model_validate({**vars(run), **facts})


class Runs(BaseModel):
    """The trainings, the newest first, and the cluster on which they run; null where that is this machine."""

    runs: list[RunSchema]
    cluster: ClusterState | None


class RunEventSchema(BaseModel):
    """Something that happened in a training; `number` counts from 1 without gaps."""

    number: int = Field(ge=1)
    kind: Literal["state", "phase", "progress", "epoch", "report"]
    payload: Annotated[dict[str, Any], AsKept(Progress | RetrainingReport | ChangeSchema)]
    created: Moment

    @classmethod
    def of(cls, event: RunEventRow) -> Self:
        """Return an event of a training."""
        return cls.model_validate(vars(event))


class RunEvents(BaseModel):
    """What happened after the event that was asked for; ask again with `after=last` until it has `ended`."""

    events: list[RunEventSchema]
    last: int = Field(ge=0)
    state: State
    ended: bool


class DatasetSchema(BaseModel):
    """A data set of the catalog."""

    name: str = Field(description="By which it is trained on.")
    title: str
    here: bool = Field(description="Whether it is on this machine.")
    image_shape: list[int] = Field(description="Height, width and channels.")
    class_names: list[str]
    train_examples: int = Field(ge=0, description="Training images, including validation.")
    test_examples: int = Field(ge=0)
    licence: str
    homepage: str
    page: str = Field(description="Where its images are shown.")

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Return an entry of the catalog, in the reader's language."""
        told = {
            "title": gettext(entry.title),
            "licence": gettext(entry.licence),
            "here": data.is_local(entry.name),
            "page": url_for("datasets.list_datasets", name=entry.name),
        }
        return cls.model_validate({**vars(entry), **told})


class Datasets(BaseModel):
    """The data sets of the catalog."""

    datasets: list[DatasetSchema]


def card_of(run: Run) -> artifacts.Card | None:
    """Return the card of the model that a run made; ``None`` if it made none, or if that is deleted."""
    if run.artifact_version is None:
        return None
    try:
        return artifacts.load_artifact(run.artifact, run.artifact_version).card
    except RabiscoError:
        return None


def _found(inspection: Inspection) -> dict[str, Any]:
    """Return what was found in the files, without the images, its sentences in the reader's language."""
    found = inspection.to_dict()
    del found["samples"]
    found["understood"] = UploadFinding.of(inspection.understood) if inspection.understood else None
    found["warnings"] = [UploadFinding.of(finding) for finding in inspection.warnings]
    found["errors"] = [UploadFinding.of(finding) for finding in inspection.errors]
    for name, part in (("train", inspection.train), ("test", inspection.test)):
        for row, bad in zip(found[name]["bad_rows"], part.bad_rows, strict=True) if part else ():
            row["reason"] = UploadFinding.of(bad.reason)
    return found
