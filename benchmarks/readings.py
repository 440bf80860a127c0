"""Keep with each bundled model what it answers on its test images, some of them, and figures that its card lacks.

``python -m benchmarks.readings`` writes ``readings.npz`` beside the weights and its hash into the card; trainings do
so by themselves. Needs the data sets; see ``rabisco.evaluation.readings``.
"""

import numpy as np

from rabisco import data
from rabisco.artifacts import BUNDLED_DIR, load_artifact, write_card
from rabisco.artifacts.places import READINGS_FILE
from rabisco.evaluation.metrics import confusion_matrix, evaluate_logits
from rabisco.evaluation.reader import read_logits
from rabisco.evaluation.readings import Readings
from rabisco.inference import Predictor
from rabisco.models.backend import start_keras
from rabisco.models.costs import multiply_adds
from rabisco.recipes import metrics_of
from rabisco.recipes.material import normalized, with_classes


def main() -> None:
    """Write the readings of each bundled model."""
    start_keras()
    import keras

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
        measured = metrics_of("test", evaluate_logits(test.labels, logits, temperature=card.temperature))
        counted_work = multiply_adds(keras.models.load_model(artifact.weights_path, compile=False))
        changes = {"metrics": {**measured, **card.metrics}, "multiply_adds": counted_work}
        write_card(folder, card.model_copy(update=changes))
        size = (folder / READINGS_FILE).stat().st_size
        print(f"{folder.name}: {size:,} bytes, {len(readings.rows)} images, {off} read otherwise than on the card")


if __name__ == "__main__":
    main()
