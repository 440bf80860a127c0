"""A question to the assistant, and what it is about, as a request brings them."""

from typing import ClassVar, Literal

from pydantic import BaseModel, Field

from rabisco.assistant import Facts
from rabisco.errors import N_, InvalidRequestError
from rabisco.web.platform.examples import SEVEN
from rabisco.web.platform.fields import Fields, Requests, collected, read

MOST_CHARACTERS = 1000
MOST_IMAGE = 200_000  # characters of a data URL


class PossibleClass(BaseModel):
    """One class that a model held possible."""

    category: str = Field(max_length=120)
    probability: float = Field(ge=0, le=1)


class CurrentReading(BaseModel):
    """What one model read in the visitor's drawing."""

    model: str = Field(max_length=120)
    category: str = Field(max_length=120)
    probability: float = Field(ge=0, le=1)
    top_k: list[PossibleClass] = Field(default=[], max_length=10)
    refused: str | None = Field(default=None, max_length=300)


class DocumentedQuestion(Fields):
    """What is asked, of whom."""

    further: ClassVar = ("share",)
    requests: ClassVar[Requests] = ({"question": "What is overfitting?", "source": "documentation"},)

    question: str = Field(json_schema_extra={"minLength": 1, "maxLength": MOST_CHARACTERS})
    source: Literal["", "documentation"] = Field("", description="`documentation`: ask no model.")


class Question(DocumentedQuestion):
    """What is asked, and what it is about."""

    requests: ClassVar[Requests] = (
        {"question": "What is overfitting?", "source": "documentation", "page": "/train"},
        {
            "question": "Why is this no 1?",
            "readings": [
                {
                    "model": "mnist-cnn",
                    "category": "7",
                    "probability": 0.98,
                    "top_k": [{"category": "7", "probability": 0.98}, {"category": "1", "probability": 0.01}],
                    "refused": None,
                }
            ],
            "image": SEVEN,
        },
    )

    page: str = Field(default="", max_length=300, description="Path of the page that the visitor came from.")
    readings: list[CurrentReading] = Field(default=[], max_length=8, description="What models read in the drawing.")
    image: str | None = Field(
        default=None,
        max_length=MOST_IMAGE,
        pattern="^data:image/png;base64,[A-Za-z0-9+/=]+$",
        description="The drawing, if it may be sent to the language model.",
    )

    def facts(self) -> Facts:
        """Return what the question is about, as a language model gets it."""
        reading = {"models": [one.model_dump() for one in self.readings]} if self.readings else None
        return Facts(self.page, reading, self.image)


def asked(model: type[DocumentedQuestion]) -> Question:
    """Return the question of this request.

    Raises:
        InvalidRequestError: There is none, it is too long, or what came with it has another form.
    """
    values = collected(model)
    text = values.get("question")
    if not isinstance(text, str) or not text.strip():
        raise InvalidRequestError(N_("expected a question as “question”, received none; write one"))
    if len(text.strip()) > MOST_CHARACTERS:
        raise InvalidRequestError(
            N_("expected a question of at most %(most)s characters, received %(count)s; make it shorter"),
            most=MOST_CHARACTERS,
            count=len(text.strip()),
        )
    return read(Question, {**values, "question": text.strip().replace("\0", "")})
