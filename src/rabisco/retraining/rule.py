"""Fit the rule of rejection of an artifact again; its weights stay as they are."""

from rabisco import artifacts, data
from rabisco.artifacts import Artifact
from rabisco.errors import N_, InvalidConfigurationError
from rabisco.images import normalize_pixels
from rabisco.inference import Predictor
from rabisco.rejection.fitting import fit_from_catalog, reads_handwriting


def version_with_rule(name: str) -> Artifact:
    """Fit again, on the validation split, the rule by which a model of handwriting refuses what is no character.

    Returns:
        A new version, the current one's weights with the new rule; it answers from then on.

    Raises:
        InvalidConfigurationError: The model does not read handwriting.
    """
    artifact = artifacts.load_artifact(name)
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
    return artifacts.save_again(artifact, card.model_copy(update={"refusal": rule}))
