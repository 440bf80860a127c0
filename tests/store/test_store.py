"""The store, on SQLite and on PostgreSQL alike."""

import sqlite3
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import IntegrityError
from tests import forking

from rabisco import store
from rabisco.errors import InvalidConfigurationError, LaterDatabaseError, StorageError
from rabisco.settings import get_settings
from rabisco.store import database as database_module
from rabisco.store import schema
from rabisco.store.database import _engine

IMPORT = """
import sqlite3, sys
from rabisco.settings import get_settings
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "alembic":
            with sqlite3.connect(get_settings().home / "rabisco.db", timeout=0) as other:
                other.execute("BEGIN IMMEDIATE")
            print("not held")
sys.meta_path.insert(0, Finder())
from rabisco import store
with store.writing():
    pass
"""
OPEN = "from rabisco import store\nwith store.reading() as session: print(session.query(store.RunRow).count())"


def a_run(identifier: str = "one") -> store.RunRow:
    return store.RunRow(
        id=identifier,
        name="A run",
        state="queued",
        request={"epochs": 3},
        data={"catalog": "digits"},
        architecture="cnn",
        configuration={},
        seed=25,
        artifact="mine",
    )


def test_what_is_written_is_read_again(database: str) -> None:
    with store.writing() as session:
        session.add(a_run())
        session.flush()
        session.add(
            store.RunEventRow(run_id="one", number=1, kind="state", payload={"state": "queued", "é": [1, None]})
        )
        session.add(
            store.Correction(
                picture=store.Picture(image=b"\x89PNG\0", key="k", true_label=None, person="p", consent=True),
                model="mnist-cnn",
                artifact_version=0,
                predicted="1",
                probability=0.5,
                used_in_run="one",
            )
        )
        session.add(store.UploadRow(id="up", folder="uploads/up"))
    with store.reading() as session:
        run = session.get_one(store.RunRow, "one")
        assert (run.data, run.notes, run.accuracy) == ({"catalog": "digits"}, "", None)
        assert run.created.tzinfo is UTC
        assert abs((datetime.now(UTC) - run.created).total_seconds()) < 60
        assert session.get_one(store.RunEventRow, ("one", 1)).payload == {"state": "queued", "é": [1, None]}
        assert session.scalars(select(store.Picture.image)).one() == b"\x89PNG\0"


def test_a_block_that_raises_changes_nothing(database: str) -> None:
    def fail() -> None:
        with store.writing() as session:
            session.add(a_run())
            session.flush()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with store.reading() as session:
        assert session.get(store.RunRow, "one") is None


def test_events_go_with_their_run_and_corrections_outlive_theirs(database: str) -> None:
    test_what_is_written_is_read_again(database)
    with store.writing() as session:
        session.delete(session.get_one(store.RunRow, "one"))
    with store.reading() as session:
        assert session.scalars(select(store.RunEventRow)).all() == []
        assert session.scalars(select(store.Correction)).one().used_in_run is None


def test_an_event_of_no_run_is_refused(database: str) -> None:
    with pytest.raises(IntegrityError), store.writing() as session:
        session.add(store.RunEventRow(run_id="nobody", number=1, kind="state", payload={}))


def of_tables(connection: Connection) -> dict[str, Any]:
    """Return what a database says of its tables."""
    found = inspect(connection)
    constraints = found.get_foreign_keys, found.get_unique_constraints, found.get_check_constraints
    lists = found.get_columns, found.get_indexes, *constraints
    told = {f"{name} {of.__name__}": sorted(map(str, of(name))) for name in found.get_table_names() for of in lists}
    return told | {name: found.get_pk_constraint(name) for name in found.get_table_names()}


def test_the_migrations_make_the_tables_that_a_new_database_has(database: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with store.reading() as session:
        made = of_tables(session.connection())
    assert len(made) > 40
    engine = _engine()
    with engine.begin() as connection:
        store.Base.metadata.drop_all(connection)
        connection.execute(text("DELETE FROM alembic_version"))
    schema.bring_up_to_date(engine)
    with store.reading() as session:
        assert of_tables(session.connection()) == made
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, store.Base.metadata) == []


def test_the_newest_migration_is_the_one_that_is_known() -> None:
    from alembic.script import ScriptDirectory

    assert ScriptDirectory(str(schema.MIGRATIONS)).get_current_head() == schema.HEAD


@pytest.mark.slow
def test_several_processes_may_open_a_new_database_at_once(database: str) -> None:
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    processes = [forking.begin("server", ["-c", OPEN], **streams) for _ in range(4)]
    outcomes = [(process.communicate(timeout=60)[0], process.returncode) for process in processes]
    assert outcomes == [("0\n", 0)] * 4


@pytest.mark.slow
def test_nobody_waits_while_what_migrates_is_imported(home: Path) -> None:
    """On a machine with much to do that takes longer than others wait."""
    with store.writing() as session:
        session.execute(text("DROP TABLE rates"))
        session.execute(text("UPDATE alembic_version SET version_num = '0004'"))
    ended = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.returncode) == ("not held\n", 0), ended.stderr


def test_writers_wait_for_each_other(database: str) -> None:
    with store.writing() as session:
        session.add(a_run())

    def count() -> None:
        for _ in range(25):
            with store.writing() as session:
                session.execute(text("UPDATE runs SET last_event = last_event + 1"))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as session:
        assert session.get_one(store.RunRow, "one").last_event == 100


@pytest.mark.slow
def test_while_sqlite_is_held_only_the_first_waits_long(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 1.5)
    monkeypatch.setattr(database_module, "HELD_SECONDS", 0.1)

    def seconds() -> float:
        started = time.monotonic()
        with pytest.raises(StorageError, match="locked"), store.writing() as session:
            session.execute(text("SELECT 1"))
        return time.monotonic() - started

    store.close()
    with store.writing() as session:
        session.execute(text("SELECT 1"))
    holder = sqlite3.connect(home / "rabisco.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    first, second = seconds(), seconds()
    holder.close()
    assert first > 1.4
    assert second < first / 2
    with store.writing() as session:
        session.execute(text("SELECT 1"))
    assert not database_module._held.is_set()
    store.close()


def test_a_database_of_a_later_release_is_refused(database: str) -> None:
    with store.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(LaterDatabaseError, match="9999"), store.reading():
        pass


def test_sqlite_keeps_a_log_ahead_so_that_readers_do_not_wait(home: Path) -> None:
    with store.reading() as session:
        assert session.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert session.execute(text("PRAGMA foreign_keys")).scalar() == 1
    with store.writing() as session:
        session.add(a_run())
        session.flush()
        with store.reading() as other:
            assert other.get(store.RunRow, "one") is None
    assert (home / "rabisco.db").is_file()


@pytest.mark.parametrize("address", ["mysql://x/y", "nonsense", "sqlite:///:memory:", "postgres+nothing://x"])
def test_another_address_is_refused_without_repeating_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("RABISCO_DATABASE_URL", address)
    get_settings.cache_clear()
    with pytest.raises(InvalidConfigurationError, match="RABISCO_DATABASE_URL") as caught:
        _engine()
    assert address not in str(caught.value)


def test_a_database_that_is_not_there_is_told_of_without_its_password(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RABISCO_DATABASE_URL", "postgresql://me:secret@127.0.0.1:1/nothing")
    get_settings.cache_clear()
    with pytest.raises(StorageError, match="start the database") as caught, store.reading():
        pass
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_told_of(home: Path) -> None:
    (home / "rabisco.db").write_bytes(b"hello" * 1000)
    with pytest.raises(StorageError, match="not a database"), store.reading():
        pass
