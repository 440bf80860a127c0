"""What a run can be asked for, and the recipe that comes of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from rabisco import artifacts, data
from rabisco.errors import N_, InvalidConfigurationError, Sentence
from rabisco.images import image_kind
from rabisco.models import DEFAULT, architecture_names, choices, get_architecture
from rabisco.recipes import Recipe, check_supplements, get_recipe
from rabisco.retraining import fine_tuning
from rabisco.settings import get_settings
from rabisco.training.config import GRADIENT_SOLVERS, Solver, TrainingConfiguration

NORMALIZER = "mnist@1"  # where neither the request, nor the base, nor the data name one
FINE_TUNING_RATE = 1e-3
PRETRAINED_RATE = 0.2  # of the usual one
# The preset "seconds": batches so small that a few hundred images make steps enough to learn from.
_QUICK_EPOCHS, _QUICK_BATCH, _QUICK_LIMIT, _QUICK_MINUTES, _QUICK_ARCHITECTURE = 12, 32, 5000, 1.0, "cnn-tiny"
# The preset "fast": so many images in all are trained on, some of them again and again where there are few.
_FAST_IMAGES, _FAST_MOST_EPOCHS, _FAST_WARMUP, _FAST_ARCHITECTURE = 54_000, 20, 0.3, "cnn-small"


_KINDS = {"grey": N_("grey"), "colour": N_("colour")}
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
        augmentation: Strength of the random changes to training images: 0 is off, 1 the usual, 2 twice that; the
            architecture's, or the recipe's, if not given.
        minutes: Training ends after so many minutes with the best weights so far.
        patience: Epochs without a better validation accuracy after which it ends.
        preset: ``seconds`` makes a tiny model of few images, to see it work; ``fast`` a small one of all images, in as
            few epochs as it takes to be nearly as good.
        base: Artifact whose weights are trained on; of the same architecture.
        pretrained: Start from ImageNet's published weights; for the architecture ``resnet18``.
        normalizer: Normaliser that makes such images of pictures.
        seed: Of everything random; the recipe's if not given.
        limit: Train on at most so many images.
        without_supplements: Train without the recipe's supplements: another model than the one that it describes.
        corrections: Fine-tune the model ``artifact`` on the corrections of its readings instead, and report what
            became better and worse; ``data`` is what it was trained on. The new version waits to be chosen.
        version: With ``corrections``: the version to begin with.
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


def check(request: RunRequest) -> Recipe:
    """Return the recipe that a request comes to, having refused what could not be trained.

    Raises:
        InvalidConfigurationError: It names something that does not exist, or that does not fit.
        UnknownDatasetError: The catalog has no such data set.
        ModelNotFoundError: There is no such base.
        DataUnavailableError: A supplement of the recipe is not here.
    """
    artifacts.check_name(request.artifact)
    if request.data.upload is not None:
        _check_upload(request.data.upload)
    recipe = _retrained(request) if request.corrections else _resolve(request)
    if request.base is not None:
        _check_base(request.base, recipe)
    check_supplements(recipe)
    return recipe


def _resolve(request: RunRequest) -> Recipe:
    recipe = _starting_point(request.data)
    quick, fast = request.preset == "seconds", request.preset == "fast"
    base = artifacts.load_artifact(request.base).card if request.base is not None else None
    normalizer = request.normalizer or (base and base.normalizer) or recipe.normalizer
    kind = image_kind(normalizer)
    usual_name = (
        _QUICK_ARCHITECTURE if quick else _FAST_ARCHITECTURE if fast and kind == "grey" else recipe.architecture
    )
    name = request.architecture or (base.architecture if base else usual_name)
    architecture = get_architecture(name)
    if kind not in architecture.augmentation:
        raise InvalidConfigurationError(
            N_(
                "the architecture must read %(kind)s images, as these are. Received: %(name)s; choose one of %(names)s"
            ),
            kind=Sentence(_KINDS[kind]),
            name=repr(name),
            names=", ".join(choices(kind)),
        )
    usual = recipe.configuration if name == recipe.architecture else architecture.usual(kind)
    asked: dict[str, Any] = {
        "epochs": request.epochs or (_QUICK_EPOCHS if quick else None),
        "batch_size": request.batch_size or (_QUICK_BATCH if quick else None),
        "learning_rate": request.learning_rate or _gentle(request, usual),
        "patience": request.patience,
        "solver": request.solver,
        "seed": request.seed,
    }
    configuration = replace(usual, **{key: value for key, value in asked.items() if value is not None})
    strength = request.augmentation
    if strength is not None or quick or fast:
        configuration = replace(configuration, augmentation=architecture.augmented(kind, strength or 0))
    if configuration.solver not in (*GRADIENT_SOLVERS, *architecture.solvers):
        raise InvalidConfigurationError(
            N_("the solver must be one that fits the architecture %(name)s: %(names)s. Received: %(solver)s"),
            name=repr(name),
            names=", ".join((*GRADIENT_SOLVERS, *architecture.solvers)),
            solver=repr(configuration.solver),
        )
    if request.pretrained and architecture.pretrained is None:
        published = [one for one in architecture_names() if get_architecture(one).pretrained]
        raise InvalidConfigurationError(
            N_("pretrained: published weights are there for %(names)s. Received: %(name)s; leave it out"),
            names=", ".join(published),
            name=repr(name),
        )
    return replace(
        recipe,
        name=request.artifact,
        architecture=name,
        configuration=configuration,
        normalizer=normalizer,
        pretrained=request.pretrained,
        supplements=() if request.without_supplements or fast else recipe.supplements,
    )


def _gentle(request: RunRequest, usual: TrainingConfiguration) -> float | None:
    """Return the learning rate where training begins with weights that are good already; else ``None``."""
    if request.pretrained:
        return usual.learning_rate * PRETRAINED_RATE
    return FINE_TUNING_RATE if request.base is not None else None


def _retrained(request: RunRequest) -> Recipe:
    """Return the recipe of a retraining: data as before, the version's own model, fine-tuned."""
    card = artifacts.load_artifact(request.artifact, request.version).card
    before, usual = _starting_point(request.data), fine_tuning(card)
    asked: dict[str, Any] = {"epochs": request.epochs, "seed": request.seed}
    return replace(
        before,
        name=request.artifact,
        architecture=card.architecture,
        configuration=replace(usual, **{name: one for name, one in asked.items() if one is not None}),
        normalizer=card.normalizer,
        supplements=tuple(name for name in before.supplements if data.is_local(name)),
    )


