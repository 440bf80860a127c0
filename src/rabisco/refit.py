"""Fit again what is fitted after training, for an artifact that exists: its weights stay as they are."""

from rabisco import data
from rabisco.artifacts import CARD_FILE, Artifact, Card
from rabisco.evaluation.rejection import fit_from_catalog
from rabisco.images import normalize_pixels
from rabisco.inference import Predictor


def refit_refusal(artifact: Artifact) -> Card:
    """Fit the rule by which a model refuses what is no character, on its validation split, and keep it in its card.

    Args:
        artifact: A model of handwriting; its ``card.json`` is replaced, nothing else.

    Returns:
        The new card; its ``refusal`` is ``None`` if the model does not read handwriting.
    """
    card = artifact.card
    validation = data.load(card.dataset.name, seed=card.dataset.split_seed).validation
    rule = fit_from_catalog(
        Predictor(artifact),
        card.normalizer,
        card.temperature,
        normalize_pixels(validation.images, card.normalizer),
        dataset=card.dataset.name,
        class_names=card.class_names,
    )
    changed = card.model_copy(update={"refusal": rule})
    (artifact.folder / CARD_FILE).write_text(changed.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return changed
