"""What the routes about corrections answer, as the OpenAPI document describes it."""

from typing import Self

from pydantic import BaseModel, Field

from rabisco.corrections import Page
from rabisco.store import Correction
from rabisco.web.platform.schemas import Probability


class CorrectionSchema(BaseModel):
    """What a reader said of one reading; `true_label` is null where the picture shows no character."""

    id: int
    created: str
    model: str
    version: int = Field(ge=0)
    predicted: str
    probability: Probability
    true_label: str | None
    right: bool

    @classmethod
    def of(cls, one: Correction) -> Self:
        """Return a correction that is stored."""
        return cls(
            id=one.id,
            created=one.picture.created.isoformat(),
            model=one.model,
            version=one.artifact_version,
            predicted=one.predicted,
            probability=round(one.probability, 6),
            true_label=one.true_label,
            right=one.is_right,
        )


class Corrections(BaseModel):
    """A page of one's own corrections, newest first."""

    corrections: list[CorrectionSchema]
    page: int = Field(ge=1)
    pages: int = Field(ge=1)
    total: int = Field(ge=0)
    pictures: int = Field(ge=0, description="Several models may have read the same picture.")

    @classmethod
    def of(cls, page: Page) -> Self:
        """Return a page of corrections."""
        return cls(
            corrections=[CorrectionSchema.of(one) for one in page.corrections],
            page=page.number,
            pages=page.pages,
            total=page.total,
            pictures=page.total_pictures,
        )


class TaughtSchema(BaseModel):
    """What came of teaching a model one picture; `unchanged` of `counted` test images are answered as before."""

    model: str
    version: int = Field(ge=0, description="The version that knows the picture; a roll-back goes to the one before.")
    unchanged: int = Field(ge=0)
    counted: int = Field(ge=0, description="0 where the model keeps no test images to count on.")


class StoredCorrections(BaseModel):
    """What has been stored, one correction for each reading of the picture, and which models know it from now on."""

    corrections: list[CorrectionSchema] = Field(min_length=1)
    taught: list[TaughtSchema]


class DeletedCorrections(BaseModel):
    """How many corrections are no longer there."""

    deleted: int = Field(ge=0)
