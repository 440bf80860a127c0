"""The process of a server that follows the object store: ``python -m rabisco.web.platform.replica``.

It ends when its standard input closes. With ``once`` it looks once, before the server listens, and says on its
standard output what is wrong.
"""

import json
import os
import secrets
import subprocess
import sys
import time
from contextlib import suppress

from rabisco import objects
from rabisco.artifacts.durable import locked, try_lock
from rabisco.artifacts.synchronization import Synchronizer
from rabisco.errors import N_, InvalidConfigurationError, RabiscoError, Sentence
from rabisco.settings import Settings, get_settings
from rabisco.web.platform import logs
from rabisco.web.platform.logs import LOGGER
from rabisco.web.platform.sessions import KEY_FILE

INTERVAL = 2.0  # seconds between two looks
AGAIN = 5.0  # seconds after which another process is begun where one has ended
_LOCK = ".replica"
_COMMAND = (sys.executable, "-m", __name__)


def prepare(settings: Settings) -> None:
    """Bring what the store has before the server answers.

    Raises:
        InvalidConfigurationError: There is no such bucket, or the credentials are wrong; or the store does not answer,
            and nothing of it has been brought here before.
        MissingExtraError: ``s3fs`` is not installed.
    """
    objects.bucket()
    told = Sentence(N_("nothing"))
    ended = subprocess.run([*_COMMAND, "once"], stdout=subprocess.PIPE, check=False)
    if not ended.returncode:
        return
    with suppress(ValueError, KeyError):
        told = Sentence.from_dict(json.loads(ended.stdout))
    if ended.returncode == WRONG:
        raise InvalidConfigurationError(told.message, **told.values)
    if ended.returncode == AWAY and objects.remembered():
        LOGGER.warning("%s", told)  # what is here is served
        return
    raise InvalidConfigurationError(
        N_("RABISCO_STORAGE=%(storage)s: expected an object store that answers. Received: %(reason)s"),
        storage=settings.storage,
        reason=told,
    )


def keep(settings: Settings) -> None:
    """Have one process follow the store, whichever worker of this server begins it, for as long as this one lives."""
    while True:
        with suppress(RabiscoError, OSError):
            handle = try_lock(settings.home / _LOCK)
            while handle is not None:
                with subprocess.Popen(_COMMAND, stdin=subprocess.PIPE) as process:
                    process.wait()
                LOGGER.error("the process that follows the object store ended; another is begun")
                time.sleep(AGAIN)
        time.sleep(1)


def share_key(shared: objects.Bucket) -> None:
    """Let all servers sign cookies with one key: that of the store, or else this one's."""
    home = get_settings().home
    path = home / KEY_FILE
    with locked(home):
        own = path.read_bytes() if path.exists() else secrets.token_bytes(32)
        key = own if shared.create(objects.SECRET_KEY, own) else shared.read(objects.SECRET_KEY)
        if key and (key != own or not path.exists()):
            draft = path.with_name(f"{KEY_FILE}.{os.getpid()}")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(key)
            draft.replace(path)


AWAY, WRONG = 3, 4  # how it ends where the store does not answer, and where it cannot be used


def _once() -> int:
    shared = objects.bucket()
    assert shared is not None
    try:
        if not objects.remembered():
            share_key(shared)
        Synchronizer(shared).synchronize()
    except RabiscoError as error:
        print(json.dumps(error.sentence.to_dict()))
        return WRONG if isinstance(error, InvalidConfigurationError) else AWAY
    return 0


def _follow() -> None:
    shared = objects.bucket()
    assert shared is not None
    synchronizer, said = Synchronizer(shared), ""
    while True:
        try:
            synchronizer.synchronize()
            if said:
                LOGGER.warning("the object store answers again")
            said = ""
        except Exception as error:
            if str(error) != said:  # once, however long it lasts
                LOGGER.error("the object store is not followed: %s", error)
            said = str(error)
        time.sleep(INTERVAL)


if __name__ == "__main__":
    from rabisco.runs.process import end_with_input

    logs.configure(get_settings())
    if sys.argv[1:] == ["once"]:
        sys.exit(_once())
    end_with_input()
    _follow()
