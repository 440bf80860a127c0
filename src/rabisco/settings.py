"""All settings, in one table: each is an environment variable with the prefix ``RABISCO_``."""

import difflib
import gc
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypedDict

from platformdirs import user_cache_path, user_data_path
from pydantic import AfterValidator, ByteSize, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from rabisco.errors import InvalidConfigurationError

PREFIX = "RABISCO_"
MOST_WORKERS = 4  # unless they are asked for
MOST_ON_CLUSTER = 10_000
Folder = Annotated[Path, AfterValidator(Path.expanduser)]


def usual_workers() -> int:
    """Return how many server processes the processors can keep busy; each loads the pages that it is asked for."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, MOST_WORKERS)


class PictureLimits(TypedDict):
    """What is accepted of strangers' pictures; the arguments of ``rabisco.images.decode``."""

    max_bytes: int
    max_pixels: int


class Settings(BaseSettings):
    """Settings of this process; every field's description is printed in the documentation."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore")

    home: Folder = Field(
        default_factory=lambda: user_data_path("rabisco"),
        description="Folder for trained artifacts, runs and the database.",
    )
    data_dir: Folder | None = Field(
        default=None,
        description="Folder searched first for data sets (the official files).",
    )
    cache_dir: Folder = Field(
        default_factory=lambda: user_cache_path("rabisco"),
        description="Folder for downloaded data sets, and for what is drawn once and used again.",
    )
    host: str = Field(default="127.0.0.1", description="Address that `rabisco serve` listens on.")
    port: int = Field(default=3000, ge=0, le=65535, description="Port that `rabisco serve` listens on.")
    workers: int = Field(
        default_factory=usual_workers,
        ge=1,
        le=64,
        description="Server processes of `rabisco serve`; a single one by default where a rate is limited and the "
        "database is SQLite, for each counts for itself then.",
    )
    threads: int = Field(default=4, ge=1, le=256, description="Requests that one server process answers at a time.")
    default_model: str = Field(
        default="mnist-cnn",
        description="Model that answers `/predict` when the request names none and none has been promoted.",
    )
    keep_versions: int = Field(
        default=10,
        ge=1,
        description="Versions kept of each model; a save beyond them removes the oldest that no roll-back needs.",
    )
    database_url: str = Field(
        default="",
        repr=False,
        description="Database of runs and corrections, `postgresql://…`; empty means SQLite in `RABISCO_HOME`.",
    )
    storage: str = Field(
        default="",
        description="Object store of models, uploads and checkpoints, `s3://bucket/prefix`, for servers without a "
        "folder in common; the variables `AWS_…` say who asks and where. Empty means `RABISCO_HOME` alone.",
    )
    trainings: int = Field(
        default=1,
        ge=0,
        le=MOST_ON_CLUSTER,
        description="Trainings that run at the same time; others wait. On a cluster, as many as it has room for "
        "unless this is set. 0 leaves all to another server of this home.",
    )
    runner: str = Field(
        default="",
        description="Where trainings run: a Ray cluster, as `ray://head:10001`, as `head:6379`, or `auto` for the one "
        "that this machine belongs to; `local` starts one here. Empty means processes of this machine.",
    )
    training_cpus: float = Field(
        default=1, gt=0, le=1024, description="Processors that a cluster keeps for a training that asks for none."
    )
    training_gpus: float = Field(
        default=0, ge=0, le=1024, description="GPUs that a cluster keeps for a training that asks for none."
    )
    training_memory: ByteSize = Field(
        default=ByteSize(0),
        description="Memory that a cluster keeps for a training that asks for none, in bytes or with a unit.",
    )
    training_threads: int = Field(
        default=0,
        ge=0,
        le=256,
        description="Threads that one training computes with; 0 means as many as there are processors.",
    )
    training_niceness: int = Field(
        default=10,
        ge=0,
        le=19,
        description="How far a training gives way to other processes: 0 not at all; 19 wholly, it computes while no "
        "other does.",
    )
    access_token: str = Field(
        default="",
        repr=False,
        description="What must be known to train, to change models and to ask the assistant; needed to listen on more "
        "than this machine.",
    )
    read_only: bool = Field(
        default=False,
        description="`1` switches off training, changing models and the assistant; then no token is needed.",
    )
    trusted_proxies: str = Field(
        default="",
        description="Proxies that are believed what they say of their clients (`X-Forwarded-For`, `-Proto`, `-Host`, "
        "`-Prefix`), as addresses or networks: `127.0.0.1 10.0.0.0/8`. What they pass on is never from this machine.",
    )
    allowed_origins: str = Field(
        default="",
        description="Sites whose pages may ask this server from a browser, such as `https://lab.example`, by space.",
    )
    rate_limit: str = Field(
        default="",
        description="Requests allowed per client address, such as `60/minute`, of all servers together where these "
        "share a PostgreSQL; empty means no limit.",
    )
    max_upload_bytes: ByteSize = Field(
        default=ByteSize(16 * 1024 * 1024),
        ge=1024,
        description="Largest request body, in bytes or with a unit, such as `16MiB`.",
    )
    max_training_bytes: ByteSize = Field(
        default=ByteSize(2 * 1024**3),
        ge=1024,
        description="Largest body of a request that brings training data, in bytes or with a unit.",
    )
    max_connections: int = Field(
        default=1024, ge=8, description="Connections of one process; idle ones give way to new ones."
    )
    max_connections_per_address: int = Field(
        default=512, ge=1, description="Connections that one address may have with one process; proxies may have all."
    )
    max_waiting: int = Field(
        default=128,
        ge=0,
        description="Requests that may wait for a thread of one process; one more is asked to come again (503).",
    )
    max_image_pixels: int = Field(
        default=50_000_000,
        ge=784,
        description="Largest picture, in pixels (width × height).",
    )
    max_request_pixels: int = Field(
        default=400_000_000,
        ge=784,
        description="Most pixels of all pictures in one request; never fewer than one picture may have.",
    )
    log_format: Literal["text", "json"] = Field(
        default="text",
        description="What the server's log on standard error is: `text`, faults alone, or `json`, every request.",
    )
    max_files: int = Field(default=64, ge=1, description="Most pictures in one request.")
    max_characters: int = Field(
        default=500, ge=1, description="Most characters in one picture, where several are read (`characters=many`)."
    )

    assistant_url: str = Field(
        default="",
        description="Server that the assistant asks: the base URL of an OpenAI-compatible API, ending in `/v1`; "
        "empty means OpenAI's own if there is a key, else answers come from the documentation.",
    )
    assistant_key: str = Field(
        default="", repr=False, description="Key of that server; servers of your own often need none."
    )
    assistant_key_file: Folder | None = Field(
        default=None, description="File that holds the key, such as a mounted secret; used when there is no key."
    )
    assistant_model: str = Field(default="gpt-4o-mini", description="Name of the model that answers there.")
    assistant_timeout: float = Field(
        default=60, gt=0, le=600, description="Seconds that server may be silent before the question is given up."
    )
    assistant_daily_tokens: int = Field(
        default=200_000,
        ge=0,
        description="Tokens that answers may cost in one day (UTC), all visitors together; 0 means no limit.",
    )

    @field_validator("assistant_url")
    @classmethod
    def _check_assistant_url(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("a URL such as http://127.0.0.1:11434/v1")
        return url.rstrip("/")

    @field_validator("runner")
    @classmethod
    def _check_runner(cls, runner: str) -> str:
        if runner not in ("", "auto", "local") and not re.fullmatch(r"(ray://)?[\w.\-\[\]:]+:\d{1,5}", runner):
            raise ValueError("ray://host:port, host:port, auto or local")
        return runner

    @field_validator("storage")
    @classmethod
    def _check_storage(cls, storage: str) -> str:
        if storage and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w.-]+)*/?", storage):
            raise ValueError("s3://bucket or s3://bucket/prefix; keys go into AWS_ACCESS_KEY_ID and the like")
        return storage.rstrip("/")

    @field_validator("assistant_key_file")
    @classmethod
    def _check_key_file(cls, path: Path | None) -> Path | None:
        try:
            if path is not None:
                path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise ValueError("a text file that can be read") from None
        return path

    @field_validator("access_token", "assistant_key")
    @classmethod
    def _strip_token(cls, token: str) -> str:
        token = token.strip()  # a token read from a file ends in a line feed
        if not token.isprintable():
            raise ValueError("one line of printable characters")
        return token

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, proxies: str) -> str:
        from ipaddress import ip_network

        try:
            for one in proxies.replace(",", " ").split():
                ip_network(one, strict=False)
        except ValueError:
            raise ValueError("addresses or networks, such as 127.0.0.1 10.0.0.0/8") from None
        return proxies

    @field_validator("allowed_origins")
    @classmethod
    def _check_origins(cls, origins: str) -> str:
        from urllib.parse import urlsplit

        for one in origins.replace(",", " ").split():
            parts = urlsplit(one)
            if parts.scheme not in ("http", "https") or not parts.netloc or one != f"{parts.scheme}://{parts.netloc}":
                raise ValueError("origins, such as https://lab.example http://localhost:5173")
        return origins

    @field_validator("rate_limit")
    @classmethod
    def _check_rate_limit(cls, limit: str) -> str:
        if not limit:
            return limit
        from limits import parse_many

        try:
            parse_many(limit)
        except ValueError:
            raise ValueError("a number of requests and a time, such as 60/minute") from None
        return limit

    @property
    def assistant_secret(self) -> str:
        """The key of the assistant's server, from its variable or its file; empty if there is none."""
        if self.assistant_key or self.assistant_key_file is None:
            return self.assistant_key
        try:
            return self.assistant_key_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    def __copy__(self) -> Self:
        """Return a copy that works out anew what follows from fields: ``model_copy`` may be about to change them."""
        copied = super().__copy__()
        for name in ("artifacts_dir", "picture_limits"):
            copied.__dict__.pop(name, None)
        return copied

    @property
    def shares_database(self) -> bool:
        """Whether servers on several machines may use this database."""
        return self.database_url.startswith("postgres")

    @property
    def most_trainings(self) -> int:
        """How many trainings may run at the same time: on a cluster that is for it to say, unless it is set here."""
        return self.trainings if not self.runner or "trainings" in self.model_fields_set else MOST_ON_CLUSTER

    @cached_property
    def picture_limits(self) -> PictureLimits:
        """What ``rabisco.images.decode`` is to accept of strangers."""
        return {"max_bytes": self.max_upload_bytes, "max_pixels": self.max_image_pixels}

    @property
    def database_stamp(self) -> tuple[tuple[int, int], ...] | None:
        """What changes when something is written to SQLite's files; ``None`` where another database is used."""
        if self.database_url:
            return None
        found = []
        for name in ("rabisco.db", "rabisco.db-wal"):
            try:
                status = os.stat(f"{self.home}/{name}")  # noqa: PTH116 (asked four times a second)
                found.append((status.st_mtime_ns, status.st_size))
            except OSError:
                found.append((0, 0))
        return tuple(found)

    @cached_property
    def artifacts_dir(self) -> Path:
        """Folder of the artifacts trained here, one folder each."""
        return self.home / "artifacts"


