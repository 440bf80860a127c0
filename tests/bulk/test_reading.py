"""``rabisco predict --bulk``: interrupted in every way and gone on with, no picture is answered twice or left out."""

import csv
import io
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from rabisco import data
from rabisco.bulk import errors_of, read_bulk
from rabisco.bulk.writing import journal_of
from rabisco.cli import rabisco
from rabisco.errors import InvalidConfigurationError, InvalidRequestError, RunConflictError
from rabisco.images import decode
from rabisco.inference import get_predictor

pytestmark = pytest.mark.slow

MODEL = "mnist-linear"
TURNS = 8  # that each picture is in the archive, under another name
BAD = {"bad/empty.png": b"", "bad/text.png": b"no picture", "bad/cut.png": b"\x89PNG\r\n\x1a\n"}


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
    """A hundred digits as PNG files, by name."""
    found = {}
    for number, image in enumerate(data.load("digits").test.images[:100]):
        buffer = io.BytesIO()
        Image.fromarray(255 - np.kron(image[..., 0], np.ones((16, 16), np.uint8))).save(buffer, "PNG")
        found[f"{number:03}.png"] = buffer.getvalue()
    return found


@pytest.fixture(scope="module")
def archive(pictures: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip archive of 800 pictures, which are those hundred again and again, and three that cannot be read."""
    path = tmp_path_factory.mktemp("bulk") / "scans.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        for turn in range(TURNS):
            for name, content in pictures.items():
                zipped.writestr(f"{turn:02}/{name}", content)
            if turn == 3:
                for name, content in BAD.items():
                    zipped.writestr(name, content)
    return path


def begin(archive: Path, out: Path, *, counted: bool = True) -> "subprocess.Popen[str]":
    """Start the command, and return it once its journal counts pictures, or once it has begun to read."""
    command = [sys.executable, "-m", "rabisco", "predict", "--bulk", str(archive), str(out)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    before = done_of(out)
    process = subprocess.Popen(
        [*command, "--model", MODEL, "--processes", "1"],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )  # what a shell starts in the background ignores Ctrl-C, and so does all that it starts
    while done_of(out) == before if counted else not children_of(process.pid):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    return process


def done_of(out: Path) -> int:
    try:
        return int(json.loads(journal_of(out).read_text(encoding="utf-8"))["tally"]["done"])
    except FileNotFoundError:
        return 0


def rows_of(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def children_of(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_until_gone(pids: list[int]) -> None:
    until = time.monotonic() + 30
    while any(Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_killed_and_interrupted_it_goes_on_without_repeat_or_gap(
    archive: Path, pictures: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "answers.jsonl"
    killed = begin(archive, out)
    readers = children_of(killed.pid)
    killed.kill()
    killed.communicate()
    wait_until_gone(readers)
    first = done_of(out)
    with out.open("a", encoding="utf-8") as torn:
        torn.write('{"file":"half of a li')
    interrupted = begin(archive, out, counted=False)
    interrupted.send_signal(signal.SIGINT)
    _, said = interrupted.communicate(timeout=60)
    assert interrupted.returncode == 130, said
    assert "goes on from there" in said
    assert 0 < first <= done_of(out) < 100 * TURNS + 3
    finished = CliRunner().invoke(rabisco, ["predict", "--bulk", str(archive), str(out)])  # with the model that it has
    assert finished.exit_code == 1, finished.output
    assert f"{100 * TURNS:,} pictures were read" in finished.stdout
    assert "3 could not be read" in finished.stderr
    rows = rows_of(out)
    assert [row["file"] for row in rows] == [f"{turn:02}/{name}" for turn in range(TURNS) for name in pictures]
    refused = rows_of(errors_of(out))
    assert [row["file"] for row in refused] == list(BAD)
    assert all(row["error"].startswith("expected a") for row in refused)
    predictor = get_predictor(MODEL)
    for row in rows[:100]:
        alone = predictor.predict(decode(pictures[row["file"].partition("/")[2]])).to_dict()
        assert {**row, "file": 0, "latency_ms": 0} == {**alone, "file": 0, "latency_ms": 0}
    again = read_bulk(archive, out, MODEL)
    assert (again.done, again.bad, again.complete) == (100 * TURNS + 3, 3, True)
    assert len(rows_of(out)) == 100 * TURNS


@pytest.fixture
def folder(pictures: dict[str, bytes], tmp_path: Path) -> Iterator[Path]:
    """A folder of eighty pictures and one that cannot be read."""
    folder = tmp_path / "scans"
    folder.mkdir()
    for name, content in list(pictures.items())[:80]:
        (folder / name).write_bytes(content)
    (folder / "bad.png").write_bytes(b"no picture")
    return folder


def test_a_reading_process_that_is_killed_is_replaced(folder: Path) -> None:
    def kill(*_: object) -> None:
        for child in multiprocessing.active_children():
            if killed:
                return
            killed.append(child.pid)
            child.kill()

    killed: list[int | None] = []
    out = folder / "answers.csv"  # among the pictures, and none of them
    tally = read_bulk(folder, out, MODEL, processes=1, on_progress=kill)
    assert killed
    assert (tally.done, tally.bad) == (81, 1)
    with out.open(encoding="utf-8", newline="") as file:
        assert [row["file"] for row in csv.DictReader(file)] == [f"{number:03}.png" for number in range(80)]
    (folder / "099.png").write_bytes(b"")
    told = json.loads(journal_of(out).read_text(encoding="utf-8"))
    journal_of(out).write_text(json.dumps({**told, "tally": {**told["tally"], "complete": False}}), encoding="utf-8")
    (folder / "000.png").unlink()
    with pytest.raises(InvalidConfigurationError, match="names have changed"):
        read_bulk(folder, out, MODEL, processes=1)


def test_strings_are_read_into_parquet_and_no_other_reading_is_mixed_in(folder: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    out = tmp_path / "answers.parquet"
    assert read_bulk(folder, out, MODEL, many=True, processes=1).bad == 1
    table = parquet.read_table(out)
    assert table.num_rows == 80
    assert {"file", "text", "characters", "version"} <= set(table.column_names)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "answers.parquet",
        "answers.parquet.errors.jsonl",
        "answers.parquet.journal.json",
        "scans",
    ]
    with pytest.raises(InvalidConfigurationError, match="begun with another many"):
        read_bulk(folder, out, MODEL)


def test_an_output_that_is_not_its_own_stays_as_it_is(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "notes.csv"
    out.write_text("mine", encoding="utf-8")
    with pytest.raises(InvalidRequestError, match="is there already"):
        read_bulk(folder, out, MODEL)
    assert out.read_text(encoding="utf-8") == "mine"
    with pytest.raises(InvalidRequestError, match=r"\.jsonl, \.csv or \.parquet"):
        read_bulk(folder, tmp_path / "answers.txt", MODEL)


def test_two_processes_do_not_write_to_one_output(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "answers.jsonl"
    first = begin(archive, out)
    try:
        with pytest.raises(RunConflictError, match="another process writes"):
            read_bulk(archive, out, MODEL)
    finally:
        first.kill()
        first.communicate()


@pytest.mark.parametrize("arguments", [["one.png"], ["in", "out.jsonl", "--json"]])
def test_bulk_takes_an_input_and_an_output(arguments: list[str]) -> None:
    told = CliRunner().invoke(rabisco, ["predict", "--bulk", *arguments])
    assert told.exit_code == 2
    assert "--bulk takes two names, IN and OUT" in told.stderr
