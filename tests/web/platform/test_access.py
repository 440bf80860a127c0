"""Changing something asks for the token, comes from our own pages or a program, and reading stays open to everyone."""

import re
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from tests.web.serving import Server, copy_model, free_port, problem_of, serving, seven_png

from rabisco.errors import InvalidConfigurationError
from rabisco.settings import Settings
from rabisco.web import create_app
from rabisco.web.platform import access
from rabisco.web.platform.application import ROUTES
from rabisco.web.platform.server import serve

SEVEN = seven_png()
TOKEN = "a-token-of-some-length"
CHANGE = "/models/copied/promote"
PAGE = {"Accept": "text/html"}
EVIL = ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"})
# Neighbors on the same machine or site are others too.
EVIL += ({"Sec-Fetch-Site": "same-site"}, {"Origin": "http://127.0.0.1:1"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("guarded")
    copy_model(folder, "copied")
    return folder


@pytest.fixture(scope="module")
def guarded(folder: Path) -> Iterator[Server]:
    with serving(folder, access_token=TOKEN, workers=2) as running:
        yield running


def proof(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def sign_in(server: Server, token: str = TOKEN) -> tuple[requests.Session, requests.Response]:
    session = requests.Session()
    page = session.get(f"{server.url}/sign-in?next=/models", timeout=20).text
    fields = {"token": token, "csrf_token": proof(page), "next": "/models"}
    answer = session.post(f"{server.url}/sign-in", data=fields, timeout=20, allow_redirects=False, headers=PAGE)
    return session, answer


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Cookie": "access=wrong"}])
def test_without_the_token_nothing_is_changed(guarded: Server, headers: dict[str, str]) -> None:
    response = guarded.post(CHANGE, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert problem_of(response)["type"] == "urn:rabisco:problem:access-denied"
    page = guarded.post(CHANGE, headers={**headers, **PAGE})
    assert page.status_code == 401
    assert 'href="/sign-in"' in page.text


def test_a_program_sends_the_token_with_its_request(guarded: Server) -> None:
    assert guarded.post(CHANGE, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_reading_needs_no_token(guarded: Server) -> None:
    assert guarded.post("/predict", files={"file": SEVEN}).json()["predictions"][0]["category"] == "7"
    assert guarded.post("/upload", files={"file": ("7.png", SEVEN)}, headers=PAGE).status_code == 200
    assert all(guarded.get(path).status_code == 200 for path in ("/", "/models", "/docs", "/health", "/sign-in"))


def test_a_reader_signs_in_on_a_page_and_every_process_knows_it(guarded: Server) -> None:
    session, answer = sign_in(guarded)
    assert (answer.status_code, answer.headers["location"]) == (303, "/models")
    cookie = re.search(r"access=[^=]*(=[^,]*, [^,]*)*", answer.headers["set-cookie"])[0]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie
    fields = {"csrf_token": proof(session.get(f"{guarded.url}/sign-in", timeout=20).text)}
    for _ in range(8):
        changed = requests.post(f"{guarded.url}{CHANGE}", data=fields, cookies=session.cookies, timeout=20)
        assert changed.status_code == 200
    left = session.post(f"{guarded.url}/sign-out", data=fields, timeout=20, allow_redirects=False)
    assert left.status_code == 303
    assert session.post(f"{guarded.url}{CHANGE}", timeout=20).status_code == 401


def test_a_cookie_opens_nothing_once_its_reader_has_signed_out_and_others_stay(guarded: Server) -> None:
    (first, _), (second, _) = sign_in(guarded), sign_in(guarded)
    kept = first.cookies["access"]
    assert kept != second.cookies["access"]
    fields = {"csrf_token": proof(first.get(f"{guarded.url}/sign-in", timeout=20).text)}
    first.post(f"{guarded.url}/sign-out", data=fields, timeout=20)
    others = {"csrf_token": proof(second.get(f"{guarded.url}/sign-in", timeout=20).text)}
    for _ in range(6):  # whichever process answers
        answer = requests.post(f"{guarded.url}{CHANGE}", cookies={"access": kept}, timeout=20)
        assert answer.status_code == 401
        assert second.post(f"{guarded.url}{CHANGE}", data=others, timeout=20).status_code == 200


def test_a_form_without_proof_that_it_is_ours_is_refused(guarded: Server) -> None:
    session, _ = sign_in(guarded)
    for fields in ({"other": "1"}, {"csrf_token": "forged"}):
        response = session.post(f"{guarded.url}{CHANGE}", data=fields, timeout=20)
        assert response.status_code == 403
        assert problem_of(response)["type"] == "urn:rabisco:problem:cross-site"


@pytest.mark.parametrize("headers", EVIL)
def test_another_site_can_make_a_browser_do_nothing_here(guarded: Server, headers: dict[str, str]) -> None:
    for path in (CHANGE, "/predict", "/predict/cnn", "/upload", "/sign-in", "/sign-out"):
        response = guarded.post(path, headers={**headers, "Authorization": f"Bearer {TOKEN}"})
        assert response.status_code == 403, path
        assert problem_of(response)["type"] == "urn:rabisco:problem:cross-site"
    assert guarded.get("/", headers=headers).status_code == 200


def test_our_own_pages_may(guarded: Server) -> None:
    for headers in ({"Origin": guarded.url}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
        assert guarded.post("/predict", files={"file": SEVEN}, headers=headers).status_code == 200


def test_all_processes_count_the_same_wrong_tokens_together(tmp_path: Path) -> None:
    with serving(tmp_path, access_token=TOKEN, workers=3) as server:
        with ThreadPoolExecutor(6) as crowd:  # so that none answers them all
            guess = {"headers": {"Authorization": "Bearer guess"}}
            asked = [crowd.submit(server.post, CHANGE, **guess) for _ in range(60)]
            statuses = [each.result().status_code for each in asked]
        assert set(statuses) == {401, 429}
        assert statuses.count(401) < 15  # ten, and what was looked at in the same moment
        assert sign_in(server)[1].status_code == 429
        assert server.get("/models").status_code == 200


def test_right_tokens_are_not_counted_nor_slowed_down_by_guesses_of_others(guarded: Server) -> None:
    for number in range(12):
        response = guarded.post(CHANGE, headers={"Authorization": f"Bearer {TOKEN}"})
        assert response.status_code == 200, number


def test_a_wrong_token_is_said_so_and_guessing_is_limited(guarded: Server) -> None:
    statuses = [sign_in(guarded, "guess")[1].status_code for _ in range(12)]
    assert statuses[0] == 401
    assert statuses[-1] == 429


@pytest.fixture(scope="module")
def behind_a_proxy(folder: Path) -> Iterator[Server]:
    with serving(folder, access_token=TOKEN, trusted_proxies="127.0.0.1") as running:
        yield running


@pytest.mark.parametrize(("path", "address"), [(CHANGE, "192.0.2.1"), ("/training", "192.0.2.2"), ("/", "192.0.2.3")])
def test_guessing_is_limited_wherever_a_token_is_looked_at(behind_a_proxy: Server, path: str, address: str) -> None:
    server, client = behind_a_proxy, {"X-Forwarded-For": address}
    ask = server.get if path == "/" else server.post
    for number in range(12):
        last = ask(path, headers={**PAGE, **client, "Authorization": f"Bearer guess-{number}"})
    assert last.status_code == (200 if path == "/" else 429)
    right = server.post(CHANGE, headers={**client, "Authorization": f"Bearer {TOKEN}"})
    assert right.status_code == 429
    assert problem_of(right)["type"] == "urn:rabisco:problem:too-many-requests"
    assert int(right.headers["retry-after"]) > 0
    assert server.post("/predict", headers=client, files={"file": SEVEN}).status_code == 200


@pytest.mark.parametrize("address", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:1"])
def test_signing_in_leads_to_no_other_site(address: str) -> None:
    client = create_app(Settings(access_token=TOKEN)).test_client()
    answer = client.post("/sign-in", data={"token": TOKEN, "next": address})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_the_key_of_the_cookies_is_made_once_and_only_its_owner_reads_it(guarded: Server, folder: Path) -> None:
    key = folder / "secret_key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_bytes()) == 32
    assert not list(folder.glob("secret_key.*"))


def test_a_server_that_others_reach_does_not_start_without_a_token(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfigurationError, match=r"RABISCO_ACCESS_TOKEN.*0\.0\.0\.0.*RABISCO_READ_ONLY=1"):
        serve(Settings(host="0.0.0.0", port=free_port(), home=tmp_path))
    with pytest.raises(InvalidConfigurationError, match="at least 16 characters, received 5"):
        serve(Settings(access_token="short", port=free_port(), home=tmp_path))


def test_read_only_serves_others_without_a_token_and_changes_nothing(tmp_path: Path) -> None:
    with serving(tmp_path, host="0.0.0.0", read_only=1) as server:
        response = server.post("/models/rollback")
        assert response.status_code == 403
        assert problem_of(response)["type"] == "urn:rabisco:problem:read-only"
        assert server.post("/predict", files={"file": SEVEN}).status_code == 200


def test_a_name_that_a_stranger_let_point_at_this_machine_opens_nothing(server: Server) -> None:
    assert server.post("/models/rollback", headers={"Host": "evil.example"}).status_code == 401
    assert server.post("/models/rollback").status_code != 401


@pytest.mark.parametrize(
    "header",
    ["X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "Via", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP"],
)
def test_what_a_proxy_passes_on_with_its_own_host_is_not_local(server: Server, header: str) -> None:
    local = {"Host": f"127.0.0.1:{server.port}"}
    assert server.post("/models/rollback", headers=local).status_code != 401
    assert server.post("/models/rollback", headers={**local, header: "203.0.113.9"}).status_code == 401
    assert server.post("/predict", headers={**local, header: "203.0.113.9"}, files={"file": SEVEN}).status_code == 200


def test_every_route_that_changes_something_is_guarded_or_says_why_not() -> None:
    listed = {(route.method, route.path): route for route in ROUTES.values()}
    for rule in create_app().url_map.iter_rules():
        for method in rule.methods - set(access.SAFE_METHODS):
            route = listed[method, rule.rule]
            assert route.needs_access != bool(route.open), route
    assert {route.path for route in ROUTES.values() if route.open} == {
        "/predict",
        "/predict/<model>",
        "/explain",
        "/upload",
        "/corrections",
        "/corrections/<number>",
        "/corrections/<number>/delete",
        "/corrections/delete",
        "/assistant/messages",
        "/assistant/clear",
        "/sign-in",
        "/sign-out",
    }
