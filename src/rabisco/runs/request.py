"""What a run can be asked for."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from rabisco.errors import N_, InvalidConfigurationError, Sentence
from rabisco.training.config import Schedule, Solver

# What Pydantic says of a value, by the type of its error.
_EXPECTED = {
    "source": N_("must name exactly one of catalog, recipe and upload"),
    "greater_than_equal": N_("should be greater than or equal to %(ge)s"),
    "less_than_equal": N_("should be less than or equal to %(le)s"),
    "less_than": N_("should be less than %(lt)s"),
    "int_type": N_("should be a valid integer"),
    "int_from_float": N_("should be a valid integer, got a number with a fractional part"),
    "int_parsing": N_("should be a valid integer, unable to parse string as an integer"),
    "int_parsing_size": N_("should be a valid integer, unable to parse string as an integer"),
    "float_type": N_("should be a valid number"),
    "float_parsing": N_("should be a valid number, unable to parse string as a number"),
    "finite_number": N_("should be a finite number"),
    "bool_type": N_("should be a valid boolean"),
    "bool_parsing": N_("should be a valid boolean, unable to interpret input"),
    "string_type": N_("should be a valid string"),
    "string_too_long": N_("String should have at most %(max_length)s characters"),
    "literal_error": N_("should be %(expected)s"),
    "extra_forbidden": N_("Extra inputs are not permitted"),
    "missing": N_("Field required"),
    "model_type": N_("should be a valid dictionary or object"),
    "dict_type": N_("should be a valid dictionary"),
}


class Source(BaseModel):
    """Where the images come from; exactly one of the three.

    Attributes:
        catalog: Name of a data set in the catalog.
        recipe: Name of a recipe, which also brings its architecture, configuration and supplements.
        upload: Folder of an upload, relative to the settings' ``home``; it holds ``train`` and, if there is one,
            ``test``.
        title: What the upload is called, for people.
        dialect: How the upload is written, as ``rabisco.intake.Dialect.to_dict`` says it; found anew if not given.
        test_dialect: How its test data are.
        choices: What the user decided of an upload whose dialect is to be found anew.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    catalog: str | None = None
    recipe: str | None = None
    upload: str | None = None
    title: str | None = None
    dialect: dict[str, Any] | None = None
    test_dialect: dict[str, Any] | None = None
    choices: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Source":
        if sum(one is not None for one in (self.catalog, self.recipe, self.upload)) != 1:
            raise PydanticCustomError("source", "must name exactly one of catalog, recipe and upload")
        return self

    @property
    def words(self) -> str:
        """What it is called for people."""
        return self.catalog or self.recipe or self.title or str(self.upload).rsplit("/", 1)[-1]


