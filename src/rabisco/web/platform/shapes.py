"""What several topics answer with; each topic's own answers stand in its ``schemas``, made of the core's objects.

The OpenAPI document describes the answers by these models, and tests hold every real answer to them.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from rabisco import artifacts
from rabisco.training.config import TrainingConfiguration
from rabisco.web.platform.kept import AsKept

__all__ = ["CardSchema", "Deleted", "Live", "Moment", "Problem", "Ready"]

Probability = Annotated[float, Field(ge=0, le=1)]


def _iso(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


Moment = Annotated[str, BeforeValidator(_iso)]  # in ISO 8601


class CardSchema(artifacts.Card):
    """What a model is, how it was trained, and how good it is."""

    configuration: Annotated[dict[str, Any], AsKept(TrainingConfiguration, hidden=("settle_epochs",))]


class Deleted(BaseModel):
    """What is no longer there."""

    deleted: str


class Ready(BaseModel):
    """The default model is loaded and can predict."""

    status: Literal["ready"]
    default_model: str
    models: list[str]
    storage: Literal["", "ok", "away"]


class Live(BaseModel):
    """The process answers."""

    status: Literal["live"]


class Problem(BaseModel):
    """What went wrong (RFC 9457): `detail` says what was expected, what was received and what to do."""

    type: str = Field(pattern="^urn:rabisco:problem:")
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
