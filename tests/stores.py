"""An object store that only these tests use: moto, as a process of its own, asked over HTTP like any other."""

import json
import os
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from tests.web.serving import free_port

from rabisco import objects
from rabisco.settings import get_settings

ONE_AFTER_ANOTHER = """
import threading
from moto.s3.responses import S3Response
from moto.server import main

lock, put_object = threading.Lock(), S3Response.put_object

def put_alone(response):
    with lock:
        return put_object(response)

S3Response.put_object = put_alone
main()
"""  # moto looks whether there is an object, then writes: two may both find none, which S3 promises cannot happen
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "an-id",
    "AWS_SECRET_ACCESS_KEY": "a-secret-that-nobody-logs",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@dataclass
class Store:
    """A store that runs, and one bucket in it."""

    url: str
    process: int
    bucket: str = ""

    @property
    def storage(self) -> str:
        """What ``RABISCO_STORAGE`` says."""
        return f"s3://{self.bucket}/school"

    @property
    def environment(self) -> dict[str, str]:
        """What a server needs to ask it."""
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.url, "RABISCO_STORAGE": self.storage}

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Keep it from answering."""
        process = psutil.Process(self.process)
        process.suspend()
        try:
            yield
        finally:
            process.resume()


@pytest.fixture(scope="session")
def running_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store without a bucket; skipped where moto or s3fs is not installed."""
    for name in ("s3fs", "moto", "flask_cors"):
        pytest.importorskip(name)
    port = free_port()
    log = tmp_path_factory.mktemp("store") / "log"
    with log.open("wb") as output:
        command = [sys.executable, "-c", ONE_AFTER_ANOTHER, "--host", "127.0.0.1", "--port", str(port)]
        environment = {**os.environ, "PYTHONPATH": "", "PYTHONWARNINGS": "ignore"}
        process = subprocess.Popen(command, env=environment, cwd=log.parent, stdout=output, stderr=output)
    try:
        yield _wait(Store(f"http://127.0.0.1:{port}", process.pid), process, log)
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def store(running_store: Store, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An empty bucket that the settings name."""
    one = Store(running_store.url, running_store.process, f"bucket-{secrets.token_hex(4)}")
    urllib.request.urlopen(urllib.request.Request(f"{one.url}/{one.bucket}", method="PUT")).close()
    for name, value in one.environment.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    objects.forget_connection()
    yield one
    objects.forget_connection()


def _wait(store: Store, process: "subprocess.Popen[bytes]", log: Path) -> Store:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{store.url}/moto-api/data.json", timeout=5) as answer:
                json.load(answer)
        except OSError:
            time.sleep(0.1)
        else:
            return store
    raise AssertionError("the object store did not answer in time")
