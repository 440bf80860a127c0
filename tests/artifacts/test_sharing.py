"""Models in an object store: several homes, one bucket of a real (local) store."""

import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from tests.stores import Store, running_store, store

from rabisco import artifacts, objects
from rabisco.artifacts import load_artifact
from rabisco.artifacts.saving import save_again
from rabisco.artifacts.synchronization import Synchronizer
from rabisco.errors import InvalidConfigurationError, StorageError, VersionNotFoundError
from rabisco.runs import Source, label_errors, measurements
from rabisco.runs.measurements import ComparedAnswers
from rabisco.settings import get_settings
from rabisco.web.platform import sessions
from rabisco.web.platform.replica import share_key

__all__ = ["running_store", "store"]
pytestmark = pytest.mark.slow


@pytest.fixture
def at(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Synchronizer]]:
    """Go to the home of another server, and return what follows the store there."""
    synchronizers: dict[str, Synchronizer] = {}

    def go(name: str) -> Synchronizer:
        monkeypatch.setenv("RABISCO_HOME", str(tmp_path / name))
        get_settings.cache_clear()
        if name not in synchronizers:
            shared = objects.bucket()
            assert shared
            if not objects.remembered():
                share_key(shared)
            synchronizers[name] = Synchronizer(shared)
        return synchronizers[name]

    yield go
    get_settings.cache_clear()


def save(name: str, notes: str = "", *, use: bool = True) -> int:
    bundled = load_artifact("mnist-linear", 0)
    card = bundled.card.model_copy(update={"name": name, "notes": notes, "created": datetime.now(UTC)})
    return save_again(bundled, card, use=use).version


def test_a_version_saved_here_answers_there_with_the_same_files(at) -> None:
    at("a").synchronize()
    assert [save("mine"), save("mine"), save("mine", use=False)] == [1, 2, 3]
    artifacts.promote("mine")
    sent = load_artifact("mine")
    at("b").synchronize()
    got = load_artifact("mine")
    assert (got.version, artifacts.promoted()) == (2, "mine")
    assert got.card.files == sent.card.files
    assert sorted(one.number for one in artifacts.versions("mine")) == [1, 2, 3]
    assert got.folder != sent.folder
    before = artifacts.stamp("mine")
    at("b").synchronize()
    assert artifacts.stamp("mine") == before  # nothing changed: no model is loaded anew


def test_two_servers_never_give_the_same_number(at, store: Store) -> None:
    at("a").synchronize()
    first = save("mine", "from a")
    at("b").synchronize()
    second, third = save("mine", "from b"), save("mine", "from b again")
    at("a")
    fourth = save("mine", "from a again")  # without having looked
    assert [first, second, third, fourth] == [1, 2, 3, 4]
    assert load_artifact("mine", 3).card.notes == "from b again"
    shared = objects.bucket()
    assert shared
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda one: shared.create("manifests/race.json", str(one).encode()), range(8)))
    assert made.count(True) == 1


def test_numbers_are_not_given_again_after_a_deletion_elsewhere(at) -> None:
    at("a").synchronize()
    save("mine"), save("mine"), save("mine")
    artifacts.use_version("mine", 1)
    at("b").synchronize()
    artifacts.delete("mine", 3)
    assert save("mine") == 4
    at("a").synchronize()
    assert sorted(one.number for one in artifacts.versions("mine")) == [1, 2, 4]
    with pytest.raises(VersionNotFoundError):
        load_artifact("mine", 3)
    artifacts.use_version("mine", 2)
    artifacts.rollback("mine")
    at("b").synchronize()
    assert load_artifact("mine").version == 4


def test_a_model_deleted_here_is_gone_there(at) -> None:
    at("a").synchronize()
    save("mine"), save("other")
    at("b").synchronize()
    artifacts.delete_model("mine")
    at("a").synchronize()
    assert not artifacts.exists("mine")
    assert not (get_settings().artifacts_dir / "mine").exists()
    assert artifacts.exists("other")


