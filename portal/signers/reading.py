"""What is to be signed, its parts, its pages, its file."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from conventions.errors import InputRefused, NotFound
from conventions.sentences import sentence
from conventions.steps.question import ask
from conventions.steps.read_page import document_bytes, page_picture, part_text, read_page
from conventions.steps.signer_view import signer_view
from conventions.views import PartView, SignerStage, SignerView
from portal.context import Cookie, Here
from portal.document_text import SERVED_AS, Form, lay_text, query_of
from portal.forms import STALE, Binding, FormRefused, VisitForm
from portal.pages import PageError, go, page
from portal.problems import status_of

router = APIRouter(include_in_schema=False)

PAGE_OF_STAGE = {
    SignerStage.SIGNATURE_PENDING: "/convention/en-cours",
    SignerStage.SIGNED: "/convention/merci",
    SignerStage.DECLINED: "/convention/refusee",
}
"""Stages at which nothing is left to read or decide, and the page that says so."""


@router.get("/convention")
def overview(request: Request, here: Here, cookie: Cookie) -> Response:
    """Show what is to be signed, and lead to what comes next."""
    view = signer_view(here.ports, cookie)
    if view.stage in PAGE_OF_STAGE:
        return go(PAGE_OF_STAGE[view.stage])
    return page(request, "signers/convention.html", view=view)


@router.get("/convention/partie/{number}")
def show_part(request: Request, here: Here, cookie: Cookie, number: int, vue: Form = Form.TEXT) -> Response:
    """Show a part as text, or as pictures of its pages when that is asked for."""
    view = signer_view(here.ports, cookie)
    part = part_of(view, number)
    return page(
        request,
        "signers/part.html",
        binding=Binding.VISIT,
        view=view,
        part=part,
        form=vue,
        query=query_of(vue),
        text=lay_text(part_text(here.ports, cookie, number)) if vue is Form.TEXT else "",
        is_last_left=all(left.number == number for left in view.parts_left),
    )


@router.post("/convention/partie/{number}")
def turn_part(here: Here, cookie: Cookie, number: int, form: VisitForm) -> Response:
    """Record that the part was turned, and in which form it was read; go to the next one in the same form."""
    sent = form.get("vue")
    if sent not in set(Form):
        raise FormRefused(HTTPStatus.FORBIDDEN, "form.stale", STALE)
    vue = Form(sent)
    view = read_page(here.ports, cookie, number, SERVED_AS[vue])
    return go(address_after(view, number, vue))


@router.get("/convention/page/{number}.png")
def show_page(here: Here, cookie: Cookie, number: int) -> Response:
    """Serve one page as a picture."""
    return Response(page_picture(here.ports, cookie, number), media_type="image/png")


@router.get("/convention/document.pdf")
def download(here: Here, cookie: Cookie) -> Response:
    """Serve the file; that it was taken is journalled, the one thing that a GET of this site records (ADR 0034)."""
    filename, data = document_bytes(here.ports, cookie)
    return Response(data, media_type="application/pdf", headers={"content-disposition": f'attachment; filename="{filename}"'})


@router.get("/convention/question")
def question_form(request: Request, here: Here, cookie: Cookie, envoyee: str = "") -> Response:
    """Show the form for a question or an error, or say that one was received."""
    view = signer_view(here.ports, cookie)
    return page(request, "signers/question.html", binding=Binding.VISIT, view=view, is_sent=envoyee == "oui", text="")


@router.post("/convention/question")
def send_question(request: Request, here: Here, cookie: Cookie, form: VisitForm) -> Response:
    """Pass the question on to the agents; one that is empty or too long comes back with the page."""
    text = form.get("question", "")
    try:
        ask(here.ports, cookie, text)
    except InputRefused as error:
        message = "Écrivez votre question, ou l’erreur que vous avez vue." if error.code == "text.empty" else sentence(error)
        view, errors = signer_view(here.ports, cookie), [PageError(message, "question")]
        return page(
            request,
            "signers/question.html",
            status=status_of(error),
            binding=Binding.VISIT,
            errors=errors,
            view=view,
            is_sent=False,
            text=text,
        )
    return go("/convention/question?envoyee=oui")


def part_of(view: SignerView, number: int) -> PartView:
    """Return a part by its number.

    Raises:
        NotFound: there is no such part.
    """
    if not 1 <= number <= len(view.parts):
        raise NotFound(f"{view.reference} has no part {number}", code="document.no_part")
    return view.parts[number - 1]


def address_after(view: SignerView, number: int, form: Form) -> str:
    """Say where to go once a part is turned: the next one left, else the first one left, else the decision."""
    left = [part.number for part in view.parts_left]
    if not left:
        return "/convention/decision"
    return f"/convention/partie/{next((n for n in left if n > number), left[0])}{query_of(form)}"
