"""What is said of data that can be read: repeats, leaks, rare classes, pictures by class; and how they are split."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tests.intake.tables import Pixels, Writing, glyphs, png, write_table, zipped

from rabisco.cli import rabisco
from rabisco.errors import InvalidConfigurationError, UnusableDataError
from rabisco.intake import Choices, Inspection, inspect, load, loading

IMAGES, LABELS = glyphs(80)


def table(path: Path, images: Pixels, labels: list[object], writing: Writing | None = None) -> Path:
    path.write_bytes(write_table(images, labels, writing))
    return path


def codes(inspection: Inspection) -> set[str]:
    return {finding.code for finding in inspection.warnings}


def members(folder: str = "") -> dict[str, bytes]:
    return {
        f"{folder}{label}/{place}.png": png(image)
        for place, (image, label) in enumerate(zip(IMAGES, LABELS, strict=True))
    }


def test_ten_rows_are_enough(tmp_path: Path) -> None:
    path = table(tmp_path / "own.csv", IMAGES[:10], [place % 3 for place in range(10)])
    inspection = inspect(path)
    assert inspection.usable
    assert "few" in codes(inspection)
    dataset = load(path, inspection.dialect)
    assert len(dataset.train) + len(dataset.validation) + len(dataset.test) == 10
    assert set(dataset.test.labels) == set(dataset.validation.labels) == {0, 1, 2}


def test_repeats_contradictions_and_leaks_are_counted(tmp_path: Path) -> None:
    images = np.concatenate([IMAGES, IMAGES[:5], IMAGES[:2]])
    labels = [*LABELS.tolist(), *LABELS[:5].tolist(), 3, 3]
    assert len({image.tobytes() for image in IMAGES}) == len(IMAGES)
    train = table(tmp_path / "train.csv", images, labels)
    test = table(tmp_path / "test.csv", np.concatenate([IMAGES[:7], 255 - IMAGES[:4]]), [*LABELS[:7], *LABELS[:4]])
    inspection = inspect(train, test)
    assert (inspection.duplicates, inspection.contradictions, inspection.leaked) == (7, 2, 7)
    assert {"duplicates", "contradictions", "leaked"} <= codes(inspection)


def test_a_leak_is_found_whatever_the_dialect_of_the_test_file(tmp_path: Path) -> None:
    train = table(tmp_path / "train.csv", IMAGES, LABELS.tolist(), Writing(scale="1", transposed=True))
    test = table(tmp_path / "test.csv", IMAGES[:9], LABELS[:9].tolist(), Writing(";", False, "last", transposed=True))
    inspection = inspect(train, test)
    assert inspection.leaked == 9
    assert "test-differs" in codes(inspection)
    dataset = load(train, inspection.dialect, test, inspection.test_dialect)
    assert np.array_equal(dataset.test.images, IMAGES[:9])
    assert len(dataset.train) + len(dataset.validation) == len(IMAGES)


def test_rare_and_unbalanced_classes_are_named_and_trained_on(tmp_path: Path) -> None:
    labels = ["many"] * 60 + ["some"] * 18 + ["rare"] * 2
    path = table(tmp_path / "own.csv", IMAGES, labels)
    inspection = inspect(path)
    assert {"imbalance", "rare-classes"} <= codes(inspection)
    dataset = load(path, inspection.dialect)
    assert dataset.class_names == ("many", "rare", "some")
    assert np.bincount(dataset.train.labels).tolist()[1] == 2
    assert 1 not in {*dataset.test.labels.tolist(), *dataset.validation.labels.tolist()}


def test_test_rows_of_unknown_classes_are_left_out(tmp_path: Path) -> None:
    train = table(tmp_path / "train.csv", IMAGES, LABELS.tolist())
    test = table(tmp_path / "test.csv", IMAGES[:8], [0, 1, 2, 9, 9, 2, 1, 0])
    inspection = inspect(train, test)
    assert {"unknown-test-classes", "missing-test-classes"} <= codes(inspection)
    assert load(train, inspection.dialect, test, inspection.test_dialect).test.labels.tolist() == [0, 1, 2, 2, 1, 0]


def test_black_and_white_rows_before_a_gray_one_do_not_deceive(tmp_path: Path) -> None:
    black = np.where(IMAGES > 127, 1, 0).astype(np.uint8)
    images = np.concatenate([black] * 40)
    images[3000] = 200  # a line of which no sample tells
    path = table(tmp_path / "own.csv", images, [place % 3 for place in range(len(images))])
    inspection = inspect(path)
    assert inspection.dialect.scale == 255
    assert inspection.train.bad_count == 0


def test_a_file_sorted_by_class_shows_its_label_column(tmp_path: Path) -> None:
    order = np.argsort(np.repeat(LABELS, 20), kind="stable")
    images = np.repeat(IMAGES, 20, axis=0)[order]
    path = table(tmp_path / "own.csv", images, sorted(np.repeat(LABELS, 20).tolist()), Writing(";", False, "last"))
    inspection = inspect(path)
    assert inspection.dialect.label_column == 784
    assert [one.train for one in inspection.classes] == [400] * 4


def test_classes_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    path = table(tmp_path / "own.csv", IMAGES, [f"{[10, 9, 2, 1][label]}.0" for label in LABELS])
    assert inspect(path).class_names == ("1", "2", "9", "10")


def test_splits_are_drawn_from_the_seed_and_do_not_overlap(tmp_path: Path) -> None:
    path = table(tmp_path / "own.csv", IMAGES, LABELS.tolist())
    dialect = inspect(path).dialect
    first, again, other = (load(path, dialect, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.test.images, again.test.images)
    assert not np.array_equal(first.test.images, other.test.images)
    assert first.fingerprint == other.fingerprint
    images = [image.tobytes() for split in (first.train, first.validation, first.test) for image in split.images]
    assert sorted(images) == sorted(image.tobytes() for image in IMAGES)
    assert (len(first.validation), len(first.test)) == (8, 8)


def test_many_pixels_lie_on_disk_and_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = table(tmp_path / "own.csv", IMAGES, LABELS.tolist())
    dialect = inspect(path).dialect
    in_memory = load(path, dialect)
    monkeypatch.setattr(loading, "IN_MEMORY_BYTES", 1000)
    monkeypatch.setattr(loading, "COPIED_ROWS", 7)
    folder = tmp_path / "pixels"
    folder.mkdir()
    on_disk = load(path, dialect, folder=folder)
    for split in ("train", "validation", "test"):
        ours, theirs = getattr(on_disk, split), getattr(in_memory, split)
        assert np.array_equal(ours.images, theirs.images)
        assert np.array_equal(ours.labels, theirs.labels)
    assert not on_disk.train.images.flags.writeable
    assert [one.name for one in folder.iterdir()] == []


def test_shares_out_of_range_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "own.csv", IMAGES, LABELS.tolist())
    with pytest.raises(InvalidConfigurationError, match="above 0 and below 1 together"):
        load(path, inspect(path).dialect, validation_fraction=0.6, test_fraction=0.5)


@pytest.mark.parametrize("root", ["", "mine/", "a/b/c/"])
def test_pictures_by_class_are_read_from_an_archive_and_from_a_folder(root: str, tmp_path: Path) -> None:
    content = {**members(root), "__MACOSX/._x": b"", f"{root}.DS_Store": b"", f"{root}0/Thumbs.db": b""}
    path = tmp_path / "own.zip"
    path.write_bytes(zipped(content))
    folder = tmp_path / "own"
    for name, picture in members(root).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(picture)
    first, second = inspect(path), inspect(folder)
    assert first.classes == second.classes
    assert [(one.name, one.train) for one in first.classes] == [(str(name), 20) for name in range(4)]
    assert first.dialect.normalizer == "mnist@1"
    assert first.usable
    ours, theirs = load(path, first.dialect), load(folder, second.dialect)
    assert ours.image_shape == (28, 28, 1)
    assert np.array_equal(ours.train.images, theirs.train.images)


def test_folders_for_training_and_test_are_kept_apart(tmp_path: Path) -> None:
    content = {**members("train/"), **dict(list(members("test/").items())[:10])}
    path = tmp_path / "own.zip"
    path.write_bytes(zipped(content))
    inspection = inspect(path)
    assert inspection.test is not None
    assert (inspection.train.rows, inspection.test.rows, inspection.leaked) == (80, 10, 10)
    assert len(load(path, inspection.dialect).test) == 10
    with pytest.raises(UnusableDataError, match="one test set"):
        inspect(path, path)


def test_colored_pictures_become_photos_unless_chosen_otherwise(tmp_path: Path) -> None:
    content = {}
    for place in range(8):
        picture = np.full((40, 50, 3), (20, 60 + place, 200), np.uint8)
        picture[12:30, 20:28] = (230, 220, 30)
        content[f"{place % 2}/{place}.png"] = png(picture)
    path = tmp_path / "own.zip"
    path.write_bytes(zipped(content))
    inspection = inspect(path)
    assert inspection.dialect.normalizer == "photo32@2"
    assert load(path, inspection.dialect).image_shape == (32, 32, 3)
    assert inspect(path, choices=Choices(normalizer="emnist@1")).samples["0"][0].shape == (28, 28, 1)


def test_damaged_and_blank_pictures_are_named(tmp_path: Path) -> None:
    path = tmp_path / "own.zip"
    good = members()
    damaged = {"0/half.png": good["0/0.png"][:50], "1/blank.png": png(np.zeros((28, 28, 1), np.uint8))}
    path.write_bytes(zipped({**good, **damaged, "2/notes.txt": b"words", "loose.png": good["0/0.png"]}))
    inspection = inspect(path)
    named = {row.name: row.reason.code for row in inspection.train.bad_rows}
    assert named == {
        "0/half.png": "picture-unreadable",
        "1/blank.png": "picture-blank",
        "loose.png": "picture-no-folder",
    }
    assert "1 files that are no pictures are left out: 2/notes.txt" in {one.text for one in inspection.warnings}
    assert inspection.usable


def test_the_command_shows_classes_images_and_bad_rows(tmp_path: Path) -> None:
    path = table(tmp_path / "own.csv", IMAGES, LABELS.tolist())
    path.write_bytes(path.read_bytes() + b"1,2,3\n")
    shown = CliRunner().invoke(rabisco, ["data", "inspect", str(path)])
    assert shown.exit_code == 0
    assert "80 images of 4 classes, for " in shown.stdout
    assert "row 82: expected 785 cells, received 3" in shown.stdout
    assert "█" in shown.stdout
    chosen = CliRunner().invoke(rabisco, ["data", "inspect", str(path), str(path), "--inverted", "--json"])
    found = json.loads(chosen.stdout)
    assert (found["dialect"]["inverted"], found["leaked"], found["test"]["rows"]) == (True, 80, 80)


def test_the_command_ends_with_1_if_nothing_can_be_trained(tmp_path: Path) -> None:
    path = table(tmp_path / "own.csv", IMAGES, ["same"] * len(IMAGES))
    refused = CliRunner().invoke(rabisco, ["data", "inspect", str(path)])
    assert refused.exit_code == 1
    assert "Error: expected images of at least two classes" in refused.stderr
