"""A language model's server in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests


@dataclass(frozen=True)
class ModelServer:
    """A running server, and what it was asked."""

    url: str
    log: Path

    @property
    def requests(self) -> list[dict[str, Any]]:
        text = self.log.read_text(encoding="utf-8") if self.log.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def tell(self, behavior: str) -> None:
        """Let the model that is called "told" behave so."""
        requests.post(self.url.removesuffix("/v1") + "/told", json=behavior, timeout=60)


@pytest.fixture
def model_server(tmp_path: Path) -> Iterator[ModelServer]:
    yield from run_model_server(tmp_path)


def run_model_server(folder: Path) -> Iterator[ModelServer]:
    log = folder / "asked.jsonl"
    command = [sys.executable, "-m", "tests.assistant.model_server", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield ModelServer(f"http://127.0.0.1:{int(process.stdout.readline())}/v1", log)
        process.kill()
