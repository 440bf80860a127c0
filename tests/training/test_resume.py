"""A training that is interrupted and goes on ends as if it had not been."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.drawing import digit_dataset

from rabisco.errors import InvalidConfigurationError, TrainingCancelledError
from rabisco.models import create_model
from rabisco.models.backend import start_keras
from rabisco.training import Checkpoints, Progress, TrainingConfiguration, TrainingResult, cooldown, train
from rabisco.training.augment import Augmentation
from rabisco.training.checkpoint import Position

pytestmark = pytest.mark.training

THREE = TrainingConfiguration(epochs=3, batch_size=64, augmentation=Augmentation(), patience=2)
COOLED = replace(THREE, epochs=2, cooldown_epochs=2)
Weights = list[np.ndarray]


def small() -> Any:
    """Return a small network with all that a training changes: weights, moving statistics and a random state."""
    import keras
    from keras import layers

    pixels = keras.Input((28, 28, 1), dtype="uint8")
    maps = layers.Conv2D(8, 3, strides=2, activation="relu")(layers.Rescaling(1 / 255)(pixels))
    features = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(layers.BatchNormalization()(maps)))
    return keras.Model(pixels, layers.Dense(10, name="logits")(features), name="small")


def of_the_catalog() -> Any:
    return create_model("cnn-tiny", (28, 28, 1), 10)


def linear() -> Any:
    return create_model("linear", (28, 28, 1), 10)


def run(
    configuration: TrainingConfiguration,
    checkpoints: Checkpoints | None,
    cut: Callable[[Progress], bool] = lambda _: False,
    answer: str = "cancel",
    create: Callable[[], Any] = small,
) -> tuple[Weights, TrainingResult | None]:
    """Train until ``cut`` says so; return the weights, and the result unless it was cancelled."""
    import keras

    start_keras()
    keras.utils.set_random_seed(configuration.seed)
    model = create()
    last: list[Progress] = []

    def request() -> object:
        return answer if cut(last[-1]) else "continue"

    try:
        result = train(model, digit_dataset(300), configuration, last.append, request, checkpoints=checkpoints)  # type: ignore[arg-type]
    except TrainingCancelledError:
        return [], None
    return model.get_weights(), result


def figures(result: TrainingResult | None) -> list[tuple[float, ...]]:
    assert result is not None
    timing = ("seconds", "examples_per_second")
    return [tuple(value for key, value in row.items() if key not in timing) for row in result.history]


def assert_same(one: tuple[Weights, TrainingResult | None], other: tuple[Weights, TrainingResult | None]) -> None:
    assert figures(one[1]) == figures(other[1])
    for first, second in zip(one[0], other[0], strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Checkpoints:
    """The checkpoints of ``uninterrupted``."""
    return Checkpoints(tmp_path_factory.mktemp("ended"))


@pytest.fixture(scope="module")
def uninterrupted(ended: Checkpoints) -> tuple[Weights, TrainingResult | None]:
    return run(THREE, ended)


@pytest.fixture(scope="module")
def cooled() -> tuple[Weights, TrainingResult | None]:
    return run(COOLED, None)


def test_cut_after_an_epoch_it_ends_with_the_same_weights(tmp_path: Path) -> None:
    two, checkpoints = replace(THREE, epochs=2), Checkpoints(tmp_path)
    whole = run(two, checkpoints, create=of_the_catalog)
    first, last = sorted(tmp_path.iterdir())
    assert (first.name[:6], last.name[:6]) == ("000001", "000002")
    last.unlink()  # as if it had been cut in the second epoch
    seen: set[int] = set()
    assert_same(run(two, checkpoints, lambda at: seen.add(at.epoch) is not None, create=of_the_catalog), whole)
    assert seen == {2}


def test_stopped_within_an_epoch_it_ends_with_the_same_weights(
    tmp_path: Path, uninterrupted: tuple[Weights, TrainingResult | None]
) -> None:
    checkpoints = Checkpoints(tmp_path)
    _, stopped = run(THREE, checkpoints, lambda at: (at.epoch, at.step) == (2, 2), "stop")
    assert stopped is not None
    assert (stopped.ended, len(stopped.history)) == ("stopped", 2)
    assert_same(run(THREE, checkpoints), uninterrupted)


def test_cut_again_and_again_after_every_batch_it_ends_with_the_same_weights(
    tmp_path: Path, uninterrupted: tuple[Weights, TrainingResult | None]
) -> None:
    checkpoints = Checkpoints(tmp_path, every_seconds=0)
    for _ in range(40):
        seen: list[int] = []
        outcome = run(THREE, checkpoints, lambda _, seen=seen: seen.append(1) or len(seen) == 6)  # type: ignore[misc]
        if outcome[1] is not None:
            break
    assert_same(outcome, uninterrupted)


@pytest.mark.parametrize("epoch", [3, 4])
def test_cut_in_the_cooldown_it_ends_with_the_same_weights(
    epoch: int, tmp_path: Path, cooled: tuple[Weights, TrainingResult | None]
) -> None:
    checkpoints = Checkpoints(tmp_path)
    assert run(COOLED, checkpoints, lambda at: (at.epoch, at.step) == (epoch, 2)) == ([], None)
    assert_same(run(COOLED, checkpoints), cooled)
    checkpoints.clear()
    assert not list(tmp_path.rglob("*.checkpoint"))


def test_the_other_optimizer_goes_on_the_same_way_too(tmp_path: Path) -> None:
    other = replace(THREE, solver="sgd", schedule="step", step_epochs=1, learning_rate=0.05, label_smoothing=0.1)
    whole = run(other, None, create=linear)
    checkpoints = Checkpoints(tmp_path)
    run(other, checkpoints, lambda at: at.epoch == 2, create=linear)
    assert_same(run(other, checkpoints, create=linear), whole)


def test_growing_images_go_on_the_same_way_too(tmp_path: Path) -> None:
    growing = TrainingConfiguration(
        solver="sgd", epochs=2, cooldown_epochs=1, batch_size=64, first_side=8, learning_rate=0.01
    )
    assert cooldown(growing).side(1, 28) == 28
    whole = run(growing, None)
    checkpoints = Checkpoints(tmp_path)
    run(growing, checkpoints, lambda at: (at.epoch, at.step) == (2, 1), "stop")
    assert_same(run(growing, checkpoints), whole)


def test_patience_is_not_given_anew(tmp_path: Path) -> None:
    wild = replace(THREE, epochs=40, learning_rate=0.5, schedule="constant", patience=3, augmentation=None)
    whole = run(wild, None, create=linear)
    checkpoints = Checkpoints(tmp_path)
    ends = len(figures(whole[1]))
    run(wild, checkpoints, lambda at: at.epoch == ends, create=linear)
    assert_same(run(wild, checkpoints, create=linear), whole)
    assert whole[1] is not None
    assert whole[1].ended == "patience"


def test_a_training_that_has_ended_gives_its_result_again(
    ended: Checkpoints, uninterrupted: tuple[Weights, TrainingResult | None]
) -> None:
    steps: list[int] = []
    assert_same(run(THREE, ended, lambda at: steps.append(at.step) is not None), uninterrupted)
    assert steps == []


def test_at_most_two_are_kept_and_a_damaged_one_is_passed_over(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    run(THREE, checkpoints, lambda at: at.epoch == 3, create=linear)
    older, newer = sorted(tmp_path.iterdir())
    assert (older.name[:6], newer.name[:6]) == ("000001", "000002")
    newer.write_bytes(newer.read_bytes()[:-1000])
    assert_same(run(THREE, checkpoints, create=linear), run(THREE, None, create=linear))


def test_a_checkpoint_of_another_training_is_refused(
    ended: Checkpoints, uninterrupted: tuple[Weights, TrainingResult | None]
) -> None:
    with pytest.raises(InvalidConfigurationError, match="train anew"):
        run(replace(THREE, learning_rate=1e-3), ended)


def test_positions_survive_the_disk(tmp_path: Path) -> None:
    arrays = {"variables": [np.arange(6, dtype="float32").reshape(2, 3), np.array(7)], "metrics": []}
    position = Position(2, 5, 1.5, [{"epoch": 1.0, "loss": 0.1}], (0.5, -0.25), 1, 2, "", "mine", arrays)
    Checkpoints(tmp_path).save(position)
    again = Checkpoints(tmp_path).load("mine")
    assert again is not None
    np.testing.assert_array_equal(again.arrays["variables"][0], arrays["variables"][0])
    assert replace(again, arrays={}) == replace(position, arrays={})
