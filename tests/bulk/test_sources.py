"""The same pictures come out of every form that they may be in, and what is damaged is told apart."""

import io
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from rabisco.bulk.sources import UnreadableMemberError, open_source
from rabisco.errors import InvalidDataError, InvalidRequestError, MissingExtraError

PICTURES = {"a/1.png": b"one", "a/ç.png": b"two", "b.png": b"three" * 999}


def as_folder(folder: Path) -> Path:
    for name, content in PICTURES.items():
        (folder / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "in" / name).write_bytes(content)
    (folder / "in" / ".DS_Store").touch()
    return folder / "in"


def as_zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "in.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**PICTURES, "__MACOSX/a/1.png": b""}.items():
            archive.writestr(name, content)
    return folder / "in.zip"


def as_tar(folder: Path) -> Path:
    with tarfile.open(folder / "in.tar.gz", "w:gz") as archive:
        for name, content in PICTURES.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return folder / "in.tar.gz"


def as_csv(folder: Path) -> Path:
    as_folder(folder)
    table = folder / "in.csv"
    table.write_text(
        "id;Path\n" + "".join(f"{n};in/{name}\n" for n, name in enumerate(PICTURES)), encoding="utf-8-sig"
    )
    return table


def as_csv_without_head(folder: Path) -> Path:
    as_folder(folder)
    (folder / "in.csv").write_text("".join(f"in/{name}\n" for name in PICTURES), encoding="utf-8")
    return folder / "in.csv"


def as_parquet(folder: Path) -> Path:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = {"label": [1, 2, 3], "path": list(PICTURES), "content": list(PICTURES.values())}
    parquet.write_table(pyarrow.table(rows), folder / "in.parquet")
    return folder / "in.parquet"


def as_parquet_of_a_data_set(folder: Path) -> Path:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = {"image": [{"bytes": content, "path": name} for name, content in PICTURES.items()]}
    parquet.write_table(pyarrow.table(rows), folder / "in.parquet")
    return folder / "in.parquet"


def as_parquet_of_paths(folder: Path) -> Path:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    as_folder(folder)
    parquet.write_table(pyarrow.table({"file": [f"in/{name}" for name in PICTURES]}), folder / "in.parquet")
    return folder / "in.parquet"


FORMS = [
    as_folder,
    as_zip,
    as_tar,
    as_csv,
    as_csv_without_head,
    as_parquet,
    as_parquet_of_a_data_set,
    as_parquet_of_paths,
]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_pictures_and_how_many(form, tmp_path: Path) -> None:
    found = {}
    with open_source(form(tmp_path)) as source:
        for name, get in source.found:
            content = get()
            found[name.removeprefix("in/")] = content if isinstance(content, bytes) else content.read_bytes()
        assert source.expected(len(found)) == 3
    assert found == PICTURES


@pytest.mark.parametrize("form", FORMS)
def test_names_come_in_one_order_without_reading_the_pictures(form, tmp_path: Path) -> None:
    path, found = form(tmp_path), []
    for _ in range(2):
        with open_source(path) as source:
            found.append([name for name, _ in source.found])
    assert found[0] == found[1]


def test_a_damaged_member_of_a_zip_is_the_only_one_lost(tmp_path: Path) -> None:
    path = tmp_path / "in.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in PICTURES.items():
            archive.writestr(name, content)
    path.write_bytes(path.read_bytes().replace(b"two", b"2wo"))
    with open_source(path) as source:
        read = {}
        for name, get in source.found:
            try:
                read[name] = get()
            except UnreadableMemberError:
                continue
    assert list(read) == ["a/1.png", "b.png"]


def test_an_archive_that_is_cut_off_gives_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "in.tar"
    with tarfile.open(path, "w") as archive:
        for name, content in PICTURES.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    path.write_bytes(path.read_bytes()[:4000])
    read = []
    with pytest.raises(InvalidDataError, match=r"in\.tar, which is damaged"), open_source(path) as source:  # noqa: PT012
        for name, get in source.found:
            get()
            read.append(name)
    assert read == ["a/1.png", "a/ç.png"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("in.csv", "label,weight\n1,2\n", "column called path, file or image"),
        ("in.png", "no", "expected a folder, a zip or tar archive"),
        ("in.parquet", "PAR1 no", "whole Parquet file"),
    ],
)
def test_what_holds_no_pictures_is_refused(name: str, content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises((InvalidRequestError, InvalidDataError), match=message), open_source(tmp_path / name):
        pass
    with pytest.raises(InvalidRequestError, match="not there"), open_source(tmp_path / "nowhere.zip"):
        pass


def test_parquet_without_its_extra_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with (
        pytest.raises(MissingExtraError, match=r'pip install "rabisco\[parquet\]"'),
        open_source(tmp_path / "in.parquet"),
    ):
        pass
