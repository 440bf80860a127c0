"""Keep with each bundled model what it answers on the images that it was validated and tested on.

``python -m benchmarks.references`` writes ``reference.npz`` beside the weights and its hash into the card; trainings
do so by themselves. Needs the data sets; see ``rabisco.memory``.
"""

from rabisco import data
from rabisco.artifacts import BUNDLED_DIR, load_artifact, write_card
from rabisco.artifacts.places import REFERENCE_FILE
from rabisco.data.dataset import Split
from rabisco.evaluation.reader import read_logits
from rabisco.inference import Predictor
from rabisco.memory import Reference
from rabisco.recipes.material import normalized


def main() -> None:
    """Write the reference of each bundled model."""
    for folder in sorted(path.parent for path in BUNDLED_DIR.glob("*/card.json")):
        artifact = load_artifact(folder.name, 0)
        card, predictor = artifact.card, Predictor(artifact)
        dataset = normalized(data.load(card.dataset.name, seed=card.dataset.split_seed), card.normalizer)

        def answered(split: Split, predictor: Predictor = predictor) -> tuple[object, object]:
            return split.images, read_logits(predictor, split.images)

        Reference.of(answered(dataset.validation), answered(dataset.test)).write(folder / REFERENCE_FILE)
        write_card(folder, card)
        print(f"{folder.name}: {(folder / REFERENCE_FILE).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
