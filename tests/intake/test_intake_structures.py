"""How people's pictures and tables are laid out: which folder is a class, which a part, which column is a pixel."""

import io
import tarfile
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.intake.tables import glyphs, png, zipped

from rabisco.errors import UnusableDataError
from rabisco.intake import Choices, inspect, load
from rabisco.intake.labels import part_of

IMAGES, LABELS = glyphs()
CLASSES = sorted({str(label) for label in LABELS})


def pictures(pattern: str, count: int = 6, classes: list[str] = CLASSES) -> dict[str, bytes]:
    """Return pictures of each class, named by a pattern of ``{name}`` and ``{place}``."""
    files = {}
    for number, name in enumerate(classes):
        for place, image in enumerate(IMAGES[int(CLASSES[number % len(CLASSES)]) == LABELS][:count]):
            files[pattern.format(name=name, place=place)] = png(image)
    return files


def inspected(tmp_path: Path, files: dict[str, bytes], **choices: object):
    path = tmp_path / "own.zip"
    path.write_bytes(zipped(files))
    return inspect(path, choices=Choices(**choices))  # type: ignore[arg-type]


def counts(inspection) -> dict[str, tuple[int, int]]:
    return {one.name: (one.train, one.test) for one in inspection.classes}


def divided(train: str, test: str) -> dict[str, bytes]:
    return {**pictures(train + "/{name}/{place}.png"), **pictures(test + "/{name}/{place}.png", 3)}


BOTH = dict.fromkeys(CLASSES, (6, 3))


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train", "test"),
        ("Training Set", "Test Set"),
        ("train_images", "test_images"),
        ("treino", "teste"),
        ("treinamento", "avaliação"),
        ("entrenamiento", "prueba"),
        ("Entraînement", "évaluation"),
        ("apprentissage", "essai"),
        ("обучение", "тест"),
        ("Обучающая выборка", "Тестовая выборка"),
        ("trainset", "testset"),
        ("data/mine/train", "data/mine/test"),
        ("treino\\x".replace("x", "")[:-1], "teste"),
    ],
)
def test_split_folders_are_known_in_five_languages(train: str, test: str, tmp_path: Path) -> None:
    inspection = inspected(tmp_path, divided(train, test))
    assert counts(inspection) == BOTH
    assert inspection.understood is not None
    assert inspection.understood.code == "folders-are-parts"
    assert (inspection.dialect.folders, inspection.errors) == ("parts", ())


@pytest.mark.parametrize("stray", ["preview.png", "labels.json", "samples/one.png", "train/preview.png", "notes.docx"])
def test_a_stray_file_does_not_make_the_split_the_classes(stray: str, tmp_path: Path) -> None:
    inspection = inspected(tmp_path, {**divided("train", "test"), stray: png(IMAGES[0])})
    assert counts(inspection) == BOTH


def test_a_lone_validation_part_is_the_test(tmp_path: Path) -> None:
    inspection = inspected(tmp_path, divided("train", "validação"))
    assert counts(inspection) == BOTH
    assert "validation-as-test" in {one.code for one in inspection.warnings}
    three = inspected(tmp_path, {**divided("train", "test"), **pictures("val/{name}/{place}.png", 2)})
    assert counts(three) == dict.fromkeys(CLASSES, (8, 3))
    assert "validation-merged" in {one.code for one in three.warnings}


def test_the_same_folders_everywhere_are_the_classes(tmp_path: Path) -> None:
    inspection = inspected(tmp_path, divided("monday", "tuesday"))
    assert counts(inspection) == dict.fromkeys(CLASSES, (9, 0))
    assert inspection.understood.text.startswith("monday, tuesday hold the same folders")


def test_parts_may_lie_within_the_classes(tmp_path: Path) -> None:
    files = {**pictures("{name}/train/{place}.png"), **pictures("{name}/test/{place}.png", 3)}
    assert counts(inspected(tmp_path, files)) == BOTH


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    inspection = inspected(tmp_path, pictures("{name}/{place}.png", classes=["train", "plane", "car", "test"]))
    assert set(counts(inspection)) == {"train", "plane", "car", "test"}
    assert inspection.understood.code == "folders-are-classes"


def test_what_was_understood_can_be_put_right(tmp_path: Path) -> None:
    files = divided("train", "test")
    assert set(counts(inspected(tmp_path, files, folders="classes"))) == {"train", "test"}
    inspection = inspected(tmp_path, divided("cats", "dogs"), folders="classes")
    assert set(counts(inspection)) == {"cats", "dogs"}
    dataset = load(tmp_path / "own.zip", inspection.dialect)
    assert dataset.class_names == ("cats", "dogs")
    assert inspected(tmp_path, divided("a", "teste"), folders="parts").dialect.folders == "parts"


@pytest.mark.parametrize(
    ("name", "part"),
    [("Test_2", "test"), ("VALIDACIÓN", "validation"), ("dev", "validation"), ("tr", "train"), ("trains", None)],
)
def test_a_folder_name_says_a_part(name: str, part: str | None) -> None:
    assert part_of(name) == part


