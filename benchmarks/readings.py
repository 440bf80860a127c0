"""Keep with each bundled model what it answers on its test images, and some of them.

``python -m benchmarks.readings`` writes ``readings.npz`` beside the weights and its hash into the card; trainings do
so by themselves. Needs the data sets; see ``rabisco.evaluation.readings``.
"""

import numpy as np

from rabisco import data
from rabisco.artifacts import BUNDLED_DIR, load_artifact, write_card
from rabisco.artifacts.places import READINGS_FILE
from rabisco.evaluation.metrics import confusion_matrix
from rabisco.evaluation.reader import read_logits
from rabisco.evaluation.readings import Readings
from rabisco.inference import Predictor
from rabisco.recipes.material import normalized, with_classes


def main() -> None:
    """Write the readings of each bundled model."""
    for folder in sorted(path.parent for path in BUNDLED_DIR.glob("*/card.json")):
        artifact = load_artifact(folder.name, 0)
        card, predictor = artifact.card, Predictor(artifact)
        dataset = normalized(data.load(card.dataset.name, seed=card.dataset.split_seed), card.normalizer)
        test = with_classes(dataset, card.class_names).test
        logits = read_logits(predictor, test.images)
        readings = Readings.of(test, logits, card.temperature)
        readings.write(folder / READINGS_FILE)
        counted = confusion_matrix(test.labels, logits.argmax(axis=1), len(card.class_names))
        off = int(np.abs(counted - np.array(card.confusions)).sum()) // 2 if card.confusions else 0
        write_card(folder, card)
        size = (folder / READINGS_FILE).stat().st_size
        print(f"{folder.name}: {size:,} bytes, {len(readings.rows)} images, {off} read otherwise than on the card")


if __name__ == "__main__":
    main()
