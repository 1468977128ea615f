"""An agent corrects a member's record; what waits for the member's signature is never left saying what is no longer true.

For each agreement of the member that is not over:

1. agreed to by the member already, or by a signed file that waits, and not archived yet: the correction is refused, unless nothing
   that it touches was printed or weighed at the desk; the Vice-President returns it first, an agent judges the file first; what a
   convention in force says of what the member is and owes is amended first (``conventions.identity``);
2. prepared: the next version is drafted where a printed fact changed, else a new link leaves where the mailbox changed;
3. information asked for: it goes on once nothing is missing any more, else a new link leaves where the secretary's mailbox changed.

What lies on the territory of an EPCI follows its SIRET. Other members' documents that are prepared keep the line that their
recapitulation prints; those prepared from then on print the new one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from conventions.agreements import Agreement, Fact, FactKind
from conventions.canonical import Json, render_canonical
from conventions.corrections import BESIDE, IDENTITY, Correction, changed_fields, corrected, is_same_mailbox, printed
from conventions.deadlines import deadline_of
from conventions.errors import RuleRefused
from conventions.french import paris_date
from conventions.guards import missing_fields
from conventions.held_uploads import has_agreed, held_upload
from conventions.identity import check_identity, on_territory_of, scale_for
from conventions.links import Closure
from conventions.members import Member
from conventions.plain import plain
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.powers import Override
from conventions.recording import checked_reason, record_event, record_fact
from conventions.search import Wanted
from conventions.status import FINAL, Status, status_of
from conventions.steps.redraft import REOPENABLE, open_version
from conventions.steps.reissue_link import close_links, send_again
from conventions.steps.request_data import secretary_address

OVER = (FINAL - REOPENABLE) | {Status.ARCHIVED, Status.ACTIVE}
AT_REST = OVER | REOPENABLE
"""What is over, and what is drafted again from what is then true when an agent says so."""

MOST_OF_ONE_MEMBER = 1_000


def correct_member(ports: Ports, member_id: str, values: Mapping[str, str], by: str) -> Correction:
    """Record the correction, journal it with who made it, and put right what depends on it; the same values again change nothing.

    Raises:
        InputRefused: ``form.refused``, with each field that is wrong; nothing was kept.
        RuleRefused: ``correction.signed``, ``upload.to_judge``, ``correction.in_force``, ``correction.charter``, ``correction.depends``
            (``reference``).
        NotFound: no such member.
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        before = tx.member(member_id)
        after = corrected(before, values, scale_for(tx, before, now))
        fields = changed_fields(before, after)
        if not fields:
            return Correction()
        concerned = concerned_by(ports, tx, before)
        if not set(fields) <= BESIDE:
            for agreement in concerned:
                _check_not_signed(agreement)
        members = tx.members() if set(fields) & set(IDENTITY) else ()
        if members:
            check_identity(tx, before, after, members, now)
        tx.update_member(after)
        _record_correction(ports, tx, before, after, fields, by)
        for member in on_territory_of(members, before) if before.siret != after.siret else ():
            moved = replace(member, territory=after.siret)
            tx.update_member(moved)
            _record_correction(ports, tx, member, moved, ("territory",), by)
        made = replace(follow(ports, tx, concerned, before, after, by), fields=fields)
    wake_campaigns(ports, concerned, (*made.redrafted, *made.completed))
    return made


def lift_stop(ports: Ports, member_id: str, reason: str, by: str) -> Correction:
    """Let a member sign although its act is not executory yet, for a reason; the desk is shown it.

    An act that is absent, or dated after the signature, stops it whatever anybody says (``people.md``, law 1).

    Raises:
        InputRefused: no reason, or too long a one.
        RuleRefused: ``power.missing``, ``power.after_signature``, ``power.executory``, ``correction.signed``,
            ``upload.to_judge``.
        NotFound: no such member.
    """
    words, today = checked_reason(reason, is_required=True), paris_date(ports.clock.now())
    with ports.registry.write() as tx:
        member = tx.member(member_id)
        power = member.power
        if power is None:
            raise RuleRefused("no act to lift the stop of", code="power.missing")
        if power.act.on > today:
            raise RuleRefused(f"act of power dated {power.act.on}, after {today}", code="power.after_signature")
        if power.act.executory_on is not None and power.act.executory_on <= today:
            raise RuleRefused("the act is executory", code="power.executory")
        concerned = concerned_by(ports, tx, member)
        for agreement in concerned:
            _check_not_signed(agreement)
        after = replace(member, power=replace(power, override=Override(words, by, today)))
        tx.update_member(after)
        _record(ports, tx, after, "member.stop_lifted", {"member": member_id}, {"by": by, "reason": words})
        made = Correction(("power",), completed=tuple(one.reference for one in concerned if _completed(ports, tx, one, after)))
    wake_campaigns(ports, concerned, tuple(one.reference for one in concerned))
    return made


