"""Real parts for the steps alone: SeaweedFS, the PKI, the mail catcher and the receiver; a registry on each database."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from contreseing.embedded.parts import MAIL, PKI, RECEIVER, S3
from contreseing.embedded.postgres import EmbeddedPostgres
from contreseing.embedded.stack import Stack
from contreseing.stores import prepare_stores
from contreseing.wiring import close_ports
from tests.contract.storage.servers import running_postgres
from tests.integration.steps.ground import Ground
from tests.integration.steps.town import Town

NUMBERS = itertools.count(1)
MakeGround = Callable[[str], Ground]


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("outside") / "demo") as running:
        running.start((S3, PKI, MAIL, RECEIVER))
        yield running


@pytest.fixture(scope="session")
def postgres_of_steps() -> Iterator[EmbeddedPostgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def make_ground(outside: Stack, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MakeGround:
    """Make a new registry (``sqlite`` or ``postgresql``) and two new buckets."""

    def make(database: str) -> Ground:
        number, workspace = next(NUMBERS), outside.workspace
        folder = tmp_path_factory.mktemp("registry")
        url = f"sqlite:///{folder / 'registry.sqlite'}"
        if database == "postgresql":
            url = request.getfixturevalue("postgres_of_steps").create_database(f"steps_{number}")
        overrides = {
            "data_dir": str(folder),
            "database_url": url,
            "s3_working_bucket": f"steps-working-{number}",
            "s3_archive_bucket": f"steps-archive-{number}",
            **{f"pki_{name}_token_file": str(workspace.pki / f"{name}.token") for name in ("portal", "flows", "desk", "proofs")},
        }
        addresses = workspace.addresses
        ground = Ground(workspace.settings_file, addresses.url("mailbox"), addresses.url("receiver"), overrides)
        prepare_stores(ground.settings())
        return ground

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def ground(request: pytest.FixtureRequest, make_ground: MakeGround) -> Ground:
    return make_ground(request.param)


@pytest.fixture
def town(ground: Ground) -> Iterator[Town]:
    ports = ground.ports()
    yield Town(ports, ground)
    close_ports(ports)
