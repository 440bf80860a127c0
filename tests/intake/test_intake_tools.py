"""What other tools export: labels in tables, in names of files, in annotations; measurements that are no images."""

from pathlib import Path

import numpy as np
import pytest
from tests.intake.tables import glyphs
from tests.intake.test_intake_structures import CLASSES, IMAGES, inspected, png

from rabisco.errors import UnusableDataError
from rabisco.intake import inspect, load

EACH = 5
HASTY = b"id,label\n0,0\n1,0\n2,0\n"


def picture(place: int) -> bytes:
    return png(IMAGES[place % len(IMAGES)])


def numbered(folder: str, count: int) -> dict[str, bytes]:
    return {f"{folder}/{place}.png": picture(place) for place in range(count)}


def labels_of(inspection: object) -> dict[str, tuple[int, int]]:
    return {one.name: (one.train, one.test) for one in inspection.classes}  # type: ignore[attr-defined]


def test_label_studio_names_the_choice_and_not_the_annotator(tmp_path: Path) -> None:
    names = [f"images/{place:08x}-{place}.png" for place in range(3 * EACH)]
    rows = ["annotation_id,annotator,choice,created_at,id,image,lead_time"]
    rows += [
        f"{place},1,{'abc'[place % 3]},2024-01-01,{place},/data/upload/1/{name.split('/')[1]},2.1"
        for place, name in enumerate(names)
    ]
    files = {name: picture(place) for place, name in enumerate(names)}
    found = inspected(tmp_path, {**files, "project-1.csv": "\n".join(rows).encode()})
    assert labels_of(found) == dict.fromkeys("abc", (EACH, 0))
    assert found.understood.text == "The classes are those in project-1.csv, column choice."


def test_a_column_for_each_class_and_a_table_for_each_part(tmp_path: Path) -> None:
    files = {}
    for part, count in (("train", 6), ("valid", 3), ("test", 3)):
        rows = ["filename, cat, dog"]
        for place in range(count):
            name = f"{part}_{place}.png"
            files[f"{part}/{name}"] = picture(place)
            rows.append(f"{name}, {1 - place % 2}, {place % 2}")
        files[f"{part}/_classes.csv"] = "\n".join(rows).encode()
    found = inspected(tmp_path, files)
    assert [one.name for one in found.classes] == ["cat", "dog"]
    assert (found.train.rows, found.test.rows) == (9, 3)


def test_a_table_names_the_training_pictures_and_a_sample_counts_for_nothing(tmp_path: Path) -> None:
    files = {**numbered("train", 12), **numbered("test", 3), "sample_submission.csv": HASTY}
    rows = ["id,label", *(f"{place},{'ab'[place % 2]}" for place in range(12))]
    found = inspected(tmp_path, {**files, "train_labels.csv": "\n".join(rows).encode()})
    assert labels_of(found) == {"a": (6, 0), "b": (6, 0)}
    assert found.understood.parameters["table"] == "train_labels.csv"
    assert {row.name for row in found.train.bad_rows} == {"test/0.png", "test/1.png", "test/2.png"}


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("train/{label}.{place}.png", ["cat", "dog"]),
        ("{label}_{place}.png", ["3", "7"]),
        ("{label} ({place}).png", ["não", "sim"]),
        ("pictures/{label}-0{place}.png", ["a b", "c d"]),
    ],
)
def test_the_beginnings_of_the_names_are_the_classes(name: str, classes: list[str], tmp_path: Path) -> None:
    files = {
        name.format(label=label, place=place): picture(place + EACH * number)
        for number, label in enumerate(classes)
        for place in range(EACH)
    }
    found = inspected(tmp_path, files)
    assert labels_of(found) == dict.fromkeys(classes, (EACH, 0))
    assert found.understood.code == "names-of-files"
    assert load(tmp_path / "own.zip", found.dialect).class_names == tuple(classes)


