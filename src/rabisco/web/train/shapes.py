"""The shapes of the API's answers about data to be trained on and about trainings."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from rabisco.runs import State
from rabisco.web.platform.shapes import Probability


class UploadFinding(BaseModel):
    """Something found in a user's data: `code` for programs, `text` for people."""

    code: str
    text: str
    parameters: dict[str, Any]


class UploadSchema(BaseModel):
    """Files to be trained on; `inspection` is what was found once `state` is `ready` or `unusable`."""

    id: str
    name: str
    size: int = Field(ge=0, description="Bytes of all files.")
    has_test: bool
    created: str
    state: Literal["waiting", "queued", "looking", "refused", "unusable", "ready"]
    rows: int = Field(ge=0, description="Looked at so far, while it is `looking`.")
    share: Probability | None = Field(description="Of the looking that is done; null where it cannot be told.")
    refusal: UploadFinding | None = Field(description="Why the files cannot be read.")
    inspection: dict[str, Any] | None


class RunSchema(BaseModel):
    """One training; `actions` says what can be asked of it now."""

    id: str
    name: str
    notes: str
    state: State
    wanted: str
    request: dict[str, Any]
    data: dict[str, Any]
    dataset: str
    architecture: str
    configuration: dict[str, Any]
    seed: int
    artifact: str = Field(description="Name of the model that it makes.")
    artifact_version: int | None
    accuracy: Probability | None = Field(description="On the test images, once it has ended well.")
    metrics: dict[str, float] | None
    progress: dict[str, Any] | None
    message: str = Field(description="Why it failed.")
    learned: bool | None = Field(
        description="Whether its model reads about twice as well as chance; null without one."
    )
    report: dict[str, Any] | None = Field(
        description="What improved and what got worse, where it learned from corrections."
    )
    created: str
    queued: str
    started: str | None
    ended: str | None
    retry_of: str | None
    last_event: int = Field(ge=0)
    actions: list[str]
    begun: bool
    page: str
    events: str = Field(description="Where its events are told.")


class Runs(BaseModel):
    """The trainings, the newest first."""

    runs: list[RunSchema]


class RunEventSchema(BaseModel):
    """Something that happened in a training; `number` counts from 1 without gaps."""

    number: int = Field(ge=1)
    kind: Literal["state", "phase", "progress", "epoch", "report"]
    payload: dict[str, Any]
    created: str


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


class Datasets(BaseModel):
    """The data sets of the catalog."""

    datasets: list[DatasetSchema]
