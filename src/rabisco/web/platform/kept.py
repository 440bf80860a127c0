"""What the OpenAPI document says of values that are answered as they were kept, without being checked again."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from pydantic import GetJsonSchemaHandler, TypeAdapter
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


@dataclass(frozen=True)
class AsKept:
    """Marks a dict whose fields the document takes from a type; an earlier version may have kept fewer, or others.

    ::

        configuration: Annotated[dict[str, Any], AsKept(TrainingConfiguration)]

    Attributes:
        described: A model, a dataclass, or any other type that Pydantic describes.
        hidden: Fields of it that are never answered.
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
