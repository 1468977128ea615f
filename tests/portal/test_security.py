"""Hosts, headers, cookies, forms: what keeps the three sites apart and a signer's link out of others' hands."""

from __future__ import annotations

import dataclasses
import json
from http.cookies import SimpleCookie
from typing import Any

import pytest
import structlog

from conventions.accounts import Role
from conventions.errors import ConfigurationError
from portal.forms import FORM_MAX_BYTES
from portal.settings import Site
from tests.fakes.world import World
from tests.portal.sites import SETTINGS, Visitor, enter, portal_of

PRODUCTION = dataclasses.replace(
    SETTINGS,
    signers_origin="https://signer.invalid",
    desk_origin="https://parapheur.invalid",
    office_origin="https://gestion.invalid",
    demonstration=False,
)


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("host", ["evil.invalid", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:8400.evil.invalid", ""])
def test_an_unknown_host_is_answered_by_no_site(world: World, host: str) -> None:
    visitor = Visitor(portal_of(world), Site.SIGNERS)
    visitor.headers["host"] = host
    assert visitor.open("/").status_code == 421
    assert visitor.page.headers["referrer-policy"] == "no-referrer"


def test_each_site_answers_its_own_pages_only(world: World) -> None:
    application = portal_of(world)
    token = world.token(world.invited())
    own = {
        Site.SIGNERS: [f"/s/{token}", "/convention", "/informations"],
        Site.DESK: ["/ceremonie", "/ceremonies", "/document/2026-0001"],
        Site.OFFICE: ["/conventions", "/envois", "/campagnes/nouvelle", "/api/agreements", "/problemes"],
    }
    for site in Site:
        visitor = Visitor(application, site)
        for owner, paths in own.items():
            for path in paths:
                is_found = visitor.open(path, follow=False).status_code != 404
                assert is_found == (owner is site), f"{path} on {site}"


@pytest.mark.parametrize("site", list(Site))
@pytest.mark.parametrize("path", ["/", "/nothing", "/health", "/accessibilite"])
def test_headers_of_every_answer(world: World, site: Site, path: str) -> None:
    headers = Visitor(portal_of(world), site).open(path, follow=False).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert "strict-transport-security" not in headers


@pytest.mark.parametrize("site", list(Site))
def test_pages_hold_nothing_inline_and_nothing_of_third_parties(world: World, site: Site) -> None:
    visitor = Visitor(portal_of(world), site)
    for path in ("/", "/connexion", "/accessibilite", "/mentions-legales", "/donnees-personnelles"):
        html = visitor.open(path).text
        assert "<style" not in html
        assert " style=" not in html
        assert " onclick=" not in html
        assert 'src="http' not in html
        assert html.count("<script") == html.count('<script src="/static/')


def test_static_files_are_kept_under_their_digest(world: World) -> None:
    visitor = Visitor(portal_of(world), Site.SIGNERS)
    html = visitor.open("/").text
    address = html.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = visitor.open(address)
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert visitor.open(f"/static/{'0' * 16}/portal.css").status_code == 404
    assert visitor.open(f"{address.rpartition('/')[0]}/settings.py").status_code == 404


def test_production_cookies_and_transport(world: World) -> None:
    token = world.token(world.invited())
    visitor = Visitor(portal_of(world, PRODUCTION), Site.SIGNERS, PRODUCTION)
    opened = visitor.open(f"/s/{token}")
    assert opened.headers["strict-transport-security"].startswith("max-age=")
    visitor.send(reponse="oui", follow=False)
    form_cookie, visit_cookie = (next(iter(SimpleCookie(answer.headers["set-cookie"]).values())) for answer in (opened, visitor.page))
    for cookie in (form_cookie, visit_cookie):
        assert cookie.key.startswith("__Host-")
        assert cookie["secure"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "lax"
        assert cookie["path"] == "/"
        assert not cookie["domain"]
    assert int(visit_cookie["max-age"]) == 86_400


def test_the_two_kinds_of_cookie_differ_by_site(world: World) -> None:
    application = portal_of(world)
    names = set()
    for site, role in ((Site.DESK, Role.SIGNATORY), (Site.OFFICE, Role.AGENT)):
        visitor = Visitor(application, site)
        enter(visitor, world, role)
        names |= set(visitor.cookies.keys())
    assert len(names) == 4


def test_a_form_needs_its_token_and_its_cookie(world: World) -> None:
    token = world.token(world.invited())
    visitor = Visitor(portal_of(world), Site.SIGNERS)
    visitor.open(f"/s/{token}")
    for jeton in ("", "0" * 64):
        assert visitor.request("POST", f"/s/{token}", data={"reponse": "oui", "jeton": jeton}).status_code == 403
        assert "Rien n’a été enregistré" in visitor.text
    visitor.open(f"/s/{token}")
    visitor.cookies.clear()
    assert visitor.send(reponse="oui").status_code == 403


def test_a_form_of_another_visit_is_refused(world: World) -> None:
    application = portal_of(world)
    token = world.token(world.invited())
    first, second = Visitor(application, Site.SIGNERS), Visitor(application, Site.SIGNERS)
    for visitor in (first, second):
        visitor.open(f"/s/{token}")
        visitor.send(reponse="oui")
        visitor.open("/convention/partie/1")
    second.page = first.page
    assert second.send().status_code == 403
    assert "form.stale" in second.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://127.0.0.1:8400", "sec-fetch-site": "same-origin"}, 303),
        ({"origin": "null", "sec-fetch-site": "same-origin"}, 303),
        ({}, 303),
        ({"origin": "http://127.0.0.2:8400"}, 403),
        ({"origin": "null", "sec-fetch-site": "cross-site"}, 403),
        ({"origin": "http://127.0.0.1:8400", "sec-fetch-site": "same-site"}, 403),
    ],
)
def test_a_form_says_where_it_comes_from(world: World, headers: dict[str, str], status: int) -> None:
    token = world.token(world.invited())
    visitor = Visitor(portal_of(world), Site.SIGNERS)
    visitor.open(f"/s/{token}")
    assert visitor.send(reponse="oui", follow=False, headers=headers).status_code == status


def test_forms_are_read_within_limits(world: World) -> None:
    token = world.token(world.invited())
    visitor = Visitor(portal_of(world), Site.SIGNERS)
    visitor.open(f"/s/{token}")
    form = {"content-type": "application/x-www-form-urlencoded"}
    for content, headers, status in (
        (b"a=" + b"x" * FORM_MAX_BYTES, form, 413),
        (b"a=%ff", form, 400),
        (b"&".join(b"a=1" for _ in range(500)), form, 400),
        (b"{}", {"content-type": "application/json"}, 415),
    ):
        assert visitor.request("POST", f"/s/{token}", content=content, headers=headers).status_code == status
    too_long = visitor.open("/s/" + "x" * 300)
    assert too_long.status_code == 422


def test_no_form_without_a_session(world: World) -> None:
    application = portal_of(world)
    signer = Visitor(application, Site.SIGNERS)
    assert signer.request("POST", "/convention/partie/1", data={"jeton": "x"}).status_code == 403
    assert "Rouvrez votre lien" in signer.text
    desk = Visitor(application, Site.DESK)
    assert desk.request("POST", "/ceremonie", data={"jeton": "x"}, follow=False).headers["location"] == "/connexion"


def test_get_changes_nothing_and_other_methods_are_refused(world: World) -> None:
    reference = world.invited()
    visitor = Visitor(portal_of(world), Site.SIGNERS)
    visitor.open(f"/s/{world.token(reference)}")
    visitor.send(reponse="oui")
    with world.registry.read() as tx:
        before = len(tx.events(reference))
    for path in ("", "/partie/1", "/decision", "/code", "/refus", "/page/1.png"):
        visitor.open(f"/convention{path}")
        for method in ("PUT", "DELETE", "PATCH"):
            assert visitor.request(method, f"/convention{path}").status_code == 405
    with world.registry.read() as tx:
        assert len(tx.events(reference)) == before
    assert not [notice for notice in world.mailer.sent if notice.template == "code"]


def test_the_access_log_holds_no_token_and_no_person(world: World) -> None:
    reference = world.invited()
    token = world.token(reference)
    visitor = Visitor(portal_of(world), Site.SIGNERS)
    with structlog.testing.capture_logs() as lines:
        visitor.open(f"/s/{token}")
        visitor.send(reponse="oui")
        visitor.open(f"/s/{token}x")
        visitor.open(f"/unknown/{token}")
    requests = [line for line in lines if line["event"] == "request"]
    assert [line["route"] for line in requests] == ["/s/{token}", "/s/{token}", "/convention", "/s/{token}", "unknown"]
    assert [line["http_status"] for line in requests] == [200, 303, 200, 403, 404]
    said = json.dumps(lines, default=str)
    for secret in (token, token.partition(".")[0], "192.0.2.7", "Le Goff", next(iter(visitor.cookies.values()))):
        assert secret not in said


@pytest.mark.parametrize(
    "changes",
    [
        {"desk_origin": "https://signer.invalid"},
        {"desk_origin": "https://signer.invalid:8443"},
        {"desk_origin": "http://parapheur.invalid"},
        {"desk_origin": "https://parapheur.invalid/"},
        {"desk_origin": "parapheur.invalid"},
        {"accessibility_level": "parfait"},
    ],
)
def test_settings_that_would_weaken_the_sites_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        dataclasses.replace(PRODUCTION, **changes)


def test_a_demonstration_may_share_one_host_by_ports() -> None:
    shared = dataclasses.replace(SETTINGS, desk_origin="http://127.0.0.1:8401", office_origin="http://127.0.0.1:8402")
    assert len({shared.netloc(site) for site in Site}) == 3
