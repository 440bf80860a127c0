"""The recipe that comes of what a run was asked for; what could not be trained is refused."""

from dataclasses import replace
from typing import Any

from rabisco import artifacts, data
from rabisco.errors import N_, InvalidConfigurationError, Sentence
from rabisco.images import image_kind
from rabisco.models import DEFAULTS, architecture_names, choices, get_architecture
from rabisco.recipes import Recipe, check_supplements, get_recipe
from rabisco.retraining import fine_tuning
from rabisco.runs.request import RunRequest, Source
from rabisco.settings import get_settings
from rabisco.training.config import GRADIENT_SOLVERS, TrainingConfiguration
from rabisco.uploads import is_kept

NORMALIZER = "mnist@1"  # where neither the request, nor the base, nor the data name one
FINE_TUNING_RATE = 1e-3
PRETRAINED_RATE = 0.2  # of the usual one
# The preset "seconds": batches so small that a few hundred images make steps enough to learn from.
_QUICK_EPOCHS, _QUICK_BATCH, _QUICK_LIMIT, _QUICK_MINUTES, _QUICK_ARCHITECTURE = 12, 32, 5000, 1.0, "cnn-tiny"
# The preset "fast": so many images in all are trained on, some of them again and again where there are few.
_FAST_IMAGES, _FAST_MOST_EPOCHS, _FAST_WARMUP, _FAST_ARCHITECTURE = 54_000, 20, 0.3, "cnn-small"
_AS_ASKED = (
    *("patience", "solver", "seed"),
    *("schedule", "step_epochs", "cooldown_epochs", "momentum", "weight_decay", "label_smoothing"),
)
_KINDS = {"grey": N_("gray"), "colour": N_("color")}


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
        **{name: getattr(request, name) for name in _AS_ASKED},
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
        teacher="" if quick or fast or name != recipe.architecture else recipe.teacher,
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
        teacher="",
        supplements=tuple(name for name in before.supplements if data.is_local(name)),
    )


def limit_of(request: RunRequest) -> int | None:
    """Return how many images are trained on at most; ``None`` for all."""
    return request.limit or (_QUICK_LIMIT if request.preset == "seconds" else None)


def fast_epochs(images: int) -> int:
    """Return how many epochs the preset ``fast`` trains so many images, 1 to 20."""
    return min(max(round(_FAST_IMAGES / images), 1), _FAST_MOST_EPOCHS)


def in_fast_epochs(recipe: Recipe, images: int) -> Recipe:
    """Return a recipe with as many epochs as the preset ``fast`` trains so many images."""
    epochs = fast_epochs(images)
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
    kind = image_kind(normalizer)
    usual = get_architecture(DEFAULTS[kind]).usual(kind)
    return Recipe("", source.words, DEFAULTS[kind], usual, normalizer)


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
    if not path.is_relative_to(home) or path == home or not is_kept(folder):
        raise InvalidConfigurationError(
            N_("the upload must be one of those made here. Received: %(received)s; upload the files again"),
            received=repr(folder[-80:]),
        )
