"""The registry in memory: implements ``conventions.ports.registry.Registry`` and passes its contract suite."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from types import TracebackType

from conventions.accounts import Account, Session
from conventions.ceremonies import Authorisation, ModelRead, Review
from conventions.errors import UpstreamUnavailable
from conventions.journal.merkle import leaf_hash
from conventions.links import CodeRequest, Link, Visit
from conventions.ports.registry import ArchiveEntry, ShownState
from tests.fakes.registry_journal import JournalTransaction
from tests.fakes.registry_records import by_key
from tests.fakes.registry_state import State


class FakeTransaction(JournalTransaction):
    """One transaction on a copy of the state; its second half: links to board."""

    # links, visits, codes
    def add_link(self, link: Link) -> None:
        self.agreement(link.reference)
        self._add(self.state.links, link.id, link)

    def link(self, link_id: str, *, lock: bool = False) -> Link:
        self._locked(lock=lock)
        return self._get(self.state.links, link_id, "link")

    def links_of(self, reference: str) -> Sequence[Link]:
        return [link for link in self.state.links.values() if link.reference == reference]

    def update_link(self, link: Link) -> None:
        self._update(self.state.links, link.id, link)

    def add_visit(self, visit: Visit) -> None:
        self.link(visit.link_id)
        self._add(self.state.visits, visit.id, visit, any(v.cookie_sha256 == visit.cookie_sha256 for v in self.state.visits.values()))

    def visit_by_cookie(self, cookie_sha256: str) -> Visit:
        return self._get({v.cookie_sha256: v for v in self.state.visits.values()}, cookie_sha256, "visit with cookie")

    def visits_of(self, link_id: str) -> Sequence[Visit]:
        return [visit for visit in self.state.visits.values() if visit.link_id == link_id]

    def update_visit(self, visit: Visit) -> None:
        self._update(self.state.visits, visit.id, visit)

    def add_code_request(self, request: CodeRequest) -> None:
        self.link(request.link_id)
        self._add(self.state.codes, request.id, request)

    def code_request(self, request_id: str) -> CodeRequest:
        return self._get(self.state.codes, request_id, "code request")

    def code_requests(self, link_id: str) -> Sequence[CodeRequest]:
        return [c for c in self.state.codes.values() if c.link_id == link_id]

    def update_code_request(self, request: CodeRequest) -> None:
        self._update(self.state.codes, request.id, request)

    # desk and office
    def add_account(self, account: Account) -> None:
        self._add(self.state.accounts, account.id, account, any(a.login == account.login for a in self.state.accounts.values()))

    def account(self, account_id: str, *, lock: bool = False) -> Account:
        self._locked(lock=lock)
        return self._get(self.state.accounts, account_id, "account")

    def account_by_login(self, login: str, *, lock: bool = False) -> Account:
        self._locked(lock=lock)
        return self._get({a.login: a for a in self.state.accounts.values()}, login, "account with login")

    def update_account(self, account: Account) -> None:
        others = (a for a in self.state.accounts.values() if a.id != account.id)
        self._update(self.state.accounts, account.id, account, any(a.login == account.login for a in others))

    def add_session(self, session: Session) -> None:
        self.account(session.account_id)
        self._add(self.state.sessions, session.cookie_sha256, session)

    def session(self, cookie_sha256: str) -> Session:
        return self._get(self.state.sessions, cookie_sha256, "session")

    def update_session(self, session: Session) -> None:
        self._update(self.state.sessions, session.cookie_sha256, session)

    def end_session(self, cookie_sha256: str) -> None:
        self._check_writes()
        self.state.sessions.pop(cookie_sha256, None)

    def set_review(self, review: Review) -> None:
        self._check_writes()
        self.account(review.account_id)
        self.agreement(review.reference)
        self.state.reviews[review.account_id, review.reference, review.member_signed_sha256] = review

    def reviews(self, account_id: str) -> Sequence[Review]:
        mine = (r for r in self.state.reviews.values() if r.account_id == account_id)
        return sorted(mine, key=lambda r: (r.reference, r.member_signed_sha256))

    def add_model_read(self, read: ModelRead) -> None:
        self._check_writes()
        self.account(read.account_id)
        self.state.model_reads.setdefault((read.account_id, read.kind.value, read.sha256), read)

    def model_reads(self, account_id: str) -> Sequence[ModelRead]:
        mine = (read for read in self.state.model_reads.values() if read.account_id == account_id)
        return sorted(mine, key=lambda read: (read.at, read.sha256))

    def add_authorisation(self, authorisation: Authorisation) -> None:
        self.account(authorisation.account_id)
        self._add(self.state.authorisations, authorisation.id, authorisation)

    def authorisation(self, authorisation_id: str) -> Authorisation:
        return self._get(self.state.authorisations, authorisation_id, "authorisation")

    def authorisations(self) -> Sequence[Authorisation]:
        return list(reversed(self.state.authorisations.values()))

    def update_authorisation(self, authorisation: Authorisation) -> None:
        self._update(self.state.authorisations, authorisation.id, authorisation)

    # archive and board
    def add_archive_entry(self, entry: ArchiveEntry) -> None:
        taken = any((e.reference, e.seq) == (entry.reference, entry.seq) for e in self.state.archive.values())
        self._add(self.state.archive, entry.key, entry, taken)

    def add_archive_entries(self, entries: Sequence[ArchiveEntry]) -> None:
        for entry in entries:
            self.add_archive_entry(entry)

    def complete_archive_entry(self, key: str, at: datetime) -> None:
        entry = self._get(self.state.archive, key, "archive entry")
        self._update(self.state.archive, key, replace(entry, completed_at=entry.completed_at or at))

    def archive_entries(self, reference: str) -> Sequence[ArchiveEntry]:
        return by_key((e for e in self.state.archive.values() if e.reference == reference), lambda e: f"{e.seq:09d}")

    def archived_folders(self, *, after: str = "", limit: int = 1000, unfinished: bool = False) -> Sequence[str]:
        entries = (e for e in self.state.archive.values() if e.completed_at is None or not unfinished)
        return sorted({e.reference for e in entries if e.reference > after})[:limit]

    def extend_archive_entry(self, key: str, retain_until: datetime) -> None:
        entry = self._get(self.state.archive, key, "archive entry")
        self._update(self.state.archive, key, replace(entry, retain_until=max(entry.retain_until, retain_until)))

    def shown_state(self, reference: str) -> ShownState:
        return self.state.shown.get(reference, ShownState(reference, None, None))

    def set_shown_state(self, state: ShownState) -> None:
        self._check_writes()
        self.state.shown[state.reference] = state


class FakeRegistry:
    """Transactions one at a time, on a copy that replaces the state when they end well.

    ``down`` makes every transaction refuse to open, as a database that does not answer.
    """

    def __init__(self) -> None:
        self.state = State()
        self.down = False
        self._lock = threading.Lock()
        self._thread = threading.local()
        self._salt_numbers = itertools.count()

    @property
    def in_transaction(self) -> bool:
        """Tell whether this thread has a transaction open."""
        return getattr(self._thread, "open", False)

    @contextmanager
    def write(self) -> Iterator[FakeTransaction]:
        with self._Opened(self), self._lock:
            copy = self.state.copy()
            yield FakeTransaction(copy, writes=True, salts=self._new_salt)
            self.state = copy

    @contextmanager
    def read(self) -> Iterator[FakeTransaction]:
        with self._Opened(self):
            yield FakeTransaction(self.state, writes=False, salts=self._new_salt)

    def sequence_events(self) -> int:
        with self.write() as tx:
            new = [event_id for event_id in tx.state.events if event_id not in tx.state.indexes]
            first = len(tx.state.indexes)
            tx.state.indexes.update({event_id: first + n for n, event_id in enumerate(new)})
            tx.state.leaves.update({event_id: leaf_hash(tx.state.events[event_id].canonical) for event_id in new})
        return len(new)

    def _new_salt(self) -> str:
        return hashlib.sha256(f"salt {next(self._salt_numbers)}".encode()).hexdigest()[:32]

    class _Opened:
        def __init__(self, registry: FakeRegistry) -> None:
            self._registry = registry

        def __enter__(self) -> None:
            if self._registry.in_transaction:
                msg = "transactions do not nest"
                raise RuntimeError(msg)
            if self._registry.down:
                raise UpstreamUnavailable("the database does not answer", code="registry.unavailable")
            self._registry._thread.open = True

        def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
            self._registry._thread.open = False


def refuse_inside_transaction(registry: FakeRegistry | None) -> None:
    """Fail a test whose step reaches outside while a transaction is open."""
    if registry is not None and registry.in_transaction:
        msg = "I/O inside a transaction"
        raise AssertionError(msg)
