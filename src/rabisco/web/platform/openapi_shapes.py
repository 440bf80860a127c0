"""The parts of an OpenAPI document, as the document itself describes them."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Scalar = str | int | float | bool | None


class SchemaObject(BaseModel):
    """A JSON Schema, or a reference to one; it may hold other words of that language, too."""

    model_config = ConfigDict(extra="allow")

    ref: str = Field("", alias="$ref")
    type: str = ""
    format: str = ""
    title: str = ""
    description: str = ""
    pattern: str = ""
    required: list[str] = []
    properties: dict[str, "SchemaObject"] = {}
    items: "SchemaObject | None" = None
    any_of: list["SchemaObject"] = Field([], alias="anyOf")
    enum: list[Scalar] = []


class License(BaseModel):
    """The license of a program."""

    name: str
    identifier: str


class Info(BaseModel):
    """What the routes belong to."""

    title: str
    version: str
    summary: str
    license: License


class ServerAddress(BaseModel):
    """Where the routes are, as a part of their addresses."""

    url: str


class Parameter(BaseModel):
    """A part of an address."""

    name: str
    where: Literal["path", "query"] = Field(alias="in")
    required: bool
    described: SchemaObject = Field(alias="schema")
    example: Any


class ShownExample(BaseModel):
    """What may be sent or answered, or the address of a file that holds it."""

    value: Any = None
    address: str = Field("", alias="externalValue")


class Content(BaseModel):
    """A body of one media type, as an answer with one example, of a request with several."""

    described: SchemaObject = Field(alias="schema")
    example: Any = None
    examples: dict[str, ShownExample] = {}


class RequestBody(BaseModel):
    """What a request holds, by media type."""

    required: bool
    content: dict[str, Content]


class Header(BaseModel):
    """A header, or a reference to one."""

    ref: str = Field("", alias="$ref")
    description: str = ""
    required: bool = False
    described: SchemaObject | None = Field(None, alias="schema")


class AnswerDescription(BaseModel):
    """An answer, or a reference to one."""

    ref: str = Field("", alias="$ref")
    description: str = ""
    headers: dict[str, Header] = {}
    content: dict[str, Content] = {}


class Operation(BaseModel):
    """What one method does at one address."""

    operation: str = Field(alias="operationId")
    summary: str
    parameters: list[Parameter] = []
    body: RequestBody | None = Field(None, alias="requestBody")
    security: list[dict[str, list[str]]] = []
    responses: dict[str, AnswerDescription]


class SecurityScheme(BaseModel):
    """How a request shows that it may."""

    type: str
    scheme: str
    description: str


class Components(BaseModel):
    """What the operations refer to."""

    schemas: dict[str, SchemaObject]
    responses: dict[str, AnswerDescription]
    headers: dict[str, Header]
    schemes: dict[str, SecurityScheme] = Field(alias="securitySchemes")
