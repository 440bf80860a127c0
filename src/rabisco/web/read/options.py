"""What a request asks for besides its pictures: in its address, its form or its JSON."""

from typing import ClassVar, Literal

from pydantic import Field

from rabisco.characters import Among
from rabisco.web.platform.examples import SEVEN
from rabisco.web.platform.fields import Requests
from rabisco.web.read.pictures import Pictures

Part = Literal["mattered", "stages", "kernels", "features", "evidence", "grad-cam", "nearest", "flips"]
USUAL_TOP_K, MOST_TOP_K = 3, 1000


class ReadingOptions(Pictures):
    """How pictures are to be read."""

    requests: ClassVar[Requests] = (
        {"image": SEVEN},
        {"image": SEVEN, "characters": "one", "among": "digits", "top_k": 3, "steps": True},
        {"image": SEVEN, "characters": "many"},
        {"images": [SEVEN, "bm90IGEgcGljdHVyZQ=="]},
    )

    characters: Literal["one", "many"] = "one"
    among: Among = "any"
    top_k: int = Field(USUAL_TOP_K, ge=1, le=MOST_TOP_K)
    steps: bool = False


class PredictionOptions(ReadingOptions):
    """By which model, and how."""

    requests: ClassVar[Requests] = (*ReadingOptions.requests, {"image": SEVEN, "model": "mnist-cnn"})

    model: str = ""


class ExplanationOptions(Pictures):
    """By which model pictures are to be explained, and what is written in them."""

    requests: ClassVar[Requests] = (
        {"image": SEVEN},
        {"image": SEVEN, "model": "mnist-cnn", "among": "any", "parts": ["mattered"]},
        {"image": SEVEN, "model": "mnist-linear", "parts": ["evidence", "flips"]},
        {"images": [SEVEN, SEVEN]},
    )

    model: str = ""
    among: Among = "any"
    parts: list[Part] = Field([], description="Which; all but `flips` if none is named.")