@lru_cache
def get_settings() -> Settings:
    """Return the settings, read from the environment once per process.

    Raises:
        InvalidConfigurationError: A variable holds what its setting cannot be; each such one has a line.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = [_mistake(one) for one in error.errors(include_url=False)]
        raise InvalidConfigurationError("\n".join(["these settings cannot be used:", *lines])) from None


def settle_libraries() -> Path:
    """Have libraries keep what they keep (fonts, ``keras.json``) in the settings' ``home``, and return that folder.

    Call it before Keras or Matplotlib is imported; where the environment names other folders, these stay.
    """
    folder = get_settings().home / "libraries"
    os.environ.setdefault("KERAS_HOME", str(folder / "keras"))
    os.environ.setdefault("MPLCONFIGDIR", str(folder / "matplotlib"))
    return folder


@contextmanager
def without_collection() -> Iterator[None]:
    """Look for no garbage meanwhile: imports make none, and a fifth of their time would go into looking for it."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def unknown_variables() -> dict[str, str]:
    """Return each ``RABISCO_…`` variable of the environment that is no setting, with the nearest one, or ``""``."""
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    unknown = [name for name in os.environ if name.startswith(PREFIX) and name not in known]
    return {name: next(iter(difflib.get_close_matches(name, known, 1)), "") for name in sorted(unknown)}


_EXPECTED = {
    "int_parsing": "a whole number",
    "float_parsing": "a number",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "literal_error": "{expected}",
    "bool_parsing": "1 or 0",
    "byte_size": "a number of bytes, or a size such as 16MB or 2GiB",
    "value_error": "{error}",
}


def _mistake(error: Mapping[str, Any]) -> str:
    """Return one line: the variable, what it holds unless that is secret, and what was expected."""
    name = str(error["loc"][0])
    shown = Settings.model_fields[name].repr and "@" not in str(error["input"])  # keys may stand before one
    value = repr(error["input"]) if shown else "(hidden)"
    expected = _EXPECTED.get(error["type"], error["msg"]).format(**error.get("ctx", {}))
    return f"{PREFIX}{name.upper()}={value}: expected {expected}"
