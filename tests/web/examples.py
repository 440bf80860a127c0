"""Sends the requests that the OpenAPI document shows to a real server: ``python -m tests.web.examples``.

That command records what the document shows as answers. The server starts no trainings, so what is ordered of a run is
answered at once and nothing has to be waited for. What an address names is made first.
"""

import itertools
import json
import os
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema_rs
import requests
from tests.versions import add_version
from tests.web.serving import PROGRAM, Server, free_port, serving
from tests.web.training import wait_for

from rabisco import artifacts, store
from rabisco.runs.session import claim
from rabisco.settings import get_settings
from rabisco.web import create_app
from rabisco.web.platform import refusals
from rabisco.web.platform.access import SigningIn
from rabisco.web.platform.examples import FILE, SEVEN, TABLE
from rabisco.web.platform.fields import JSON, MULTIPART
from rabisco.web.platform.routing import ROUTES, Route
from rabisco.web.train.sweeps import EXAMPLE

TOKEN = str(SigningIn.requests[0]["token"])
DOCUMENT: dict[str, Any] = create_app().test_client().get("/openapi.json").json
PAGE, FILES = "text/html", ("train", "test")
ENDED_FIRST = ("resume_run", "delete_run", "follow_run")
FAULT = (
    "import rabisco.web as web; made = web.create_app; "
    "web.create_app = lambda *a, **b: (lambda app: (app.add_url_rule('/fault', view_func=lambda: 1 / 0), app)[1])("
    "made(*a, **b)); "
)


@dataclass
class Sent:
    """A request of the document.

    Attributes:
        route: What it is sent to.
        media: Type of its body; empty without one.
        query: Its fields in the address.
        body: Its fields, or the address of the file that is its body.
    """

    route: Route
    media: str = ""
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None

    def __str__(self) -> str:
        """Return what it is, for a list of tests."""
        asked = " ".join([*self.query, *(self.body if isinstance(self.body, dict) else ())])
        return f"{self.route.operation} {self.media.rpartition('/')[2]} {asked}".strip()


def shown(route: Route) -> Iterator[Sent]:
    """Yield every request of a route: its bodies, its fields in the address one by one and together."""
    path = route.path.replace("<", "{").replace(">", "}")
    operation = DOCUMENT["paths"][path][route.method.lower()]
    asked = [one for one in operation.get("parameters", ()) if one["in"] == "query"]
    needed = {one["name"]: one["example"] for one in asked if one["required"]}
    queries = [{**needed, one["name"]: one["example"]} for one in asked]
    bodies = [
        Sent(route, media, body=example.get("value", example.get("externalValue")))
        for media, content in operation.get("requestBody", {}).get("content", {}).items()
        for example in content["examples"].values()
    ]
    if bodies:
        yield from bodies
        yield from (Sent(route, bodies[0].media, query, bodies[0].body) for query in queries)
    else:
        together = route.receives.requests if route.receives else ({},)
        yield from (Sent(route, query=query) for query in (*queries, *together))


