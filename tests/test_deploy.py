"""What ``deploy/`` starts: manifests that a cluster accepts, settings that exist, a proxy that hides a dead server."""

import copy
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
import yaml
from benchmarks import ROOT
from tests.databases import postgresql  # noqa: F401 - a fixture
from tests.web.serving import Server, free_port, serving, seven_png, start, wait_until_live

from rabisco.settings import Settings

DEPLOY = ROOT / "deploy"
MANIFESTS = sorted(path for path in (DEPLOY / "kubernetes").glob("*.yaml") if path.name != "kustomization.yaml")
OBJECTS: list[dict[str, Any]] = [one for path in MANIFESTS for one in yaml.safe_load_all(path.read_text())]
PODS = [one for one in OBJECTS if "template" in one.get("spec", {})]
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
KUBERNETES = ["1.31", "1.37"]


def title(one: dict[str, Any]) -> str:
    return f"{one['kind']} {one['metadata']['name']}"


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("manifest", OBJECTS, ids=title)
def test_every_manifest_is_what_the_schema_of_its_kind_wants(manifest: dict[str, Any], version: str) -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    kubernetes_validate.validate(manifest, version, strict=True)


def test_a_manifest_with_a_misspelled_field_would_be_refused() -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    wrong = yaml.safe_load((DEPLOY / "kubernetes" / "namespace.yaml").read_text().partition("---")[2])
    wrong["spec"]["accessMode"] = wrong["spec"].pop("accessModes")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES[-1], strict=True)


def test_all_manifests_are_applied() -> None:
    listed = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == [path.name for path in MANIFESTS]
    kinds = {one["kind"] for one in OBJECTS}
    assert {"Deployment", "HorizontalPodAutoscaler", "NetworkPolicy", "PodDisruptionBudget", "Ingress"} <= kinds


