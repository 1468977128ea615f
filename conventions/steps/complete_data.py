"""The member's secretary completes what is missing, by the link meant for that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from conventions.agreements import Agreement, Fact, FactKind
from conventions.canonical import Json
from conventions.corrections import act_form, kept_power, referent_form
from conventions.errors import InputRefused, LinkRefused, Problem
from conventions.guards import missing_fields
from conventions.kinds import title_of
from conventions.links import Link, Purpose
from conventions.member_file import read_act_dates, read_billing, read_power, read_referent
from conventions.members import Member
from conventions.ports.system import Ports
from conventions.recording import record_event, record_fact
from conventions.steps.correct_member import concerned_by, follow, wake_campaigns
from conventions.steps.open_link import visit_of
from conventions.steps.request_data import fields_asked
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
ACT_DATES = ("act_sent_on", "act_published_on")
FIELDS_OF = {"act": ACT_FIELDS, "act_dates": ACT_DATES, "referent": REFERENT_FIELDS}


def data_form(ports: Ports, cookie: str) -> DataForm:
    """Return the fields to complete.

    Raises:
        LinkRefused: the visit is over, or everything was supplied.
    """
    with ports.registry.read() as tx:
        _, link, agreement = visit_of(tx, cookie, Purpose.PREPARE, ports.clock.now())
        member = tx.member(agreement.member_id)
        _check_usable(link, agreement, ports.clock.now())
        syndicate = tx.programme(agreement.programme_id).syndicate
        return DataForm(
            reference=agreement.reference,
            kind=agreement.kind,
            title=title_of(agreement.kind, syndicate.short_name, agreement.reference),
            organisation=member.name,
            fields=_fields(agreement, member),
            values=_values(member),
            telephone=ports.rules.help_telephone,
            demonstration=tx.campaign(agreement.campaign_id).demonstration,
        )


def complete_data(ports: Ports, cookie: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """Record what the secretary supplied, and name what is still missing; once nothing is, the campaign's flow prepares the file.

    Until then the same link asks for the rest: an act's dates are often known later than the act.

    Raises:
        LinkRefused: the visit is over.
        InputRefused: ``problems`` names each field that is wrong; nothing was kept.
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        _, link, agreement = visit_of(tx, cookie, Purpose.PREPARE, now)
        agreement = tx.agreement(agreement.reference, lock=True)
        _check_usable(tx.link(link.id, lock=True), agreement, now)
        member = tx.member(agreement.member_id)
        asked = fields_asked(agreement, member)
        others = [one for one in concerned_by(ports, tx, member) if one.reference != agreement.reference]
        before, member = member, _completed(member, asked, values)
        tx.update_member(member)
        made = follow(ports, tx, others, before, member, f"link {link.id}")
        missing = missing_fields(member)
        if missing:
            data: dict[str, Json] = {"version": agreement.version, "fields": list(asked), "missing": list(missing)}
            record_event(ports, tx, "data.given", at=now, reference=agreement.reference, data=data)
        elif agreement.fact(FactKind.DATA_COMPLETED) is None:  # even if an agent has supplied the rest meanwhile
            fact = Fact(FactKind.DATA_COMPLETED, now, agreement.version, {"fields": list(asked)})
            record_fact(ports, tx, agreement, fact)
    if not missing:
        key = f"data:{agreement.reference}:{agreement.version}"
        ports.waker.wake("campaign", key, {"campaign_id": agreement.campaign_id})
    wake_campaigns(ports, others, (*made.redrafted, *made.completed))
    return missing


def _check_usable(link: Link, agreement: Agreement, now: datetime) -> None:
    """Refuse a closed link, and any once the file is made: what it says is no longer asked for."""
    if not link.is_open(now) or agreement.fact(FactKind.PREPARED) is not None:
        raise LinkRefused(f"link {link.id} is closed")


def _fields(agreement: Agreement, member: Member) -> tuple[str, ...]:
    wanted = [field for name in fields_asked(agreement, member) for field in FIELDS_OF[name]]
    return (*wanted, *BILLING_FIELDS)


def _values(member: Member) -> Mapping[str, str]:
    billing = {"service_code": member.billing.service_code or "", "engagement_number": member.billing.engagement_number or ""}
    return {**act_form(member.power), **referent_form(member.referent), **billing}


def _completed(member: Member, asked: tuple[str, ...], values: Mapping[str, str]) -> Member:
    problems: list[Problem] = []
    power = kept_power(member.power, read_power(values, problems)) if "act" in asked else member.power
    if "act_dates" in asked and member.power is not None:
        power = read_act_dates(values, problems, member.power)
        if power == member.power and not problems:
            problems.append(Problem(0, ACT_DATES[0], "", "Donnez au moins une date que nous n’avons pas encore."))
    referent = read_referent(values, problems) if "referent" in asked else member.referent
    billing = read_billing(values, problems)
    for name, value in (("act_type", power), ("referent_family_name", referent)):
        if value is None and not problems:
            problems.append(Problem(0, name, "", "Ce renseignement est nécessaire pour préparer le document."))
    if problems:
        raise InputRefused("the form is incomplete or wrong", code="form.refused", problems=problems, count=len(problems))
    return replace(member, power=power, referent=referent, billing=billing)
