"""What is drawn for a rule is drawn once: the next training on the same images finds it in the cache."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.drawing import digit_dataset

from rabisco.rejection import kept, pictures
from rabisco.rejection.drawn import KINDS
from rabisco.rejection.pictures import Described, fit_pictures
from rabisco.settings import get_settings


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
    monkeypatch.setattr(pictures, "KINDS", KINDS[:2])
    monkeypatch.setattr(pictures, "FEWEST_OF_KIND", 2)
    get_settings.cache_clear()
    yield tmp_path / "rejection"
    get_settings.cache_clear()


def drawn(factor: float = 1.0, first: int = 0, seed: int = 0) -> dict[str, Described]:
    images = digit_dataset().validation.images[first : first + 20]
    shown, others = fit_pictures(Mean(factor), "mnist@1", 1.0, images, most=4, seed=seed)
    return {**shown, **others}


def assert_same(one: dict[str, Described], other: dict[str, Described]) -> None:
    assert list(one) == list(other)
    for first, second in zip(one.values(), other.values(), strict=True):
        for name, array in vars(first).items():
            np.testing.assert_array_equal(array, getattr(second, name))


def test_what_is_kept_is_what_would_be_drawn(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = drawn()
    (path,) = folder.iterdir()
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
    monkeypatch.setattr(kept, "_code", lambda: "another")
    drawn()
    assert len(list(folder.iterdir())) == 4


def test_what_is_damaged_is_drawn_again(folder: Path) -> None:
    first = drawn()
    (path,) = folder.iterdir()
    for content in (b"", path.read_bytes()[:-100], b"x" * 100):
        path.write_bytes(content)
        assert_same(drawn(), first)


def test_what_was_used_longest_ago_makes_room(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 2)
    for seed in (1, 2, 1, 3):
        drawn(seed=seed)
    before = {path.name for path in folder.iterdir()}
    drawn(seed=1)
    assert {path.name for path in folder.iterdir()} == before
    assert len(before) == 2


def test_where_the_cache_cannot_be_written_to_all_goes_on(folder: Path) -> None:
    folder.write_text("a file where the folder should be")
    assert drawn().keys() == {"characters", *(kind.name for kind in KINDS[:2])}
