"""Pages, styles and scripts travel compressed where the client wants it; pictures' answers and its secrets do not."""

import gzip
import re
from pathlib import Path

import pytest
import requests
from tests.web.serving import Server, seven_png

from rabisco.web.platform.compression import LONGEST_NAME, compressed
from rabisco.web.platform.routing import static_version

PLAIN = {"Accept-Encoding": "identity"}
ZIPPED = {"Accept-Encoding": "gzip, deflate, br"}


def length(response: requests.Response) -> int:
    return int(response.headers["Content-Length"])


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/static/css/components.css", "/static/js/pages/draw.js"])
def test_the_same_in_less_than_half_the_bytes(server: Server, path: str) -> None:
    plain, zipped = server.get(path, headers=PLAIN), server.get(path, headers=ZIPPED)
    assert "Content-Encoding" not in plain.headers
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert length(zipped) < length(plain) / 2
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert "Accept-Encoding" in zipped.headers["Vary"]
    if path != "/docs":  # which holds a fresh proof each time
        assert zipped.content == plain.content


def test_an_unchanged_file_is_not_sent_again(server: Server) -> None:
    tag = server.get("/static/css/components.css", headers=ZIPPED).headers["ETag"]
    assert tag.startswith("W/")
    again = server.get("/static/css/components.css", headers={**ZIPPED, "If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_a_browser_need_not_ask_again_for_the_files_of_a_page(server: Server) -> None:
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', server.get("/").text)
    assert len(addresses) > 8
    for address in addresses * 2:  # by the view, and by what was kept of its answer
        caching = server.get(address).headers["Cache-Control"]
        assert set(caching.split(", ")) == {"public", "immutable", "max-age=31536000"}
    script = next(address for address in addresses if address.endswith("draw.js"))
    another = re.sub("/v-[0-9a-f]+/", "/v-0123/", script)  # of a page that another version of the server made
    for address in (another, "/static/js/pages/draw.js") * 2:
        response = server.get(address)
        assert response.headers["Cache-Control"] == "no-cache"
        assert response.content == server.get(script).content
    assert server.get(script.replace("draw.js", "none.js")).status_code == 404


def test_the_version_of_the_files_changes_with_each_of_them(tmp_path: Path) -> None:
    versions = set()
    for name, text in (("a.js", "1"), ("a.js", "2"), ("b.js", "2"), ("css/a.css", "")):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        static_version.cache_clear()
        versions.add(static_version(str(tmp_path)))
    static_version.cache_clear()
    assert len(versions) == 4
    assert static_version(str(tmp_path)) in versions


def test_a_part_of_a_file_is_sent_as_it_is(server: Server) -> None:
    response = server.get("/static/css/components.css", headers={**ZIPPED, "Range": "bytes=0-99"})
    assert (response.status_code, length(response)) == (206, 100)
    assert "Content-Encoding" not in response.headers


def test_an_error_is_compressed_as_its_page_is_and_a_prediction_is_not(server: Server) -> None:
    missing = server.get("/nothing", headers={**ZIPPED, "Accept": "text/html"})
    assert (missing.status_code, missing.headers["Content-Encoding"]) == (404, "gzip")
    read = server.post("/predict?steps=1", files={"file": seven_png()}, headers=ZIPPED)
    assert "Content-Encoding" not in read.headers


def test_who_refuses_gzip_gets_none(server: Server) -> None:
    response = server.get("/docs", headers={"Accept-Encoding": "gzip;q=0, identity"})
    assert "Content-Encoding" not in response.headers


def test_the_length_tells_nothing_of_how_alike_two_parts_are() -> None:
    body = b"<p>some words that repeat, some words that repeat</p>" * 30
    lengths = {len(compressed(body)) for _ in range(300)}
    assert len(lengths) > 30
    assert max(lengths) - min(lengths) <= LONGEST_NAME + 1
    assert gzip.decompress(compressed(body)) == body