class RunRequest(BaseModel):
    """All that can be asked of a training; what is left out is the recipe's, or what usually serves.

    Attributes:
        data: Where the images come from.
        artifact: Name of the model that it makes, a new version if there is one of that name.
        name: Of the run, for people; the artifact's if empty.
        notes: For people.
        architecture: Name in the registry.
        epochs: Passes over the training images.
        batch_size: Images per step.
        learning_rate: Its peak.
        solver: ``adamw``, ``sgd``, or the architecture's own, such as ``logistic-regression`` of the linear one.
        schedule: How the learning rate goes on; this and the next five as in ``TrainingConfiguration``.
        step_epochs: With the schedule ``step``, epochs after which it falls to a tenth.
        cooldown_epochs: Final epochs with weak augmentation.
        momentum: Of the solver ``sgd``.
        weight_decay: How fast weights shrink.
        label_smoothing: Share of each target that is spread over all classes.
        augmentation: Strength of the random changes to training images: 0 is off, 1 the usual, 2 twice that; the
            architecture's, or the recipe's, if not given.
        minutes: Training ends after so many minutes with the best weights so far.
        patience: Epochs without a better validation accuracy after which it ends.
        preset: ``seconds`` makes a tiny model of few images, to see it work; ``fast`` a small one of all images, in as
            few epochs as it takes to be nearly as good.
        base: Artifact whose weights are trained on; of the same architecture.
        pretrained: Start from ImageNet's published weights; for the architecture ``resnet18``.
        normalizer: Normalizer that makes such images of pictures.
        seed: Of everything random; the recipe's if not given.
        limit: Train on at most so many images.
        without_supplements: Train without the recipe's supplements: another model than the one that it describes.
        corrections: Fine-tune the model ``artifact`` on the corrections of its readings instead, and report what
            became better and worse; ``data`` is what it was trained on. The new version waits to be chosen.
        version: With ``corrections``: the version to begin with.
        leave_out: Images that are not trained on, such as those with wrong labels: see ``label_errors.key_of``.
        cpus: Processors that a cluster is to keep for it; those of the settings if not given, as are the next two.
        gpus: GPUs.
        memory: Bytes.
        sweep: Name of the sweep that it is one of.
        varied: Settings in which it differs from the others of that.
        pauses: Epochs at whose ends it pauses until its sweep lets it go on, or others of that have outdone it.
        use: Whether the new version answers at once under its name; if not, it waits to be chosen.
        owner: Token of who asks, if the pages know one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Source
    artifact: str
    name: str = Field(default="", max_length=120)
    notes: str = Field(default="", max_length=20_000)
    architecture: str | None = None
    epochs: int | None = Field(default=None, ge=1, le=10_000)
    batch_size: int | None = Field(default=None, ge=1, le=65_536)
    learning_rate: float | None = Field(default=None, ge=1e-9, le=100)
    solver: Solver | None = None
    schedule: Schedule | None = None
    step_epochs: int | None = Field(default=None, ge=1, le=10_000)
    cooldown_epochs: int | None = Field(default=None, ge=0, le=10_000)
    momentum: float | None = Field(default=None, ge=0, lt=1)
    weight_decay: float | None = Field(default=None, ge=0, le=100)
    label_smoothing: float | None = Field(default=None, ge=0, lt=1)
    augmentation: float | None = Field(default=None, ge=0, le=2)
    minutes: float | None = Field(default=None, ge=0.01, le=100_000)
    patience: int | None = Field(default=None, ge=1)
    preset: Literal["", "seconds", "fast"] = ""
    base: str | None = None
    pretrained: bool = False
    normalizer: str | None = None
    seed: int | None = Field(default=None, ge=0, lt=2**31)
    limit: int | None = Field(default=None, ge=1)
    without_supplements: bool = False
    corrections: bool = False
    version: int | None = Field(default=None, ge=0)
    leave_out: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")], ...] = Field(default=(), max_length=5000)
    cpus: float | None = Field(default=None, ge=0, le=1024)
    gpus: float | None = Field(default=None, ge=0, le=1024)
    memory: int | None = Field(default=None, ge=0, le=2**50)
    sweep: str = Field(default="", max_length=60)
    varied: dict[str, bool | int | float | str] = {}
    pauses: tuple[int, ...] = ()
    use: bool = True
    owner: str = Field(default="", max_length=64)

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> "RunRequest":
        """Return the request that these values make, such as a form's or a JSON body's; texts of numbers are read.

        Raises:
            InvalidConfigurationError: One of them is unknown, missing or out of range.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"] if part != "data") or "data"
            received = repr(first["input"])[:80] if first["type"] != "missing" else Sentence(N_("nothing"))
            known = _EXPECTED.get(first["type"])
            expected = Sentence(known, first.get("ctx", {})) if known else Sentence(first["msg"])
            raise InvalidConfigurationError(
                N_("%(where)s: %(expected)s. Received: %(received)s"),
                where=where,
                expected=expected,
                received=received,
            ) from error


PRESETS: tuple[str, ...] = get_args(RunRequest.model_fields["preset"].annotation)


def limits(name: str) -> tuple[type, float, float]:
    """Return the type of a number in a request and what it may be at least and at most."""
    given = RunRequest.model_fields[name]
    low, high = (getattr(one, side) for one, side in zip(given.metadata, ("ge", "le"), strict=True))
    return (int if int in get_args(given.annotation) else float), low, high
