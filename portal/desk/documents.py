"""The desk's first page, and each document: what differs, the act, the pages, the decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from conventions.accounts import Role
from conventions.agreements import FactKind
from conventions.ceremonies import Mark
from conventions.errors import InputRefused
from conventions.kinds import FILE_NAMES
from conventions.people import folded
from conventions.preparation import preparation_of
from conventions.sentences import sentence
from conventions.steps.desk import desk, desk_agreement
from conventions.steps.return_to_member import return_to_member
from conventions.steps.review import review
from conventions.steps.show import desk_document, desk_page_picture, show
from conventions.views import DeskItem, Pile
from portal.context import Cookie, Here
from portal.desk.words import (
    PILE_TITLES,
    how_shown,
    item_of,
    mark_label,
    neighbours,
    next_to_open,
    proposed,
    reason,
    still_to_open,
    unopened_sample,
)
from portal.document_text import SERVED_AS, Form, form_of, lay_text, query_of
from portal.forms import Binding, VisitForm
from portal.pages import PageError, go, page
from portal.people import Person
from portal.problems import status_of

router = APIRouter(include_in_schema=False)

Reference = Annotated[str, Path(pattern=r"^[0-9]{4}-[0-9]{4,}$")]
FIRST_ORDER = "convention"
ORDERS: Mapping[str, Callable[[DeskItem], tuple[str | int, ...]]] = MappingProxyType(
    {
        FIRST_ORDER: lambda item: (item.reference,),
        "organisme": lambda item: (folded(item.organisation), item.reference),
        "montant": lambda item: (-item.contribution_eur, item.reference),
        "date": lambda item: (item.waiting_since.isoformat(), item.reference),
    }
)
"""Orders in which the piles may be shown, by the word in the address."""

DECISIONS = {"prete": Mark.READY, "de-cote": Mark.ASIDE}


@router.get("/")
def show_desk(request: Request, here: Here, cookie: Cookie, account: Person, tri: str = "") -> Response:
    """Show the three piles, in the order asked for."""
    view = desk(here.ports, cookie)
    order = tri if tri in ORDERS else FIRST_ORDER
    return page(
        request,
        "desk/desk.html",
        binding=Binding.VISIT,
        account=account,
        view=view,
        piles=[(pile, PILE_TITLES[pile], sorted(view.pile(pile), key=ORDERS[order])) for pile in Pile],
        order=order,
        proposed=proposed(view),
        to_open=still_to_open(view),
        unopened_sample=unopened_sample(view),
        reason=reason,
        mark_label=mark_label,
    )


@router.get("/document/{reference}")
def show_document(request: Request, here: Here, cookie: Cookie, account: Person, reference: Reference, vue: Form = Form.TEXT) -> Response:
    """Show one document as text, or as pictures of its pages when that is asked for."""
    return _document_page(request, here, cookie, account, reference, vue)


@router.post("/document/{reference}")
def decide(request: Request, here: Here, cookie: Cookie, account: Person, reference: Reference, form: VisitForm) -> Response:
    """Mark a document and open the next one that must be read."""
    mark = DECISIONS.get(form.get("decision", ""))
    if mark is None:
        errors = [PageError("Choisissez : prête, renvoyer, ou laisser de côté.", "decision")]
        return _document_page(request, here, cookie, account, reference, form_of(form.get("vue", "")), errors)
    view = desk(here.ports, cookie)
    review(here.ports, cookie, item_of(view, reference).reference, mark, how_shown(view, reference))
    following = next_to_open(view, reference)
    return go(f"/document/{following.reference}{query_of(form_of(form.get('vue', '')))}" if following else "/")


@router.get("/document/{reference}/page/{number}.png")
def show_page(here: Here, cookie: Cookie, reference: Reference, number: int) -> Response:
    """Serve one page as a picture, the one that the member saw."""
    return Response(desk_page_picture(here.ports, cookie, reference, number), media_type="image/png")


@router.get("/document/{reference}/fichier.pdf")
def download(here: Here, cookie: Cookie, reference: Reference) -> Response:
    """Serve the file that waits for its signature."""
    data = desk_document(here.ports, cookie, reference)
    agreement = desk_agreement(here.ports, cookie, reference).agreement
    signed = "-signe-par-le-membre" if agreement.is_signed_by_member else ""
    name = f"{FILE_NAMES[agreement.kind]}-{reference}{signed}.pdf"
    return Response(data, media_type="application/pdf", headers={"content-disposition": f'attachment; filename="{name}"'})


@router.get("/document/{reference}/renvoi")
def return_form(request: Request, here: Here, cookie: Cookie, account: Person, reference: Reference) -> Response:
    """Ask for the reason of a return."""
    item = item_of(desk(here.ports, cookie), reference)
    return page(request, "desk/return.html", binding=Binding.VISIT, account=account, item=item, text="")


@router.post("/document/{reference}/renvoi")
def send_back(request: Request, here: Here, cookie: Cookie, account: Person, reference: Reference, form: VisitForm) -> Response:
    """Return a document to its member, and open the next one."""
    following = next_to_open(desk(here.ports, cookie), reference)
    try:
        return_to_member(here.ports, cookie, reference, form.get("motif", ""))
    except InputRefused as error:
        item = item_of(desk(here.ports, cookie), reference)
        return page(
            request,
            "desk/return.html",
            status=status_of(error),
            binding=Binding.VISIT,
            errors=[PageError(sentence(error), "motif")],
            account=account,
            item=item,
            text=form.get("motif", ""),
        )
    return go(f"/document/{following.reference}" if following else "/")


def _document_page(
    request: Request,
    here: Here,
    cookie: str,
    account: Person,
    reference: str,
    form: Form,
    errors: list[PageError] | None = None,
) -> Response:
    view = desk(here.ports, cookie)
    item = item_of(view, reference)
    parts = show(here.ports, cookie, reference, SERVED_AS[form])
    found = desk_agreement(here.ports, cookie, reference)
    before, after = neighbours(view, item)
    return page(
        request,
        "desk/document.html",
        status=422 if errors else 200,
        binding=Binding.VISIT,
        errors=errors or (),
        account=account,
        view=view,
        item=item,
        found=found,
        form=form,
        query=query_of(form),
        parts=[lay_text(part) for part in parts],
        preparation=preparation_of(found.agreement),
        signature=found.agreement.fact(FactKind.MEMBER_SIGNED),
        before=before,
        after=after,
        place=view.pile(item.pile).index(item) + 1,
        pile_title=PILE_TITLES[item.pile],
        pile_size=len(view.pile(item.pile)),
        is_sampled=reference in view.sample,
        reason=reason,
        mark=mark_label(item.mark, item.kind) if item.mark else None,
        can_sign=Role.SIGNATORY in account.roles,
    )
