"""The access token that serving strangers asks for, and the key that signs this server's cookies."""

import hashlib
import os
import secrets
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path

from rabisco.errors import N_, InvalidConfigurationError
from rabisco.settings import Settings

SHORTEST_TOKEN = 16
KEY_FILE = "secret_key"


def check_settings(settings: Settings, host: str) -> None:
    """Refuse to serve strangers what may change something without a token.

    Args:
        settings: ``access_token`` and ``read_only`` are looked at.
        host: The numeric address that is going to be listened on.

    Raises:
        InvalidConfigurationError: There is no token though others can reach the server, or it is easily guessed.
    """
    if settings.access_token and len(settings.access_token) < SHORTEST_TOKEN:
        raise InvalidConfigurationError(
            N_(
                "expected RABISCO_ACCESS_TOKEN to have at least %(least)s characters, received %(count)s; make one: "
                "openssl rand -hex 16"
            ),
            least=SHORTEST_TOKEN,
            count=len(settings.access_token),
        )
    if not ip_address(host).is_loopback and not settings.access_token and not settings.read_only:
        raise InvalidConfigurationError(
            N_(
                "expected RABISCO_ACCESS_TOKEN to be set, because %(host)s can be reached from other machines and "
                "this server trains and deletes; set it (openssl rand -hex 16 makes one), or switch all of that "
                "off: RABISCO_READ_ONLY=1"
            ),
            host=host,
        )


def secret_key(settings: Settings) -> bytes:
    """Return the key that signs this server's cookies."""
    return _secret_key(settings.home, settings.access_token)


@lru_cache
def _secret_key(home: Path, token: str) -> bytes:
    """Return the key made once, kept in the home for every process, readable by its owner alone.

    Where the home cannot be written to, it is made of the access token, or else anew for each process.
    """
    path = home / KEY_FILE
    try:
        home.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{KEY_FILE}.{os.getpid()}.{secrets.token_hex(4)}")
        if not path.exists():
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(32))
            try:
                os.link(draft, path)  # fails where another process was first: then its key counts
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_bytes()
    except OSError:
        return hashlib.sha256(b"cookies:" + token.encode()).digest() if token else secrets.token_bytes(32)