@pytest.mark.parametrize(
    "annotations",
    [
        {"result.json": b"[]"},
        {"data.yaml": b"names: [a, b]"},
        {f"labels/{place}.txt": b"0 0.5 0.5 1 1" for place in range(8)},
        {f"images/{place}.xml": b"<annotation/>" for place in range(8)},
    ],
)
def test_annotations_are_named_with_what_to_do(annotations: dict[str, bytes], tmp_path: Path) -> None:
    with pytest.raises(UnusableDataError, match="export them as folders by class, or put a table"):
        inspected(tmp_path, {**numbered("images", 8), **annotations})


def test_an_archive_in_an_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableDataError, match=r"received the archive data/inner\.zip in it; unpack that first"):
        inspected(tmp_path, {"data/inner.zip": b"PK\x03\x04"})


def written(folder: Path, header: str, rows: list[str]) -> Path:
    path = folder / "table.csv"
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "names", [[f"f{place}" for place in range(16)], [f"mean radius {place}" for place in range(16)]]
)
def test_sixteen_measurements_are_no_picture(names: list[str], tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows = [
        f"{place},{'MB'[place % 2]},{','.join(f'{one:.3f}' for one in random.random(16) * 50)}" for place in range(60)
    ]
    with pytest.raises(UnusableDataError, match="received 16 columns of numbers, which look like measurements"):
        inspect(written(tmp_path, f"id,diagnosis,{','.join(names)}", rows))


def test_four_measurements_are_called_so(tmp_path: Path) -> None:
    rows = [f"5.{place},3.5,1.4,0.2,{('setosa', 'virginica')[place % 2]}" for place in range(30)]
    with pytest.raises(UnusableDataError, match="received 4 columns of numbers, which look like measurements"):
        inspect(written(tmp_path, "a,b,c,d,species", rows))


def test_a_table_without_its_pictures_is_called_so(tmp_path: Path) -> None:
    rows = [f"images/{place}.png,{'ab'[place % 2]}" for place in range(30)]
    with pytest.raises(UnusableDataError, match=r"such as 'images/0\.png'; put it into a zip together with them"):
        inspect(written(tmp_path, "file,class", rows))


@pytest.mark.parametrize("nothing", ["", "NaN", "null"])
def test_what_programs_write_for_nothing_is_nought(nothing: str, tmp_path: Path) -> None:
    images, labels = glyphs(30)
    rows = [
        f"{label}," + ",".join(str(value) if value else nothing for value in image.reshape(-1))
        for image, label in zip(images, labels, strict=True)
    ]
    found = inspect(written(tmp_path, "label," + ",".join(f"p{place}" for place in range(784)), rows))
    assert (found.train.rows, found.train.bad_count) == (30, 0)
    assert "sparse" in {one.code for one in found.warnings}


def test_labels_in_a_column_for_each_class_are_called_so(tmp_path: Path) -> None:
    images, labels = glyphs(30)
    rows = [
        ",".join(map(str, image.reshape(-1))) + "," + ",".join(str(int(label == one)) for one in range(4))
        for image, label in zip(images, labels, strict=True)
    ]
    header = ",".join([*(f"p{place}" for place in range(784)), *CLASSES[:0], "a", "b", "c", "d"])
    with pytest.raises(UnusableDataError, match="received 4 columns of which one is 1 in each row"):
        inspect(written(tmp_path, header, rows))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"@relation mnist\n@attribute p1 numeric\n", "an ARFF file"),
        (b"5 153:3 154:18 155:18\n0 128:51 129:159\n", "an SVMlight file"),
        (b"MATLAB 5.0 MAT-file" + bytes(200), "a MATLAB file"),
        (b"MZ" + bytes(200), "a program"),
        (b"\0\0\0\x18ftypmp42" + bytes(200), "a film or a photograph"),
    ],
)
def test_files_of_other_programs_are_called_by_their_names(content: bytes, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "train"
    path.write_bytes(content)
    with pytest.raises(UnusableDataError, match=f"received {kind}"):
        inspect(path)
