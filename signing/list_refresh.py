"""Refreshing the folder of trusted lists: fetched, verified, and only then put in the place of the copy before."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from conventions.canonical import Json, render_canonical
from conventions.errors import ConfigurationError, EvidenceBroken, UpstreamUnavailable, VerificationFailed
from conventions.ports.system import Clock
from conventions.qualification import ListsState, ListState
from signing.outside import HttpTimeouts, Outside
from signing.trusted_lists import (
    LARGEST_LIST_BYTES,
    LOTL_FILE,
    LOTL_NAME,
    STATE_FILE,
    ListOfLists,
    ListReference,
    ListSigners,
    issued_at,
    pivot_addresses,
    pivot_file,
    read_national_list,
    read_pivot_file,
)

STATE_SCHEMA = "contreseing/trusted-lists/1"
TIMEOUTS = HttpTimeouts(5.0, 60.0)
AT_ONCE = 4
MOST_PIVOTS = 30
HTTP_OK = 200
MOST_REDIRECTS = 3
ACCEPT = {"Accept": "application/vnd.etsi.tsl+xml, application/xml, text/xml"}
FAULTS = {"upstream.unavailable": "adresse sans réponse", "lists.unverified": "signature refusée", "lists.unreadable": "liste illisible"}
Read = TypeVar("Read")
OLDER = "plus ancienne que la copie gardée"


class ListFolder:
    """A folder of lists, where they come from, and who signs the list of them."""

    def __init__(self, folder: Path, address: str, signers: ListSigners, clock: Clock, territories: Collection[str] = ()) -> None:
        """Prepare; without territories, every list is taken."""
        self._folder = folder
        self._address = address
        self._signers = signers
        self._clock = clock
        self._territories = frozenset(territories)

    def state(self) -> ListsState:
        """Return what the last refresh found.

        Raises:
            EvidenceBroken: the file that says it is not ours.
        """
        try:
            read = json.loads((self._folder / STATE_FILE).read_bytes())
            return ListsState(tuple(_list_state(one) for one in read["lists"]), _instant(read["refreshed_at"]))
        except FileNotFoundError:
            return ListsState((), None)
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise EvidenceBroken("the state of the trusted lists cannot be read", code="lists.state") from error

    def refresh(self) -> ListsState:
        """Fetch every list again; one that cannot be had, or is not signed as it should be, leaves the copy before in place.

        Raises:
            UpstreamUnavailable: there is no list of the lists, neither fetched nor kept.
            ConfigurationError: the folder cannot be written (``lists.unwritable``).
        """
        outside = Outside(TIMEOUTS, LARGEST_LIST_BYTES)
        try:
            return outside.run(self._refresh(outside))
        except OSError as error:
            raise ConfigurationError(
                f"the folder of lists cannot be written: {error.strerror}", code="lists.unwritable", folder=self._folder.name
            ) from error
        finally:
            outside.close()

    async def _refresh(self, outside: Outside) -> ListsState:
        now = self._clock.now()
        self._folder.mkdir(parents=True, exist_ok=True)
        lotl, fault = await self._list_of_lists(outside, now)
        states = [ListState(LOTL_NAME, self._address, lotl.issued_at, lotl.next_update_at, fault)]
        wanted = [one for one in lotl.references if not self._territories or one.name in self._territories]
        turns = asyncio.Semaphore(AT_ONCE)

        async def in_turn(reference: ListReference) -> ListState:
            async with turns:
                return await self._national(outside, reference, now)

        states += await asyncio.gather(*(in_turn(one) for one in wanted))
        known = {one.file for one in wanted}
        for path in self._folder.glob("list-*.xml"):
            if path.name not in known:
                path.unlink(missing_ok=True)
        whole = not any(one.fault for one in states)
        before = self._last_success()
        state = ListsState(tuple(states), now if whole else before)
        self._write(STATE_FILE, render_canonical(_state_json(state)))
        return state

    def _last_success(self) -> datetime | None:
        try:
            return self.state().refreshed_at
        except EvidenceBroken:
            return None

    async def _list_of_lists(self, outside: Outside, now: datetime) -> tuple[ListOfLists, str]:
        kept = await asyncio.to_thread(self._kept, LOTL_FILE, lambda data: self._verified_lotl(data, now))
        try:
            data = await _fetched(outside, self._address)
            for address in pivot_addresses(data)[:MOST_PIVOTS]:
                if not (self._folder / pivot_file(address)).exists():
                    pivot = await _fetched(outside, address)
                    issued_at(pivot)  # what is no list is not kept: a pivot is fetched once
                    self._write(pivot_file(address), pivot)
            fresh = await asyncio.to_thread(self._verified_lotl, data, now)
        except (UpstreamUnavailable, VerificationFailed) as error:
            if kept is None:
                raise UpstreamUnavailable("the list of the trusted lists cannot be had", code="lists.unavailable") from error
            return kept, _fault(error)
        if kept is not None and fresh.issued_at < kept.issued_at:
            return kept, OLDER
        self._write(LOTL_FILE, data)
        return fresh, ""

    def _verified_lotl(self, data: bytes, now: datetime) -> ListOfLists:
        return self._signers.verify(data, now, lambda address: read_pivot_file(self._folder, address))

    async def _national(self, outside: Outside, reference: ListReference, now: datetime) -> ListState:
        def verified(data: bytes) -> ListState:
            read = read_national_list(reference.name, data, reference.signers, now)
            return ListState(reference.name, reference.address, read.issued_at, read.next_update_at)

        kept = await asyncio.to_thread(self._kept, reference.file, verified)  # seconds for the longest: others are being fetched
        try:
            data = await _fetched(outside, reference.address)
            fresh = await asyncio.to_thread(verified, data)
        except (UpstreamUnavailable, VerificationFailed) as error:
            return _with_fault(kept or ListState(reference.name, reference.address), _fault(error))
        if kept is not None and kept.issued_at is not None and fresh.issued_at is not None and fresh.issued_at < kept.issued_at:
            return _with_fault(kept, OLDER)
        self._write(reference.file, data)
        return fresh

    def _kept(self, file: str, verified: Callable[[bytes], Read]) -> Read | None:
        try:
            return verified((self._folder / file).read_bytes())
        except (OSError, VerificationFailed):
            return None

    def _write(self, name: str, data: bytes) -> None:
        incomplete = self._folder / f".{name}.{secrets.token_hex(4)}"
        try:
            incomplete.write_bytes(data)
            incomplete.replace(self._folder / name)
        finally:
            incomplete.unlink(missing_ok=True)


async def _fetched(outside: Outside, address: str) -> bytes:
    answer = await outside.fetch("GET", address, "trusted list", headers=ACCEPT, redirects=MOST_REDIRECTS)
    if answer.status != HTTP_OK:
        raise UpstreamUnavailable(f"trusted list: HTTP {answer.status}", service="trusted list")
    return answer.body


def _fault(error: UpstreamUnavailable | VerificationFailed) -> str:
    return FAULTS["upstream.unavailable"] if isinstance(error, UpstreamUnavailable) else FAULTS[error.code]


def _with_fault(state: ListState, fault: str) -> ListState:
    return ListState(state.territory, state.address, state.issued_at, state.next_update_at, fault)


def _state_json(state: ListsState) -> dict[str, Json]:
    def text(instant: datetime | None) -> str | None:
        return None if instant is None else instant.isoformat()

    lists: list[Json] = [
        {
            "territory": one.territory,
            "address": one.address,
            "issued_at": text(one.issued_at),
            "next_update_at": text(one.next_update_at),
            "fault": one.fault,
        }
        for one in state.lists
    ]
    return {"schema": STATE_SCHEMA, "refreshed_at": text(state.refreshed_at), "lists": lists}


def _list_state(read: Mapping[str, str]) -> ListState:
    issued_at, next_update_at = _instant(read["issued_at"]), _instant(read["next_update_at"])
    return ListState(read["territory"], read["address"], issued_at, next_update_at, read["fault"])


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
