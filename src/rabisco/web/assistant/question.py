"""A question to the assistant, and what it is about, as a request brings them."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rabisco.assistant import Facts
from rabisco.errors import N_, InvalidRequestError

MOST_CHARACTERS = 1000
MOST_IMAGE = 200_000  # characters of a data URL


class PossibleClass(BaseModel):
    """One class that a model held possible."""

    model_config = ConfigDict(extra="ignore")

    category: str = Field(max_length=120)
    probability: float = Field(ge=0, le=1)


class CurrentReading(BaseModel):
    """What one model read in the visitor's drawing."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(max_length=120)
    category: str = Field(max_length=120)
    probability: float = Field(ge=0, le=1)
    top_k: list[PossibleClass] = Field(default=[], max_length=10)
    refused: str | None = Field(default=None, max_length=300)


class Question(BaseModel):
    """What is asked, and what it is about."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(min_length=1, max_length=MOST_CHARACTERS)
    page: str = Field(default="", max_length=300, description="Path of the page that the visitor came from.")
    readings: list[CurrentReading] = Field(default=[], max_length=8, description="What models read in the drawing.")
    image: str | None = Field(
        default=None,
        max_length=MOST_IMAGE,
        pattern="^data:image/png;base64,[A-Za-z0-9+/=]+$",
        description="The drawing, if it may be sent to the language model.",
    )
    source: str = Field(default="", pattern="^(documentation)?$", description="`documentation`: ask no model.")

    def facts(self) -> Facts:
        """Return what the question is about, as a language model gets it."""
        reading = {"models": [one.model_dump() for one in self.readings]} if self.readings else None
        return Facts(self.page, reading, self.image)


def checked(given: dict[str, Any]) -> Question:
    """Return the question of a request.

    Raises:
        InvalidRequestError: There is none, it is too long, or what came with it has another form.
    """
    text = given.get("question")
    if not isinstance(text, str) or not text.strip():
        raise InvalidRequestError(N_("expected a question as “question”, received none; write one"))
    if len(text.strip()) > MOST_CHARACTERS:
        raise InvalidRequestError(
            N_("expected a question of at most %(most)s characters, received %(count)s; make it shorter"),
            most=MOST_CHARACTERS,
            count=len(text.strip()),
        )
    try:
        return Question.model_validate({**given, "question": text.strip().replace("\0", "")})
    except ValidationError as error:
        field = ".".join(map(str, error.errors()[0]["loc"]))
        raise InvalidRequestError(
            N_("“%(field)s” has not the form that the API page gives; correct it or leave it out"), field=field
        ) from None
