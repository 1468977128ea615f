"""Correcting what is known of a member: what it is and owes, its seat, representative, mailbox, act of power, referent, billing codes.

What a document prints is told from what is only used beside it: a document whose printed facts were corrected is made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from conventions.errors import InputRefused, Problem
from conventions.member_file import (
    read_billing,
    read_contacts,
    read_identity,
    read_mail,
    read_power,
    read_referent,
    read_representative,
    read_seat,
)
from conventions.members import BillingCodes, Member
from conventions.people import MailAddress, Person, Referent
from conventions.powers import Act, PowerToSign
from conventions.scale import Scale

IDENTITY = ("name", "siret", "category", "population", "contribution_eur", "contribution_source", "territory")
"""Fields of what a member is and owes; they are no personal data, and the journal tells them in plain."""
FROM_SCALE = "scale"
BESIDE = frozenset({"second_mail", "telephone"})
"""What may be corrected whatever is signed: neither printed, nor a reason for the desk to look closer."""


@dataclass(frozen=True)
class Correction:
    """What was corrected (names of the member's fields) and what followed: references drafted again, written to again, going on."""

    fields: tuple[str, ...] = ()
    redrafted: tuple[str, ...] = ()
    written_again: tuple[str, ...] = ()
    completed: tuple[str, ...] = ()


def form_of(member: Member) -> dict[str, str]:
    """Return a member as the fields of the form, under the names of the members' file."""
    mail = member.representative_mail
    return {
        **identity_form(member),
        "seat": member.seat,
        **_person("representative", "capacity", member.representative),
        "representative_email": mail.address,
        "email_source": mail.source,
        "email_checked_on": mail.checked_on.isoformat() if mail.checked_on else "",
        "email_checked_by": mail.checked_by or "",
        "called_back_on": mail.called_back_on.isoformat() if mail.called_back_on else "",
        "second_email": member.second_mail or "",
        "telephone": member.telephone or "",
        **act_form(member.power),
        **referent_form(member.referent),
        "service_code": member.billing.service_code or "",
        "engagement_number": member.billing.engagement_number or "",
    }


def identity_form(member: Member) -> dict[str, str]:
    """Return what a member is as the fields of a form; an amount that the scale gives is left empty, for the scale to give again."""
    return {
        "name": member.name,
        "siret": member.siret,
        "category": member.category.value,
        "population": str(member.population) if member.population is not None else "",
        "contribution_eur": str(member.contribution_eur) if member.contribution_source != FROM_SCALE else "",
        "territory_siret": member.territory or "",
    }


def act_form(power: PowerToSign | None) -> dict[str, str]:
    """Return an act as the fields of a form; empty without one."""
    if power is None:
        return {}
    act = power.act
    return {
        "act_type": act.type.value,
        "act_body": act.body,
        "act_number": act.number,
        "act_on": act.on.isoformat(),
        "act_sent_on": act.sent_on.isoformat() if act.sent_on else "",
        "act_published_on": act.published_on.isoformat() if act.published_on else "",
    }


def referent_form(referent: Referent | None) -> dict[str, str]:
    """Return a referent as the fields of a form; empty without one."""
    if referent is None:
        return {}
    return {
        **_person("referent", "function", referent.person),
        "referent_email": referent.email,
        "referent_telephone": referent.telephone,
    }


def corrected(member: Member, values: Mapping[str, str], scale: Scale) -> Member:
    """Read the form over a member; an act or a referent that is left empty stays as it was.

    What a member is and owes is judged by ``scale`` where the form says otherwise than the record, and then alone: an amount that
    another programme's scale gave stays what it is.

    Raises:
        InputRefused: ``form.refused``; ``problems`` names each field that is wrong.
    """
    problems: list[Problem] = []
    representative, mail = read_representative(values, problems), read_mail(values, problems)
    power, referent = read_power(values, problems) or member.power, read_referent(values, problems) or member.referent
    second_mail, telephone = read_contacts(values, problems)
    billing, seat = read_billing(values, problems), read_seat(values, problems)
    known = identity_form(member)
    is_other = any(values.get(name, text).strip() != text for name, text in known.items())
    whole = read_identity({**known, **values}, scale, problems, member) if is_other else member
    if mail.is_generic and mail.address != member.representative_mail.address and mail.called_back_on is None:
        advice = "C’est l’adresse d’un service : rappelez la personne qui signe, puis notez ici la date de cet appel."
        problems.append(Problem(0, "called_back_on", "", advice))
    if problems:
        raise InputRefused("the form is incomplete or wrong", code="form.refused", problems=problems, count=len(problems))
    return replace(
        whole,
        seat=seat,
        representative=representative,
        representative_mail=mail,
        power=kept_power(member.power, power),
        referent=referent,
        second_mail=second_mail,
        telephone=telephone,
        billing=billing,
    )


def kept_power(before: PowerToSign | None, after: PowerToSign | None) -> PowerToSign | None:
    """Return the power as corrected; what an agent lifted and the copy received hold for the same act, with other dates or not."""
    if before is None or after is None or printed_act(before) != printed_act(after):
        return after
    return PowerToSign(replace(after.act, extract_sha256=before.act.extract_sha256), before.override)


def changed_fields(before: Member, after: Member) -> tuple[str, ...]:
    """Name the fields that differ."""
    names = (*IDENTITY, "seat", "representative", "representative_mail", "power", "referent", "second_mail", "telephone", "billing")
    return tuple(name for name in names if getattr(before, name) != getattr(after, name))


def printed(member: Member) -> tuple[str, Person, tuple[object, ...] | None, Referent | None, BillingCodes, tuple[object, ...]]:
    """Return what documents print of that which can be corrected, or grant by it."""
    identity = tuple(getattr(member, name) for name in IDENTITY)
    return member.seat, member.representative, printed_act(member.power), member.referent, member.billing, identity


def printed_act(power: PowerToSign | None) -> tuple[object, ...] | None:
    """Return what documents print of an act: not when it was sent and published."""
    if power is None:
        return None
    act: Act = power.act
    return act.type, act.body, act.number, act.on


def is_same_mailbox(one: MailAddress, other: MailAddress) -> bool:
    """Tell whether a mail to one reaches the other."""
    return one.address == other.address


def _person(prefix: str, capacity: str, person: Person) -> dict[str, str]:
    return {
        f"{prefix}_civility": person.civility.value,
        f"{prefix}_given_name": person.given_name,
        f"{prefix}_family_name": person.family_name,
        f"{prefix}_{capacity}": person.capacity,
    }
