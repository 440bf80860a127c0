"""A picture is stored once, whatever number of models read it; older databases are changed to that."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from tests.images.pictures import draw

from rabisco import corrections, store, uploads
from rabisco.corrections import CorrectedReading
from rabisco.settings import get_settings
from rabisco.store import database as opening
from rabisco.store import schema

READINGS = [CorrectedReading("mnist-cnn", 0, "1", 0.6), CorrectedReading("mnist-linear", 0, "7", 0.6)]
MOMENT = datetime(2026, 11, 27, 12, tzinfo=UTC)


@contextmanager
def of_version(number: str) -> Iterator[Connection]:
    """Yield a connection to a new database whose tables are those of an earlier version."""
    address = get_settings().database_url or f"sqlite:///{get_settings().home / 'rabisco.db'}"
    engine = opening._create(address)
    configuration = Config()
    configuration.set_main_option("script_location", str(schema.MIGRATIONS))
    with engine.begin() as connection:
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, number)
        yield connection
    engine.dispose()


def insert(connection: Connection, table: str, **values: Any) -> None:
    names, places = ", ".join(values), ", ".join(f":{one}" for one in values)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)


def earlier_correction(connection: Connection, **changes: Any) -> None:
    given = {"created": str(MOMENT), "image": b"PNG", "model": "mnist-cnn", "artifact_version": 0, "predicted": "1"}
    said = {"probability": 0.5, "true_label": "7", "person": "ana", "consent": True, **changes}
    insert(connection, "corrections", **{**given, **said})


def pictures() -> int:
    with store.reading() as session:
        return session.query(store.Picture).count()


def test_a_picture_goes_with_the_last_that_was_said_of_it(database: str) -> None:
    first, second = corrections.add(draw(), READINGS, true_label="7", person="ana")
    assert (first.picture_id, pictures()) == (second.picture_id, 1)
    for one, left in ((first, 1), (second, 0)):
        corrections.delete(one.id, "ana")
        assert pictures() == left
    first, _ = corrections.add(draw(), READINGS, true_label=None, person="ana")
    assert (corrections.delete_picture(first.id, "ana"), pictures()) == (2, 0)
    corrections.add(draw(), READINGS, true_label="7", person="ana")
    assert (corrections.delete_all("ana"), pictures(), corrections.listed().total) == (2, 0, 0)


def test_what_was_said_at_one_moment_of_one_picture_becomes_one_picture(database: str) -> None:
    later = str(MOMENT + timedelta(seconds=1))
    with of_version("0002") as connection:
        earlier_correction(connection)
        earlier_correction(connection, model="mnist-linear", predicted="7")
        earlier_correction(connection, created=later, true_label=None)
        earlier_correction(connection, created=later, true_label=None, model="mnist-linear")
        earlier_correction(connection, person="ben")
        earlier_correction(connection, image=b"another")
    listed = corrections.listed()
    assert (listed.total, listed.total_pictures, pictures()) == (6, 4, 4)
    assert [[one.id for one in picture] for picture in listed.pictures] == [[6], [5], [3, 4], [1, 2]]
    assert listed.pictures[3][0].picture.created == MOMENT
    assert [one.true_label for one in listed.pictures[2]] == [None, None]
    assert corrections.pictures([2, 5, 6], "ana") == {2: b"PNG", 6: b"another"}
    assert {one.id for one in corrections.to_train_on("mnist-linear")} == {2, 4}
    new, _ = corrections.add(draw(), READINGS, true_label="7", person="ana")
    assert (new.id, new.picture_id > 6) == (7, True)
    assert corrections.delete_picture(1, "ana") == 2


@pytest.mark.parametrize(
    ("inspection", "state"),
    [
        ("null", "queued"),
        (None, "queued"),
        ('{"refusal": {"code": "empty", "parameters": {}}}', "refused"),
        ('{"errors": []}', "ready"),
        ('{"errors": [{"code": "few", "parameters": {}}]}', "unusable"),
    ],
)
def test_an_earlier_upload_gets_the_state_that_its_inspection_says(
    database: str, inspection: str | None, state: str
) -> None:
    with of_version("0002") as connection:
        told = {"id": "up", "created": str(MOMENT), "name": "a.csv", "folder": "uploads/up", "owner": ""}
        insert(connection, "uploads", **told, inspection=inspection)
    with store.reading() as session:
        row = session.get_one(store.UploadRow, "up")
        assert (row.state, row.choices, row.launches, row.pid) == (state, {}, 0, None)
    with pytest.raises(uploads.UploadNotFoundError):
        uploads.get("up")  # its files are gone