def test_a_damaged_object_is_refused_and_the_earlier_version_answers(at, caplog, monkeypatch) -> None:
    at("a").synchronize()
    save("mine", "good")
    at("b").synchronize()
    at("a")
    save("mine", "spoilt")
    shared, manifest = objects.bucket(), objects.manifest_of("artifacts/mine/2")
    assert shared
    assert manifest
    shared.write(manifest["card.json"], b"{}")
    at("b").synchronize()
    assert load_artifact("mine").card.notes == "good"
    assert "version 2 of mine is left out" in caplog.text
    assert [path.name for path in (get_settings().artifacts_dir / "mine" / "versions").iterdir()] == ["1"]
    at("a")
    artifacts.use_version("mine", 1)  # what a person would do
    at("b").synchronize()
    assert artifacts.versions("mine")[0].current


def test_a_store_that_is_away_changes_nothing_and_is_caught_up_with(at, store: Store, monkeypatch) -> None:
    at("a").synchronize()
    save("mine")
    at("b").synchronize()
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        objects.forget_connection()
        with pytest.raises(StorageError, match="the object store must answer"):
            at("b").synchronize()
        with pytest.raises(StorageError, match="the object store must answer"):
            save("mine")
        with pytest.raises(StorageError, match="the object store must answer"):
            artifacts.promote("mine")
        assert load_artifact("mine").version == 1
        assert artifacts.promoted() is None
    objects.forget_connection()
    assert save("mine") == 2
    at("a").synchronize()
    assert load_artifact("mine").version == 2


def test_a_save_that_may_wait_waits_for_a_store_that_is_away(at, store: Store, monkeypatch, caplog) -> None:
    at("a").synchronize()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    objects.forget_connection()

    def come_back() -> None:
        while "the object store must answer" not in caplog.text:
            time.sleep(0.05)
        monkeypatch.setenv("AWS_ENDPOINT_URL", store.url)
        objects.forget_connection()

    Thread(target=come_back, daemon=True).start()
    with objects.patience(60):
        assert save("mine") == 1


def test_a_home_from_before_the_store_is_taken_over(at, store: Store, monkeypatch) -> None:
    at("a").synchronize()
    save("mine", "of the store")
    with monkeypatch.context() as patch:
        patch.setenv("RABISCO_HOME", str(get_settings().home.parent / "b"))
        patch.setenv("RABISCO_STORAGE", "")
        get_settings.cache_clear()
        save("mine", "of the home")
        save("own", "of the home")
        artifacts.promote("own")
    at("b").synchronize()
    at("b").synchronize()
    assert [(one.number, one.card and one.card.notes) for one in artifacts.versions("mine")] == [
        (2, "of the home"),
        (1, "of the store"),
    ]
    assert load_artifact("mine").card.notes == "of the store"
    at("a").synchronize()
    assert sorted(one.number for one in artifacts.versions("mine")) == [1, 2]
    assert load_artifact("own").card.notes == "of the home"
    assert artifacts.promoted() == "own"


def test_an_emptied_store_removes_nothing_here(at) -> None:
    at("a").synchronize()
    save("mine")
    at("a").synchronize()
    shared = objects.bucket()
    assert shared
    for key in shared.entries(""):
        shared.remove(key)
    with pytest.raises(StorageError, match="must hold what was put there"):
        at("a").synchronize()
    assert artifacts.exists("mine")


def test_objects_that_no_version_needs_are_removed_once_they_are_old(at, monkeypatch) -> None:
    at("a").synchronize()
    save("mine", "one"), save("mine", "two")
    artifacts.delete("mine", 1)
    shared = objects.bucket()
    assert shared
    before = set(shared.entries("objects/"))
    at("a").sweep()
    assert set(shared.entries("objects/")) == before  # young
    monkeypatch.setattr(objects, "OLD", timedelta(seconds=-1))
    at("a").sweep()
    kept = set(shared.entries("objects/"))
    assert kept < before
    assert kept == set((objects.manifest_of("artifacts/mine/2") or {}).values())


def test_a_wrong_bucket_and_wrong_credentials_are_said_without_any_secret(store: Store, monkeypatch) -> None:
    shared = objects.Bucket("there-is-none", "")
    with pytest.raises(InvalidConfigurationError, match="there is no such bucket"):
        shared.entries("")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    objects.forget_connection()
    with pytest.raises(InvalidConfigurationError, match="there are no credentials"):
        shared.entries("")


