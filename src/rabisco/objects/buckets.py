"""The part of a bucket that is ours, and what lies in it.

It is asked by ``s3fs``, as patiently as the asking thread may be, with errors that hold no secret.
"""

import hashlib
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from rabisco.errors import N_, InvalidConfigurationError, MissingExtraError, Sentence, StorageError
from rabisco.settings import get_settings

T = TypeVar("T")
LOGGER = logging.getLogger("rabisco.objects")
YOUNG = timedelta(hours=12)  # an object that has been there for longer is written again before it is relied on
OLD = 2 * YOUNG  # an object that no manifest names is removed after so long
AGAIN = 1.0  # seconds between two attempts
WRONG = {  # answers that no waiting changes, and what is wrong then
    "NoSuchBucket": N_("there is no such bucket"),
    "AccessDenied": N_("the credentials do not allow it"),
    "403": N_("the credentials do not allow it"),
    "InvalidAccessKeyId": N_("the credentials are not known there"),
    "SignatureDoesNotMatch": N_("the credentials are not known there"),
    "NoCredentialsError": N_("there are no credentials, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
    "PartialCredentialsError": N_("there are no credentials, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
    "PermanentRedirect": N_("the bucket is in another region; set AWS_DEFAULT_REGION"),
}
_MISSING, _TAKEN = (
    ("NoSuchKey", "404", "FileNotFoundError"),
    ("PreconditionFailed", "412", "ConditionalRequestConflict"),
)
_patience: ContextVar[float] = ContextVar("patience", default=0.0)


class DamagedObjectError(StorageError):
    """An object of the store is not what its name says."""


class StoredObject(NamedTuple):
    """What a listing says of an object: a tag that changes when it is written, its bytes, and when it was written."""

    tag: str
    size: int
    written: datetime


@dataclass(frozen=True)
class Bucket:
    """The part of a bucket that is ours.

    Attributes:
        name: Of the bucket.
        prefix: What all keys begin with; empty, or ends in ``/``.
    """

    name: str
    prefix: str

    def entries(self, under: str) -> dict[str, StoredObject]:
        """Return every object whose key begins with ``under``, by its key."""
        listed: dict[str, StoredObject] = {}
        more: dict[str, str] = {}
        while True:
            page = self._ask("list_objects_v2", Prefix=self.prefix + under, **more)
            for one in page.get("Contents", ()):
                key = one["Key"].removeprefix(self.prefix)
                listed[key] = StoredObject(one["ETag"], one["Size"], one["LastModified"])
            if not page.get("IsTruncated"):
                return listed
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def read(self, key: str) -> bytes | None:
        """Return what a small object holds; ``None`` if there is none."""
        return _retried(lambda: _none_if_missing(lambda: _filesystem().cat_file(self._path(key))))

    def write(self, key: str, content: bytes) -> None:
        """Write a small object, in one step."""
        self._ask("put_object", Key=self.prefix + key, Body=content)

    def create(self, key: str, content: bytes) -> bool:
        """Create a small object atomically; return ``False`` if it already exists."""
        try:
            self._ask("put_object", Key=self.prefix + key, Body=content, IfNoneMatch="*")
        except FileExistsError:
            return False
        return True

    def remove(self, key: str) -> None:
        """Remove an object, if there is one."""
        self._ask("delete_object", Key=self.prefix + key)

    def written(self, key: str) -> datetime | None:
        """Return when an object was written; ``None`` if there is none."""
        where = {"Bucket": self.name, "Key": self.prefix + key}
        told = _retried(lambda: _none_if_missing(lambda: _filesystem().call_s3("head_object", **where)))
        return told and told["LastModified"]

    def send(self, path: Path, under: str) -> str:
        """Send a file, unless it is there, and return the key of the object that it is now."""
        key = f"{under}/{_sha256(path)}"
        written = self.written(key)
        if written is None or datetime.now(UTC) - written > YOUNG:
            _retried(lambda: _filesystem().put_file(str(path), self._path(key)))
        return key

    def fetch(self, key: str, path: Path) -> None:
        """Write an object to a file.

        Raises:
            DamagedObjectError: It is missing, or not what its name says; there is no file.
            StorageError: The store cannot be reached.
        """
        sha256 = ""
        try:
            if _retried(lambda: _none_if_missing(lambda: _filesystem().get_file(self._path(key), str(path)) or True)):
                sha256 = _sha256(path)
        finally:
            if sha256 != key.rpartition("/")[2]:
                path.unlink(missing_ok=True)
        if not path.exists():
            raise DamagedObjectError(
                N_("the object store must hold what was put there. Received: another or no object for %(name)s"),
                name=key,
            )

    def _path(self, key: str) -> str:
        return f"{self.name}/{self.prefix}{key}"

    def _ask(self, method: str, **arguments: Any) -> Any:
        return _retried(lambda: _filesystem().call_s3(method, Bucket=self.name, **arguments))


def bucket() -> Bucket | None:
    """Return what the servers share; ``None`` where the setting names nothing."""
    return _bucket(get_settings().storage)


@lru_cache
def _bucket(storage: str) -> Bucket | None:
    if not storage:
        return None
    if find_spec("s3fs") is None:
        raise MissingExtraError(
            N_("an object store needs %(name)s, which is not installed: pip install 'rabisco[s3]'"), name="s3fs"
        )
    name, _, prefix = storage.removeprefix("s3://").partition("/")
    return Bucket(name, prefix and f"{prefix}/")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Have what is asked within, by this thread, try again for so long while the store cannot be reached."""
    token = _patience.set(seconds)
    try:
        yield
    finally:
        _patience.reset(token)


@contextmanager
def haste() -> Iterator[None]:
    """Limit retries in this block to a few seconds, because others wait for a lock."""
    with patience(min(_patience.get(), 5.0)):
        yield


@lru_cache
def _filesystem() -> Any:
    """Return what speaks to the store; one for each process."""
    import s3fs

    config = {"connect_timeout": 3, "read_timeout": 20, "retries": {"max_attempts": 1}}
    made = s3fs.S3FileSystem(config_kwargs=config, skip_instance_cache=True, use_listings_cache=False)
    made.retries = 2
    return made


def forget_connection() -> None:
    """Ask anew where the store is and who asks: in a child, or after the variables ``AWS_…`` have changed."""
    _filesystem.cache_clear()


os.register_at_fork(after_in_child=forget_connection)


def _none_if_missing(ask: Callable[[], T]) -> T | None:
    """Return the answer; ``None`` where there is no such object, which is not the same as no such bucket."""
    try:
        return ask()
    except FileNotFoundError as error:
        if _code(error) in _MISSING:
            return None
        raise


def _retried(ask: Callable[[], T]) -> T:
    """Return the answer, however often it takes within this thread's patience.

    Raises:
        InvalidConfigurationError: There is no such bucket, or the credentials are wrong.
        StorageError: The store cannot be reached, or failed.
    """
    until = time.monotonic() + _patience.get()
    while True:
        try:
            return ask()
        except Exception as error:  # botocore, aiohttp and s3fs have no common ancestor
            code = _code(error)
            if code in _TAKEN:
                raise FileExistsError from None
            if code in WRONG:
                raise InvalidConfigurationError(
                    N_("RABISCO_STORAGE=%(storage)s: expected a bucket to read and write; %(reason)s"),
                    storage=get_settings().storage,
                    reason=Sentence(WRONG[code]),
                ) from None
            told = StorageError(
                N_(
                    "the object store must answer. Received: %(reason)s; what was asked for was not done. Try again "
                    "once it does"
                ),
                reason=code,
            )
            if time.monotonic() > until:
                raise told from None
            LOGGER.warning("%s", told)
            time.sleep(AGAIN)


def _code(error: BaseException) -> str:
    """Return what went wrong in a word that holds no address and no key."""
    cause = error.__cause__ or error
    response = getattr(cause, "response", None) or {}
    return str(response.get("Error", {}).get("Code") or type(cause).__name__)
