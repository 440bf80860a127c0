"""The data sets of the catalog as pages: images of each class where the data are, and where to get them elsewhere."""

import os
import re
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from flask.testing import FlaskClient

from rabisco.artifacts.durable import try_lock
from rabisco.data.catalog import CATALOG
from rabisco.runs import background, runners, sampling
from rabisco.settings import get_settings
from rabisco.web import create_app

PAGE = {"Accept": "text/html"}


pytestmark = pytest.mark.slow  # a process reads the data


@pytest.fixture
def client() -> FlaskClient:
    return create_app().test_client()


def shown(client: FlaskClient, path: str, seconds: float = 180) -> str:
    """Return the page once the images have been read."""
    until = time.monotonic() + seconds
    while "data-waits" in (text := client.get(path, headers=PAGE).text):
        assert time.monotonic() < until
        time.sleep(0.1)
    return text


def test_all_are_listed_with_what_is_on_this_machine(client: FlaskClient) -> None:
    listed = {one["name"]: one for one in client.get("/datasets").json["datasets"]}
    assert listed.keys() == CATALOG.keys()
    assert (listed["digits"]["here"], listed["emnist-byclass"]["here"]) == (True, False)
    text = client.get("/datasets", headers=PAGE).text
    assert text.index("Digits of scikit-learn") < text.index("EMNIST Balanced")  # what is here comes first
    assert "not on this machine" in text


def test_ten_images_of_each_class_are_shown_and_ten_others(client: FlaskClient) -> None:
    sampling.keep("digits")
    first = shown(client, "/datasets?name=digits")
    strips = re.findall(r'class="strip ink" src="([^"]+)" alt="images of class (\d)"', first)
    assert [name for _, name in strips] == list("0123456789")
    assert len({source for source, _ in strips}) == 10
    second = re.findall(r'class="strip ink" src="([^"]+)"', shown(client, "/datasets?name=digits&page=2"))
    assert len(second) == 10
    assert not {source for source, _ in strips} & set(second)


def test_of_what_is_not_here_the_page_says_how_to_get_it(client: FlaskClient) -> None:
    text = client.get("/datasets?name=emnist-byclass", headers=PAGE).text
    assert "Its images are not on this machine" in text
    assert "rabisco data emnist-byclass" in text
    assert client.get("/datasets?name=emnist-byclass").json["datasets"][0]["test_examples"] == 116_323


def test_an_unknown_one_is_not_found(client: FlaskClient) -> None:
    assert client.get("/datasets?name=nothing").status_code == 404


def test_what_cannot_be_read_is_said_and_tried_again_later(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = get_settings().cache_dir / "samples"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "digits.npz").unlink(missing_ok=True)
    failed = folder / "digits.failed"
    failed.write_text("")
    assert "The images cannot be read" in client.get("/datasets?name=digits", headers=PAGE).text
    monkeypatch.setattr(background, "AGAIN", 0.0)
    assert "Images of each class" in shown(client, "/datasets?name=digits")
    failed.unlink()


def test_what_is_there_is_not_made_again_and_nothing_stays_locked(tmp_path: Path) -> None:
    written = []
    for _ in range(2):
        background.make(tmp_path / "a.txt", lambda path: written.append(path.write_text("made")))
        lock = try_lock(tmp_path / "a.lock")
        assert lock is not None
        os.close(lock)
    assert ((tmp_path / "a.txt").read_text(), len(written)) == ("made", 1)


def reading() -> set[int]:
    """Return the processes that read images; one that was begun for an earlier test may be about to end."""
    found = set()
    for one in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # it has ended meanwhile
            found |= {one.pid} if "rabisco.runs.sampling" in one.cmdline() else set()
    return found


def test_however_many_ask_one_process_reads_the_images(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(runners, "subprocess", subprocess)  # what is started can be told from others
    monkeypatch.setenv("RABISCO_CACHE_DIR", str(tmp_path))
    get_settings.cache_clear()
    before = reading()
    for _ in range(3):
        assert "data-waits" in client.get("/datasets?name=digits", headers=PAGE).text
    assert len(reading() - before) == 1
    assert "Images of each class" in shown(client, "/datasets?name=digits")


@pytest.mark.parametrize(("language", "title"), [("pt", "Dígitos do scikit-learn"), ("ru", "Цифры из scikit-learn")])
def test_titles_are_in_the_reader_s_language(client: FlaskClient, language: str, title: str) -> None:
    assert title in client.get(f"/datasets?lang={language}", headers=PAGE).text
