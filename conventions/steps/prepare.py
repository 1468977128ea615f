"""Prepare the file that will be signed: render it once, keep it under its digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from conventions.agreements import Agreement, Artefact, Fact, FactKind, Stage
from conventions.amounts import amount_of
from conventions.canonical import Json, render_canonical, sha256_hex
from conventions.claims import Claim, freed_on_error, take_claim
from conventions.dependence import grants_of, particulars_for
from conventions.errors import Busy, RuleRefused
from conventions.french import paris_date
from conventions.guards import check_delegation, check_kind_for, check_power, check_programme_open, check_two_people
from conventions.kinds import Kind
from conventions.particulars import Acknowledgement, Amendment, Termination
from conventions.people import Person
from conventions.ports.documents import RenderedAgreement
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.powers import Delegation
from conventions.recording import record_fact
from conventions.scale import CONTRIBUTING, Category
from conventions.terms import RecapitulationLine, Terms, agreement_data

CATEGORY_ORDER = tuple(Category)


@dataclass(frozen=True)
class _Intent:
    claim: Claim
    agreement: Agreement
    terms: Terms


def prepare(ports: Ports, reference: str) -> None:
    """Render and keep the prepared file of the current version; nothing happens when it stands already.

    Raises:
        RuleRefused: a guard says no (programme, kind, power to sign, delegation, one person on both sides, the agreement depended on).
        InputRefused: a text of the member cannot be printed.
        Busy, UpstreamUnavailable: try again; nothing but an orphan of the working store can be left.
    """
    with ports.registry.read() as tx:
        agreement = tx.agreement(reference)
        wording_id = tx.programme(agreement.programme_id).wording_of(agreement.kind)
    if agreement.artefact(Stage.PREPARED) is not None:
        return
    wording_sha256 = ports.documents.wording_sha256(wording_id)
    with ports.registry.write() as tx:
        intent = _intend(ports, tx, reference, wording_id, wording_sha256)
    if intent is None:
        return
    with freed_on_error(ports, (intent.claim,)):
        rendered = ports.documents.render_agreement(intent.terms)
        sha256 = ports.working.put(rendered.data)
        twin_sha256 = ports.working.put(_twin(ports, intent.terms))
        with ports.registry.write() as tx:
            intent.claim.verify(tx)
            _commit(ports, tx, intent, rendered, sha256, twin_sha256)


def _intend(ports: Ports, tx: Transaction, reference: str, wording_id: str, wording_sha256: str) -> _Intent | None:
    agreement = tx.agreement(reference, lock=True)
    if agreement.artefact(Stage.PREPARED) is not None or agreement.fact(FactKind.CANCELLED) is not None:
        return None
    now = ports.clock.now()
    today = paris_date(now)
    programme, member = tx.programme(agreement.programme_id), tx.member(agreement.member_id)
    check_programme_open(programme, today)
    check_kind_for(agreement.kind, member.category)
    if agreement.is_signed_by_member:
        check_power(member.power, today)
    delegation = delegation_for(tx, agreement, today)
    check_two_people(member, delegation)
    particulars = particulars_for(tx, agreement, now)
    terms = Terms(
        reference=reference,
        version=agreement.version,
        kind=agreement.kind,
        programme=programme,
        member=member,
        delegation=delegation,
        services=grants_of(agreement.kind, programme, member, particulars),
        recapitulation=_recapitulation(tx),
        recapitulation_year=max(programme.starts_on.year, today.year),
        wording_id=wording_id,
        wording_sha256=wording_sha256,
        prepared_on=today,
        demonstration=tx.campaign(agreement.campaign_id).demonstration,
        particulars=particulars,
    )
    return _Intent(take_claim(ports, tx, reference), agreement, terms)


def delegation_for(tx: Transaction, agreement: Agreement, day: date) -> Delegation:
    """Return the programme's delegation that covers the agreement's kind that day; conventions, where the member signs alone.

    Raises:
        RuleRefused: none does.
    """
    delegations = tx.delegations(agreement.programme_id)
    kind = agreement.kind if agreement.is_signed_by_syndicate else Kind.CONVENTION
    covering = [delegation for delegation in delegations if delegation.covers(kind, day)]
    if not covering:
        if delegations:
            check_delegation(delegations[0], kind, day)
        raise RuleRefused(f"no delegation for a {agreement.kind}", code="delegation.not_covering")
    return covering[0]


def _recapitulation(tx: Transaction) -> tuple[RecapitulationLine, ...]:
    lines = [
        RecapitulationLine(member.name, member.category, member.contribution_eur)
        for member in tx.members()
        if member.category in CONTRIBUTING
    ]
    return tuple(sorted(lines, key=lambda line: (CATEGORY_ORDER.index(line.category), -line.contribution_eur, line.member)))


def _twin(ports: Ports, terms: Terms) -> bytes:
    return render_canonical([[part.title, part.html] for part in ports.documents.render_twin(terms)])


def _commit(ports: Ports, tx: Transaction, intent: _Intent, rendered: RenderedAgreement, sha256: str, twin_sha256: str) -> None:
    now, terms, version = ports.clock.now(), intent.terms, intent.agreement.version
    fresh = tx.agreement(terms.reference, lock=True)
    if fresh.version != version or fresh.fact(FactKind.CANCELLED) is not None or tx.member(fresh.member_id) != terms.member:
        raise Busy(f"{terms.reference} or its member changed while its file was made")  # made again from what is true now
    tx.add_artefact(terms.reference, Artefact(version, Stage.PREPARED, sha256, len(rendered.data), now))
    data: Mapping[str, Json] = {
        "sha256": sha256,
        "page_count": rendered.page_count,
        "sections": [[section.title, section.first_page, section.last_page] for section in rendered.sections],
        "twin_sha256": twin_sha256,
        "data_sha256": sha256_hex(render_canonical(agreement_data(terms))),
        "title": terms.title,
        "contribution_eur": terms.member.contribution_eur,
        "amount": amount_of(terms),
        "delegation_id": terms.delegation.id,
        "signer": _party(terms.member.representative, terms.member.name, terms.member.siren),
        "countersigner": _party(terms.delegation.holder, terms.programme.syndicate.name, terms.programme.syndicate.siret[:9]),
        "wording": terms.wording_id,
        "wording_sha256": terms.wording_sha256,
        **_own_effect(terms),
    }
    record_fact(ports, tx, intent.agreement, Fact(FactKind.PREPARED, now, version, data))


def _own_effect(terms: Terms) -> Mapping[str, Json]:
    match terms.particulars:
        case Amendment(_, _, _, effective_on):
            return {"effective_on": effective_on.isoformat()}
        case Termination(_, _, _, dates) | Acknowledgement(_, _, _, _, dates, _):
            return {"effective_on": dates.ends_on.isoformat()}
        case _:
            return {}


def _party(person: Person, organisation: str, siren: str) -> Mapping[str, Json]:
    return {
        "civility": person.civility.value,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "capacity": person.capacity,
        "organisation": organisation,
        "siren": siren,
    }
