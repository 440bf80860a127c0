"""Keep with each bundled model what it answers on its validation and test images, and figures that its card lacks.

``python -m benchmarks.readings`` writes ``readings.npz`` and ``reference.npz`` beside the weights, and their hashes
into the card; trainings do so by themselves. Needs the data sets; see ``rabisco.evaluation.readings`` and
``rabisco.memory``.
"""

import numpy as np

from rabisco import data
from rabisco.artifacts import BUNDLED_DIR, load_artifact, write_card
from rabisco.artifacts.paths import READINGS_FILE, REFERENCE_FILE
from rabisco.evaluation.metrics import confusion_matrix, evaluate_logits
from rabisco.evaluation.reader import read_logits
from rabisco.evaluation.readings import Readings
from rabisco.inference import Predictor
from rabisco.memory import Reference
from rabisco.models import multiply_adds
from rabisco.models.backend import start_keras
from rabisco.recipes import metrics_of
from rabisco.recipes.material import normalized, with_classes


def main() -> None:
    """Write the readings and the reference of each bundled model."""
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
        parts = (dataset.validation, dataset.test)
        answered = [(part.images, read_logits(predictor, part.images)) for part in parts]
        Reference.of(*answered).write(folder / REFERENCE_FILE)
        counted = confusion_matrix(test.labels, logits.argmax(axis=1), len(card.class_names))
        off = int(np.abs(counted - np.array(card.confusions)).sum()) // 2 if card.confusions else 0
        measured = metrics_of("test", evaluate_logits(test.labels, logits, temperature=card.temperature))
        counted_work = multiply_adds(keras.models.load_model(artifact.weights_path, compile=False))
        changes = {"metrics": {**measured, **card.metrics}, "multiply_adds": counted_work}
        write_card(folder, card.model_copy(update=changes))
        sizes = " and ".join(f"{(folder / name).stat().st_size:,}" for name in (READINGS_FILE, REFERENCE_FILE))
        print(f"{folder.name}: {sizes} bytes, {len(readings.rows)} images, {off} read otherwise than on the card")


if __name__ == "__main__":
    main()
