"""The office's list of agreements, and each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from conventions.accounts import Role
from conventions.agreements import FactKind
from conventions.amounts import said_amount
from conventions.asked import asked_of
from conventions.attentions import is_in_doubt
from conventions.errors import RuleRefused
from conventions.held_uploads import held_upload
from conventions.kinds import Kind
from conventions.sentences import TEMPLATE_LABELS, sentence
from conventions.standing import TO_HANDLE
from conventions.status import Status
from conventions.steps.bundle import office_bundle, office_evidence
from conventions.steps.cancel import CANCELLABLE
from conventions.steps.extend import EXTENDABLE
from conventions.steps.office import agreement_lines, agreement_view, count_to_handle, file_bytes, record_export
from conventions.steps.redraft import REOPENABLE
from conventions.steps.reissue_link import WAITING_FOR_MEMBER, reissue_link
from conventions.views import AgreementLine, AgreementView
from portal.context import Context, Cookie, Here
from portal.forms import Binding, VisitForm
from portal.office.lookups import LeftOutView, campaigns, left_out_of, prefect_address, services
from portal.office.proposal_forms import proposable
from portal.office.searching import AskedFor, every_page, render_csv, render_json
from portal.office.standing_words import TOLD_LABELS, VISITOR_LABELS, signs_of, turn_of, why_of
from portal.office.words import OUTGOING_LABELS, PURPOSE_LABELS, STAGE_LABELS, corrections_of, event_label, link_state, why
from portal.pages import PageError, go, page
from portal.people import Person, require
from portal.problems import status_of

router = APIRouter(include_in_schema=False)

Reference = Annotated[str, Path(pattern=r"^[0-9]{4}-[0-9]{4,}$")]
Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]

LINES_A_PAGE = 50
MOST_EVENTS_SHOWN = 300


@router.get("/conventions")
def show_list(
    request: Request,
    here: Here,
    cookie: Cookie,
    account: Person,
    asked: AskedFor,
    apres: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """List the agreements asked for by reference, a page at a time."""
    lines = agreement_lines(here.ports, cookie, asked.wanted, after=apres, limit=LINES_A_PAGE + 1)
    shown = lines[:LINES_A_PAGE]
    return page(
        request,
        "office/list.html",
        binding=Binding.VISIT,
        account=account,
        lines=shown,
        campaigns=campaigns(here),
        services=services(here),
        left_out=left_out_of(here, asked.given["campagne"]) if asked.given["campagne"] and not apres else LeftOutView(),
        asked=asked,
        chosen=asked.wanted.status,
        statuses=list(Status),
        kinds=list(Kind),
        following=asked.address("/conventions", following_of(lines, LINES_A_PAGE)),
        first=asked.address("/conventions") if apres else "",
        as_csv=asked.address("/conventions/liste.csv"),
        as_json=asked.address("/conventions/liste.json"),
        to_handle=count_to_handle(here.ports, cookie),
        turn_of=turn_of,
        why_of=why_of,
        TO_HANDLE=TO_HANDLE,
    )


@router.get("/conventions/liste.csv")
def export_csv(here: Here, cookie: Cookie, asked: AskedFor) -> Response:
    """Give the agreements asked for as a table, which office programs open with its accents; that it was taken is journalled."""
    pages = every_page(here.ports, cookie, asked.wanted)
    record_export(here.ports, cookie, "csv")
    return _streamed("dossiers.csv", "text/csv; charset=utf-8", render_csv(pages))


@router.get("/conventions/liste.json")
def export_json(here: Here, cookie: Cookie, asked: AskedFor) -> Response:
    """Give the agreements asked for as JSON; that it was taken is journalled."""
    pages = every_page(here.ports, cookie, asked.wanted)
    record_export(here.ports, cookie, "json")
    return _streamed("dossiers.json", "application/json", render_json(pages))


@router.get("/conventions/{reference}")
def show_agreement(  # what the address says was just done
    request: Request, here: Here, cookie: Cookie, account: Person, reference: Reference, *, lien: str = "", fait: str = ""
) -> Response:
    """Show one agreement: where it stands, its facts, files, links and sendings."""
    return agreement_page(request, here, cookie, account, reference, is_link_sent=lien == "envoye", done=fait)


@router.post("/conventions/{reference}/lien")
def send_link_again(request: Request, here: Here, cookie: Cookie, account: Person, reference: Reference, form: VisitForm) -> Response:
    """Replace the signer's link and send the new one."""
    del form  # it says nothing but that it is ours
    require(account, Role.AGENT, Role.ADMINISTRATOR)
    try:
        reissue_link(here.ports, reference, account.id)
    except RuleRefused as error:
        return agreement_page(request, here, cookie, account, reference, [PageError(sentence(error), "lien")], status_of(error))
    return go(f"/conventions/{reference}?lien=envoye")