def limit_of(request: RunRequest) -> int | None:
    """Return how many images are trained on at most; ``None`` for all."""
    return request.limit or (_QUICK_LIMIT if request.preset == "seconds" else None)


def in_fast_epochs(recipe: Recipe, images: int) -> Recipe:
    """Return a recipe with as many epochs as the preset ``fast`` trains so many images."""
    epochs = min(max(round(_FAST_IMAGES / images), 1), _FAST_MOST_EPOCHS)
    return replace(
        recipe, configuration=replace(recipe.configuration, epochs=epochs, warmup_epochs=_FAST_WARMUP * epochs)
    )


def minutes_of(request: RunRequest) -> float | None:
    """Return the time budget; ``None`` for none."""
    return request.minutes or (_QUICK_MINUTES if request.preset == "seconds" else None)


def _starting_point(source: Source) -> Recipe:
    if source.recipe is not None:
        return get_recipe(source.recipe)
    normalizer = str((source.dialect or source.choices or {}).get("normalizer") or NORMALIZER)
    if source.catalog is not None:
        normalizer = data.get_entry(source.catalog).normalizer
    usual = get_architecture(DEFAULT).usual(image_kind(normalizer))
    return Recipe("", source.words, DEFAULT, usual, normalizer, "")


def _check_base(base: str, recipe: Recipe) -> None:
    card = artifacts.load_artifact(base).card
    if card.architecture != recipe.architecture:
        raise InvalidConfigurationError(
            N_(
                "a base must have the architecture that is trained, %(architecture)s. Received: %(base)s, which is "
                "of %(received)s; choose another base, or that architecture"
            ),
            architecture=repr(recipe.architecture),
            base=repr(base),
            received=repr(card.architecture),
        )
    if recipe.configuration.solver not in GRADIENT_SOLVERS:
        raise InvalidConfigurationError(
            N_("logistic regression begins anew; choose a base for gradient training only")
        )


def _check_upload(folder: str) -> None:
    home = get_settings().home.resolve()
    path = (home / folder).resolve()
    if not path.is_relative_to(home) or path == home or not path.exists():
        raise InvalidConfigurationError(
            N_("the upload must be one of those made here. Received: %(received)s; upload the files again"),
            received=repr(folder[-80:]),
        )