@pytest.mark.parametrize("manifest", PODS, ids=title)
def test_every_pod_is_bounded_asked_for_its_health_and_not_root(manifest: dict[str, Any]) -> None:
    pod = manifest["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"cpu", "memory"} <= set(container["resources"]["requests"])
    assert "memory" in container["resources"]["limits"]
    assert {"readinessProbe", "livenessProbe"} <= set(container)
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    claimed = {one["metadata"]["name"] for one in manifest["spec"].get("volumeClaimTemplates", [])}
    assert mounted == claimed | {volume["name"] for volume in pod["volumes"]}


def test_names_within_the_manifests_and_the_composition_are_of_what_is_there() -> None:
    settings = {f"RABISCO_{name.upper()}" for name in Settings.model_fields}
    named = [one for text in (DEPLOY / "kubernetes").glob("*.yaml") for one in names_in(text)]
    assert len(named) > 5
    assert set(named) | set(names_in(DEPLOY / "compose.yaml")) <= settings | {"RABISCO_DATABASE_PASSWORD"}
    labels = {one["spec"]["template"]["metadata"]["labels"]["app"] for one in PODS}
    text = "".join(path.read_text() for path in MANIFESTS)
    assert set(re.findall(r"app: (\S+)", text)) == labels == {"web", "trainer", "database"}
    upstream = re.findall(r"server (\S+):3000", (DEPLOY / "nginx.conf").read_text())
    assert upstream == [name for name in COMPOSE["services"] if name.startswith("web")]
    address = COMPOSE["services"]["proxy"]["networks"]["default"]["ipv4_address"]
    assert COMPOSE["services"]["web-1"]["environment"]["RABISCO_TRUSTED_PROXIES"] == address


def test_with_an_object_store_each_server_has_its_own_volume_and_what_speaks_to_it() -> None:
    beside = yaml.safe_load((DEPLOY / "compose.s3.yaml").read_text(encoding="utf-8"))
    servers = {name: one for name, one in beside["services"].items() if name != "store"}
    assert servers.keys() == {name for name, one in COMPOSE["services"].items() if "RABISCO_DATABASE_URL" in str(one)}
    assert all(one["volumes"] == [f"{name}:/data"] for name, one in servers.items())
    assert set(beside["volumes"]) == {*servers, "store"}
    for one in servers.values():
        assert set(names_in(DEPLOY / "compose.s3.yaml")) - {"RABISCO_DATABASE_PASSWORD"} == {"RABISCO_STORAGE"}
        assert Settings(storage=one["environment"]["RABISCO_STORAGE"]).storage
        assert one["environment"]["AWS_ENDPOINT_URL"] == "http://store:9000"
        (argument,) = one["build"]["args"]
        assert f"ARG {argument}=\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize("version", KUBERNETES)
def test_with_an_object_store_no_pod_of_a_cluster_shares_a_volume(version: str) -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    folder = DEPLOY / "kubernetes-s3"
    laid_over = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    assert laid_over["resources"] == ["../kubernetes", "store.yaml"]
    kubernetes_validate.validate(yaml.safe_load((folder / "store.yaml").read_text()), version, strict=True)
    servers, claim = laid_over["patches"]
    assert yaml.safe_load(claim["patch"])["$patch"] == "delete"
    patched = [patch_of(one, yaml.safe_load(servers["patch"])) for one in PODS if named(one, servers["target"])]
    assert [one["metadata"]["name"] for one in patched] == ["trainer", "web"]
    for one in patched:
        kubernetes_validate.validate(one, version, strict=True)
        pod = one["spec"]["template"]["spec"]
        assert pod["volumes"][0] == {"name": "home", "emptyDir": {}}
        assert pod["containers"][0]["envFrom"] == [{"secretRef": {"name": "rabisco-store"}}]
    left = [one for one in OBJECTS if not named(one, claim["target"])]
    assert "claimName" not in str([one for one in patched + left if one not in PODS])


def named(one: dict[str, Any], target: dict[str, str]) -> bool:
    return one["kind"] == target["kind"] and bool(re.fullmatch(target["name"], one["metadata"]["name"]))


def patch_of(one: dict[str, Any], patch: list[dict[str, Any]]) -> dict[str, Any]:
    """Apply a JSON patch (RFC 6902), as far as ours go."""
    one = copy.deepcopy(one)
    for step in patch:
        *parents, last = [int(part) if part.isdecimal() else part for part in step["path"].split("/")[1:]]
        place: Any = one
        for part in parents:
            place = place[part]
        if step["op"] == "test":
            assert place[last] == step["value"]
        else:
            assert (step["op"] == "add") == (last not in place if isinstance(place, dict) else False)
            place[last] = step["value"]
    return one


def names_in(path: Path) -> list[str]:
    return re.findall(r"\bRABISCO_[A-Z_]+", path.read_text(encoding="utf-8"))


@contextmanager
def proxied(folder: Path, ports: list[int]) -> Iterator[str]:
    """Run nginx with the file that is deployed, before servers on these ports; yield its address."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        pytest.skip("nginx is not installed")
    text, listens = (DEPLOY / "nginx.conf").read_text(encoding="utf-8"), free_port()
    for number, port in enumerate(ports, 1):
        text = text.replace(f"web-{number}:3000", f"127.0.0.1:{port}")
    text = text.replace("/tmp", str(folder)).replace("listen 8080", f"listen 127.0.0.1:{listens}")
    (folder / "nginx.conf").write_text(text.replace("worker_processes auto", "worker_processes 1"), encoding="utf-8")
    command = [nginx, "-c", str(folder / "nginx.conf"), "-e", "stderr", "-g", "daemon off;"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + 20
            while True:
                try:
                    requests.get(f"http://127.0.0.1:{listens}/health", timeout=10)
                except requests.ConnectionError:
                    assert process.poll() is None
                    assert time.monotonic() < until
                    time.sleep(0.05)
                else:
                    break
            yield f"http://127.0.0.1:{listens}"
        finally:
            process.terminate()


@dataclass
class Pair:
    """Two servers that share a database and a home, and nginx before them."""

    servers: list[Server]
    address: str
    asked: dict[str, object]

    def restart(self, server: Server) -> None:
        """Start a server that has ended, and return once it answers."""
        server.process = start(server.port, **self.asked)
        wait_until_live(server)

    @contextmanager
    def under_load(self, clients: int) -> Iterator[list[int | str]]:
        """Yield the statuses, or errors, of requests by so many clients, as they come; every picture is answered."""
        statuses, over, picture = list[int | str](), threading.Event(), seven_png()

        def ask(model: str) -> None:
            address = f"{self.address}/predict{model}"
            while not over.is_set():
                try:
                    statuses.append(requests.post(address, files={"file": picture}, timeout=30).status_code)
                except requests.RequestException as error:
                    statuses.append(repr(error))

        threads = [threading.Thread(target=ask, args=["/linear" if one % 2 else ""]) for one in range(clients)]
        for thread in threads:
            thread.start()
        try:
            yield statuses
        finally:
            over.set()
            for thread in threads:
                thread.join()


@pytest.fixture(scope="module")
def pair(postgresql: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:  # noqa: F811
    """Two servers behind nginx, for all tests of this file: they are restarted, and killed and started again."""
    home = tmp_path_factory.mktemp("pair")
    asked = {"home": home, "database_url": postgresql, "trainings": 0, "rate_limit": "100000/day"}
    with serving(**asked) as first, serving(**asked) as second, proxied(home, [first.port, second.port]) as address:
        yield Pair([first, second], address, asked)


@pytest.mark.slow
def test_a_promotion_reaches_both(pair: Pair) -> None:
    first, second = pair.servers
    picture = seven_png()
    assert second.post("/predict", files={"file": picture}).json()["predictions"][0]["model"] == "mnist-cnn"
    assert first.post("/models/mnist-linear/promote").status_code == 200
    until = time.monotonic() + 5
    while second.post("/predict", files={"file": picture}).json()["predictions"][0]["model"] != "mnist-linear":
        assert time.monotonic() < until


@pytest.mark.slow
@pytest.mark.parametrize("place", [0, 1])
def test_either_server_that_is_killed_costs_no_more_than_what_was_in_flight(pair: Pair, place: int) -> None:
    victim, clients = pair.servers[place], 4
    with pair.under_load(clients) as statuses:
        wait_for(statuses, 40)
        for process in (*psutil.Process(victim.process.pid).children(recursive=True), victim.process):
            process.kill()
        victim.process.communicate()
        killed_at = len(statuses)
        wait_for(statuses, 100)
        pair.restart(victim)
        wait_for(statuses, 20)
    assert sum(one != 200 for one in statuses) <= clients  # whose answers had begun
    assert set(statuses[killed_at + 2 * clients :]) == {200}


@pytest.mark.slow
def test_servers_count_together_and_restart_in_turn_without_a_failed_request(pair: Pair) -> None:
    first, second = pair.servers
    with pair.under_load(3) as statuses:
        for server in (first, second, first):
            wait_for(statuses, 30)
            server.process.terminate()
            server.process.communicate(timeout=60)
            pair.restart(server)
    assert set(statuses) == {200}
    left = [int(server.get("/models").headers["X-RateLimit-Remaining"]) for server in (first, second, first)]
    assert left == [99_999, 99_998, 99_997]


def wait_for(statuses: list[int | str], more: int) -> None:
    """Return once so many more requests have been answered."""
    enough, until = len(statuses) + more, time.monotonic() + 60
    while len(statuses) < enough:
        assert time.monotonic() < until
        time.sleep(0.01)
