"""What a request asks for besides its pictures: in its address, its form or its JSON."""

from typing import Literal

from pydantic import Field

from rabisco.characters import Among
from rabisco.web.read.pictures import Pictures

Part = Literal["mattered", "stages", "kernels", "features", "evidence", "grad-cam", "nearest", "flips"]
USUAL_TOP_K, MOST_TOP_K = 3, 1000


class ReadingOptions(Pictures):
    """How pictures are to be read."""

    characters: Literal["one", "many"] = "one"
    among: Among = "any"
    top_k: int = Field(USUAL_TOP_K, ge=1, le=MOST_TOP_K)
    steps: bool = False


class PredictionOptions(ReadingOptions):
    """By which model, and how."""

    model: str = ""


class ExplanationOptions(Pictures):
    """By which model pictures are to be explained, and what is written in them."""

    model: str = ""
    among: Among = "any"
    parts: list[Part] = Field([], description="Which; all but `flips` if none is named.")
