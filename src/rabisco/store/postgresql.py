"""Connections to PostgreSQL that do not wait for ever: a server that is frozen sends no error, nor that it is gone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

# Seconds for an answer: to a statement, to one of a server that was silent, and to whether it is there.
PATIENCE, SILENT_PATIENCE, PING_PATIENCE = 10.0, 1.0, 2.0
CONNECT = {False: 5, True: 2}  # seconds to be reached, and where it was silent


class TimeoutConnection(psycopg.Connection[Any]):
    """A connection that is given up when an answer takes too long; of a server that is silent less is waited for.

    Attributes:
        patience: Seconds for one answer.
        silent: Whether the server did not answer when it was last asked by this process.
    """

    patience = PATIENCE
    silent = False

    @classmethod
    def connect(cls, *given: Any, **options: Any) -> Any:
        """Return a connection.

        Raises:
            OperationalError: The server did not answer in time, or refused.
        """
        try:
            connection = super().connect(*given, **{**options, "connect_timeout": CONNECT[TimeoutConnection.silent]})
        except psycopg.Error:
            TimeoutConnection.silent = True
            raise
        TimeoutConnection.silent = False
        return connection

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Return what the server answers.

        Raises:
            OperationalError: It did not answer in time; the connection is closed.
        """
        usual = self.patience == PATIENCE and TimeoutConnection.silent
        try:
            answer = super().wait(gen, interval, timeout or (SILENT_PATIENCE if usual else self.patience))
        except psycopg.errors._WaitTimeout as error:
            TimeoutConnection.silent = True
            self.pgconn.finish()
            raise psycopg.OperationalError("no answer in time") from error
        TimeoutConnection.silent = False
        return answer

    @contextmanager
    def take_time(self, seconds: float = 600.0) -> Iterator[None]:
        """Have other patience in this block, as for a migration."""
        self.patience = seconds
        try:
            yield
        finally:
            self.patience = PATIENCE


def ping_in_a_hurry(ping: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Return what asks whether a connection still answers, by what did."""

    def hurried(connection: Any) -> bool:
        with connection.take_time(PING_PATIENCE):
            return ping(connection)

    return hurried
