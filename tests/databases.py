"""Both databases: SQLite in a folder of its own, PostgreSQL in a cluster that is thrown away afterwards."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest

from rabisco import store
from rabisco.settings import get_settings


def _programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, the newest if there are several."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders else None


def _as_plain_user(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command; as the user ``postgres`` if the tests run as root, whom PostgreSQL refuses."""
    user = "postgres" if os.geteuid() == 0 else None
    return subprocess.run(command, user=user, group=user, cwd="/", capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Address of a PostgreSQL that only these tests use; skipped where it is not installed."""
    with running_postgresql() as address:
        yield address


@contextmanager
def frozen(address: str) -> Iterator[None]:
    """Keep a PostgreSQL and all its processes from answering."""
    folder = Path(parse_qs(urlsplit(address).query)["host"][0])
    main = psutil.Process(int((folder / "data" / "postmaster.pid").read_text().split()[0]))
    main.suspend()  # first: it starts no other process then
    everything = main.children(recursive=True)
    for process in everything:
        with suppress(psutil.NoSuchProcess):  # one that was ending, of a connection just closed
            process.suspend()
    try:
        yield
    finally:
        for process in (*everything, main):
            with suppress(psutil.NoSuchProcess):
                process.resume()


def kill_and_restart(address: str, pause: float) -> None:
    """Kill a PostgreSQL and all its processes, and start it again after so many seconds."""
    folder = Path(parse_qs(urlsplit(address).query)["host"][0])
    main = psutil.Process(int((folder / "data" / "postmaster.pid").read_text().split()[0]))
    everything = [main, *main.children(recursive=True)]
    for process in everything:
        process.kill()
    psutil.wait_procs(everything, timeout=10)
    time.sleep(pause)
    _start(folder)


def _start(folder: Path) -> None:
    programs = _programs()
    assert programs is not None
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
    control = [str(programs / "pg_ctl"), "-D", f"{folder}/data", "-w"]
    begun = _as_plain_user([*control, "-l", f"{folder}/log", "-o", options, "start"])
    assert begun.returncode == 0, begun.stdout + begun.stderr


@contextmanager
def running_postgresql() -> Iterator[str]:
    """Run a PostgreSQL and yield its address."""
    programs = _programs()
    if programs is None:
        missing = pytest.fail if "CI" in os.environ else pytest.skip  # there, .ci/run installs it
        missing("PostgreSQL is not installed")
    with tempfile.TemporaryDirectory(prefix="rabisco-pg-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(folder, account.pw_uid, account.pw_gid)
        made = _as_plain_user([str(programs / "initdb"), "-D", f"{folder}/data", "-U", "rabisco", "-A", "trust", "-N"])
        assert made.returncode == 0, made.stderr
        _start(folder)
        try:
            yield f"postgresql://rabisco@/postgres?host={folder}"
        finally:
            store.close()
            _as_plain_user([str(programs / "pg_ctl"), "-D", f"{folder}/data", "-w", "-m", "immediate", "stop"])


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty database of each kind in turn; its kind."""
    if request.param == "postgresql":
        import psycopg

        address = request.getfixturevalue("postgresql")
        with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        monkeypatch.setenv("RABISCO_DATABASE_URL", address)
        get_settings.cache_clear()
    store.close()
    yield request.param
    store.close()
