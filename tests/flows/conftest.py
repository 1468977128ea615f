"""One real Prefect server for the session, on a free loopback port, started as the embedded stack starts it."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_CLIENT_MAX_RETRIES,
    PREFECT_HOME,
    PREFECT_LOGGING_TO_API_ENABLED,
    PREFECT_SERVER_EPHEMERAL_ENABLED,
    temporary_settings,
)

from contreseing.embedded.prefect_server import EmbeddedPrefect, running_server
from contreseing.wiring import use_ports
from tests.fakes.world import World
from tests.flows.server import Prefect, free_port

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count a test's own time only: the first one starts the server, which a loaded machine makes long."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.timeout(120, func_only=True))
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"))


@pytest.fixture(autouse=True, scope="module")
def connections_of_prefect() -> Iterator[None]:
    """Collect at once the connections that Prefect's client leaves open (3.8: clients that are never entered, in results and engine).

    Left to the collector's own moment, they would fail whichever test comes later on this worker.
    """
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prefect]:
    home = tmp_path_factory.mktemp("prefect")
    embedded = EmbeddedPrefect(home, free_port())
    with (
        running_server(embedded) as supervisor,
        temporary_settings(
            {
                PREFECT_API_URL: embedded.api_url,
                PREFECT_HOME: Path(home),
                PREFECT_SERVER_EPHEMERAL_ENABLED: False,
                PREFECT_LOGGING_TO_API_ENABLED: False,
                PREFECT_CLIENT_MAX_RETRIES: 3,
            }
        ),
    ):
        server = Prefect(embedded, supervisor)
        yield server
        server.close()


@pytest.fixture
def prefect(prefect_server: Prefect) -> Prefect:
    prefect_server.clear_board()
    return prefect_server


@pytest.fixture
def world() -> Iterator[World]:
    """A world whose ports are those that flows get."""
    made = World()
    with use_ports(made.ports):
        yield made
