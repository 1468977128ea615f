"""What agreements are found by, and when each status holds."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from conventions.kinds import Kind
from conventions.search import BEGINNING, END, Wanted, is_found, search_row, status_periods
from conventions.status import Status, status_of
from tests.fakes.world import CAMPAIGN, World


def test_periods_follow_one_another_and_agree_with_the_status() -> None:
    world = World()
    invited, signed, authorised = world.invited(1), world.member_signed(2), world.member_signed(3)
    world.authorise(authorised)
    assert status_periods(world.agreement(invited))[0].from_at == BEGINNING
    for reference in (invited, signed, authorised):
        agreement = world.agreement(reference)
        periods = status_periods(agreement)
        assert (periods[0].from_at, periods[-1].until_at) == (BEGINNING, END)
        assert all(one.until_at == other.from_at for one, other in pairwise(periods))
        for period in periods:
            for instant in (period.from_at, period.until_at - timedelta(microseconds=1)):
                if instant > BEGINNING and instant.year < 9999:
                    assert status_of(agreement, instant) is period.status
    assert [p.status for p in status_periods(world.agreement(invited))] == [Status.AWAITING_MEMBER, Status.EXPIRED, Status.ENDED]


@given(st.integers(0, 10 * 365 * 24 * 3_600))
def test_the_period_of_any_instant_has_its_status(seconds: int) -> None:
    instant = datetime(2026, 1, 1, tzinfo=BEGINNING.tzinfo) + timedelta(seconds=seconds)
    (found,) = [p for p in status_periods(INVITED) if p.from_at <= instant < p.until_at]
    assert found.status is status_of(INVITED, instant)


def _invited() -> World:
    world = World()
    world.invited()
    return world


INVITED = next(iter(_invited().registry.state.agreements.values()))


def test_each_criterion_finds_and_leaves_out() -> None:
    world = World()
    reference = world.archived(name="Communauté de communes de l’Île-d’Émeraude")
    agreement, now = world.agreement(reference), world.clock.now()
    member = next(iter(world.registry.state.members.values()))
    row = search_row(agreement, member)
    day = now.date()
    grouped = f"{member.siret[:3]} {member.siret[3:6]} {member.siret[6:9]} {member.siret[9:]}"
    for found in (
        Wanted(),
        Wanted(text="emeraude ILE"),
        Wanted(text=member.siret[:9]),
        Wanted(text=grouped),
        Wanted(text=reference),
        Wanted(text=member.representative.family_name.upper()),
        Wanted(campaign_id=CAMPAIGN),
        Wanted(kind=Kind.CONVENTION),
        Wanted(status=Status.ARCHIVED),
        Wanted(signed_from=day, signed_until=day),
        Wanted(signed_from=day),
        Wanted(signed_until=day),
        Wanted(least_eur=member.contribution_eur, most_eur=member.contribution_eur),
    ):
        assert is_found(row, found, now), found
    for left_out in (
        Wanted(text="emeraude autre"),
        Wanted(campaign_id="another"),
        Wanted(kind=Kind.CHARTER),
        Wanted(status=Status.ACTIVE),
        Wanted(signed_from=day + timedelta(days=1)),
        Wanted(signed_until=date(2020, 1, 1)),
        Wanted(least_eur=member.contribution_eur + 1),
        Wanted(most_eur=member.contribution_eur - 1),
        Wanted(service="ged"),
    ):
        assert not is_found(row, left_out, now), left_out


def test_an_unsigned_agreement_has_no_day_of_signature() -> None:
    world = World()
    agreement = world.agreement(world.invited())
    row = search_row(agreement, world.registry.state.members[agreement.member_id])
    assert not is_found(row, Wanted(signed_from=date(2000, 1, 1)), world.clock.now())
