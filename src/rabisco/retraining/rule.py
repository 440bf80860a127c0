"""Fit the rule of rejection of an artifact again; its weights stay as they are."""

from rabisco import artifacts, data
from rabisco.artifacts import Artifact, Card
from rabisco.errors import N_, InvalidConfigurationError
from rabisco.images import normalize_pixels
from rabisco.inference import Predictor
from rabisco.rejection.fitting import fit_from_catalog, reads_handwriting


def fit_rule(artifact: Artifact) -> Card:
    """Fit the rule by which a model refuses what is no character, on its validation split.

    Args:
        artifact: A model of handwriting.

    Returns:
        Its card with the new rule; nothing is written.

    Raises:
        InvalidConfigurationError: The model does not read handwriting.
    """
    card = artifact.card
    if not reads_handwriting(card.normalizer, card.dataset.name):
        raise InvalidConfigurationError(
            N_(
                "only a model that reads handwriting refuses what is none. Received “%(name)s”, trained on %(dataset)s"
            ),
            name=card.name,
            dataset=card.dataset.name,
        )
    validation = data.load(card.dataset.name, seed=card.dataset.split_seed).validation
    rule = fit_from_catalog(
        Predictor(artifact),
        card.normalizer,
        card.temperature,
        normalize_pixels(validation.images, card.normalizer),
        dataset=card.dataset.name,
        class_names=(*card.class_names, *card.original_class_names),
    )
    return card.model_copy(update={"refusal": rule})


def version_with_rule(name: str) -> Artifact:
    """Make a new version of a model, the current one's weights with a rule fitted again; it answers from then on."""
    artifact = artifacts.load_artifact(name)
    return artifacts.save_again(artifact, fit_rule(artifact))