def test_who_signed_in_here_is_known_there_until_they_sign_out(at) -> None:
    at("a")
    cookie = sessions.begin(get_settings())
    at("b")
    assert sessions.is_open(get_settings(), cookie)
    assert not sessions.is_open(get_settings(), "another")
    at("a")
    sessions.end(get_settings(), cookie)
    assert not sessions.is_open(get_settings(), cookie)
    at("b").synchronize()
    at("b").synchronize()
    assert not sessions.is_open(get_settings(), cookie)


def test_a_folder_is_fetched_whole_and_only_into_its_place(at, tmp_path: Path) -> None:
    at("a")
    (tmp_path / "one").write_bytes(b"1" * 1000)
    objects.send_folder({"train": tmp_path / "one", "deep/x": tmp_path / "one"}, "uploads/abc")
    assert objects.fetch_folder("uploads/abc", tmp_path / "got")
    assert (tmp_path / "got" / "deep" / "x").read_bytes() == b"1" * 1000
    shutil.rmtree(tmp_path / "got")
    shared = objects.bucket()
    assert shared
    (key,) = shared.entries("uploads/abc/")
    shared.write(key, b"2" * 1000)
    with pytest.raises(objects.DamagedObjectError):
        objects.fetch_folder("uploads/abc", tmp_path / "got")
    assert list((tmp_path / "got").iterdir()) == []
    assert objects.from_text(b'{"../../evil": "k", "/etc/evil": "k", "ok": "k"}') == {"ok": "k"}
    objects.remove_folder("uploads/abc")
    assert not objects.fetch_folder("uploads/abc", tmp_path / "got")
    assert not shared.entries("uploads/")


def test_label_errors_and_comparisons_found_by_one_server_are_those_of_all(at) -> None:
    source, models = Source(catalog="digits"), ["mnist-linear", "mnist-tiny"]
    for name in ("b", "a"):
        at(name).synchronize()
    label_errors.start(source)
    asked = measurements.start(models, measurements.CLEAN)
    at("b").synchronize()
    assert (label_errors.status(source).state, label_errors.start(source).state) == (
        "reading",
        "reading",
    )  # not begun once more
    at("a")  # without having looked
    until = time.monotonic() + 300
    while {label_errors.status(source).state, measurements.start(models, measurements.CLEAN).state} != {
        "ready",
        "done",
    }:
        assert time.monotonic() < until
        time.sleep(0.1)
    found = label_errors.result(source)
    read = ComparedAnswers.read(measurements.comparisons_dir() / asked.id)
    assert found
    assert read
    at("b").synchronize()
    assert (label_errors.status(source).state, measurements.start(models, measurements.CLEAN).state) == (
        "ready",
        "done",
    )
    there, read_there = label_errors.result(source), ComparedAnswers.read(measurements.comparisons_dir() / asked.id)
    assert there
    assert there.keys.tolist() == found.keys.tolist()
    assert read_there
    assert (read_there.split.images == read.split.images).all()


def test_another_machine_is_believed_for_an_hour_and_what_it_says_last_counts(
    at, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source(catalog="digits")
    at("b").synchronize()
    at("a")
    monkeypatch.setattr("platform.node", lambda: "a")
    (begun := label_errors.LabelErrorsJob(source=source, pid=2**22 + 1, process_started="never")).write()
    assert label_errors.status(source).state == "failed"  # there is no such process on this machine
    synchronizer, shared = at("b"), objects.bucket()
    assert shared
    synchronizer.synchronize()
    monkeypatch.setattr("platform.node", lambda: "b")
    assert label_errors.status(source).state == "reading"
    begun.write(state="ready")
    assert label_errors.status(source).state == "reading"  # what was found is still to come
    begun.write(state="failed")
    key = f"manifests/files/label-errors/{label_errors.id_of(source)}.json"
    shared.write(key, begun.model_copy(update={"moment": time.time() - 10}).model_dump_json().encode())
    synchronizer.synchronize()
    assert label_errors.status(source).state == "failed"  # what it said before is no news
    path = label_errors.folder() / f"{label_errors.id_of(source)}.json"
    path.write_text(begun.model_copy(update={"moment": time.time() - 4000}).model_dump_json(), encoding="utf-8")
    assert label_errors.status(source).state == "failed"