def named_in(encoding: str, word: str) -> bytes:
    """Return a zip whose names are bytes of an encoding that it does not mention."""
    content = zipped(pictures("{name}/{place}.png", classes=["####", *CLASSES[1:]]))
    raw = word.encode(encoding)
    assert len(raw) <= 4
    return content.replace(b"####/", raw.rjust(4, b"_") + b"/")


@pytest.mark.parametrize(
    ("encoding", "word"),
    [("utf-8", "não"), ("cp850", "não"), ("cp850", "señ"), ("cp1252", "été"), ("cp866", "кошк"), ("cp1251", "кошк")],
)
def test_names_in_an_encoding_that_nobody_mentions_are_guessed(encoding: str, word: str, tmp_path: Path) -> None:
    path = tmp_path / "own.zip"
    path.write_bytes(named_in(encoding, word))
    inspection = inspect(path)
    expected = word.rjust(4 - (len(word.encode(encoding)) - len(word)), "_")
    assert expected in inspection.class_names
    said = [one.text for one in inspection.warnings if one.code == "names-encoding"]
    assert bool(said) == (encoding != "utf-8")


def test_backslashes_and_decomposed_names_are_one_form(tmp_path: Path) -> None:
    files = pictures("train/{name}/{place}.png", classes=["três", "  sim ", CLASSES[0]])
    others = pictures("test/{name}/{place}.png", 3, classes=["três", "sim", CLASSES[0]])
    decomposed = {unicodedata.normalize("NFD", name).replace("/", "\\"): content for name, content in others.items()}
    inspection = inspected(tmp_path, {**files, **decomposed})
    assert counts(inspection) == {CLASSES[0]: (6, 3), "sim": (6, 3), "três": (6, 3)}


def table_of(lines: list[str], tmp_path: Path, encoding: str = "utf-8") -> Path:
    path = tmp_path / "own.csv"
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def rows(label=lambda name, _: name, cell=str, between: str = ",") -> list[list[str]]:
    return [
        [label(str(name), place), between.join(cell(value) for value in image.ravel().tolist())]
        for place, (image, name) in enumerate(zip(IMAGES, LABELS, strict=True))
    ]


def test_composed_and_decomposed_labels_are_one_class(tmp_path: Path) -> None:
    forms = ("não", unicodedata.normalize("NFD", "não"), " não ", "sim")
    found = inspect(table_of([",".join(row) for row in rows(lambda _, place: forms[place % 4])], tmp_path))
    assert set(found.class_names) == {"não", "sim"}


@pytest.mark.parametrize(("encoding", "word"), [("cp1251", "кошка"), ("cp1252", "garçon"), ("cp850", "niño")])
def test_labels_in_other_encodings_are_guessed_with_a_word(encoding: str, word: str, tmp_path: Path) -> None:
    lines = [",".join(row) for row in rows(lambda _, place: word if place % 2 else "other")]
    found = inspect(table_of(lines, tmp_path, encoding))
    assert word in found.class_names
    assert "encoding-guessed" in {one.code for one in found.warnings}


def test_classes_that_only_case_or_accents_tell_apart_are_pointed_out(tmp_path: Path) -> None:
    names = ("Não", "nao", "sim")
    found = inspect(table_of([",".join(row) for row in rows(lambda _, place: names[place % 3])], tmp_path))
    assert [one.parameters["classes"] for one in found.warnings if one.code == "alike-classes"] == ["Não, nao"]


def test_empty_cells_all_over_a_table_are_pixels_of_0(tmp_path: Path) -> None:
    found = inspect(
        table_of([",".join(row) for row in rows(cell=lambda value: str(value) if value else "")], tmp_path)
    )
    assert (found.train.rows, found.train.bad_count, found.errors) == (len(IMAGES), 0, ())
    assert "sparse" in {one.code for one in found.warnings}
    dataset = load(tmp_path / "own.csv", found.dialect)
    assert dataset.image_shape == (28, 28, 1)
    assert int(dataset.train.images.max()) > 100


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("emotion,pixels,Usage", "{label},{plain},Training"),
        ("label,image", '{label},"{plain}"'),
        ("label,image", '{label},"[{commas}]"'),
        ("", "{label};{plain}"),
        ("pixels\tclass", "{plain}\t{label}"),
    ],
)
def test_all_pixels_may_stand_in_one_cell(header: str, line: str, tmp_path: Path) -> None:
    lines = [
        line.format(label=label, plain=values, commas=values.replace(" ", ", ")) for label, values in rows(between=" ")
    ]
    found = inspect(table_of([header, *lines] if header else lines, tmp_path))
    assert set(found.class_names) == set(CLASSES)
    assert (found.train.rows, found.train.bad_count) == (len(IMAGES), 0)
    dataset = load(tmp_path / "own.csv", found.dialect)
    known = {image.tobytes() for image in IMAGES}
    assert all(image.tobytes() in known for image in dataset.train.images)


