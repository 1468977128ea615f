"""Scale, services, acts, delegations and guards."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conventions.errors import InputRefused, RuleRefused
from conventions.guards import (
    check_delegation,
    check_kind_for,
    check_levels,
    check_power,
    check_programme_open,
    check_two_people,
    missing_fields,
)
from conventions.kinds import FIELD_OF, SIGNERS, TIMESTAMP_FIELDS, Kind, Party, fields_outside_lock
from conventions.powers import Act, ActType, Override, PowerToSign
from conventions.scale import Category
from conventions.sentences import sentence
from conventions.services import grants_for
from conventions.signatures import SignatureLevel, SignatureLevels
from conventions.terms import agreement_data
from tests.builders import CATALOGUE, SCALE, example_delegation, example_member, example_programme, example_terms

DAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("population", "amount"),
    [
        (0, 3_000),
        (9_999, 3_000),
        (10_000, 5_000),
        (19_999, 5_000),
        (20_000, 8_000),
        (29_999, 8_000),
        (30_000, 13_000),
        (49_999, 13_000),
        (50_000, 15_000),
        (99_999, 15_000),
        (100_000, 18_000),
        (149_999, 18_000),
        (150_000, 20_000),
        (199_999, 20_000),
        (200_000, 23_000),
        (400_000, 23_000),
        (400_001, 45_000),
    ],
)
def test_every_bound_of_the_scale(population: int, amount: int) -> None:
    assert SCALE.contribution_eur(Category.EPCI, population) == amount


@given(st.integers(0, 2_000_000))
def test_exactly_one_tier_holds_each_population(population: int) -> None:
    assert sum(tier.holds(Category.EPCI, population) for tier in SCALE.tiers) == 1


@pytest.mark.parametrize(
    ("category", "amount"),
    [(Category.REGION, 50_000), (Category.DEPARTMENT, 45_000), (Category.COMMUNE, 0), (Category.CCAS, 0), (Category.CIAS, 0)],
)
def test_fixed_amounts(category: Category, amount: int) -> None:
    assert SCALE.contribution_eur(category, None) == amount
    assert SCALE.contribution_eur(category, 123) == amount


def test_an_epci_without_population_has_no_tier() -> None:
    with pytest.raises(InputRefused) as refused:
        SCALE.contribution_eur(Category.EPCI, None)
    assert refused.value.code == "scale.no_tier"
    assert SCALE.is_on_scale(Category.EPCI, 13_000)
    assert not SCALE.is_on_scale(Category.EPCI, 50_000)


@pytest.mark.parametrize(
    ("category", "population", "contribution", "storage"),
    [
        (Category.EPCI, 9_999, 3_000, 50),
        (Category.EPCI, 10_000, 5_000, 100),
        (Category.EPCI, None, 3_000, 50),
        (Category.EPCI, None, 5_000, 100),
        (Category.REGION, None, 50_000, 100),
        (Category.DEPARTMENT, None, 45_000, 100),
        (Category.COMMUNE, 800, 0, 50),
        (Category.CIAS, 30_000, 0, 100),
    ],
)
def test_document_space(category: Category, population: int | None, contribution: int, storage: int) -> None:
    grants = {grant.code: grant for grant in grants_for(CATALOGUE, category, population, contribution)}
    assert dict(grants["ged"].quotas)["storage_gb"] == storage
    assert len(grants) == 12
    assert grants["sae"].condition is not None
    assert dict(grants["fichiers"].quotas) == {"storage_gb_per_user": 5}


@pytest.mark.parametrize(("category", "population"), [(Category.CCAS, 20_000), (Category.COMMUNE, None), (Category.CIAS, None)])
def test_no_document_space_of_its_own_or_not_known(category: Category, population: int | None) -> None:
    grants = grants_for(CATALOGUE, category, population, 0)
    assert "ged" not in {grant.code for grant in grants}


def act(**changes: date | None) -> Act:
    return replace(Act(ActType.DELIBERATION, "le conseil", "12", date(2026, 1, 5), date(2026, 1, 8), date(2026, 1, 9)), **changes)  # type: ignore[arg-type]


def test_executory_on_the_later_of_both_dates() -> None:
    assert act().executory_on == date(2026, 1, 9)
    assert act(sent_on=date(2026, 1, 20)).executory_on == date(2026, 1, 20)
    assert act(sent_on=None).executory_on is None
    assert act(published_on=None).executory_on is None


@pytest.mark.parametrize(
    ("power", "code"),
    [
        (None, "power.missing"),
        (PowerToSign(act(on=date(2026, 3, 2))), "power.after_signature"),
        (PowerToSign(act(on=date(2026, 3, 2)), Override("urgence", "agent", DAY)), "power.after_signature"),
        (PowerToSign(act(sent_on=None)), "power.not_executory"),
        (PowerToSign(act(published_on=date(2026, 3, 2))), "power.not_executory"),
    ],
)
def test_power_refused(power: PowerToSign | None, code: str) -> None:
    with pytest.raises(RuleRefused) as refused:
        check_power(power, DAY)
    assert refused.value.code == code


def test_power_good_or_lifted_with_a_reason() -> None:
    check_power(PowerToSign(act()), DAY)
    check_power(PowerToSign(act()), date(2026, 1, 9))
    check_power(PowerToSign(act(sent_on=None), Override("transmission en cours", "agent", DAY)), DAY)


def test_programme_open_until_its_last_day() -> None:
    programme = example_programme()
    check_programme_open(programme, programme.ends_on)
    with pytest.raises(RuleRefused) as refused:
        check_programme_open(programme, date(2031, 1, 1))
    assert refused.value.code == "programme.closed"


@pytest.mark.parametrize(
    ("given", "asked", "code"),
    [
        (SignatureLevels(), SignatureLevels(signatory=SignatureLevel.ADVANCED), "programme.level_signatory"),
        (SignatureLevels(signatory=SignatureLevel.QUALIFIED), SignatureLevels(member=SignatureLevel.ADVANCED), "programme.level_member"),
        (SignatureLevels(), SignatureLevels(), None),
        (SignatureLevels(signatory=SignatureLevel.QUALIFIED), SignatureLevels(signatory=SignatureLevel.ADVANCED), None),
    ],
)
def test_a_programme_has_at_least_the_levels_it_asks_for(given: SignatureLevels, asked: SignatureLevels, code: str | None) -> None:
    programme = example_programme(levels=asked)
    if code is None:
        check_levels(programme, given)
        return
    with pytest.raises(RuleRefused) as refused:
        check_levels(programme, given)
    assert refused.value.code == code
    assert "signature avancée" in sentence(refused.value).replace("contre", "")


def test_delegation_covers_kind_and_days() -> None:
    delegation = example_delegation()
    check_delegation(delegation, Kind.CONVENTION, DAY)
    for kind, day in ((Kind.CONVENTION, date(2020, 1, 1)), (Kind.CONVENTION, date(2040, 1, 1))):
        with pytest.raises(RuleRefused):
            check_delegation(delegation, kind, day)
    with pytest.raises(RuleRefused):
        check_delegation(replace(delegation, scope=(Kind.ORDER_FORM,)), Kind.CONVENTION, DAY)
    with pytest.raises(RuleRefused):
        check_delegation(replace(delegation, act=replace(delegation.act, sent_on=None)), Kind.CONVENTION, DAY)


def test_kinds_and_categories() -> None:
    check_kind_for(Kind.CONVENTION, Category.EPCI)
    check_kind_for(Kind.CHARTER, Category.CCAS)
    check_kind_for(Kind.ORDER_FORM, Category.COMMUNE)
    for kind, category in ((Kind.CONVENTION, Category.COMMUNE), (Kind.CHARTER, Category.EPCI)):
        with pytest.raises(RuleRefused):
            check_kind_for(kind, category)


def test_one_person_cannot_sign_for_both() -> None:
    delegation, member = example_delegation(), example_member()
    check_two_people(member, delegation)
    with pytest.raises(RuleRefused) as refused:
        check_two_people(replace(member, representative=replace(delegation.holder, capacity="présidente")), delegation)
    assert refused.value.code == "signers.same_person"


def test_missing_fields() -> None:
    assert missing_fields(example_member()) == ()
    assert missing_fields(example_member(power=None, referent=None)) == ("act", "referent")


def test_locks_leave_room_for_stamps_and_for_the_second_signature() -> None:
    assert set(fields_outside_lock(Party.MEMBER)) - set(fields_outside_lock(Party.SYNDICATE)) == {FIELD_OF[Party.SYNDICATE]}
    assert len(TIMESTAMP_FIELDS) == 40
    assert set(SIGNERS) == set(Kind)


def test_embedded_data_says_who_what_and_how_much() -> None:
    terms = example_terms()
    data = agreement_data(terms)
    assert data["contribution_eur_per_year"] == terms.member.contribution_eur
    assert agreement_data(replace(terms, member=replace(terms.member, power=None)))["member"]["power"] is None  # type: ignore[index,call-overload]
    assert terms.total_eur == sum(line.contribution_eur for line in terms.recapitulation)
    assert terms.reference in terms.title
