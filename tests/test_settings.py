"""The environment as input: what settings take, what they refuse, and what is said about it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests import forking

from rabisco.cli import rabisco
from rabisco.errors import InvalidConfigurationError
from rabisco.settings import get_settings, unknown_variables


@pytest.fixture
def given(monkeypatch):
    def settings_given(**variables: str):
        for name, value in variables.items():
            monkeypatch.setenv(f"RABISCO_{name.upper()}", value)
        get_settings.cache_clear()
        return get_settings()

    return settings_given


def test_an_empty_variable_is_the_default(given) -> None:
    settings = given(port="", rate_limit="", default_model="", max_upload_bytes="")
    assert (settings.port, settings.default_model, settings.max_upload_bytes) == (3000, "mnist-cnn", 2**24)


@pytest.mark.parametrize(
    ("text", "size"), [("16MB", 16_000_000), ("16MiB", 2**24), ("16777216", 2**24), ("2 GiB", 2**31)]
)
def test_sizes_take_units(given, text: str, size: int) -> None:
    assert given(max_training_bytes=text).max_training_bytes == size


def test_a_tilde_in_a_folder_is_the_home_folder(given) -> None:
    settings = given(home="~/doodles", data_dir="~/data")
    assert (settings.home, settings.data_dir) == (Path.home() / "doodles", Path.home() / "data")


@pytest.mark.parametrize(
    "address", ["", "auto", "local", "head:6379", "ray://head.example:10001", "ray://[::1]:10001"]
)
def test_the_address_of_a_cluster_is_taken(given, address: str) -> None:
    assert given(runner=address).runner == address


@pytest.mark.parametrize("address", ["ray", "http://head:8265", "ray://head", "head:port", "a b:1"])
def test_what_is_no_address_of_a_cluster_is_refused(given, address: str) -> None:
    with pytest.raises(InvalidConfigurationError, match=r"RABISCO_RUNNER=.*expected ray://host:port"):
        given(runner=address)


@pytest.mark.parametrize("storage", ["", "s3://school", "s3://school/", "s3://my.bucket-1/deep/prefix"])
def test_the_place_of_an_object_store_is_taken(given, storage: str) -> None:
    assert given(storage=storage).storage == storage.rstrip("/")


@pytest.mark.parametrize(
    "storage", ["school", "s3://", "s3://UPPER", "gs://school", "s3://id:key@school", "s3://a/../b?"]
)
def test_what_is_no_place_of_an_object_store_is_refused_without_a_key_in_it(given, storage: str) -> None:
    with pytest.raises(InvalidConfigurationError, match=r"RABISCO_STORAGE=.*expected s3://bucket") as refused:
        given(storage=storage)
    assert "id:key" not in str(refused.value)


def test_a_cluster_runs_as_many_trainings_as_it_bears_unless_it_is_said_how_many(given) -> None:
    assert given().most_trainings == 1
    assert given(runner="auto").most_trainings > 1000
    assert given(trainings="2").most_trainings == 2


def test_a_token_read_from_a_file_loses_its_line_feed(given) -> None:
    assert given(access_token="secret\n").access_token == "secret"


def test_a_key_lies_in_a_file_that_can_be_read_or_is_refused(given, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-secret\n")
    settings = given(assistant_key_file=str(tmp_path / "key"))
    assert settings.assistant_secret == "sk-secret"
    with pytest.raises(InvalidConfigurationError, match=r"RABISCO_ASSISTANT_KEY_FILE=.*expected a text file"):
        given(assistant_key_file=str(tmp_path / "nowhere"))
    with pytest.raises(InvalidConfigurationError, match="expected a URL such as"):
        given(assistant_key_file="", assistant_url="localhost:11434")


def test_every_mistake_has_a_line_with_variable_value_and_what_was_expected(given) -> None:
    wrong = {"port": "http", "workers": "0", "rate_limit": "60", "log_format": "xml", "max_upload_bytes": "big"}
    with pytest.raises(InvalidConfigurationError) as caught:
        given(**wrong, access_token="two\nlines")
    first, *lines = str(caught.value).splitlines()
    assert first.endswith(":")
    assert sorted(lines) == [
        "RABISCO_ACCESS_TOKEN=(hidden): expected one line of printable characters",
        "RABISCO_LOG_FORMAT='xml': expected 'text' or 'json'",
        "RABISCO_MAX_UPLOAD_BYTES='big': expected a number of bytes, or a size such as 16MB or 2GiB",
        "RABISCO_PORT='http': expected a whole number",
        "RABISCO_RATE_LIMIT='60': expected a number of requests and a time, such as 60/minute",
        "RABISCO_WORKERS='0': expected at least 1",
    ]


def test_a_command_ends_with_the_mistakes_and_without_a_traceback() -> None:
    environment = {**os.environ, "RABISCO_PORT": "16MB"}
    command = [sys.executable, "-m", "rabisco", "models"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "RABISCO_PORT='16MB': expected a whole number" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_settings_command_says_where_each_value_comes_from_and_hides_secrets(given) -> None:
    given(port="8080", access_token="secret")
    shown = CliRunner().invoke(rabisco, ["settings"]).output
    assert "8080  [environment]" in shown
    assert "127.0.0.1  [default]" in shown
    assert "secret" not in shown


def test_a_misspelled_variable_is_named_with_the_nearest_setting(given) -> None:
    given(prot="8080")
    assert unknown_variables()["RABISCO_PROT"] == "RABISCO_PORT"
    assert "RABISCO_PROT is no setting; did you mean RABISCO_PORT?" in CliRunner().invoke(rabisco, ["settings"]).output


def test_a_default_model_that_is_not_there_ends_the_server_before_it_serves(tmp_path: Path) -> None:
    environment = {**os.environ, "RABISCO_DEFAULT_MODEL": "minst-cnn", "RABISCO_PORT": "0"}
    ended = forking.run_python("server", ["-m", "rabisco", "serve"], env=environment)
    assert ended.returncode == 1
    assert "RABISCO_DEFAULT_MODEL='minst-cnn'" in ended.stderr
    assert "mnist-cnn" in ended.stderr
