"""What ``/explain`` answers, as the API gives it and its OpenAPI document describes it."""

from typing import Annotated

from pydantic import BaseModel, Field

from rabisco.explanation.occlusion import Change
from rabisco.web.platform.schemas import Probability
from rabisco.web.read.answers import BoxSchema, PredictionSchema, UnreadPicture

Png = Annotated[str, Field(pattern="^data:image/png;base64,")]
Index = Annotated[int, Field(ge=0)]
Rows = list[list[float]]


class StageSchema(BaseModel):
    """The maps of one stage of a network: what its kernels found, and where."""

    name: str
    shape: list[int] = Field(description="Height, width and number of the maps.")
    columns: int = Field(ge=1, description="Maps in a row of `image`, which are a pixel apart.")
    image: Png = Field(description="All maps, row by row, the greatest value of the stage white.")
    strongest: list[float] = Field(description="Greatest value of each map.")


class KernelAnswerSchema(BaseModel):
    """Where a kernel answers most, as row and column of the map of its answers, and what."""

    row: Index
    column: Index
    answer: float


class KernelsSchema(BaseModel):
    """The kernels of the first layer and what of the image each answers to."""

    shape: list[int] = Field(description="Number, height, width and channels.")
    columns: int = Field(ge=1, description="Kernels in a row of `image` and of `answers`, which are a pixel apart.")
    image: Png = Field(description="Weights above 0 red, below 0 blue; in colors for colored images.")
    answers: Png = Field(description="What each kernel answers at each place of the image, above 0 red, below 0 blue.")
    strongest: list[KernelAnswerSchema]


class FeatureSchema(BaseModel):
    """One feature and what it adds to the logit of the answer."""

    index: Index
    value: float
    weight: float
    part: float = Field(description="Value times weight.")
    map: Index | None = Field(description="Which map of the last stage it comes from.")
    row: Index | None = Field(description="Where in that map; null where the feature is made of all of it.")
    column: Index | None


class FeaturesSchema(BaseModel):
    """The features that decided. All parts and the bias sum to the logit."""

    count: int = Field(ge=1)
    bias: float
    logit: float
    speaking_for: list[FeatureSchema] = Field(description="The eight that add most.")
    speaking_against: list[FeatureSchema] = Field(description="The eight that take most away.")


class EvidenceSchema(BaseModel):
    """What each pixel adds to the logit of a class, with a linear model: weight times pixel."""

    category: str
    category_index: Index
    logit: float = Field(description="Sum of `bias` and all `values`.")
    bias: float
    values: Rows = Field(description="Row by row; of colored images the sum over the colors.")
    image: Png = Field(description="The values over the drawing, red for the class, blue against it.")
    weights: Png = Field(description="What the class looks for: weights above 0 red, below 0 blue.")


class GradCamSchema(BaseModel):
    """Where the maps of a stage speak for the answer: Grad-CAM."""

    stage: str
    values: Rows = Field(description="Row by row of the stage's maps, from 0.")
    image: Png = Field(description="The values over the image, orange.")


class NeighborSchema(BaseModel):
    """A training image that the model takes for alike; `distance` is that of the features."""

    category: str
    distance: float = Field(ge=0)
    image: Png


class FlipSchema(BaseModel):
    """The smallest square, of those tried, that flips the answer: erased or filled with ink; of a photo, covered."""

    change: Change
    box: BoxSchema = Field(description="The square, in pixels that the model saw.")
    category: str
    probability: Probability
    image: Png


class ExplanationSchema(PredictionSchema):
    """A prediction and what mattered to it, in the parts that were asked for."""

    importance: Rows = Field(
        default=[],
        description="For each pixel that the model saw, row by row, how much the probability of the answer falls, "
        "from -1 to 1, where the patches around it are covered.",
    )
    image: str = Field(default="", description="What the model saw, colored by `importance`: a PNG data URL.")
    stages: list[StageSchema] = Field(default=[], description="From the first; empty of a linear model.")
    kernels: KernelsSchema | None = Field(default=None, description="null of a linear model.")
    features: FeaturesSchema | None = Field(default=None, description="null of a linear model.")
    evidence: list[EvidenceSchema] = Field(
        default=[], description="Of a linear model: of each class expected, the ten most probable if there are more."
    )
    grad_cam: GradCamSchema | None = Field(default=None, description="null of a linear model.")
    nearest: list[NeighborSchema] | None = Field(
        default=None,
        description="The nearest first; null where the version keeps no training images, or none for this reader.",
    )
    flips: list[FlipSchema] = Field(
        default=[], description="At most one that erases and one that adds; empty where none of those tried does."
    )


class Explanations(BaseModel):
    """One explanation for each picture, in their order; why, in the place of one among several that cannot be read."""

    explanations: list[ExplanationSchema | UnreadPicture] = Field(min_length=1)
    notes: list[str] = Field(default=[], description="Only of pictures read though their file lacks its end.")
