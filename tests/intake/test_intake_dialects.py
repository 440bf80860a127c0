"""Tables in any dialect become the very pixels that were written, on real handwriting."""

import codecs
import gzip
import itertools
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.intake.tables import Pixels, Writing, glyphs, write_table

from rabisco import data
from rabisco.data.bundled import read_counts
from rabisco.data.dataset import Dataset, Split
from rabisco.intake import Choices, Dialect, Inspection, inspect, load
from rabisco.text import normalized

ROWS = 60
EVERY = [
    values
    for values in itertools.product(
        (",", ";", "\t", "|", " "),
        (True, False),
        ("first", "last", "middle"),
        ("255", "255.0", "1", "1e", "1,"),
        (False, True),
        (False, True),
    )
    if not (values[0] == "," and values[3] == "1,") and (values[1] or values[2] != "middle")
]


def of_every_pair() -> list[Writing]:
    """Return few of them, of which each two values that occur together in any do so in one at least."""
    missing = {pair for values in EVERY for pair in pairs(values)}
    chosen = []
    while missing:
        values = max(EVERY, key=lambda one: len(missing & pairs(one)))
        missing -= pairs(values)
        chosen.append(Writing(*values))
    return chosen


def pairs(values: tuple[str | bool, ...]) -> set[tuple[object, ...]]:
    return set(itertools.combinations(enumerate(values), 2))


@pytest.fixture(scope="module")
def handwriting() -> Split:
    """Real digits: MNIST's training images where they are at hand, else those of scikit-learn."""
    name = "mnist" if os.environ.get("RABISCO_DATA_DIR") else "digits"
    if name == "digits":
        pytest.importorskip("sklearn")
    train = data.load(name).train
    return Split(train.images[:ROWS], train.labels[:ROWS])


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("intake") / "own.csv"


def in_any_order(images: Pixels, labels: NDArray[np.int64]) -> list[tuple[bytes, int]]:
    return sorted((image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True))


def all_of(dataset: Dataset) -> list[tuple[bytes, int]]:
    splits = (dataset.train, dataset.validation, dataset.test)
    return in_any_order(
        np.concatenate([split.images for split in splits]), np.concatenate([split.labels for split in splits])
    )


@pytest.mark.slow
@pytest.mark.parametrize("writing", of_every_pair(), ids=str)
def test_every_way_of_writing_gives_identical_pixels(writing: Writing, handwriting: Split, table: Path) -> None:
    table.write_bytes(write_table(handwriting.images, handwriting.labels.tolist(), writing))
    inspection = inspect(table)
    assert inspection.errors == ()
    assert inspection.train.rows == ROWS
    dialect = inspection.dialect
    assert (dialect.delimiter, dialect.has_header) == (writing.delimiter, writing.header)
    assert (dialect.inverted, dialect.transposed) == (writing.inverted, writing.transposed)
    dataset = load(table, dialect)
    assert dataset.class_names == tuple("0123456789")
    assert all_of(dataset) == in_any_order(handwriting.images, handwriting.labels)


@pytest.mark.parametrize("name", ["mnist", "emnist-pages", "emnist-digits-test"])
def test_the_whole_of_a_real_set_is_found_upright_or_transposed(name: str, table: Path) -> None:
    if not os.environ.get("RABISCO_DATA_DIR"):
        pytest.skip("RABISCO_DATA_DIR is not set")
    dataset = data.load(name)
    split = dataset.train if len(dataset.train) else dataset.test
    labels = [dataset.class_names[label] for label in split.labels[:3000]]
    for transposed in (False, True):
        table.write_bytes(write_table(split.images[:3000], labels, Writing(transposed=transposed)))
        inspection = inspect(table)
        assert inspection.dialect.transposed is transposed
        assert inspection.dialect.normalizer == ("mnist@1" if name == "mnist" else "emnist@1")
        assert ("transposed" in {finding.code for finding in inspection.warnings}) is transposed


def test_orientation_and_polarity_are_one_choice_each(handwriting: Split, table: Path) -> None:
    table.write_bytes(write_table(handwriting.images, handwriting.labels.tolist()))
    chosen = inspect(table, choices=Choices(inverted=True, transposed=True))
    sample = chosen.samples["5"][0]
    first = handwriting.images[handwriting.labels == 5][0]
    assert np.array_equal(sample, 255 - first.transpose(1, 0, 2))


