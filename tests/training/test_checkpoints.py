"""Checkpoints on a disk that is full, or that may not be written to."""

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rabisco.errors import StorageError
from rabisco.training.checkpoint import Checkpoints, Position


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def position(epoch: int) -> Position:
    weights = np.random.default_rng(epoch).normal(size=(400, 400)).astype("float32")
    return Position(epoch=epoch, identity="mine", arrays={"variables": [weights, weights]})


def test_a_full_disk_is_told_of_and_the_checkpoint_before_is_kept(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(position(1))
    for size in (0, 1000, 100_000, 700_000, 1_279_900):
        with files_of_at_most(size), pytest.raises(StorageError, match="resume it"):
            checkpoints.save(position(2))
        assert [path.name for path in tmp_path.iterdir()] == ["000001-00000000.checkpoint"]
    kept = checkpoints.load("mine")
    assert kept is not None
    np.testing.assert_array_equal(kept.arrays["variables"][0], position(1).arrays["variables"][0])
    checkpoints.save(position(2))
    again = checkpoints.load("mine")
    assert again is not None
    assert again.epoch == 2


def test_what_a_killed_writer_left_is_no_checkpoint(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(position(1))
    (tmp_path / ".new.checkpoint").write_bytes(b"half")
    kept = checkpoints.load("mine")
    assert kept is not None
    assert kept.epoch == 1
    checkpoints.save(position(2))
    assert not (tmp_path / ".new.checkpoint").exists()
    checkpoints.clear()
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_version_kept_the_weights_of_the_highest_epoch(tmp_path: Path) -> None:
    Checkpoints(tmp_path).save(replace(position(5), best=(0.9, -0.3), best_epoch=3, highest_epoch=4))
    (file,) = tmp_path.iterdir()
    with np.load(file) as stored:
        values = json.loads(str(stored["position"]))
        arrays = {name: stored[name] for name in stored.files if name != "position"}
    del values["highest_epoch"]
    with file.open("wb") as written:
        np.savez(written, allow_pickle=False, **arrays, position=np.array(json.dumps(values)))
    kept = Checkpoints(tmp_path).load("mine")
    assert kept is not None
    assert (kept.best_epoch, kept.highest_epoch) == (3, 3)


def test_a_place_that_may_not_be_written_to_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="give write permission"):
        Checkpoints(tmp_path / "file").save(position(1))
