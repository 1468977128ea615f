"""In which pile of the desk a document is put, and why; each reason is a code with its sentence.

One by one, whatever may make the signature contestable or the text another than the model's. To attention, what is in order but
has changed. A first convention is a change only once others came before it: in the first campaign that the registry knows, every
member signs its first, and a pile that holds them all would hide the few that matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conventions.agreements import Agreement, FactKind
from conventions.french import paris_date
from conventions.kinds import Kind
from conventions.members import Member
from conventions.people import Person, is_same_person
from conventions.powers import Delegation
from conventions.preparation import own_certificate, preparation_of
from conventions.programmes import Programme
from conventions.views import Pile


@dataclass(frozen=True)
class Context:
    """What a document is compared with.

    ``model_sha256`` is the digest of the programme's model as it stands, None where it cannot be had; ``known`` are the member's
    agreements, this one among them; ``has_precedents`` tells whether members signed conventions in an earlier campaign.
    """

    member: Member
    programme: Programme
    delegation: Delegation
    model_sha256: str | None
    known: Sequence[Agreement]
    has_precedents: bool


def sort_document(agreement: Agreement, context: Context) -> tuple[Pile, tuple[str, ...]]:
    """Return a document's pile and the reasons for it."""
    demanding = tuple(_demanding(agreement, context))
    if demanding:
        return Pile.ONE_BY_ONE, demanding
    changes = tuple(_changes(agreement, context))
    return (Pile.ATTENTION, changes) if changes else (Pile.STANDARD, ())


def _demanding(agreement: Agreement, context: Context) -> Iterable[str]:
    preparation, member = preparation_of(agreement), context.member
    if agreement.kind is not Kind.CONVENTION:
        yield "pile.own_terms"
    prepared_from = agreement.required_fact(FactKind.PREPARED).data.get("wording_sha256")
    if context.model_sha256 is None or prepared_from != context.model_sha256:
        yield "pile.wording_changed"
    if not context.programme.scale.is_on_scale(member.category, preparation.contribution_eur):
        yield "pile.off_scale"
    yield from _about_power(agreement, member)
    if member.representative_mail.is_generic:
        yield "pile.generic_mailbox"
    if any(is_same_person(one, context.delegation.holder) for one in (member.representative, preparation.member.person)):
        yield "pile.same_person"
    if own_certificate(agreement):
        is_confirmed = "confirmed" in agreement.required_fact(FactKind.MEMBER_SIGNED).data
        yield "pile.certificate_confirmed" if is_confirmed else "pile.signed_elsewhere"


def _about_power(agreement: Agreement, member: Member) -> Iterable[str]:
    """Compare the member's act with the day of its signature; a stop that an agent lifted is told as such."""
    signed = agreement.fact(FactKind.MEMBER_SIGNED)
    if member.power is not None and member.power.override is not None:
        yield "pile.override"
    elif signed is not None:
        executory_on = member.power.act.executory_on if member.power is not None else None
        if executory_on is None or executory_on > paris_date(signed.instant("signed_at")):
            yield "pile.not_executory"


def _changes(agreement: Agreement, context: Context) -> Iterable[str]:
    if agreement.version > 1:
        yield "pile.new_version"
    before = [one for one in context.known if one.reference != agreement.reference and one.kind is Kind.CONVENTION]
    if context.has_precedents and not any(fact.kind is FactKind.COUNTERSIGNED for one in before for fact in one.facts):
        yield "pile.first_convention"
    last = last_signer(agreement, context.known)
    if last is not None and not is_same_person(last, preparation_of(agreement).member.person):
        yield "pile.new_representative"


def last_signer(agreement: Agreement, known: Iterable[Agreement]) -> Person | None:
    """Return who signed last for a member before the version that stands, whatever they signed; None if nobody did."""
    signatures = [
        (fact.at, preparation_of(one, fact.version).member.person)
        for one in known
        for fact in one.facts
        if fact.kind is FactKind.MEMBER_SIGNED and (one.reference, fact.version) != (agreement.reference, agreement.version)
    ]
    return max(signatures, key=lambda signature: signature[0])[1] if signatures else None