ENCODINGS = {
    "UTF-8 with a byte order mark": lambda text: codecs.BOM_UTF8 + text,
    "UTF-16 little-endian": lambda text: text.decode().encode("utf-16"),
    "UTF-16 big-endian": lambda text: codecs.BOM_UTF16_BE + text.decode().encode("utf-16-be"),
    "UTF-16 without a mark": lambda text: text.decode().encode("utf-16-le"),
    "Windows": lambda text: text.replace(b"\n", b"\r\n"),
    "old Mac": lambda text: text.replace(b"\n", b"\r"),
    "no line end at the end": lambda text: text.rstrip(),
    "blank lines": lambda text: b"\n\n" + text.replace(b"\n", b"\n\n"),
    "gzip": gzip.compress,
    "trailing delimiter": lambda text: text.replace(b"\n", b",\n"),
    "spaces": lambda text: text.replace(b",", b" , "),
    "quoted": lambda text: b"\n".join(
        b",".join(b'"' + cell + b'"' for cell in line.split(b",")) for line in text.split(b"\n") if line
    ),
    "row numbers": lambda text: b"\n".join(
        (b"%d," % place if place else b",") + line for place, line in enumerate(text.strip().split(b"\n"))
    ),
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_every_encoding_and_line_end_gives_identical_pixels(name: str, handwriting: Split, table: Path) -> None:
    table.write_bytes(ENCODINGS[name](write_table(handwriting.images, handwriting.labels.tolist())))
    inspection = inspect(table)
    assert (inspection.errors, inspection.train.bad_count) == ((), 0)
    assert all_of(load(table, inspection.dialect)) == in_any_order(handwriting.images, handwriting.labels)


@pytest.mark.parametrize("side", [8, 16, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_size_becomes_a_form_that_models_read(side: int, channels: int, table: Path) -> None:
    images, labels = glyphs(40, side)
    if channels == 3:
        images = np.concatenate([images, images // 2, images // 4], axis=3)
    table.write_bytes(write_table(images, labels.tolist()))
    inspection = inspect(table)
    assert inspection.errors == ()
    assert inspection.dialect.image_shape == (side, side, channels)
    assert (inspection.dialect.layout == "grey") is (channels == 1)
    dataset = load(table, inspection.dialect)
    photograph = (64, 64, 3) if side == 64 else (32, 32, 3)
    assert dataset.image_shape == ((28, 28, 1) if channels == 1 else photograph)
    assert all(image.any() for image in dataset.train.images)
    resized = "resized" in {finding.code for finding in inspection.warnings}
    assert resized is (dataset.image_shape != (side, side, channels))


@pytest.mark.parametrize("planar", [True, False])
def test_the_order_of_color_channels_is_found(planar: bool, table: Path) -> None:
    random = np.random.RandomState(1)
    coarse = random.randint(0, 256, (30, 8, 8, 3)).astype(np.uint8)
    images = coarse.repeat(4, axis=1).repeat(4, axis=2)
    written = images.transpose(0, 3, 1, 2).reshape(30, 32, 32, 3) if planar else images
    table.write_bytes(write_table(written, [place % 3 for place in range(30)]))
    inspection = inspect(table)
    assert inspection.dialect.layout == ("planar" if planar else "interleaved")
    assert np.array_equal(inspection.samples["0"][0], images[0])


def test_counts_from_0_to_16_become_what_the_catalog_makes_of_them(table: Path) -> None:
    counts, labels = read_counts()
    rows = np.column_stack([counts.reshape(len(counts), -1).astype(int), labels])
    lines = [",".join(map(str, row)) for row in rows]
    table.write_text("\n".join(lines), encoding="utf-8")
    inspection = inspect(table)
    assert (inspection.dialect.scale, inspection.dialect.label_column) == (16, 64)
    own, catalog = load(table, inspection.dialect), data.load("digits")
    theirs = np.concatenate([split.images for split in (catalog.train, catalog.validation, catalog.test)]).astype(int)
    for image in own.train.images[:40]:  # scaled before it is enlarged, not after: a level more or less
        assert np.abs(theirs - image).max(axis=(1, 2, 3)).min() <= 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.binary(min_size=16, max_size=16), min_size=6, max_size=30),
    names=st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8), min_size=2
    ),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
)
def test_any_pixels_and_any_labels_come_back(rows: list[bytes], names: list[str], delimiter: str, table: Path) -> None:
    images = np.frombuffer(b"".join(rows), np.uint8).reshape(-1, 4, 4, 1)
    labels = [normalized(f"c{names[place % len(names)]}") for place in range(len(rows))]
    quoted = ['"' + label.replace('"', '""') + '"' for label in labels]
    table.write_bytes(write_table(images, quoted, Writing(delimiter)))
    chosen = Choices(delimiter, True, "first", 255, False, False)
    inspection = inspect(table, choices=chosen)
    assert inspection.train == type(inspection.train)(len(rows))
    assert {one.name: one.train for one in inspection.classes} == {name: labels.count(name) for name in labels}
    read = sorted(image.tobytes() for images in inspection.samples.values() for image in images)
    assert set(read) <= set(rows)


def test_what_is_found_survives_json(handwriting: Split, table: Path) -> None:
    import json

    text = write_table(handwriting.images, handwriting.labels.tolist()) + b"1,2,3\n"
    table.write_bytes(text)
    inspection = inspect(table, table)
    again = Inspection.from_dict(json.loads(json.dumps(inspection.to_dict())))
    assert again.to_dict() == inspection.to_dict()
    assert again.dialect == inspection.dialect == Dialect.from_dict(inspection.dialect.to_dict())
    assert again.choices == inspection.choices
    assert again.usable
    assert all(np.array_equal(*pair) for pair in zip(again.samples["3"], inspection.samples["3"], strict=True))
