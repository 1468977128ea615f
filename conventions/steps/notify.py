"""Deliver one mail: its link or code is made now, and never stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from conventions.agreements import Agreement, Fact, FactKind, Stage, ordered_names, settled_services
from conventions.canonical import Json
from conventions.effect import effect_on
from conventions.errors import AlreadyRecorded
from conventions.folder import read_by_digest
from conventions.french import capitalised, format_date, format_instant, is_elided_before, paris_date
from conventions.kinds import FILE_NAMES, title_of
from conventions.links import CODE_LIFETIME, Link, code_mac, link_token
from conventions.members import Member
from conventions.outgoing import Outgoing, Template
from conventions.people import Civility, Person
from conventions.ports.delivery import Attachment, Notice
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.preparation import preparation_of
from conventions.programmes import Programme
from conventions.recording import record_event, record_fact
from conventions.sentences import ATTENTION_SENTENCES, FIELD_LABELS
from conventions.steps.request_data import fields_asked

PDF = "application/pdf"
REMOVED: Mapping[str, str] = {"link": "https://lien-retire.invalid/", "code": "[code retiré]"}
"""What stands in a kept mail where a secret stood."""


@dataclass(frozen=True)
class _Letter:
    """What every mail is made from."""

    ports: Ports
    tx: Transaction
    outgoing: Outgoing
    agreement: Agreement
    member: Member
    programme: Programme

    @property
    def title(self) -> str:
        return title_of(self.agreement.kind, self.programme.syndicate.short_name, self.agreement.reference)

    @property
    def common(self) -> dict[str, str]:
        return {"title": self.title, "organisation": self.member.name}

    @property
    def greeting(self) -> str:
        return greeting(self.member.representative)

    @property
    def telephone(self) -> str:
        return self.ports.rules.help_telephone

    def link(self) -> Link:
        return self.tx.link(self.outgoing.ids["link_id"])

    def link_address(self) -> str:
        return f"{self.ports.rules.address('signers')}/s/{link_token(self.link(), self.ports.secrets)}"

    def site(self) -> str:
        return self.ports.rules.address("signers")

    @property
    def version(self) -> int:
        """The version that the mail tells of: the agreement may have gone on to the next since."""
        return int(self.outgoing.ids["version"])

    def signed_at(self, kind: FactKind) -> str:
        return format_instant(self.agreement.required_fact(kind, self.version).instant("signed_at"))

    def reason(self, kind: FactKind) -> str:
        return self.agreement.required_fact(kind, self.version).text("reason")


@dataclass(frozen=True)
class _Draft:
    to: str
    values: Mapping[str, str]
    stage: Stage | None = None


def greeting(person: Person) -> str:
    """Address a person in a mail, by civility and capacity: « Madame la Présidente », « Monsieur l’Adjoint délégué »."""
    civility = "Madame" if person.civility is Civility.MADAME else "Monsieur"
    article = "la " if person.civility is Civility.MADAME else "le "
    return f"{civility} {'l’' if is_elided_before(person.capacity) else article}{capitalised(person.capacity)}"


def notify(ports: Ports, outgoing: Outgoing) -> None:
    """Render and send the mail of an outbox row, and record that it left.

    A code is made here: its HMAC is committed before the mail is sent, so a crash in between only makes a new code.

    Raises:
        UpstreamUnavailable: the mail server does not answer; the row is tried again.
        InputRefused: the address is refused for good.
    """
    with ports.registry.write() as tx:
        agreement = tx.agreement(outgoing.reference)
        member, programme = tx.member(agreement.member_id), tx.programme(agreement.programme_id)
        letter = _Letter(ports, tx, outgoing, agreement, member, programme)
        draft = _DRAFTS[outgoing.template](letter)
        demonstration = tx.campaign(agreement.campaign_id).demonstration
    if draft is None:
        return
    attachments: tuple[Attachment, ...] = ()
    if draft.stage is not None:
        artefact = agreement.required_artefact(draft.stage, letter.version)
        content = read_by_digest(ports, agreement.reference, artefact.sha256)
        attachments = (Attachment(f"{FILE_NAMES[agreement.kind]}-{agreement.reference}.pdf", PDF, content),)
    notice = Notice(outgoing.id, outgoing.template, draft.to, draft.values, attachments, demonstration)
    kept = ports.working.put(ports.mailer.render(without_secrets(notice)))
    ports.mailer.send(notice)
    with ports.registry.write() as tx:
        now = ports.clock.now()
        data: dict[str, Json] = {"template": outgoing.template.value, "outgoing_id": outgoing.id, "sha256": kept}
        if draft.stage is not None:
            data["attached_sha256"] = agreement.required_artefact(draft.stage, letter.version).sha256
        record_event(ports, tx, "mail.sent", at=now, reference=outgoing.reference, data=data, personal={"to": draft.to})
        if outgoing.template is Template.COSIGNED_COPY:
            fresh = tx.agreement(outgoing.reference, lock=True)
            try:
                record_fact(ports, tx, fresh, Fact(FactKind.NOTIFIED, now, fresh.version, {"outgoing_id": outgoing.id}))
            except AlreadyRecorded:
                return


def without_secrets(notice: Notice) -> Notice:
    """Return the notice as it is kept: no link, no code, and no copy of the file that was attached."""
    return replace(notice, values={name: REMOVED.get(name, value) for name, value in notice.values.items()}, attachments=())


def _invitation(letter: _Letter) -> _Draft | None:
    link = letter.link()
    if not link.is_open(letter.ports.clock.now()):
        return None
    return _Draft(
        link.address,
        {
            **letter.common,
            "greeting": letter.greeting,
            "syndicate": letter.programme.syndicate.name,
            "amount": preparation_of(letter.agreement).amount,
            "deadline": format_date(paris_date(link.expires_at)),
            "link": letter.link_address(),
            "site": letter.site(),
            "telephone": letter.telephone,
        },
    )


def _data_request(letter: _Letter) -> _Draft | None:
    link = letter.link()
    if not link.is_open(letter.ports.clock.now()):
        return None
    names = [FIELD_LABELS[name] for name in fields_asked(letter.agreement, letter.member)]
    if not names:
        return None
    return _Draft(
        link.address,
        {
            **letter.common,
            "greeting": letter.greeting,
            "syndicate": letter.programme.syndicate.name,
            "missing": "\n".join(names),
            "link": letter.link_address(),
            "site": letter.site(),
            "telephone": letter.telephone,
            "deadline": format_date(paris_date(link.expires_at)),
        },
    )


def _code(letter: _Letter) -> _Draft | None:
    now = letter.ports.clock.now()
    request = letter.tx.code_request(letter.outgoing.ids["request_id"])
    link = letter.link()
    if request.used_at is not None or now > request.requested_at + CODE_LIFETIME or not link.is_open(now):
        return None
    code = letter.ports.secrets.random_code()
    mac = code_mac(request.id, request.document_sha256, code, letter.ports.secrets)
    letter.tx.update_code_request(replace(request, made_at=now, mac=mac))
    return _Draft(
        link.address,
        {
            **letter.common,
            "amount": preparation_of(letter.agreement).amount,
            "code": f"{code[:3]} {code[3:]}",
            "minutes": str(int(CODE_LIFETIME.total_seconds() // 60)),
            "telephone": letter.telephone,
        },
    )


def _member_receipt(letter: _Letter) -> _Draft:
    values = {
        **letter.common,
        "greeting": letter.greeting,
        "signed_at": letter.signed_at(FactKind.MEMBER_SIGNED),
        "telephone": letter.telephone,
    }
    return _Draft(letter.member.representative_mail.address, values, Stage.MEMBER_SIGNED)


def _cosigned_copy(letter: _Letter) -> _Draft:
    names = ordered_names(letter.agreement)
    services_on, services_pending = settled_services(letter.agreement)
    effect = effect_on(letter.tx, letter.agreement, letter.ports.clock.now())
    last = FactKind.COUNTERSIGNED if letter.agreement.is_signed_by_syndicate else FactKind.MEMBER_SIGNED
    values = {
        **letter.common,
        "greeting": letter.greeting,
        "signed_at": letter.signed_at(last),
        "services": "\n".join(names.get(code, code) for code in services_on),
        "pending": "\n".join(names.get(code, code) for code in services_pending),
        "effect_on": format_date(effect),
        "telephone": letter.telephone,
    }
    return _Draft(letter.member.representative_mail.address, values, letter.agreement.final_stage)


def _second_address_notice(letter: _Letter) -> _Draft | None:
    if letter.member.second_mail is None:
        return None
    values = {
        **letter.common,
        "signer": preparation_of(letter.agreement, letter.version).member.person.addressed,
        "signed_at": letter.signed_at(FactKind.MEMBER_SIGNED),
        "telephone": letter.telephone,
    }
    return _Draft(letter.member.second_mail, values)


def _returned(letter: _Letter) -> _Draft:
    reason = letter.reason(FactKind.RETURNED)
    values = {**letter.common, "greeting": letter.greeting, "reason": reason, "telephone": letter.telephone}
    return _Draft(letter.member.representative_mail.address, values)


def _cancelled(letter: _Letter) -> _Draft:
    reason = letter.reason(FactKind.CANCELLED)
    values = {**letter.common, "greeting": letter.greeting, "reason": reason, "telephone": letter.telephone}
    return _Draft(letter.member.representative_mail.address, values)


def _declined(letter: _Letter) -> _Draft:
    reason = letter.reason(FactKind.DECLINED)
    return _Draft(letter.ports.rules.agents_mail, {**letter.common, "reason": reason or "Aucun motif n’a été donné."})


def _upload_refused(letter: _Letter) -> _Draft:
    facts = (fact for fact in letter.agreement.facts if fact.kind is FactKind.UPLOAD_SETTLED)
    settled = next(fact for fact in facts if str(fact.data["number"]) == letter.outgoing.ids["number"])
    values = {**letter.common, "greeting": letter.greeting, "reason": settled.text("reason"), "telephone": letter.telephone}
    return _Draft(letter.member.representative_mail.address, values)


def _attention(letter: _Letter) -> _Draft:
    told = next(one for one in letter.tx.attentions_of(letter.agreement.reference) if one.id == letter.outgoing.ids["attention_id"])
    values = {
        **letter.common,
        "reference": letter.agreement.reference,
        "what": ATTENTION_SENTENCES[told.kind],
        "office": letter.ports.rules.address("office"),
    }
    return _Draft(letter.ports.rules.agents_mail, values)


_DRAFTS: Mapping[Template, Callable[[_Letter], _Draft | None]] = {
    Template.INVITATION: _invitation,
    Template.DATA_REQUEST: _data_request,
    Template.CODE: _code,
    Template.MEMBER_RECEIPT: _member_receipt,
    Template.COSIGNED_COPY: _cosigned_copy,
    Template.SECOND_ADDRESS_NOTICE: _second_address_notice,
    Template.RETURNED: _returned,
    Template.DECLINED: _declined,
    Template.CANCELLED: _cancelled,
    Template.ATTENTION: _attention,
    Template.UPLOAD_REFUSED: _upload_refused,
}
