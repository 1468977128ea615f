"""The embedded stack, whole and real, once for all these tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contreseing.demonstration.accounts import SIGNATORY, account_of, ensure_accounts
from contreseing.demonstration.programmes import current_programme
from contreseing.embedded.stack import Stack
from contreseing.wiring import build_ports, close_ports
from conventions.french import paris_date
from conventions.ports.system import Ports
from tests.integration.village import Phone, Village


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack") / "demo") as running:
        running.start()
        yield running


@pytest.fixture(scope="session")
def ports(stack: Stack) -> Iterator[Ports]:
    built = build_ports(stack.settings_with("portal", "flows", "desk", "proofs"))
    yield built
    close_ports(built)


@pytest.fixture(scope="session")
def phone(stack: Stack, ports: Ports) -> Phone:
    file = current_programme(paris_date(ports.clock.now()).year)
    with ports.registry.write() as tx:
        tx.add_programme(file.programme)
        tx.add_delegation(file.programme.id, file.delegations[0])
    accounts = ensure_accounts(ports, [], file.delegations[0])
    stack.workspace.write_accounts(accounts)
    return Phone(account_of(accounts, SIGNATORY))


@pytest.fixture
def village(stack: Stack, ports: Ports, phone: Phone) -> Callable[[int], Village]:
    """Make a village of a given size."""
    return lambda size: Village(stack, ports, phone, size)


@pytest.fixture
def folder(stack: Stack) -> Path:
    return stack.workspace.folder
