"""The decision, the code, the signature; or the refusal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from conventions.errors import Busy, ContreseingError, InputRefused, LinkRefused, RuleRefused
from conventions.french import counted
from conventions.sentences import sentence
from conventions.steps.decline import decline
from conventions.steps.send_code import send_code
from conventions.steps.sign import sign
from conventions.steps.signer_view import signer_view
from conventions.views import SignerStage, SignerView
from portal.context import Cookie, Here
from portal.forms import Binding, VisitForm
from portal.kind_words import words_of
from portal.pages import PageError, go, page
from portal.problems import status_of
from portal.signers.reading import PAGE_OF_STAGE

router = APIRouter(include_in_schema=False)

ACCEPTED = "oui"
WAIT_SECONDS, WAITS = 3, 10
"""How often, and how many times, a page looks whether the signature that another page is making is done."""

_WAITED = "/convention/en-cours?attente={left}"


@router.get("/convention/decision")
def decision_form(request: Request, here: Here, cookie: Cookie) -> Response:
    """Ask for the decision; the box is never ticked beforehand."""
    view = signer_view(here.ports, cookie)
    if view.stage in PAGE_OF_STAGE:
        return go(PAGE_OF_STAGE[view.stage])
    return _decision_page(request, view)


@router.post("/convention/decision")
def decide(request: Request, here: Here, cookie: Cookie, form: VisitForm) -> Response:
    """Send the code, once everything was read and the box is ticked."""
    view = signer_view(here.ports, cookie)
    if view.stage in PAGE_OF_STAGE:
        return go(PAGE_OF_STAGE[view.stage])
    errors = _parts_left(view)
    if form.get("accepte") != ACCEPTED:
        errors = [*errors, PageError(f"Cochez la case si vous acceptez {words_of(view.kind).the}.", "accepte")]
    if errors:
        return _decision_page(request, view, errors, 422)
    try:
        send_code(here.ports, cookie)
    except RuleRefused as error:
        if error.code != "code.too_many":
            raise
        return _code_page(request, view, [PageError(sentence(error), "code")], status_of(error))
    return go("/convention/code?envoi=nouveau" if form.get("origine") == "code" else "/convention/code")


@router.get("/convention/code")
def code_form(request: Request, here: Here, cookie: Cookie, envoi: str = "") -> Response:
    """Ask for the code."""
    view = signer_view(here.ports, cookie)
    if view.stage in PAGE_OF_STAGE:
        return go(PAGE_OF_STAGE[view.stage])
    if view.stage is not SignerStage.CODE_SENT:
        return go("/convention/decision")
    return _code_page(request, view, is_sent_again=envoi == "nouveau")


@router.post("/convention/code")
def enter_code(request: Request, here: Here, cookie: Cookie, form: VisitForm) -> Response:
    """Sign."""
    try:
        view = sign(
            here.ports,
            cookie,
            form.get("code", ""),
            accepted=form.get("accepte") == ACCEPTED,
            document_sha256=form.get("empreinte", ""),
        )
    except (InputRefused, LinkRefused) as error:
        if error.code not in {"code.malformed", "code.wrong", "code.expired", "code.on_its_way", "consent.missing"}:
            raise
        view = signer_view(here.ports, cookie)
        return _code_page(request, view, [PageError(sentence(error), "code")], status_of(error), is_expired=error.code == "code.expired")
    except RuleRefused as error:
        view = signer_view(here.ports, cookie)
        if error.code == "reading.unfinished":
            return _decision_page(request, view, _parts_left(view), status_of(error))
        return page(request, "signers/impossible.html", status=status_of(error), view=view, message=sentence(error), code=error.code)
    except Busy:
        return go(_WAITED.format(left=WAITS))
    except ContreseingError:
        view = signer_view(here.ports, cookie)
        if view.stage not in PAGE_OF_STAGE:
            raise
    return go(PAGE_OF_STAGE.get(view.stage, "/convention"))


@router.get("/convention/en-cours")
def pending(request: Request, here: Here, cookie: Cookie, attente: Annotated[int | None, Query(ge=0, le=WAITS)] = None) -> Response:
    """Say that the decision stands although the signature could not be finished yet; ``attente``: another page is making it."""
    view = signer_view(here.ports, cookie)
    if view.stage is not SignerStage.SIGNATURE_PENDING:
        return go(PAGE_OF_STAGE.get(view.stage, "/convention"))
    following = _WAITED.format(left=attente - 1) if attente and attente > 1 else "/convention/en-cours"
    return page(request, "signers/pending.html", binding=Binding.VISIT, view=view, left=attente, following=following, every=WAIT_SECONDS)


@router.post("/convention/en-cours")
def finish(here: Here, cookie: Cookie, form: VisitForm) -> Response:
    """Try again to finish a signature whose decision stands; no code is needed any more."""
    view = signer_view(here.ports, cookie)
    if view.stage is SignerStage.SIGNATURE_PENDING:
        try:
            view = sign(here.ports, cookie, "", accepted=True, document_sha256=form.get("empreinte", ""))
        except Busy:
            return go(_WAITED.format(left=WAITS))
        except ContreseingError as error:
            if not error.retryable:
                raise
    return go(PAGE_OF_STAGE.get(view.stage, "/convention"))


@router.get("/convention/merci")
def done(request: Request, here: Here, cookie: Cookie) -> Response:
    """Say that it is signed, and what comes next."""
    view = signer_view(here.ports, cookie)
    if view.stage is not SignerStage.SIGNED:
        return go(PAGE_OF_STAGE.get(view.stage, "/convention"))
    return page(request, "signers/done.html", view=view)


@router.get("/convention/code/aide")
def code_help(request: Request, here: Here, cookie: Cookie) -> Response:
    """Say what to do when no code came."""
    view = signer_view(here.ports, cookie)
    return page(request, "signers/code_help.html", binding=Binding.VISIT, view=view)


@router.get("/convention/refus")
def decline_form(request: Request, here: Here, cookie: Cookie) -> Response:
    """Ask to confirm a refusal."""
    view = signer_view(here.ports, cookie)
    if view.stage in PAGE_OF_STAGE:
        return go(PAGE_OF_STAGE[view.stage])
    return page(request, "signers/decline.html", binding=Binding.VISIT, view=view, text="")


@router.post("/convention/refus")
def refuse(request: Request, here: Here, cookie: Cookie, form: VisitForm) -> Response:
    """Record the refusal; a reason that is too long comes back with the page."""
    text = form.get("motif", "")
    try:
        decline(here.ports, cookie, text)
    except InputRefused as error:
        view, errors = signer_view(here.ports, cookie), [PageError(sentence(error), "motif")]
        if view.stage in PAGE_OF_STAGE:
            return go(PAGE_OF_STAGE[view.stage])
        return page(request, "signers/decline.html", status=status_of(error), binding=Binding.VISIT, errors=errors, view=view, text=text)
    return go("/convention/refusee")


@router.get("/convention/refusee")
def declined(request: Request, here: Here, cookie: Cookie) -> Response:
    """Say that the refusal is recorded."""
    view = signer_view(here.ports, cookie)
    if view.stage is not SignerStage.DECLINED:
        return go(PAGE_OF_STAGE.get(view.stage, "/convention"))
    return page(request, "signers/declined.html", view=view)


def _parts_left(view: SignerView) -> list[PageError]:
    return [PageError(f"Partie {part.number} : {part.title}", f"/convention/partie/{part.number}") for part in view.parts_left]


def _decision_page(request: Request, view: SignerView, errors: Sequence[PageError] = (), status: int = 200) -> Response:
    left = len(view.parts_left)
    title = f"Il vous reste {counted(left, 'partie', 'parties')} à lire avant de signer" if left else ""
    return page(request, "signers/decision.html", status=status, binding=Binding.VISIT, errors=errors, errors_title=title, view=view)


def _code_page(
    request: Request,
    view: SignerView,
    errors: Sequence[PageError] = (),
    status: int = 200,
    *,
    is_sent_again: bool = False,
    is_expired: bool = False,
) -> Response:
    return page(
        request,
        "signers/code.html",
        status=status,
        binding=Binding.VISIT,
        errors=errors,
        view=view,
        is_sent_again=is_sent_again,
        is_expired=is_expired,
    )