@pytest.mark.parametrize(
    ("header", "before", "after"),
    [
        ("filename,label,{pixels}", "img{place}.png,{label}", ""),
        ("label,{pixels},writer", "{label}", ",anna"),
        ("id,label,{pixels},writer,country", "{place},{label}", ",anna,pt"),
        ("", "img{place}.png,{label}", ""),
    ],
)
def test_columns_that_are_neither_label_nor_pixel_are_left_out(
    header: str, before: str, after: str, tmp_path: Path
) -> None:
    pixels = ",".join(f"pixel{number}" for number in range(784))
    lines = [before.format(place=place, label=row[0]) + "," + row[1] + after for place, row in enumerate(rows())]
    found = inspect(table_of([header.format(pixels=pixels), *lines] if header else lines, tmp_path))
    assert set(found.class_names) == set(CLASSES)
    assert (found.train.rows, found.errors) == (len(IMAGES), ())
    assert {"extra-columns", "index-column"} & {one.code for one in found.warnings}


def test_measurements_are_no_pictures(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    numbers = [",".join(map(str, random.integers(0, 16, 16))) for _ in range(60)]
    with pytest.raises(UnusableDataError, match="look like measurements"):
        inspect(table_of([f"{'ABC'[place % 3]},{row}" for place, row in enumerate(numbers)], tmp_path))


def tar_of(files: dict[str, bytes], mode: str, link: str = "") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        if link:
            info = tarfile.TarInfo("0/link.png")
            info.type, info.linkname = tarfile.SYMTYPE, link
            archive.addfile(info)
    return buffer.getvalue()


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar_archives_are_read_as_zip_archives_are(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "train"
    path.write_bytes(tar_of(divided("train", "test"), mode))
    inspection = inspect(path)
    assert counts(inspection) == BOTH
    assert len(load(path, inspection.dialect).test) == 3 * len(CLASSES)


def test_a_compressed_tar_is_unpacked_among_the_uploads_and_leaves_nothing(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "train.tar.gz"
    path.write_bytes(tar_of(divided("train", "test"), "w:gz"))
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    assert counts(inspect(path)) == BOTH
    assert (home / "uploads").is_dir()
    assert not list((home / "uploads").iterdir())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lambda: tar_of({"../../evil.png": b"x"}, "w"), "leads out of it"),
        (lambda: tar_of(pictures("{name}/{place}.png"), "w:gz", link="/etc/passwd"), "received the link"),
        (lambda: tar_of(pictures("{name}/{place}.png"), "w:gz")[:-300], "cut off or damaged"),
        pytest.param(
            lambda: tar_of({"0/zeros.png": bytes(200 << 20)}, "w:gz"), "unpacks to more than", marks=pytest.mark.slow
        ),
        (lambda: b"7z\xbc\xaf\x27\x1c" + bytes(90), "a 7-Zip archive; unpack it and make a zip"),
        (lambda: b"Rar!\x1a\x07" + bytes(90), "a RAR archive; unpack it and make a zip"),
    ],
)
def test_archives_that_cannot_be_read_are_refused_by_name(content, said: str, tmp_path: Path) -> None:
    path = tmp_path / "train"
    path.write_bytes(content())
    with pytest.raises(UnusableDataError, match=said):
        inspect(path)


@pytest.mark.parametrize(("method", "name"), [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "LZMA")])
def test_a_zip_packed_in_another_way_is_named_so(method: int, name: str, tmp_path: Path) -> None:
    path = tmp_path / "own.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        for member, content in pictures("{name}/{place}.png").items():
            archive.writestr(member, content)
    with pytest.raises(UnusableDataError, match=f"packed by {name}"):
        inspect(path)


@pytest.mark.parametrize("suffix", [".jfif", "", ".PNG", ".picture"])
def test_pictures_are_known_by_what_they_hold_too(suffix: str, tmp_path: Path) -> None:
    inspection = inspected(tmp_path, pictures("{name}/{place}" + suffix))
    assert counts(inspection) == dict.fromkeys(CLASSES, (6, 0))


@pytest.mark.parametrize(
    ("pattern", "table"),
    [
        ("{name}-{place}.png", "labels.csv"),
        ("images/{name}-{place}.png", "labels.csv"),
        ("mine/images/{name}-{place}.png", "mine/labels.txt"),
    ],
)
@pytest.mark.parametrize(
    ("header", "line"),
    [("filename,label", "{file}.png,{label}"), ("id;x;class", "{file};1;{label}"), ("", "{file}.png {label}")],
)
def test_a_table_beside_the_pictures_tells_their_classes(
    pattern: str, table: str, header: str, line: str, tmp_path: Path
) -> None:
    lines = [line.format(file=f"{name}-{place}", label=f"class {name}") for name in CLASSES for place in range(6)]
    if " " in line:
        lines = [one.replace("class ", "class-") for one in lines]
    content = "\n".join([header, *lines] if header else lines).encode()
    inspection = inspected(tmp_path, {**pictures(pattern), table: content})
    assert counts(inspection) == {f"class{'-' if ' ' in line else ' '}{name}": (6, 0) for name in CLASSES}
    assert inspection.understood.code == "table-of-labels"
