"""Who has signed in: one file for each time, which every process sees and signing out removes; and what signs cookies.

A file's name is an HMAC of the cookie and the access token. Reading the folder reveals neither, and changing the
access token ends every session.
"""

import hashlib
import hmac
import os
import secrets
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile

from rabisco import objects
from rabisco.artifacts.durable import told_of_storage
from rabisco.errors import RabiscoError
from rabisco.settings import Settings

SECONDS = 30 * 24 * 3600
KEY_FILE = "secret_key"


def secret_key(settings: Settings) -> bytes:
    """Return the key that signs this server's cookies: made once, kept in the home for every process.

    Where the home cannot be written to, it is made of the access token, or else anew for each process.
    """
    return _secret_key(settings.home, settings.access_token)


@lru_cache
def _secret_key(home: Path, token: str) -> bytes:
    path = home / KEY_FILE
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            with NamedTemporaryFile(dir=home, prefix=f"{KEY_FILE}.") as draft, suppress(FileExistsError):
                draft.write(secrets.token_bytes(32))
                draft.flush()
                os.link(draft.name, path)  # fails where another process was first: then its key counts
        return path.read_bytes()
    except OSError:
        return hashlib.sha256(b"cookies:" + token.encode()).digest() if token else secrets.token_bytes(32)


def begin(settings: Settings) -> str:
    """Return what a new session's cookie holds.

    Raises:
        StorageError: The home cannot be written to, or the object store does not answer.
    """
    cookie = secrets.token_urlsafe(32)
    if shared := objects.bucket():
        shared.write(_key(settings, cookie), b"")
        for key, entry in shared.entries(f"{objects.MANIFESTS}/sessions/").items():
            if time.time() - entry.written.timestamp() > SECONDS:
                shared.remove(key)
    with told_of_storage():
        file = _file(settings, cookie)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for other in file.parent.iterdir():
            if _is_over(other):
                other.unlink(missing_ok=True)
        file.touch(mode=0o600)
    return cookie


def is_open(settings: Settings, cookie: str) -> bool:
    """Return whether a cookie is of a session that nobody has ended."""
    return bool(cookie) and (not _is_over(_file(settings, cookie)) or _began_elsewhere(settings, cookie))


def end(settings: Settings, cookie: str) -> None:
    """End the session of a cookie, if there is one."""
    if cookie:
        if shared := objects.bucket():
            shared.remove(_key(settings, cookie))
        with suppress(OSError):
            _file(settings, cookie).unlink()


def _began_elsewhere(settings: Settings, cookie: str) -> bool:
    """Return whether another server that shares the object store began a session, and keep that here."""
    shared, file = objects.bucket(), _file(settings, cookie)
    if shared is None or file.exists():
        return False
    with suppress(RabiscoError, OSError):
        written = shared.written(_key(settings, cookie))
        if written and time.time() - written.timestamp() < SECONDS:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.touch(mode=0o600)
            os.utime(file, (written.timestamp(), written.timestamp()))
            return True
    return False


def _key(settings: Settings, cookie: str) -> str:
    return objects.manifest_key(f"sessions/{_file(settings, cookie).name}")


def _is_over(file: Path) -> bool:
    try:
        return time.time() - file.stat().st_mtime > SECONDS
    except OSError:
        return True


def _file(settings: Settings, cookie: str) -> Path:
    said = f"{settings.access_token}\0{cookie}".encode(errors="replace")
    return settings.home / "sessions" / hmac.new(secret_key(settings), said, "sha256").hexdigest()