@router.get("/conventions/{reference}/fichiers/{sha256}")
def download(here: Here, cookie: Cookie, reference: Reference, sha256: Digest) -> Response:
    """Serve one file; who opened it is journalled."""
    filename, data = file_bytes(here.ports, cookie, reference, sha256)
    return _download(filename, "application/pdf", data)


@router.post("/conventions/{reference}/dossier-de-preuve")
def give_bundle(here: Here, cookie: Cookie, reference: Reference, form: VisitForm) -> Response:
    """Make the proof bundle and give it; who took it is journalled."""
    del form  # it says nothing but that it is ours
    made = office_bundle(here.ports, cookie, reference)
    return _download(made.filename, "application/zip", made.data)


@router.get("/conventions/{reference}/recit")
def give_evidence(here: Here, cookie: Cookie, reference: Reference) -> Response:
    """Give the evidence file; who opened it is journalled."""
    filename, data = office_evidence(here.ports, cookie, reference)
    return _download(filename, "application/pdf", data)


def possible_repairs(view: AgreementView) -> frozenset[str]:
    """Name what may be done with an agreement where it stands; the steps decide again."""
    is_decided = view.agreement.fact(FactKind.CONSENTED) is not None
    found = {
        "lien": view.status in WAITING_FOR_MEMBER and not is_decided,
        "reprise": view.status in REOPENABLE,
        "echeance": view.status in EXTENDABLE and not is_decided,
        "annulation": view.status in CANCELLABLE and view.agreement.is_signed_by_member,
    }
    return frozenset(name for name, is_possible in found.items() if is_possible)


def _scope(view: AgreementView) -> str:
    """Say what the prepared document commits its member to; empty before there is one."""
    prepared = view.agreement.fact(FactKind.PREPARED)
    return said_amount(prepared.data) if prepared is not None else ""


def _download(filename: str, media_type: str, data: bytes) -> Response:
    """Give a file whose bytes were compared with their digest: whole in memory, since none may leave before all were (some MB at most)."""
    return Response(data, media_type=media_type, headers=_attached(filename))


def _streamed(filename: str, media_type: str, pieces: Iterable[bytes]) -> Response:
    """Give a file as it is made. An error after its beginning breaks the connection: the browser says that the file is not whole."""
    return StreamingResponse(pieces, media_type=media_type, headers=_attached(filename))


def _attached(filename: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{filename}"'}


def following_of(lines: Sequence[AgreementLine], limit: int) -> str:
    """Return the reference after which the next page begins; empty on the last page. ``lines`` hold one more than shown."""
    return lines[limit - 1].reference if len(lines) > limit else ""


def agreement_page(
    request: Request,
    here: Context,
    cookie: str,
    account: Person,
    reference: str,
    errors: Sequence[PageError] = (),
    status: int = 200,
    *,
    is_link_sent: bool = False,
    done: str = "",
    given: Mapping[str, str] | None = None,
) -> Response:
    """Render the page of one agreement, with what is to be mended in one of its forms, and what was typed in it by field."""
    view = agreement_view(here.ports, cookie, reference)
    now = here.ports.clock.now()
    links = [(link, link_state(link, is_open=link.is_open(now), is_in_doubt=is_in_doubt(view.attentions, link.id))) for link in view.links]
    asked = asked_of(view.agreement)
    return page(
        request,
        "office/agreement.html",
        status=status,
        binding=Binding.VISIT,
        errors=errors,
        account=account,
        view=view,
        parent=asked.parent if asked is not None else "",
        held=held_upload(view.agreement) if view.status is Status.AWAITING_MEMBER else None,
        proposable=proposable(view),
        scope=_scope(view),
        links=links,
        has_evidence=any(entry.kind == "evidence" and entry.completed_at is not None for entry in view.entries),
        events=view.events[-MOST_EVENTS_SHOWN:],
        event_label=event_label,
        corrections_of=corrections_of,
        turn=turn_of(view.standing, view.member.representative),
        why_of=why_of,
        TO_HANDLE=TO_HANDLE,
        TOLD_LABELS=TOLD_LABELS,
        VISITOR_LABELS=VISITOR_LABELS,
        signs_of=signs_of,
        failure=why(view.agreement.failure.code) if view.agreement.failure else "",
        why=why,
        is_link_sent=is_link_sent,
        done=done,
        repairs=possible_repairs(view),
        given=given or {},
        can_act=bool({Role.AGENT, Role.ADMINISTRATOR} & set(account.roles)),
        prefect=prefect_address(here, reference),
        FactKind=FactKind,
        STAGE_LABELS=STAGE_LABELS,
        TEMPLATE_LABELS=TEMPLATE_LABELS,
        OUTGOING_LABELS=OUTGOING_LABELS,
        PURPOSE_LABELS=PURPOSE_LABELS,
    )
