"""The ceremony: one list, one fresh code, one button; then how far it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import JSONResponse, Response

from conventions.accounts import Role
from conventions.errors import ContreseingError, InputRefused, RuleRefused
from conventions.kinds import FEMININE, agreed
from conventions.sentences import sentence, sentence_of, status_label
from conventions.status import Status
from conventions.steps.authorise import authorise
from conventions.steps.desk import ceremonies, ceremony, desk
from conventions.steps.report_ceremony import report_ceremony
from conventions.steps.show import sealed_list
from conventions.views import CeremonyView
from portal.context import Context, Cookie, Here
from portal.desk.words import proposed, reason, still_to_open, total_eur, unopened_sample
from portal.forms import Binding, VisitForm
from portal.grammar import group_digits, lower_first
from portal.pages import PageError, go, page
from portal.people import Person, require
from portal.problems import status_of

router = APIRouter(include_in_schema=False)

CeremonyId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


@dataclass(frozen=True)
class Progress:
    """How far a ceremony is, in numbers and in one sentence."""

    total: int
    done: int
    failed: int
    sentence: str
    is_over: bool
    is_settled: bool
    is_expired: bool


@router.get("/ceremonie")
def ceremony_form(request: Request, here: Here, cookie: Cookie, account: Person) -> Response:
    """Show what would be signed, and ask for a fresh code."""
    require(account, Role.SIGNATORY)
    return _form_page(request, here, cookie, account)


@router.post("/ceremonie")
def begin(request: Request, here: Here, cookie: Cookie, account: Person, form: VisitForm) -> Response:
    """Authorise exactly the documents that the page listed."""
    references = form.get("references", "").split()
    try:
        authorisation = authorise(here.ports, cookie, references, re.sub(r"\s", "", form.get("code", "")))
    except (InputRefused, RuleRefused) as error:
        if error.code == "role.refused":
            raise
        return _form_page(request, here, cookie, account, [PageError(sentence(error), _where_to_mend(error))], status_of(error))
    return go(f"/ceremonie/{authorisation.id}")


@router.get("/ceremonies")
def past(request: Request, here: Here, cookie: Cookie, account: Person) -> Response:
    """List the ceremonies, newest first."""
    found = ceremonies(here.ports, cookie)
    return page(request, "desk/ceremonies.html", binding=Binding.VISIT, account=account, found=found)


@router.get("/ceremonie/{ceremony_id}")
def follow(request: Request, here: Here, cookie: Cookie, account: Person, ceremony_id: CeremonyId, suivi: str = "") -> Response:
    """Show how far a ceremony is."""
    view = ceremony(here.ports, cookie, ceremony_id)
    return page(
        request,
        "desk/progress.html",
        binding=Binding.VISIT,
        account=account,
        view=view,
        progress=progress_of(here, view),
        outcomes=outcomes(view),
        words=count_words(view),
        is_followed=suivi != "arrete",
    )


@router.get("/ceremonie/{ceremony_id}/avancement")
def progress(here: Here, cookie: Cookie, ceremony_id: CeremonyId) -> Response:
    """Return how far a ceremony is, for the page's script."""
    view = ceremony(here.ports, cookie, ceremony_id)
    state = progress_of(here, view)
    counts = {"countersigned": state.done, "archived": len(view.archived), "active": len(view.active)}
    words = {f"{name}_words": words for name, words in count_words(view).items()}
    told = {**counts, **words, "sentence": state.sentence, "over": state.is_over, "settled": state.is_settled}
    return JSONResponse({"total": state.total, **told})


@router.get("/ceremonie/{ceremony_id}/liste.json")
def manifest(here: Here, cookie: Cookie, ceremony_id: CeremonyId) -> Response:
    """Serve the sealed list of what was authorised."""
    data = sealed_list(here.ports, cookie, ceremony_id)
    disposition = f'attachment; filename="ceremonie-{ceremony_id}.json"'
    return Response(data, media_type="application/json", headers={"content-disposition": disposition})


@router.get("/ceremonie/{ceremony_id}/rapport.pdf")
def report(here: Here, cookie: Cookie, ceremony_id: CeremonyId) -> Response:
    """Serve the result of a ceremony and its list, to print or keep."""
    data = report_ceremony(here.ports, cookie, ceremony_id)
    disposition = f'attachment; filename="ceremonie-{ceremony_id}.pdf"'
    return Response(data, media_type="application/pdf", headers={"content-disposition": disposition})


def progress_of(here: Context, view: CeremonyView) -> Progress:
    """Count: a document is done when countersigned; it failed when it is not, and its last attempt was refused."""
    total, done = len(view.references), len(view.countersigned)
    failed = len({reference for reference, _ in view.failures} - set(view.countersigned))
    is_expired = here.ports.clock.now() > view.expires_at
    words = f"{group_digits(done)} sur {group_digits(total)} {count_words(view)['countersigned']}"
    return Progress(
        total,
        done,
        failed,
        words,
        is_over=done + failed >= total or is_expired,
        is_settled=len(view.active) + len(view.failures) >= total or is_expired,
        is_expired=is_expired and done < total,
    )


def count_words(view: CeremonyView) -> dict[str, str]:
    """Return the words that follow the three counts of a ceremony, in number and in gender: conventions, or documents of several kinds."""
    is_feminine = all(kind in FEMININE for kind in view.kinds.values())

    def agree_with(count: int, word: str) -> str:
        return f"{word}{'e' if is_feminine else ''}{'s' if count > 1 else ''}"

    count = len(view.active)
    in_force = ("active" if is_feminine else "actif") + ("s" if count > 1 else "")
    return {
        "countersigned": agree_with(len(view.countersigned), "contresigné"),
        "archived": agree_with(len(view.archived), "archivé"),
        "active": f"{in_force}, services ouverts",
    }


def outcomes(view: CeremonyView) -> list[tuple[str, str]]:
    """Say of each document of a ceremony how far it is, in the order of the list."""
    failures = dict(view.failures)
    active, archived, countersigned = set(view.active), set(view.archived), set(view.countersigned)
    said = []
    for reference in view.references:
        kind = view.kinds[reference]
        words = f"non {agreed(kind, 'contresigné')}"
        if reference in active:
            words = f"{lower_first(status_label(Status.ACTIVE, kind))}, services ouverts"
        elif reference in archived:
            words = agreed(kind, "archivé")
        elif reference in countersigned:
            words = agreed(kind, "contresigné")
        said.append((reference, f"{words}. {sentence_of(failures[reference])}" if reference in failures else words))
    return said


def _where_to_mend(error: ContreseingError) -> str:
    """Return the field, or the page of the desk, where what was refused is put right."""
    if error.code in {"totp.refused", "sign_in.paused"}:
        return "code"
    for name, folder in (("reference", "document"), ("model", "modele")):
        if name in error.details:
            return f"/{folder}/{error.details[name]}"
    return "/"


def _form_page(
    request: Request, here: Context, cookie: str, account: Person, errors: list[PageError] | None = None, status: int = 200
) -> Response:
    view = desk(here.ports, cookie)
    chosen = proposed(view)
    return page(
        request,
        "desk/ceremony.html",
        status=status,
        binding=Binding.VISIT,
        errors=errors or (),
        account=account,
        view=view,
        chosen=chosen,
        total_eur=total_eur(chosen),
        to_open=still_to_open(view),
        unopened_sample=unopened_sample(view),
        reason=reason,
    )
