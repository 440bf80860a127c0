"""What the images and the composition promise, as far as it can be seen without an engine that builds them."""

import re
import subprocess
from typing import Any

import pytest
import yaml
from benchmarks import ROOT

from rabisco.settings import Settings

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
NOT_OURS = {"PATH", "PYTHONUNBUFFERED"}


def stage(name: str) -> str:
    """Return the instructions of a stage and of the stages that it is made from."""
    parts = {found[2]: (found[1], found[3]) for found in STAGE.finditer(DOCKERFILE)}
    base, text = parts[name]
    return (stage(base) if base in parts else "") + text


STAGE = re.compile(r"^FROM (\S+) AS (\S+)\n(.*?)(?=^FROM |\Z)", re.DOTALL | re.MULTILINE)


def test_serving_is_the_default_target_and_has_no_tensorflow() -> None:
    assert STAGE.findall(DOCKERFILE)[-1][1] == "serve"
    assert "requirements/train.txt" not in stage("packages-serve")
    assert "requirements/train.txt" in stage("packages-train")


@pytest.mark.parametrize("target", ["serve", "train"])
def test_an_image_is_not_root_and_is_asked_for_its_health(target: str) -> None:
    text = stage(target)
    users = re.findall(r"^USER (\S+)", text, flags=re.MULTILINE)
    assert users[-1] == "10001:10001"
    assert "HEALTHCHECK" in text
    assert "/health" in text


def test_every_file_that_is_copied_exists_and_reaches_the_build() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    copied = [
        path
        for line in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, flags=re.MULTILINE)
        for path in line.split()
    ]
    assert copied
    for path in copied:
        assert (ROOT / path).exists()
    assert {path.split("/")[0] for path in copied if path != "."} <= let_in
    assert {"pyproject.toml", "README.md", "LICENSE", "src", "docker"} <= let_in


def test_only_settings_that_exist_are_given() -> None:
    given = set(
        re.findall(
            r"\b([A-Z][A-Z_]+)=", " ".join(re.findall(r"^ENV (.*?[^\\])$", DOCKERFILE, re.DOTALL | re.MULTILINE))
        )
    )
    for service in ("web", "trainer"):
        given |= set(COMPOSE["services"][service]["environment"])
    names = {f"RABISCO_{name.upper()}" for name in Settings.model_fields}
    assert given - NOT_OURS <= names


def test_the_composition_shares_the_models_and_one_server_trains() -> None:
    web, trainer = COMPOSE["services"]["web"], COMPOSE["services"]["trainer"]
    assert web["volumes"] == trainer["volumes"] == ["home:/data"]
    assert (web["build"]["target"], trainer["build"]["target"]) == ("serve", "train")
    assert (web["environment"]["RABISCO_TRAININGS"], trainer["environment"]["RABISCO_TRAININGS"]) == ("0", "1")
    assert web["environment"]["RABISCO_DATABASE_URL"] == trainer["environment"]["RABISCO_DATABASE_URL"]
    assert "postgres" in COMPOSE["services"]["database"]["image"]
    assert web["read_only"]
    assert trainer["read_only"]


def test_the_installing_script_is_correct_shell() -> None:
    subprocess.run(["sh", "-n", str(ROOT / "docker" / "install.sh")], check=True)