def follow(ports: Ports, tx: Transaction, concerned: Sequence[Agreement], before: Member, after: Member, by: str) -> Correction:
    """Put right what depends on a member's record that just changed, in the caller's transaction; what is agreed to stays as it is."""
    return Correction(
        redrafted=tuple(one.reference for one in concerned if _redrafted(ports, tx, one, before, after, by)),
        written_again=tuple(one.reference for one in concerned if _written_again(ports, tx, one, before, after, by)),
        completed=tuple(one.reference for one in concerned if _completed(ports, tx, one, after)),
    )


def concerned_by(ports: Ports, tx: Transaction, member: Member, at_rest: Collection[Status] = AT_REST) -> list[Agreement]:
    """Read the member's agreements that are not at rest, their rows held."""
    now = ports.clock.now()
    found = tx.find_agreements(Wanted(member.siret), now, limit=MOST_OF_ONE_MEMBER)
    held = [tx.agreement(agreement.reference, lock=True) for agreement in found if agreement.member_id == member.id]
    return [one for one in held if status_of(one, now) not in at_rest and one.fact(FactKind.ARCHIVED) is None]


def _check_not_signed(agreement: Agreement) -> None:
    if any(agreement.fact(kind) is not None for kind in (FactKind.CONSENTED, FactKind.MEMBER_SIGNED, FactKind.COUNTERSIGNED)):
        raise RuleRefused(f"{agreement.reference} is agreed to", code="correction.signed", reference=agreement.reference)
    if held_upload(agreement) is not None:
        raise RuleRefused(f"{agreement.reference}: a signed file waits", code="upload.to_judge")


def _is_open_to_sign(agreement: Agreement) -> bool:
    return agreement.fact(FactKind.PREPARED) is not None and not has_agreed(agreement)


def _redrafted(ports: Ports, tx: Transaction, agreement: Agreement, before: Member, after: Member, by: str) -> bool:
    if not _is_open_to_sign(agreement) or printed(before) == printed(after):
        return False
    open_version(ports, tx, agreement, by, "corrected")
    return True


def _written_again(ports: Ports, tx: Transaction, agreement: Agreement, before: Member, after: Member, by: str) -> bool:
    if agreement.fact(FactKind.CONSENTED) is not None:
        return False
    if _is_open_to_sign(agreement):
        is_due = printed(before) == printed(after) and not is_same_mailbox(before.representative_mail, after.representative_mail)
        is_due = is_due and agreement.fact(FactKind.INVITED) is not None
    else:
        is_due = _awaits_data(agreement) and bool(missing_fields(after)) and secretary_address(before) != secretary_address(after)
        is_due = is_due and deadline_of(agreement, tx.campaign(agreement.campaign_id)) > ports.clock.now()
    if is_due:
        send_again(ports, tx, agreement, by)
    return is_due


def _completed(ports: Ports, tx: Transaction, agreement: Agreement, after: Member) -> bool:
    """Let an agreement go on that waited for what is now known."""
    if not _awaits_data(agreement) or missing_fields(after):
        return False
    now = ports.clock.now()
    close_links(tx, agreement.reference, Closure.REPLACED, now)
    record_fact(ports, tx, agreement, Fact(FactKind.DATA_COMPLETED, now, agreement.version, {"fields": []}))
    return True


def _awaits_data(agreement: Agreement) -> bool:
    facts = agreement.fact
    return facts(FactKind.PREPARED) is None and facts(FactKind.DATA_REQUESTED) is not None and facts(FactKind.DATA_COMPLETED) is None


def _record_correction(ports: Ports, tx: Transaction, before: Member, after: Member, fields: tuple[str, ...], by: str) -> None:
    """Journal what was and what is: of a body in plain, of people as commitments."""
    plainly = tuple(field for field in fields if field in IDENTITY)
    data: dict[str, Json] = {"member": after.id, "fields": list(fields)}
    if plainly:
        data |= {"was": {field: plain(getattr(before, field)) for field in plainly}}
        data |= {"is": {field: plain(getattr(after, field)) for field in plainly}}
    personal = {"by": by, "before": _told(before, fields), "after": _told(after, fields)}
    _record(ports, tx, after, "member.corrected", data, personal)


def _told(member: Member, fields: tuple[str, ...]) -> str:
    return render_canonical({field: plain(getattr(member, field)) for field in fields}).decode()


def _record(ports: Ports, tx: Transaction, member: Member, type_: str, data: Mapping[str, Json], personal: Mapping[str, str]) -> None:
    """Append the event to the history of each agreement that is not over; once by itself where there is none."""
    references: list[str | None] = [agreement.reference for agreement in concerned_by(ports, tx, member, OVER)]
    for reference in references or [None]:
        record_event(ports, tx, type_, at=ports.clock.now(), reference=reference, data=data, personal=personal)


def wake_campaigns(ports: Ports, concerned: Sequence[Agreement], references: tuple[str, ...]) -> None:
    """Ask for the flows that take these agreements further."""
    key = ports.clock.now().isoformat()
    for campaign_id in sorted({one.campaign_id for one in concerned if one.reference in references}):
        ports.waker.wake("campaign", f"corrected:{campaign_id}:{key}", {"campaign_id": campaign_id})
