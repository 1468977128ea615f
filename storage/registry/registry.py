"""The registry port on SQLAlchemy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from conventions.errors import UpstreamUnavailable
from storage.registry.archive_rows import ArchiveRows
from storage.registry.attention_rows import AttentionRows
from storage.registry.engine import WAIT_FOR_LOCK_S, open_engine, reading, transaction, writing
from storage.registry.office_rows import OfficeRows
from storage.registry.search_rows import SearchRows
from storage.registry.tree_rows import TreeRows


class SqlTransaction(SearchRows, TreeRows, AttentionRows, OfficeRows, ArchiveRows):
    """One open transaction: ``conventions.ports.registry.Transaction``."""


class SqlRegistry:
    """``conventions.ports.registry.Registry`` on a database whose schema ``storage.migrations.ensure_schema`` made.

    Safe to share between threads; ``close`` gives the connections back.
    """

    def __init__(self, url: str, *, wait_for_lock_s: float = WAIT_FOR_LOCK_S) -> None:
        """Prepare the registry; nothing is connected yet.

        Raises:
            ConfigurationError: the address cannot be read.
        """
        self._wait_for_lock_s = wait_for_lock_s
        self._engine = open_engine(url, wait_for_lock_s)
        self._writing = writing(self._engine)
        self._reading = reading(self._engine)
        self._thread = threading.local()
        # SQLite has one writer: our threads queue here in order, instead of polling its lock
        self._one_writer = threading.Lock() if self._engine.dialect.name == "sqlite" else None

    @property
    def in_transaction(self) -> bool:
        """Tell whether this thread has a transaction open."""
        return getattr(self._thread, "open", False)

    @contextmanager
    def write(self) -> Iterator[SqlTransaction]:
        with self._alone(), self._as_only_writer(), transaction(self._writing) as connection:
            tx = SqlTransaction(connection, writes=True)
            yield tx
            tx.refresh_search()

    @contextmanager
    def read(self) -> Iterator[SqlTransaction]:
        with self._alone(), transaction(self._reading) as connection:
            yield SqlTransaction(connection, writes=False)

    def sequence_events(self) -> int:
        with self.read() as tx:  # a worker asks several times a second: looking keeps nobody from writing
            if not tx.has_unsequenced():
                return 0
        with self.write() as tx:
            return tx.sequence_all()

    def close(self) -> None:
        """Close every idle connection; the registry may be used again."""
        self._engine.dispose()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if self.in_transaction:
            msg = "transactions do not nest"
            raise RuntimeError(msg)
        self._thread.open = True
        try:
            yield
        finally:
            self._thread.open = False

    @contextmanager
    def _as_only_writer(self) -> Iterator[None]:
        if self._one_writer is None:
            yield
            return
        if not self._one_writer.acquire(timeout=self._wait_for_lock_s):
            raise UpstreamUnavailable("another thread of this process has been writing for too long", code="registry.unavailable")
        try:
            yield
        finally:
            self._one_writer.release()
