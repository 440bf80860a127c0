"""What is drawn for a rule is drawn once: the next training on the same images finds it in the cache."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.drawing import digit_dataset

from rabisco import data
from rabisco.data.cifar import BATCHES, RECORD_BYTES
from rabisco.rejection import cache, pictures
from rabisco.rejection.negatives import KINDS, Kind, draw_kind
from rabisco.rejection.pictures import Described, PreparedPictures, fit_pictures, further_pictures
from rabisco.settings import get_settings

FEW = (KINDS[0], next(kind for kind in KINDS if kind.composed))


class Mean:
    """Reads an image by its mean, so that its logits depend on every pixel."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def logits(self, images: np.ndarray) -> np.ndarray:
        means = images.reshape(len(images), -1).mean(axis=1, dtype=np.float64)
        return (self.factor * np.outer(means, np.arange(3))).astype(np.float32)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("RABISCO_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(pictures, "KINDS", FEW)
    monkeypatch.setattr(pictures, "FEWEST_OF_KIND", 2)
    get_settings.cache_clear()
    yield tmp_path / "rejection"
    get_settings.cache_clear()


def drawn(factor: float = 1.0, first: int = 0, seed: int = 0, normalizer: str = "mnist@1") -> dict[str, Described]:
    images = digit_dataset().validation.images[first : first + 20]
    shown, others = fit_pictures(Mean(factor), normalizer, 1.0, images, most=4, seed=seed)
    return {**shown, **others}


def assert_same(one: dict[str, Described], other: dict[str, Described]) -> None:
    assert list(one) == list(other)
    for first, second in zip(one.values(), other.values(), strict=True):
        for name, array in vars(first).items():
            np.testing.assert_array_equal(array, getattr(second, name))


def test_what_is_kept_is_what_would_be_drawn(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = drawn()
    for path in folder.glob("*.npz"):
        path.unlink()
    of_another_model = drawn(2.0)
    monkeypatch.setattr(pictures, "draw_kind", pytest.fail)
    assert_same(drawn(), first)
    assert_same(drawn(2.0), of_another_model)


def test_other_images_other_numbers_and_other_code_are_drawn_anew(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for options in ({}, {"first": 20}, {"seed": 1}):
        drawn(**options)
    monkeypatch.setattr(cache, "_code", lambda: "another")
    drawn()
    assert len(list(folder.glob("*.npz"))) == 2 + 1 + 2 + 2


def test_of_other_characters_only_what_is_put_together_of_them_is_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    first = drawn()
    names: list[str] = []
    monkeypatch.setattr(pictures, "draw_kind", lambda kind, *rest: names.append(kind.name) or draw_kind(kind, *rest))
    other = drawn(first=20)
    assert names == [FEW[1].name]
    np.testing.assert_array_equal(other[FEW[0].name].features, first[FEW[0].name].features)
    assert (other[FEW[1].name].features != first[FEW[1].name].features).any()


def test_only_what_is_composed_depends_on_the_characters() -> None:
    images = digit_dataset().validation.images
    for kind in KINDS:
        (one,), (other,) = (draw_kind(kind, 1, part, 0) for part in (images[:20], images[20:40]))
        assert np.array_equal(one, other) is not kind.composed, kind.name


def test_a_model_of_sheared_images_finds_what_was_drawn_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    images, normalizer = digit_dataset().validation.images[:20], "mnist-deskew@1"
    whole = {kind.name: PreparedPictures.of(draw_kind(kind, 2, images, 0), normalizer) for kind in FEW}
    upright = drawn()
    monkeypatch.setattr(pictures, "draw_kind", pytest.fail)
    found = drawn(normalizer=normalizer)
    assert_same(
        {kind: found[kind] for kind in whole}, {kind: one.described(Mean(), 1.0) for kind, one in whole.items()}
    )
    assert (found["characters"].features != upright["characters"].features).any()


def test_of_two_trainings_that_begin_together_one_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []

    def slowly(kind: Kind, *rest: Any) -> list[np.ndarray]:
        names.append(kind.name)
        time.sleep(0.2)
        return draw_kind(kind, *rest)

    monkeypatch.setattr(pictures, "draw_kind", slowly)
    with ThreadPoolExecutor(2) as both:
        assert_same(*both.map(drawn, (1.0, 1.0)))
    assert names == [kind.name for kind in FEW]


def test_what_is_damaged_is_drawn_again(folder: Path) -> None:
    first = drawn()
    for path in list(folder.glob("*.npz")):
        for content in (b"", path.read_bytes()[:-100], b"x" * 100):
            path.write_bytes(content)
            assert_same(drawn(), first)


def test_what_was_used_longest_ago_makes_room(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST", 4)
    for seed in (1, 2, 1, 3):
        drawn(seed=seed)
    before = {path.name for path in folder.glob("*.npz")}
    drawn(seed=1)
    assert {path.name for path in folder.glob("*.npz")} == before
    assert len(before) == 4


def test_where_the_cache_cannot_be_written_to_all_goes_on(folder: Path) -> None:
    folder.write_text("a file where the folder should be")
    assert drawn().keys() == {"characters", *(kind.name for kind in FEW)}


def test_photographs_are_read_once_and_again_where_the_files_are_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = tmp_path / "data" / "cifar-10-batches-bin"
    batches.mkdir(parents=True)
    random = np.random.default_rng(0)
    for name in BATCHES:
        records = random.integers(0, 256, (30, RECORD_BYTES), np.uint8)
        records[:, 0] = np.arange(30) % 10
        (batches / name).write_bytes(records.tobytes())
    monkeypatch.setenv("RABISCO_DATA_DIR", str(batches.parent))
    get_settings.cache_clear()
    first = further_pictures(20, "0123456789")["photographs"]
    np.testing.assert_array_equal(first, data.load("cifar-10").train.images[:: pictures.EVERY_PHOTOGRAPH])
    with monkeypatch.context() as unread:
        unread.setattr(data, "load", pytest.fail)
        np.testing.assert_array_equal(further_pictures(20, "0123456789")["photographs"], first)
    for name in BATCHES:
        (batches / name).write_bytes((batches / name).read_bytes() * 2)
    assert len(further_pictures(20, "0123456789")["photographs"]) == 2 * len(first)
