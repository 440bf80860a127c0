"""Proxies that speak for their clients, and sites whose pages ask this server."""

import io
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.web.serving import Server, draw_seven, free_port, serving

from rabisco.errors import InvalidConfigurationError
from rabisco.settings import Settings, get_settings
from rabisco.web import create_app

PAGE = Path(__file__).parents[3] / "docs" / "behind-a-proxy.md"
FORWARDED = {
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "lab.example",
    "X-Forwarded-Prefix": "/rabisco",
}


def client(home: Path, **settings: object):
    return create_app(Settings(home=home, **settings)).test_client()  # type: ignore[arg-type]


def test_a_trusted_proxy_names_scheme_host_and_prefix(home: Path) -> None:
    page = client(home, trusted_proxies="10.0.0.0/8, 127.0.0.1").get("/docs", headers=FORWARDED).text
    assert "https://lab.example/rabisco/predict" in page
    assert 'href="/rabisco/static/' in page
    assert "lab.example" not in client(home).get("/docs", headers=FORWARDED).text
    assert "lab.example" not in client(home, trusted_proxies="192.0.2.1").get("/docs", headers=FORWARDED).text


def test_a_server_believes_no_proxy_that_its_settings_do_not_name(server: Server) -> None:
    page = server.get("/docs", headers=FORWARDED).text
    assert f"http://127.0.0.1:{server.port}/predict" in page
    assert "https://127" not in page


def test_each_client_of_a_trusted_proxy_has_a_rate_of_its_own(home: Path) -> None:
    asked = client(home, trusted_proxies="127.0.0.1", rate_limit="2/minute")
    for address in ("203.0.113.7", "203.0.113.8"):
        statuses = [asked.get("/about", headers={"X-Forwarded-For": address}).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]


@pytest.mark.parametrize("headers", [{}, FORWARDED, {"X-Forwarded-Host": "127.0.0.1:3000"}])
def test_what_a_trusted_proxy_passes_on_never_comes_from_this_machine(home: Path, headers: dict[str, str]) -> None:
    answer = client(home, trusted_proxies="127.0.0.1").post("/runs/none/stop", headers=headers)
    assert answer.status_code == 401
    assert client(home).post("/runs/none/stop").status_code == 404


def test_only_pages_of_allowed_sites_may_ask(home: Path) -> None:
    asked = client(home, allowed_origins="https://lab.example http://localhost:5173")
    before = asked.options("/predict", headers={"Origin": "https://lab.example"})
    assert before.headers["Access-Control-Allow-Origin"] == "https://lab.example"
    assert "POST" in before.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in before.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in before.headers
    cross = {"Origin": "http://localhost:5173", "Sec-Fetch-Site": "cross-site"}
    answer = asked.post("/predict", data=b"", headers=cross)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (400, "http://localhost:5173")
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    refused = asked.post("/predict", data=b"", headers=foreign)
    assert refused.status_code == 403
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert "Access-Control-Allow-Origin" not in client(home).get("/health", headers=cross).headers


@pytest.mark.parametrize(
    ("name", "value"),
    [("TRUSTED_PROXIES", "proxy.example"), ("ALLOWED_ORIGINS", "lab.example"), ("ALLOWED_ORIGINS", "https://a/b")],
)
def test_a_neighbor_that_is_none_is_refused_at_start(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"RABISCO_{name}", value)
    get_settings.cache_clear()
    with pytest.raises(InvalidConfigurationError, match=f"RABISCO_{name}="):
        get_settings()


def shown(kind: str, server: Server, port: int) -> list[str]:
    """Return the documented lines of a kind, the ports put in."""
    blocks = re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [block.replace("8080", str(port)).replace("3000", str(server.port)) for block in blocks]


@contextmanager
def running(command: list[str], url: str) -> Iterator[str]:
    """Run a proxy; yield its address once the server behind it answers."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                requests.get(f"{url}/health/live", timeout=5)
                break
            except requests.ConnectionError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=10)


def nginx(server: Server, folder: Path, prefix: str) -> Iterator[str]:
    """Run nginx with the lines of the documentation."""
    port = free_port()
    lines, prefixed = shown("nginx", server, port)
    if prefix:
        lines = lines.replace("location /", f"location {prefix}/").replace(f":{server.port};", f":{server.port}/;")
        lines = lines.replace("proxy_buffering off;", f"proxy_buffering off;\n{prefixed}")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = " ".join(f"{kind}_temp_path {folder};" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/errors;\nevents {{}}\n"
        f"http {{ access_log off; {folders}\n{lines}\n}}\n",
        encoding="utf-8",
    )
    command = ["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", str(folder / "errors")]
    return running(command, f"http://127.0.0.1:{port}{prefix}")


def caddy(server: Server, folder: Path, _: str) -> Iterator[str]:
    """Run Caddy with the lines of the documentation, without its certificate."""
    port = free_port()
    lines = next(one for one in shown("text", server, port) if "reverse_proxy" in one)
    options = f"{{\nadmin off\nstorage file_system {folder}\n}}\n"
    (folder / "Caddyfile").write_text(options + lines.replace("lab.example", f"http://127.0.0.1:{port}"), "utf-8")
    command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
    return running(command, f"http://127.0.0.1:{port}")


@pytest.mark.parametrize(("proxy", "prefix"), [(nginx, ""), (nginx, "/rabisco"), (caddy, "")])
def test_the_documented_lines_of_proxies_work(proxy: Any, prefix: str, home: Path, tmp_path: Path) -> None:
    if shutil.which(proxy.__name__) is None:
        pytest.skip(f"{proxy.__name__} is not installed")
    token = "a-long-secret-of-your-own"
    settings = {"trusted_proxies": "127.0.0.1", "access_token": token, "workers": 1}
    with serving(home, **settings) as server, proxy(server, tmp_path, prefix) as url:
        page = requests.get(f"{url}/docs", timeout=20).text
        assert f"{url}/predict" in page
        assert f'href="{prefix}/static/' in page
        assert requests.post(f"{url}/predict", files={"file": seven()}, timeout=20).json()["predictions"][0]
        assert requests.post(f"{url}/runs/none/stop", timeout=20).status_code == 401
        known = {"Authorization": f"Bearer {token}"}
        assert requests.post(f"{url}/runs/none/stop", headers=known, timeout=20).status_code == 404


def seven() -> bytes:
    """Return a PNG of a drawn 7."""
    buffer = io.BytesIO()
    draw_seven().save(buffer, "PNG")
    return buffer.getvalue()
