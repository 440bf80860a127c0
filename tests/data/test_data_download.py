"""Finding and fetching files, against a real server on this machine."""

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rabisco.data.catalog import get_entry
from rabisco.data.download import locate, missing
from rabisco.data.entry import DataFile, Entry
from rabisco.errors import DataUnavailableError

CONTENT = bytes(range(256)) * 4000
CHECKSUM = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


class Server(ThreadingHTTPServer):
    """Answers by the path: /good, /wrong (other bytes), /cut (breaks off), /cut-once, /missing; keeps the requests."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[str] = []

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        if self.path == "/missing":
            self.send_error(404)
            return
        content = CONTENT[::-1] if self.path == "/wrong" else CONTENT
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        first = self.server.requests.count(self.path) == 1
        broken = self.path == "/cut" or (self.path == "/cut-once" and first)
        self.wfile.write(content[: len(content) // 2] if broken else content)

    def log_message(self, *_: object) -> None:
        """Keep the tests quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def dead_url() -> str:
    """An address on which nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/dead"


@pytest.fixture
def entry_of() -> Callable[..., Entry]:
    def make(*urls: str) -> Entry:
        file = DataFile("some.gz", ("some-set/some.gz", "some.gz"), urls, CHECKSUM, len(CONTENT))
        return Entry(
            name="some-set",
            title="Some set",
            image_shape=(28, 28, 1),
            class_names=("0", "1"),
            files=(file,),
            format="idx",
            train_examples=1,
            test_examples=1,
            licence="MIT",
            citation="none",
            homepage="",
        )

    return make


def fetch(entry: Entry) -> Path:
    return locate(entry, entry.files[0])


def cached(data_dir: Path) -> list[str]:
    cache = data_dir.parent / "cache"
    return sorted(str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file())


def test_a_file_in_the_data_folder_is_taken_without_asking_anyone(
    data_dir: Path, server: Server, entry_of: Callable[..., Entry]
) -> None:
    (data_dir / "some.gz").write_bytes(b"mine")
    assert fetch(entry_of(server.url("good"))) == data_dir / "some.gz"
    assert server.requests == []


def test_a_file_in_its_own_folder_goes_before_one_beside_it(data_dir: Path, entry_of: Callable[..., Entry]) -> None:
    (data_dir / "some-set").mkdir()
    for place in ("some.gz", "some-set/some.gz"):
        (data_dir / place).write_bytes(b"mine")
    assert fetch(entry_of()) == data_dir / "some-set" / "some.gz"


def test_a_download_is_kept_in_the_cache_and_not_repeated(
    data_dir: Path, server: Server, entry_of: Callable[..., Entry]
) -> None:
    entry = entry_of(server.url("good"))
    assert missing(entry.files) == list(entry.files)
    assert fetch(entry).read_bytes() == CONTENT
    assert not missing(entry.files)
    fetch(entry)
    assert server.requests == ["/good"]
    assert cached(data_dir) == ["some-set/some.gz"]


def test_a_damaged_file_in_the_cache_is_downloaded_again(
    data_dir: Path, server: Server, entry_of: Callable[..., Entry]
) -> None:
    entry = entry_of(server.url("good"))
    fetch(entry).write_bytes(b"damaged")
    assert fetch(entry).read_bytes() == CONTENT
    assert server.requests == ["/good", "/good"]


def test_the_next_address_is_tried_when_one_fails(
    data_dir: Path, server: Server, dead_url: str, entry_of: Callable[..., Entry]
) -> None:
    entry = entry_of(dead_url, server.url("wrong"), server.url("good"))
    assert fetch(entry).read_bytes() == CONTENT
    assert server.requests == ["/wrong", "/wrong", "/good"]


def test_a_connection_that_breaks_off_is_tried_again_from_the_beginning(
    data_dir: Path, server: Server, entry_of: Callable[..., Entry]
) -> None:
    assert fetch(entry_of(server.url("cut-once"))).read_bytes() == CONTENT
    assert server.requests == ["/cut-once", "/cut-once"]
    assert cached(data_dir) == ["some-set/some.gz"]


def test_when_every_address_fails_the_error_says_what_each_did_and_nothing_is_kept(
    data_dir: Path, server: Server, dead_url: str, entry_of: Callable[..., Entry]
) -> None:
    urls = [server.url("missing"), server.url("wrong"), server.url("cut"), dead_url]
    with pytest.raises(DataUnavailableError) as caught:
        fetch(entry_of(*urls))
    message = str(caught.value)
    assert (
        "(127.0.0.1 answered 404; 127.0.0.1 sent a file with another checksum; "
        "127.0.0.1 could not be reached or broke off; 127.0.0.1 could not be reached or broke off)" in message
    )
    assert message.endswith(f"RABISCO_DATA_DIR names: some-set/some.gz (from {urls[0]})")
    assert str(data_dir.parent) not in message
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert cached(data_dir) == []


def test_a_file_that_is_published_nowhere_is_asked_for_by_its_place(data_dir: Path) -> None:
    with pytest.raises(DataUnavailableError) as caught:
        fetch(get_entry("emnist-pages"))
    assert str(caught.value) == (
        "data set 'emnist-pages' needs emnist_pages62.npz, which is neither in the data folder nor in the cache; "
        "put into the folder that RABISCO_DATA_DIR names: emnist_pages62.npz"
    )


def test_the_error_says_when_the_data_folder_is_not_set(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, entry_of: Callable[..., Entry]
) -> None:
    from rabisco.settings import get_settings

    monkeypatch.delenv("RABISCO_DATA_DIR")
    get_settings.cache_clear()
    with pytest.raises(DataUnavailableError, match=r"RABISCO_DATA_DIR names \(it is not set\): some-set/some.gz"):
        fetch(entry_of())


def test_a_cache_that_cannot_be_written_is_named_as_the_reason(
    data_dir: Path, server: Server, entry_of: Callable[..., Entry]
) -> None:
    (data_dir.parent / "cache").write_text("a file where the folder should be")
    with pytest.raises(DataUnavailableError, match=r"cannot be written .* set RABISCO_CACHE_DIR to another folder"):
        fetch(entry_of(server.url("good")))


def test_nothing_is_printed_where_there_is_no_terminal(
    data_dir: Path, server: Server, entry_of: Callable[..., Entry], capfd: pytest.CaptureFixture[str]
) -> None:
    fetch(entry_of(server.url("good")))
    assert capfd.readouterr() == ("", "")


def test_a_terminal_shows_the_file_and_how_much_of_it_has_come(
    data_dir: Path,
    server: Server,
    entry_of: Callable[..., Entry],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "100")
    fetch(entry_of(server.url("good")))
    shown = capfd.readouterr().err
    assert "some.gz" in shown
    assert "1.0/1.0 MB" in shown
