"""The portal over a world of fakes, and a visitor who uses it over HTTP as a browser without script would."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import timedelta
from html import unescape

import httpx
from fastapi import FastAPI

from conventions.accounts import Role
from portal.application import create_application
from portal.settings import PortalSettings, Publisher, Site
from tests.fakes.world import PASSWORD, World

PUBLISHER = Publisher(
    name="Syndicat mixte de démonstration Ker Niverel",
    seat="1 place de l’Exemple, 35000 Ville-Fictive",
    telephone="02 99 00 00 00",
    website="https://ker-niverel.invalid",
    director="Mme Nolwenn Kerfictif, présidente",
    hosting="cette machine, le temps d’un essai",
    data_protection_mail="dpo@ker-niverel.invalid",
)

SETTINGS = PortalSettings(
    signers_origin="http://127.0.0.1:8400",
    desk_origin="http://127.0.0.2:8400",
    office_origin="http://127.0.0.3:8400",
    publisher=PUBLISHER,
    demonstration=True,
    prefect_url="http://127.0.0.1:4200",
)

STEP = timedelta(seconds=60)
"""More than the life of one code."""

USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_FORM = re.compile(r"<form\b.*?</form>", re.DOTALL)
_MODEL = re.compile(r'<a class="button primary" href="(/modele/[^"]+)"')
_ACTION = re.compile(r'action="([^"]*)"')
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


def portal_of(world: World, settings: PortalSettings = SETTINGS) -> FastAPI:
    """Build the portal on a world's ports."""
    return create_application(world.ports, settings)


class Visitor:
    """Opens pages and sends the forms that stand on them, keeping cookies; follows redirections."""

    def __init__(self, application: FastAPI, site: Site, settings: PortalSettings = SETTINGS) -> None:
        self.origin = settings.origin(site)
        self.headers = {"user-agent": USER_AGENT, "accept": "text/html", "accept-language": "fr-FR,fr;q=0.9", "sec-fetch-mode": "navigate"}
        self.cookies = httpx.Cookies()
        self._application = application
        self.page = httpx.Response(200)

    def request(self, method: str, path: str, *, follow: bool = True, **options: object) -> httpx.Response:
        """Send one request and keep what it answers as the current page."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._application, raise_app_exceptions=False, client=("192.0.2.7", 50000))
            async with httpx.AsyncClient(
                transport=transport, base_url=self.origin, headers=self.headers, cookies=self.cookies, follow_redirects=follow
            ) as client:
                answer = await client.request(method, path, **options)  # type: ignore[arg-type]
                self.cookies = client.cookies
                return answer

        self.page = asyncio.run(send())
        return self.page

    def open(self, path: str, *, follow: bool = True, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Open a page."""
        return self.request("GET", path, follow=follow, headers=dict(headers or {}))

    def send(self, path: str = "", *, follow: bool = True, headers: Mapping[str, str] | None = None, **fields: str) -> httpx.Response:
        """Send the form of the current page that posts to ``path`` (its only form by default), its hidden fields included."""
        found = [form for form in _FORM.findall(self.page.text) if 'method="post"' in form]
        forms = [form for form in found if _action(form) == path] if path else [f for f in found if "deconnexion" not in _action(f)]
        assert len(forms) >= 1, f"no form to {path!r} on {self.page.url}: {[_action(form) for form in found]}"
        hidden = {unescape(name): unescape(value) for name, value in _HIDDEN.findall(forms[0])}
        data = {**hidden, **{name.replace("_", "-"): value for name, value in fields.items()}}
        return self.request("POST", _action(forms[0]), follow=follow, data=data, headers=dict(headers or {}))

    @property
    def text(self) -> str:
        """The current page's text, as a person reads it: no tags, one space between words."""
        body = re.sub(r"<(script|style|head)\b.*?</\1>", " ", self.page.text, flags=re.DOTALL)
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " ").replace("\u202f", " ")).strip()


def _action(form: str) -> str:
    found = _ACTION.search(form)
    return unescape(found[1]) if found else ""


def enter(visitor: Visitor, world: World, role: Role) -> httpx.Response:
    """Sign in; the clock then goes on, so that the next code is a fresh one."""
    visitor.open("/connexion")
    answer = visitor.send("/connexion", identifiant=role.value, mot_de_passe=PASSWORD, code=world.totp(role))
    world.clock.current += STEP
    return answer


def read_models(visitor: Visitor) -> list[str]:
    """Read each model that the desk asks to read; return their addresses."""
    visitor.open("/")
    addresses = [unescape(found) for found in _MODEL.findall(visitor.page.text)]
    for address in addresses:
        visitor.open(address)
        visitor.send(address)
    return addresses


def begin(world: World, visitor: Visitor) -> str:
    """Open the link and press « Oui, continuer »."""
    reference = world.invited()
    visitor.open(f"/s/{world.token(reference)}")
    visitor.send(reponse="oui")
    return reference


def read(visitor: Visitor) -> None:
    """Turn the three parts."""
    for part in (1, 2, 3):
        visitor.open(f"/convention/partie/{part}")
        visitor.send()


def ask_code(world: World, visitor: Visitor) -> str:
    """Tick the box, ask for the code, read it in the mail."""
    visitor.open("/convention/decision")
    visitor.send(accepte="oui")
    world.deliver()
    return world.code()


def events(world: World, reference: str) -> list[str]:
    """List the types of an agreement's events."""
    with world.registry.read() as tx:
        return [entry.event.type for entry in tx.events(reference)]
