"""The portal served on this machine's three loopback addresses, over a world of fakes whose conventions look real."""

from __future__ import annotations

import dataclasses
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import uvicorn

from conventions.ports.documents import RenderedAgreement, TwinPart
from conventions.steps.read_page import read_page
from conventions.steps.signer_view import signer_view
from conventions.terms import Terms
from conventions.views import SignerView
from documents.adapter import ReportlabDocuments
from portal.application import create_application
from portal.settings import PortalSettings, Site
from tests.builders import example_terms
from tests.fakes.documents import FakeDocuments
from tests.fakes.world import World
from tests.portal.sites import SETTINGS

HOSTS = {Site.SIGNERS: "127.0.0.1", Site.DESK: "127.0.0.2", Site.OFFICE: "127.0.0.3"}
START_SECONDS = 10


@dataclass(frozen=True)
class Served:
    """A world whose portal answers at the origins of ``settings``."""

    world: World
    settings: PortalSettings

    def address(self, site: Site, path: str) -> str:
        """Return the whole address of a page."""
        return self.settings.origin(site) + path


@cache
def _terms() -> Terms:
    return example_terms(wording_sha256=ReportlabDocuments().wording_sha256(example_terms().wording_id))


@cache
def _example() -> RenderedAgreement:
    return ReportlabDocuments().render_agreement(_terms())


@cache
def _twin() -> tuple[TwinPart, ...]:
    return ReportlabDocuments().render_twin(_terms())


@cache
def _picture(page: int) -> bytes:
    return ReportlabDocuments().render_page_picture(_example().data, page)


class PicturedDocuments(FakeDocuments):
    """Fake files, which the fake signatures need, with the parts, the text and the pictures of a real convention."""

    def render_agreement(self, terms: Terms) -> RenderedAgreement:
        return dataclasses.replace(_example(), data=super().render_agreement(terms).data)

    def render_twin(self, terms: Terms) -> tuple[TwinPart, ...]:
        del terms  # the same convention as its pictures
        return _twin()

    def render_model(self, wording_id: str) -> tuple[TwinPart, ...]:
        return ReportlabDocuments().render_model(wording_id)

    def render_page_picture(self, data: bytes, page: int) -> bytes:
        del data  # whatever the file, the example's page stands for its own
        return _picture(page)


class PicturedWorld(World):
    """A world of fakes whose conventions look real."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.documents = PicturedDocuments(self.registry)
        self.ports = dataclasses.replace(self.ports, documents=self.documents)

    def read_all(self, cookie: str) -> SignerView:
        """Turn every part, however many there are."""
        view = signer_view(self.ports, cookie)
        for part in view.parts:
            view = read_page(self.ports, cookie, part.number, "text")
        return view


@contextmanager
def served(world: World) -> Iterator[Served]:
    """Serve a world's portal while the block runs: one port, three hosts, none of them guessed."""
    sockets = _sockets()
    port = sockets[0].getsockname()[1]
    origins = {f"{site.value}_origin": f"http://{host}:{port}" for site, host in HOSTS.items()}
    settings = dataclasses.replace(SETTINGS, **origins)  # type: ignore[arg-type]
    config = uvicorn.Config(create_application(world.ports, settings), access_log=False, log_level="warning", ws="none", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": sockets}, daemon=True)
    thread.start()
    started = threading.Event()
    for _ in range(START_SECONDS * 100):
        if server.started:
            break
        started.wait(0.01)
    try:
        yield Served(world, settings)
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)
        for one in sockets:
            one.close()


def _sockets() -> list[socket.socket]:
    """Listen on the same free port of the three hosts."""
    first = socket.create_server((HOSTS[Site.SIGNERS], 0))
    port = first.getsockname()[1]
    return [first, *(socket.create_server((HOSTS[site], port)) for site in (Site.DESK, Site.OFFICE))]
