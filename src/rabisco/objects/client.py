"""Asking the object store: by ``s3fs``, as patiently as the asking thread may be, with errors that hold no secret."""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, TypeVar

from rabisco.errors import N_, InvalidConfigurationError, Sentence, StorageError
from rabisco.settings import get_settings

T = TypeVar("T")
LOGGER = logging.getLogger("rabisco.objects")
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
def filesystem() -> Any:
    """Return what speaks to the store; one for each process."""
    import s3fs

    config = {"connect_timeout": 3, "read_timeout": 20, "retries": {"max_attempts": 1}}
    made = s3fs.S3FileSystem(config_kwargs=config, skip_instance_cache=True, use_listings_cache=False)
    made.retries = 2
    return made


def forget_connection() -> None:
    """Ask anew where the store is and who asks: in a child, or after the variables ``AWS_…`` have changed."""
    filesystem.cache_clear()


os.register_at_fork(after_in_child=forget_connection)


def none_if_missing(ask: Callable[[], T]) -> T | None:
    """Return the answer; ``None`` where there is no such object, which is not the same as no such bucket."""
    try:
        return ask()
    except FileNotFoundError as error:
        if _code(error) in _MISSING:
            return None
        raise


def retried(ask: Callable[[], T]) -> T:
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
