"""What several topics answer with; each topic's own answers stand in its ``schemas``, made of the core's objects.

The OpenAPI document describes the answers by these models, and tests hold every real answer to them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, TypeAdapter
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from rabisco import artifacts
from rabisco.errors import Sentence
from rabisco.training.config import TrainingConfiguration

Probability = Annotated[float, Field(ge=0, le=1)]
Moment = Annotated[str, BeforeValidator(lambda at: at.isoformat() if isinstance(at, datetime) else at)]  # ISO 8601


@dataclass(frozen=True)
class AsKept:
    """Marks a dict that is answered as it was kept; an earlier version may have kept fewer fields, or others.

    Attributes:
        described: What the OpenAPI document says of it instead, a type that Pydantic describes.
        hidden: Fields of that type which are never answered.
    """

    described: Any
    hidden: Collection[str] = ()

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(TypeAdapter(self.described).core_schema)
        found = handler.resolve_ref_schema(schema)
        found.pop("title", None)  # else clients make two classes of that name
        properties = found.get("properties", {})
        for name in self.hidden:
            properties.pop(name, None)
        for one in properties.values():
            one.pop("default", None)  # what is answered has none
        return schema


class SentenceSchema(BaseModel):
    """A sentence in English, and apart from it the values in it, so that it can be told in another language."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"message": "rounded to %(bits)s bits", "values": {"bits": 8}}]}
    )

    message: str
    values: dict[str, str | int | float]


class CardSchema(artifacts.Card):
    """What a model is, how it was trained, and how good it is."""

    configuration: Annotated[dict[str, Any], AsKept(TrainingConfiguration, hidden=("settle_epochs",))]
    said: Annotated[tuple[Sentence, ...], AsKept(tuple[SentenceSchema, ...])] = Field(
        default=(), exclude=True, description="`notes`, sentence by sentence; only in `card.json`."
    )


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
