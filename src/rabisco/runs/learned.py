"""Whether a model has learned at all."""

from rabisco.artifacts import Card

LEAST_GAIN = 0.1  # above chance; with few classes twice chance would ask for too much


def has_learned(card: Card) -> bool:
    """Return whether a model reads more than about twice as many test images as whoever always says the same."""
    accuracy = card.metrics.get("test_accuracy")
    if accuracy is None:
        return True
    chance = 1 / len(card.class_names)
    if card.confusions:
        rows = [sum(row) for row in card.confusions]
        chance = max(rows) / max(1, sum(rows))
    return accuracy >= min(2 * chance, chance + LEAST_GAIN)
