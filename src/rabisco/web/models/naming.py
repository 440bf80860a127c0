"""The field ``class_names``: what the classes of data or of a model are called."""

from typing import Annotated

from pydantic import BeforeValidator

from rabisco.errors import UnusableDataError
from rabisco.intake.naming import class_names_of
from rabisco.web.platform.fields import refused


def _names(value: object) -> object:
    alone = value[0] if isinstance(value, list) and len(value) == 1 else value  # a form's field that may stand twice
    try:
        return class_names_of(alone)
    except UnusableDataError as error:
        raise refused(error.sentence.message, **error.sentence.values) from error


ClassNames = Annotated[dict[str, str] | list[str] | str | None, BeforeValidator(_names)]
DESCRIPTION = "Names of the classes: `0 = A, 1 = B`, or `A, B, C` for all of them; in JSON also an object, or a list."
