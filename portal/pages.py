"""Pages: templates, the words and formats they use, and what every page is given."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from urllib.parse import quote

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, RedirectResponse, Response

from conventions.bodies import of_body, the_body
from conventions.french import capitalised, counted, format_cents, format_date, format_euros, paris_date, typographic
from conventions.guards import CATEGORIES_OF
from conventions.sentences import CATEGORY_LABELS, KIND_LABELS, STATUS_LABELS, dossier_status, status_label
from portal.context import context_of
from portal.forms import Binding, bound_cookie, form_token, served_mark
from portal.grammar import agree, describe_act, format_minute, format_short_minute, group_digits, lower_first
from portal.kind_words import words_of
from portal.settings import Site
from portal.typography import FrenchSpaces, lay_spaces

ASSETS = ("portal.css", "portal.js", "favicon.svg")

SEE_OTHER = 303

_REFERENCE = re.compile(r"(?:n°[ \u00a0])?\b\d{4}-\d{4,}\b")


@dataclass(frozen=True)
class PageError:
    """One thing to mend: what is wrong, the id of the element to go to (or an address of this site), the field's label."""

    message: str
    target: str = ""
    label: str = ""

    @property
    def href(self) -> str:
        """Where the summary's link leads."""
        return self.target if self.target.startswith("/") else f"#{self.target}"


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    binding: Binding | None = None,
    errors: Sequence[PageError] = (),
    **values: object,
) -> HTMLResponse:
    """Render a page; ``binding`` gives its forms their token, and the browser the cookie to which it is tied."""
    context = context_of(request)
    token, cookie, new_cookie = "", "", ""
    if binding is not None:
        cookie = bound_cookie(request, binding)
        if not cookie and binding is Binding.BEFORE:
            cookie = new_cookie = context.ports.secrets.random_token()
        token = form_token(context, cookie)
    html = (
        environment()
        .get_template(template)
        .render(
            site=context.site,
            settings=context.settings,
            telephone=context.ports.rules.help_telephone,
            token=token,
            served_mark=served_mark(context, cookie) if binding is Binding.BEFORE else "",
            is_demonstration=context.settings.demonstration
            or any(getattr(value, "demonstration", False) is True for value in values.values()),
            errors=[replace(error, message=lay_spaces(error.message)) for error in errors],
            **values,
        )
    )
    response = HTMLResponse(html, status_code=status)
    if new_cookie:
        context.set_cookie(response, context.form_cookie_name, new_cookie)
    return response


def keep_references_whole(text: str) -> Markup:
    """Mark the references of a text (« n° 2026-0014 ») so that no line breaks inside."""
    return Markup(_REFERENCE.sub(r'<span class="whole">\g<0></span>', str(escape(text))))  # noqa: S704 escaped just before


def go(address: str) -> Response:
    """Send the browser to a page of the same site, by GET, so that reloading repeats nothing."""
    return RedirectResponse(address, status_code=SEE_OTHER)


@cache
def environment() -> Environment:
    """Return the templates with our filters; a name that a page was not given is an error."""
    templates = Environment(
        loader=PackageLoader("portal", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[FrenchSpaces],
    )
    templates.filters.update(
        euros=format_euros,
        cents=format_cents,
        day=format_date,
        moment=format_minute,
        short_moment=format_short_minute,
        of_body=of_body,
        the_body=the_body,
        laid=lay_spaces,
        typographic=typographic,
        counted=counted,
        whole=keep_references_whole,
        paris_date=paris_date,
        act=describe_act,
        lower_first=lower_first,
        first_upper=capitalised,
        agree=agree,
        digits=group_digits,
        path=lambda text: quote(text, safe=""),
    )
    templates.globals.update(
        asset=asset_address,
        Site=Site,
        STATUS_LABELS=STATUS_LABELS,
        CATEGORY_LABELS=CATEGORY_LABELS,
        KIND_LABELS=KIND_LABELS,
        words_of=words_of,
        status_label=status_label,
        dossier_status=dossier_status,
        CATEGORIES_OF=CATEGORIES_OF,
    )
    return templates


@cache
def asset_bytes(name: str) -> bytes:
    """Read one of our static files."""
    return resources.files("portal").joinpath("static", name).read_bytes()


@cache
def asset_address(name: str) -> str:
    """Return a static file's address; the digest in it lets browsers keep the file for good."""
    return f"/static/{hashlib.sha256(asset_bytes(name)).hexdigest()[:16]}/{name}"
