"""A disk that is full, or read-only: every part that keeps something says so, and what was there before still is."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from tests.versions import add_version

from rabisco import artifacts, runs, store, uploads
from rabisco.errors import StorageError
from rabisco.runs.supervisor import tend
from rabisco.settings import get_settings

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs to mount a small file system")
MEGABYTES = 6


@pytest.fixture
def disk(home: Path) -> Iterator[Path]:
    """The home on a file system of its own, with a run, a model and an upload in it."""
    if os.system(f"mount -t tmpfs -o size={MEGABYTES}m none {home} 2>/dev/null") != 0:
        pytest.skip("no file system can be mounted here")
    store.close()
    try:
        submit()
        add_version("mine", like="mnist-linear")
        upload()
        yield home
    finally:
        store.close()
        os.system(f"umount -l {home}")


def fill(disk: Path) -> None:
    handle = os.open(disk / "filling", os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while os.write(handle, bytes(4096)):
            pass
    os.close(handle)


def make_read_only(disk: Path) -> None:
    assert os.system(f"mount -o remount,ro {disk}") == 0


def free(disk: Path) -> None:
    assert os.system(f"mount -o remount,rw {disk}") == 0
    (disk / "filling").unlink(missing_ok=True)


def submit() -> object:
    return runs.submit(runs.RunRequest.parse({"data": {"catalog": "digits"}, "artifact": "mine"}))


def upload() -> object:
    return uploads.create({"train": BytesIO(b"label,0\n" * 9000)}, "own.csv")


def save() -> artifacts.Artifact:
    known = artifacts.load_artifact("mine")
    return artifacts.save_again(known, known.card)


def several(order: Callable[[], object]) -> Callable[[], object]:
    """Return an order that is given until its database has no page left to reuse."""
    return lambda: [order() for _ in range(2000)]


ORDERS: dict[str, Callable[[], object]] = {
    "a run": several(submit),
    "an upload": upload,
    "a version of a model": save,
}


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("spoil", [fill, make_read_only], ids=["full", "read-only"])
def test_it_is_said_and_nothing_is_lost(disk: Path, spoil: Callable[[Path], None], name: str) -> None:
    store.close()
    spoil(disk)
    with pytest.raises(StorageError, match=r"Received: .+[Ff]ree some space") as caught:
        ORDERS[name]()
    assert str(disk) not in str(caught.value)
    assert artifacts.load_artifact("mine").version == 1
    free(disk)
    store.close()
    known = {run.id for run in runs.list_runs(10_000)}
    assert all(runs.get(run_id).state == "queued" for run_id in sorted(known)[:3])
    assert [version.number for version in artifacts.versions("mine")] == [1]
    folders = [folder.name for folder in (disk / "uploads").iterdir() if folder.is_dir()]
    assert [uploads.get(folder).state for folder in folders] == ["waiting"]
    assert not list(get_settings().artifacts_dir.glob(".saving-*"))
    submit()
    upload()
    assert save().version == 2


@pytest.mark.parametrize("spoil", [fill, make_read_only], ids=["full", "read-only"])
def test_a_training_that_cannot_be_started_waits_or_says_why(disk: Path, spoil: Callable[[Path], None]) -> None:
    (run,) = runs.list_runs()
    store.close()
    spoil(disk)
    with pytest.raises(StorageError, match=r"[Ff]ree some space"):
        tend()
    free(disk)
    assert runs.get(run.id).state in ("queued", "failed")