class Stage:
    """A server whose things are those that the document's addresses name.

    Args:
        server: It.
        home: Its home, which must be that of this process.
    """

    def __init__(self, server: Server, home: Path) -> None:
        self.server, self.home, self._session = server, home, requests.Session()
        self._ready = ""
        self._session.headers["Authorization"] = f"Bearer {TOKEN}"

    def send(self, sent: Sent, accept: str) -> requests.Response:
        """Make what the request names, and return what is answered to it."""
        path = sent.route.path
        for name in ("run_id", "sweep_name", "upload_id", "measuring_id", "number"):
            if f"<{name}>" in path:
                path = path.replace(f"<{name}>", getattr(self, f"_{name}")(sent.route.operation))
        path = path.replace("<name>", "mnist-cnn").replace("<version>", "1").replace("<model>", "cnn")
        if sent.route.method == "POST" and path.startswith("/models"):
            self._versions()
        if sent.route.operation == "retrain":
            self._number("retrain")
        return self._ask(
            sent.route.method,
            path,
            headers={"Accept": accept},
            params=self._there(sent.query),
            **self._body(sent),
        )

    def _body(self, sent: Sent) -> dict[str, Any]:
        if isinstance(sent.body, str):
            picture = self._session.get(self.server.url + sent.body, timeout=20).content
            return {"data": picture}
        fields = self._there(sent.body or {})
        if sent.media == JSON:
            return {"json": fields}
        plain = {name: _written(value) for name, value in fields.items() if name not in FILES}
        if sent.media != MULTIPART:
            return {"data": plain}
        files = [(name, (f"{name}.csv", fields[name])) for name in FILES if name in fields]
        parts = [(name, (None, one)) for name, value in plain.items() for one in _several(value)]
        return {"files": files + parts}

    def _there(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return fields whose upload is one that exists."""
        found = dict(fields)
        if "upload" in found:
            found["upload"] = self._upload_id("ready")
        return found

    def _ask(self, method: str, path: str, **options: Any) -> requests.Response:
        return self._session.request(method, self.server.url + path, timeout=30, **options)

    def _run_id(self, operation: str) -> str:
        run = self._ask("POST", "/training", json={"dataset": "digits", "preset": "seconds"}).json()["id"]
        if operation == "stop_run":
            assert claim(run)
        if operation in ENDED_FIRST:
            self._ask("POST", f"/runs/{run}/cancel")
        return str(run)

    def _sweep_name(self, _: str) -> str:
        asked = {"sweep": EXAMPLE, "name": "rates"}
        return str(self._ask("POST", "/sweeps", json=asked).json()["name"])

    def _upload_id(self, operation: str) -> str:
        kept = operation not in ("inspect_upload", "cancel_upload", "delete_upload")
        if kept and self._ready:
            return self._ready
        upload = str(self._ask("POST", "/uploads", files={"train": ("train.csv", TABLE)}).json()["id"])
        if kept:
            wait_for(lambda: self._ask("GET", f"/uploads/{upload}").json(), "ready")
            self._ready = upload
        return upload

    def _measuring_id(self, _: str) -> str:
        return str(
            self._ask("POST", "/compare/measurements", json={"model": ["mnist-tiny", "mnist-linear"]}).json()["id"]
        )

    def _number(self, operation: str) -> str:
        reading = {"model": "mnist-tiny", "version": 0, "predicted": "1", "probability": 0.6}
        said = {"image": SEVEN, "true_label": "7", "consent": True}
        if operation == "retrain":
            said["readings"] = [reading]
        return str(self._ask("POST", "/corrections", json=said).json()["corrections"][0]["id"])

    def _versions(self) -> None:
        with suppress(Exception):
            artifacts.delete_model("mnist-cnn")
        for _ in range(2):
            add_version("mnist-cnn", like="mnist-cnn")
        artifacts.promote("mnist-tiny")


def _written(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value


def _several(value: Any) -> list[str]:
    return [str(one) for one in (value if isinstance(value, list) else [value])]


@contextmanager
def stage(home: Path) -> Iterator[Stage]:
    """Run a server with an access token that starts no trainings, in a home that is also that of this process."""
    with serving(home, trainings=0, access_token=TOKEN) as server:
        yield Stage(server, home)


def problems(home: Path) -> Iterator[requests.Response]:
    """Yield an answer of each status that is an error, of servers that have reason for it."""
    page, picture = {"Accept": "text/html"}, {"image": SEVEN}
    with serving(home / "a", access_token=TOKEN, trainings=0) as server:
        bearer = {"headers": {"Authorization": f"Bearer {TOKEN}"}}
        for headers in ({}, page):
            yield server.post("/predict", headers=headers)
            yield server.post("/training", json={"dataset": "digits"}, headers=headers)
            yield server.post("/predict", json=picture, headers={**headers, "Origin": "http://elsewhere.example"})
            yield server.get("/models/nobody", headers=headers)
            yield server.post("/models/cnn/versions/0/delete", headers={**headers, **bearer["headers"]})
            yield server.post("/predict", json={"images": [SEVEN] * 65}, headers=headers)
            yield server.post("/predict", files={"file": b"text"}, headers=headers)
            yield server.post("/predict", json={**picture, "modle": "cnn"}, headers=headers)
    with serving(home / "b", rate_limit="1 per hour") as server:
        server.post("/predict", json=picture)
        for headers in ({}, page):
            yield server.post("/predict", json=picture, headers=headers)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = {"assistant_url": f"http://127.0.0.1:{silent.getsockname()[1]}/v1", "assistant_timeout": 1}
        with serving(home / "c", bundled=False, program=FAULT + PROGRAM, **settings) as server:
            for headers in ({}, page):
                yield server.get("/fault", headers=headers)
                yield server.get("/models/mnist-cnn", headers=headers)
                yield server.post("/predict", json=picture, headers=headers)
                yield server.post("/assistant/messages", json={"question": "Why?"}, headers=headers)
    database = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    with (
        serving(home / "d", database_url=database) as server,
        serving(home / "e", assistant_url=f"{server.url}/no-language-model") as other,
    ):
        for headers in ({}, page):
            yield server.get("/runs/nobody", headers=headers)
            yield other.post("/assistant/messages", json={"question": "Why?"}, headers=headers)


def shortened(value: Any) -> Any:
    """Return a value with two of each long list, the beginning of long texts, and a small picture for large ones."""
    if isinstance(value, dict):
        return {name: shortened(one) for name, one in value.items()}
    if isinstance(value, list):
        return [shortened(one) for one in (value if len(value) <= 4 else value[:2])]
    if isinstance(value, str) and len(value) > 400:
        return SEVEN if value.startswith("data:image/png;") else value[:400].rstrip() + "…"
    return value


def harvest(value: Any, schema: dict[str, Any], found: dict[str, Any]) -> None:
    """Keep, of each named schema, the first value that has its form."""
    if not isinstance(schema, dict):  # True: of anything
        return
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = DOCUMENT["components"]["schemas"][name]
        found[name] = max(found.get(name, {}), shortened(value), key=lambda one: len(json.dumps(one)))
    for option in schema.get("anyOf", ()) if value is not None else ():
        if jsonschema_rs.is_valid({**option, "components": DOCUMENT["components"]}, value):
            harvest(value, option, found)
    if isinstance(value, dict):
        for name, one in value.items():
            harvest(one, schema.get("properties", {}).get(name) or schema.get("additionalProperties") or {}, found)
    for one in value if isinstance(value, list) else ():
        harvest(one, schema.get("items", {}), found)


def trained(home: Path) -> Iterator[tuple[str, Any]]:
    """Yield path and answer of what takes its time: a look at data, a measurement, trainings, wrong labels."""
    with serving(home) as server:

        def get(path: str, *states: str, **query: Any) -> Any:
            def ask() -> dict[str, Any]:
                answer: dict[str, Any] = server.get(path, params=query, headers={"Accept": JSON}).json()
                return answer

            return wait_for(ask, *states, seconds=900) if states else ask()

        upload = server.post("/uploads", files={"train": ("train.csv", TABLE + "\nL,1,2,3\n")}).json()["id"]
        yield "/uploads/{upload_id}", get(f"/uploads/{upload}", "ready", "unusable")
        models = {"model": ["mnist-tiny", "mnist-linear"]}
        measuring = server.post("/compare/measurements", json=models).json()["id"]
        get(f"/compare/measurements/{measuring}", "done", "failed")
        yield "/compare", get("/compare", **models)
        server.post("/label-errors", json={"dataset": "digits"})
        yield "/label-errors", get("/label-errors", "ready", "failed", dataset="digits")
        run = server.post("/training", json={"dataset": "digits", "preset": "seconds", "name": "mine"}).json()["id"]
        yield "/runs/{run_id}", get(f"/runs/{run}", "succeeded", "unlearned", "failed")
        yield "/runs/{run_id}/events", get(f"/runs/{run}/events")
        reading = {"model": "mine", "version": 1, "predicted": "1", "probability": 0.6}
        server.post("/corrections", json={"image": SEVEN, "true_label": "7", "consent": True, "readings": [reading]})
        run = server.post("/corrections/retrain", json={"model": "mine"}).json()["id"]
        yield "/runs/{run_id}", get(f"/runs/{run}", "succeeded", "unlearned", "failed")


def requested() -> Iterator[tuple[Any, dict[str, Any]]]:
    """Yield each body of a request in JSON, and its schema."""
    for item in DOCUMENT["paths"].values():
        for operation in item.values():
            content = operation.get("requestBody", {}).get("content", {}).get(JSON, {"examples": {}})
            yield from ((example["value"], content["schema"]) for example in content["examples"].values())


def main() -> None:
    """Record the answers."""
    schemas: dict[str, Any] = {}
    contents: dict[str, dict[str, str]] = {}
    found: dict[str, dict[str, Any]] = {}
    page = ""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        home = Path(name)
        os.environ |= {"RABISCO_HOME": str(home), "RABISCO_TRAININGS": "8"}  # of this process, which begins some
        get_settings.cache_clear()
        store.close()
        with stage(home) as playing:
            for sent in itertools.chain.from_iterable(map(shown, ROUTES.values())):
                described = described_of(sent.route)
                for media in described["content"]:
                    answer = playing.send(sent, media)
                    if not is_well(sent, media, answer):
                        print(str(sent), answer.status_code, answer.text[:300])
                        continue
                    kind = answer.headers["Content-Type"].partition(";")[0]
                    if kind == JSON and sent.route.answer:
                        harvest(answer.json(), described["content"][kind]["schema"], schemas)
                    elif kind == PAGE:
                        page = page or shortened(answer.text)
                    elif kind.startswith("text/") or "svg" in kind or kind == JSON:
                        contents.setdefault(sent.route.operation, {}).setdefault(kind, shortened(answer.text))
        store.close()
        for answer in problems(home / "problems"):
            if "json" in answer.headers["Content-Type"]:
                found.setdefault(str(answer.status_code), answer.json())
                harvest(answer.json(), {"$ref": "#/components/schemas/Problem"}, schemas)
        found["408"] = json.loads(refusals.answer(408)[2])  # else a minute would have to be waited for
        for path, told in trained(home / "trained"):
            harvest(told, DOCUMENT["paths"][path]["get"]["responses"]["200"]["content"][JSON]["schema"], schemas)
        for body, schema in requested():
            harvest(body, schema, schemas)
    recorded = {"schemas": schemas, "contents": contents, "problems": found, "page": page}
    FILE.write_text(json.dumps(recorded, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def is_well(sent: Sent, media: str, answer: requests.Response) -> bool:
    """Return whether an answer is the one that the document promises; a browser's form has been led on to a page."""
    return answer.status_code == sent.route.success or (media == PAGE and answer.status_code == 200)


def described_of(route: Route) -> dict[str, Any]:
    """Return what the document says of a route's answer when all is well."""
    path = route.path.replace("<", "{").replace(">", "}")
    described: dict[str, Any] = DOCUMENT["paths"][path][route.method.lower()]["responses"][str(route.success)]
    return described


if __name__ == "__main__":
    main()
