"""The member's secretary completes what is missing, by the link meant for that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from conventions.agreements import Fact, FactKind
from conventions.errors import InputRefused, LinkRefused, Problem
from conventions.guards import missing_fields
from conventions.kinds import title_of
from conventions.links import Purpose
from conventions.member_file import read_billing, read_power, read_referent
from conventions.members import Member
from conventions.ports.system import Ports
from conventions.recording import record_fact
from conventions.steps.open_link import visit_of
from conventions.views import DataForm

ACT_FIELDS = ("act_type", "act_body", "act_number", "act_on", "act_sent_on", "act_published_on")
REFERENT_FIELDS = (
    "referent_civility",
    "referent_given_name",
    "referent_family_name",
    "referent_function",
    "referent_email",
    "referent_telephone",
)
BILLING_FIELDS = ("service_code", "engagement_number")
FIELDS_OF = {"act": ACT_FIELDS, "referent": REFERENT_FIELDS}


def data_form(ports: Ports, cookie: str) -> DataForm:
    """Return the fields to complete.

    Raises:
        LinkRefused: the visit is over, or everything was supplied.
    """
    with ports.registry.read() as tx:
        _, link, agreement = visit_of(tx, cookie, Purpose.PREPARE, ports.clock.now())
        member = tx.member(agreement.member_id)
        if not link.is_open(ports.clock.now()):
            raise LinkRefused(f"link {link.id} is closed")
        syndicate = tx.programme(agreement.programme_id).syndicate
        return DataForm(
            reference=agreement.reference,
            kind=agreement.kind,
            title=title_of(agreement.kind, syndicate.short_name, agreement.reference),
            organisation=member.name,
            fields=_fields(member),
            values={"service_code": member.billing.service_code or "", "engagement_number": member.billing.engagement_number or ""},
            telephone=ports.rules.help_telephone,
            demonstration=tx.campaign(agreement.campaign_id).demonstration,
        )


def complete_data(ports: Ports, cookie: str, values: Mapping[str, str]) -> None:
    """Record what the secretary supplied; the campaign's flow then prepares the file.

    Raises:
        LinkRefused: the visit is over.
        InputRefused: ``problems`` names each field that is wrong; nothing was kept.
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        _, link, agreement = visit_of(tx, cookie, Purpose.PREPARE, now)
        if not link.is_open(now):
            raise LinkRefused(f"link {link.id} is closed")
        agreement = tx.agreement(agreement.reference, lock=True)
        member = tx.member(agreement.member_id)
        asked = missing_fields(member)
        tx.update_member(_completed(member, asked, values))
        if agreement.fact(FactKind.DATA_COMPLETED) is None:  # even if an agent has supplied the rest meanwhile
            fact = Fact(FactKind.DATA_COMPLETED, now, agreement.version, {"fields": list(asked)})
            record_fact(ports, tx, agreement, fact)
        campaign_id = agreement.campaign_id
    ports.waker.wake("campaign", f"data:{agreement.reference}:{agreement.version}", {"campaign_id": campaign_id})


def _fields(member: Member) -> tuple[str, ...]:
    wanted = [field for name in missing_fields(member) for field in FIELDS_OF[name]]
    return (*wanted, *BILLING_FIELDS)


def _completed(member: Member, asked: tuple[str, ...], values: Mapping[str, str]) -> Member:
    problems: list[Problem] = []
    power = read_power(values, problems) if "act" in asked else member.power
    referent = read_referent(values, problems) if "referent" in asked else member.referent
    billing = read_billing(values, problems)
    for name, value in (("act_type", power), ("referent_family_name", referent)):
        if value is None and not problems:
            problems.append(Problem(0, name, "", "Ce renseignement est nécessaire pour préparer le document."))
    if problems:
        raise InputRefused("the form is incomplete or wrong", code="form.refused", problems=problems, count=len(problems))
    return replace(member, power=power, referent=referent, billing=billing)
