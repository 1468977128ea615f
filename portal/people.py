"""People of the office sign in and out, on the desk and in the office alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from conventions.accounts import Account, Role
from conventions.errors import RuleRefused
from conventions.sentences import sentence
from conventions.steps.desk import DESK_READERS
from conventions.steps.office import OFFICE_READERS
from conventions.steps.sign_in import account_of, sign_in, sign_out
from portal.context import Cookie, Here
from portal.forms import Binding, FormBeforeVisit, VisitForm
from portal.pages import PageError, go, page
from portal.problems import status_of
from portal.settings import Site

router = APIRouter(include_in_schema=False)

READERS: Mapping[Site, tuple[Role, ...]] = MappingProxyType({Site.DESK: DESK_READERS, Site.OFFICE: OFFICE_READERS})
"""Roles that a site admits."""

_FOLLOWING = re.compile(r"/(?!/)[A-Za-z0-9/._-]*\Z")
"""Where to go after signing in: a path of this site, never another host."""


def current_account(here: Here, cookie: Cookie) -> Account:
    """Return the account of the session.

    Raises:
        LinkRefused: ``session.ended``.
        RuleRefused: ``role.refused``: the account is for another site.
    """
    account = account_of(here.ports, cookie)
    if not set(account.roles) & set(READERS[here.site]):
        raise RuleRefused(f"account {account.id} has no role on {here.site}", code="role.refused")
    return account


Person = Annotated[Account, Depends(current_account)]


def require(account: Account, *roles: Role) -> None:
    """Refuse an account that holds none of the roles.

    Raises:
        RuleRefused: ``role.refused``.
    """
    if not set(account.roles) & set(roles):
        raise RuleRefused(f"account {account.id} lacks the role", code="role.refused")


@router.get("/connexion")
def sign_in_form(request: Request, suite: str = "") -> Response:
    """Ask for login, password and code."""
    return _page(request, suite)


@router.post("/connexion")
def enter(request: Request, here: Here, form: FormBeforeVisit) -> Response:
    """Begin a session."""
    following, login = form.get("suite", ""), form.get("identifiant", "").strip()
    given = [
        (login, "identifiant", "Écrivez votre identifiant."),
        (form.get("mot-de-passe", ""), "mot-de-passe", "Écrivez votre mot de passe."),
    ]
    code = re.sub(r"\s", "", form.get("code", ""))
    given.append((code, "code", "Écrivez le code à 6 chiffres de votre application."))
    missing = [PageError(advice, field) for value, field, advice in given if not value]
    if missing:
        return _page(request, following, login, missing, 422)
    try:
        session = sign_in(here.ports, login, form.get("mot-de-passe", ""), code)
    except RuleRefused as error:
        return _page(request, following, login, [PageError(sentence(error), "identifiant")], status_of(error))
    if not set(session.account.roles) & set(READERS[here.site]):
        sign_out(here.ports, session.cookie)
        return _page(request, following, login, [PageError("Ce compte n’ouvre pas ce site.", "identifiant")], 403)
    response = go(following if _FOLLOWING.match(following) else "/")
    lifetime = session.expires_at.astimezone(UTC) - here.ports.clock.now()
    here.set_cookie(response, here.session_cookie_name, session.cookie, int(lifetime.total_seconds()))
    return response


@router.post("/deconnexion")
def leave(here: Here, cookie: Cookie, form: VisitForm) -> Response:
    """End the session."""
    del form  # it says nothing but that it is ours
    sign_out(here.ports, cookie)
    response = go("/connexion")
    here.drop_cookie(response, here.session_cookie_name)
    return response


def _page(request: Request, following: str, login: str = "", errors: list[PageError] | None = None, status: int = 200) -> Response:
    return page(request, "sign_in.html", status=status, binding=Binding.BEFORE, errors=errors or (), following=following, login=login)
