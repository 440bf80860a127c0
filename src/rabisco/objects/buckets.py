"""The part of a bucket that is ours, and what lies in it."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from rabisco.errors import N_, MissingExtraError, StorageError
from rabisco.objects.client import filesystem, none_if_missing, retried
from rabisco.settings import get_settings

YOUNG = timedelta(hours=12)  # an object that has been there for longer is written again before it is relied on
OLD = 2 * YOUNG  # an object that no manifest names is removed after so long


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
        return retried(lambda: none_if_missing(lambda: filesystem().cat_file(self._path(key))))

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
        told = retried(lambda: none_if_missing(lambda: filesystem().call_s3("head_object", **where)))
        return told and told["LastModified"]

    def send(self, path: Path, under: str) -> str:
        """Send a file, unless it is there, and return the key of the object that it is now."""
        key = f"{under}/{_sha256(path)}"
        written = self.written(key)
        if written is None or datetime.now(UTC) - written > YOUNG:
            retried(lambda: filesystem().put_file(str(path), self._path(key)))
        return key

    def fetch(self, key: str, path: Path) -> None:
        """Write an object to a file.

        Raises:
            DamagedObjectError: It is missing, or not what its name says; there is no file.
            StorageError: The store cannot be reached.
        """
        sha256 = ""
        try:
            if retried(lambda: none_if_missing(lambda: filesystem().get_file(self._path(key), str(path)) or True)):
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
        return retried(lambda: filesystem().call_s3(method, Bucket=self.name, **arguments))


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
