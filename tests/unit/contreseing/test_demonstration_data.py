from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from contreseing.data import read_data
from contreseing.demonstration.members import render_member_file
from contreseing.demonstration.programmes import current_programme, past_programme
from contreseing.programme_file import parse_programme_file
from conventions.errors import InputRefused, RuleRefused
from conventions.guards import check_power, check_programme_open
from conventions.kinds import Kind
from conventions.member_file import parse_member_file
from conventions.people import is_same_person
from conventions.scale import Category
from conventions.signatures import SignatureLevel, SignatureLevels
from conventions.siret import is_fictitious

YEAR = 2026


def test_the_64_published_members_pass_the_import() -> None:
    members = parse_member_file(render_member_file(YEAR), current_programme(YEAR).programme.scale)
    assert Counter(member.category for member in members) == {Category.REGION: 1, Category.DEPARTMENT: 4, Category.EPCI: 59}
    assert sum(member.contribution_eur for member in members) == 940_000
    published = list(csv.DictReader(io.StringIO(read_data("members-2020.csv"))))
    assert [(m.name, str(m.contribution_eur)) for m in members] == [(p["name"], p["contribution_2020_eur"]) for p in published]


def test_everybody_is_fictitious_and_nobody_is_twice() -> None:
    programme = current_programme(YEAR)
    members = parse_member_file(render_member_file(YEAR), programme.programme.scale)
    assert all(member.fictitious and is_fictitious(member.siret) for member in members)
    people = [member.representative.full_name for member in members]
    assert len(set(people)) == 64
    assert not any(is_same_person(member.representative, programme.delegations[0].holder) for member in members)
    addresses = [member.representative_mail.address for member in members] + [member.second_mail or "" for member in members]
    assert len(set(addresses)) == 128
    assert all(address.endswith(".invalid") for address in addresses)
    assert any("ñ" in name for name in people)
    assert any("c'h" in name for name in people)


def test_every_power_holds_on_the_programmes_first_day() -> None:
    members = parse_member_file(render_member_file(YEAR), current_programme(YEAR).programme.scale)
    for member in members:
        check_power(member.power, date(YEAR, 1, 1))


@pytest.mark.parametrize("year", [2026, 2028, 2031])
def test_the_fictitious_programme_lasts_five_years_from_its_first_of_january(year: int) -> None:
    file = current_programme(year)
    assert (file.programme.starts_on, file.programme.ends_on) == (date(year, 1, 1), date(year + 4, 12, 31))
    assert file.programme.fictitious
    (delegation,) = file.delegations
    day = date(year, 1, 1)
    while day <= file.programme.ends_on:
        assert delegation.covers(Kind.CONVENTION, day)
        day += timedelta(days=91)


def test_the_programme_2020_2024_is_data_and_is_closed() -> None:
    programme = past_programme().programme
    assert programme.scale.contribution_eur(Category.EPCI, 400_000) == 23_000
    assert programme.scale.contribution_eur(Category.EPCI, 400_001) == 45_000
    assert len(programme.catalogue) == 12
    with pytest.raises(RuleRefused) as refused:
        check_programme_open(programme, datetime(2025, 1, 1, tzinfo=UTC).date())
    assert refused.value.code == "programme.closed"


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('name = "programme', 'nom = "programme', "name"),
        ("fictitious = false", "fictitious = false\nextra = 1", "extra"),
        ("starts_on = 2020-01-01", 'starts_on = "2020"', "starts_on"),
        ("starts_on = 2020-01-01", "starts_on = 2025-01-01", "ends_on"),
        (
            'type = "deliberation"\nbody = "le comité syndical"\nnumber = "2019-07"',
            'type = "vote"\nbody = "x"\nnumber = "1"',
            "deliberation.type",
        ),
        ('civility = "M."', 'civility = "Monsieur"', "syndicate.president.civility"),
        ('siret = "fictitious:9998"', 'siret = "12345678901234"', "syndicate.siret"),
        ('short_name = "Mégalis Bretagne"', 'short_name = " "', "syndicate.short_name"),
        ('convention = "convention/2026-1"', 'conventions = "convention/2026-1"', "wordings.conventions"),
        ("[wordings]", '[levels]\nmember = "high"\n\n[wordings]', "levels.member"),
        ("[wordings]", '[levels]\nmayor = "simple"\n\n[wordings]', "levels.mayor"),
        ("id =", "id", ""),
    ],
)
def test_a_wrong_key_of_a_programme_file_is_named(old: str, new: str, key: str) -> None:
    text = read_data("programme-2020-2024.toml")
    assert old in text
    with pytest.raises(InputRefused) as refused:
        parse_programme_file(text.replace(old, new, 1), read_data)
    assert refused.value.problems[0].column == key


def test_a_programme_may_ask_for_levels_of_signature() -> None:
    text = read_data("programme-2020-2024.toml")
    assert parse_programme_file(text, read_data).programme.levels == SignatureLevels()
    asked = text.replace("[wordings]", '[levels]\nsignatory = "qualified"\n\n[wordings]', 1)
    assert parse_programme_file(asked, read_data).programme.levels == SignatureLevels(signatory=SignatureLevel.QUALIFIED)


def test_a_broken_scale_or_catalogue_is_refused_by_line() -> None:
    text = read_data("programme-2020-2024.toml")

    def broken(name: str) -> str:
        return read_data(name).replace("commune", "village").replace("name_fr", "nom")

    with pytest.raises(InputRefused) as refused:
        parse_programme_file(text, broken)
    assert refused.value.problems[0].line == 13
    with pytest.raises(InputRefused):
        parse_programme_file(text, lambda name: broken(name) if name == "services.csv" else read_data(name))


def test_a_kind_whose_wording_is_not_named_has_the_one_that_comes_with_us() -> None:
    text = read_data("programme-2020-2024.toml").replace('convention = "convention/2026-1"', 'charter = "charter/voted"')
    wordings = dict(parse_programme_file(text, read_data).programme.wordings)
    assert wordings == {kind.value: "charter/voted" if kind is Kind.CHARTER else f"{kind}/2026-1" for kind in Kind}
