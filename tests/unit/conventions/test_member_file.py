"""The members' file: read whole, or refused whole with everything that is wrong."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conventions.errors import InputRefused
from conventions.member_columns import COLUMNS, PUBLISHED
from conventions.member_file import LARGEST_FILE_CHARACTERS, parse_member_file
from conventions.members import Member
from conventions.scale import Category
from conventions.siret import fictitious_siret
from conventions.steps.import_members import Imported, import_members
from tests.builders import SCALE
from tests.fakes.world import World

ROW = {
    "name": "Communauté de l’Essai",
    "category": "epci",
    "siret": fictitious_siret(1),
    "population": "42000",
    "seat": "1 rue de l’Essai, 29000 Essai",
    "representative_civility": "Mme",
    "representative_given_name": "Maëlle",
    "representative_family_name": "Le Goff",
    "representative_capacity": "présidente",
    "representative_email": "m.legoff@essai.invalid",
    "email_source": "annuaire",
}
ACT = {
    "act_type": "deliberation",
    "act_body": "le conseil communautaire",
    "act_number": "2025-12",
    "act_on": "2025-12-01",
    "act_sent_on": "2025-12-03",
    "act_published_on": "2025-12-04",
}
REFERENT = {
    "referent_civility": "M.",
    "referent_given_name": "Yann",
    "referent_family_name": "Kermarrec",
    "referent_function": "directeur",
    "referent_email": "y.kermarrec@essai.invalid",
    "referent_telephone": "02 99 00 00 01",
}


def render(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS, separator: str = ",") -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def parse(*rows: dict[str, str]) -> tuple[Member, ...]:
    return parse_member_file(render(*rows), SCALE)


def problems(*rows: dict[str, str]) -> list[tuple[int, str]]:
    with pytest.raises(InputRefused) as refused:
        parse(*rows)
    assert all(problem.advice for problem in refused.value.problems)
    return [(problem.line, problem.column) for problem in refused.value.problems]


def test_a_whole_row() -> None:
    (member,) = parse({**ROW, **ACT, **REFERENT, "service_code": "SRV", "second_email": "dgs@essai.invalid"})
    assert member.contribution_eur == 13_000
    assert member.contribution_source == "scale"
    assert member.power is not None
    assert member.power.act.executory_on is not None
    assert member.referent is not None
    assert member.referent.person.family_name == "Kermarrec"
    assert member.fictitious
    assert member.billing.service_code == "SRV"


def test_blank_lines_byte_order_mark_and_column_order_do_not_matter() -> None:
    columns = tuple(reversed(COLUMNS))
    text = "\ufeff" + render(ROW, columns=columns) + "\n,,\n"
    with pytest.raises(InputRefused):
        parse_member_file(text.replace(",,\n", "x,,\n"), SCALE)
    assert len(parse_member_file("\ufeff" + render(ROW, columns=columns) + "\n\n", SCALE)) == 1


def test_an_epci_without_population_takes_the_published_amount() -> None:
    (member,) = parse({**ROW, "population": "", "contribution_eur": "8000"})
    assert (member.contribution_eur, member.contribution_source) == (8_000, "published")


@pytest.mark.parametrize("category", [Category.REGION, Category.DEPARTMENT])
def test_other_categories_take_the_fixed_amount(category: Category) -> None:
    (member,) = parse({**ROW, "category": category, "population": ""})
    assert member.contribution_eur == SCALE.contribution_eur(category, None)


def test_a_commune_names_its_territory() -> None:
    commune = {**ROW, "category": "commune", "contribution_eur": "0"}
    assert problems(commune) == [(2, "territory_siret")]
    assert problems({**commune, "territory_siret": "123"}) == [(2, "territory_siret")]
    (member,) = parse({**commune, "territory_siret": fictitious_siret(2)})
    assert member.territory == fictitious_siret(2)


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"siret": "12345678901234"}, "siret"),
        ({"siret": ""}, "siret"),
        ({"category": "syndicat"}, "category"),
        ({"category": ""}, "category"),
        ({"population": "", "contribution_eur": ""}, "population"),
        ({"population": "", "contribution_eur": "50000"}, "contribution_eur"),
        ({"population": "42 000"}, "population"),
        ({"population": "-1"}, "population"),
        ({"contribution_eur": "15000"}, "contribution_eur"),
        ({"category": "region", "population": "", "contribution_eur": "1"}, "contribution_eur"),
        ({"name": ""}, "name"),
        ({"name": "x" * 301}, "name"),
        ({"name": "a\tb"}, "name"),
        ({"representative_civility": "Mlle"}, "representative_civility"),
        ({"representative_civility": ""}, "representative_civility"),
        ({"representative_email": "maelle"}, "representative_email"),
        ({"second_email": "dgs"}, "second_email"),
        ({"email_checked_on": "12/03/2026"}, "email_checked_on"),
        ({**ACT, "act_type": "courrier"}, "act_type"),
        ({**ACT, "act_on": ""}, "act_on"),
        ({**ACT, "act_sent_on": "2025-11-30"}, "act_sent_on"),
        ({**REFERENT, "referent_email": ""}, "referent_email"),
        ({"population": "9" * 5_000}, "population"),
        ({"contribution_eur": "1" * 10}, "contribution_eur"),
        ({"telephone": "02\x00"}, "telephone"),
        ({"telephone": "0" * 5_000}, "telephone"),
        ({"email_checked_by": "a\x85b"}, "email_checked_by"),
        ({"service_code": "a\u2028b"}, "service_code"),
        ({"name": "a\u202eb"}, "name"),
        ({"email_checked_on": "20260312"}, "email_checked_on"),
        ({"email_checked_on": "2026-W11-4"}, "email_checked_on"),
        ({"email_checked_on": "2026-02-30"}, "email_checked_on"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, str], column: str) -> None:
    assert (2, column) in problems({**ROW, **changes})


def test_a_fault_is_told_once_and_shown_short_without_what_a_terminal_would_obey() -> None:
    assert problems({**ROW, **ACT, "act_type": ""}) == [(2, "act_type")]
    assert problems({**ROW, "telephone": "\x1b[31m"}) == [(2, "telephone")]
    assert problems({**ROW, "population": "9" * 5_000}) == [(2, "population")]
    with pytest.raises(InputRefused) as refused:
        parse({**ROW, "telephone": "\x1b" + "0" * 5_000})
    assert refused.value.problems[0].value == "\ufffd" + "0" * 79 + "…"


def test_semicolons_separate_as_commas_do_and_nothing_else() -> None:
    text = render({**ROW, "seat": "1 rue de l’Essai ; 29000 Essai, France"}, separator=";")
    (member,) = parse_member_file(text, SCALE)
    assert member.seat == "1 rue de l’Essai ; 29000 Essai, France"
    with pytest.raises(InputRefused) as refused:
        parse_member_file(text + "a;b\n", SCALE)
    assert "points-virgules" in refused.value.problems[0].advice
    for header in (render(ROW, separator="\t"), render(ROW, separator="|"), "nom;siege\n"):
        with pytest.raises(InputRefused) as refused:
            parse_member_file(header, SCALE)
        (problem,) = refused.value.problems
        assert "virgules ou par des points-virgules" in problem.advice


def test_the_published_examples_are_accepted() -> None:
    (member,) = parse({column.name: column.example for column in PUBLISHED})
    assert member.power is not None
    assert member.referent is not None
    assert member.billing.engagement_number == "EJ-2026-001"


def test_a_body_twice_is_refused_with_the_other_line() -> None:
    assert problems(ROW, ROW) == [(3, "siret")]


def test_an_impossible_population() -> None:
    scale = type(SCALE)(SCALE.tiers[:2], SCALE.deliberation)
    with pytest.raises(InputRefused) as refused:
        parse_member_file(render(ROW), scale)
    assert refused.value.problems[0].column == "population"


def test_everything_wrong_is_said_at_once() -> None:
    found = problems({**ROW, "siret": "1", "category": "?"}, {**ROW, "name": ""}, {**ROW, "siret": fictitious_siret(3), "seat": ""})
    assert {line for line, _ in found} == {2, 3, 4}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nom\nx\n",
        "name,name\n",
        render(),
        'name\n"',
        render(ROW) + '"unfinished',
        render(ROW) + "a,b\n",
        render(ROW) + f'"{"x" * 140_000}"\n',
    ],
)
def test_unreadable_files(text: str) -> None:
    with pytest.raises(InputRefused) as refused:
        parse_member_file(text, SCALE)
    assert refused.value.problems


def test_a_file_too_large() -> None:
    with pytest.raises(InputRefused) as refused:
        parse_member_file("x" * (LARGEST_FILE_CHARACTERS + 1), SCALE)
    assert refused.value.code == "import.too_large"


@given(st.text(max_size=300))
def test_rubbish_is_refused_never_a_crash(text: str) -> None:
    with pytest.raises(InputRefused):
        parse_member_file(text, SCALE)


@given(st.dictionaries(st.sampled_from(COLUMNS), st.text(max_size=20)))
def test_rubbish_in_a_row_is_refused_or_read_never_a_crash(changes: dict[str, str]) -> None:
    members: tuple[Member, ...] = ()
    refusal: InputRefused | None = None
    try:
        members = parse({**ROW, **changes})
    except InputRefused as refused:
        refusal = refused
    assert len(members) == (1 if refusal is None else 0)
    assert refusal is None or refusal.problems


def import_(world: World, *rows: dict[str, Any]) -> Imported:
    return import_members(world.ports, render(*rows), world.programme.id, "agent")


def test_import_tells_new_members_from_unchanged_ones() -> None:
    world = World()
    other = {**ROW, "siret": fictitious_siret(9)}
    assert [len(part) for part in (import_(world, ROW).members, import_(world, ROW).new)] == [1, 0]
    imported = import_(world, ROW, other)
    assert [member.siret for member in imported.members] == [ROW["siret"], other["siret"]]
    assert [member.siret for member in imported.new] == [other["siret"]]


def test_the_epci_of_a_territory_is_in_the_file_or_registered() -> None:
    world = World()
    commune = {**ROW, "siret": fictitious_siret(9), "category": "commune", "contribution_eur": "0", "territory_siret": ROW["siret"]}
    region = {**ROW, "siret": fictitious_siret(8), "category": "region", "population": ""}
    for rows in ([commune], [{**ROW, "siret": fictitious_siret(7)}, commune], [region, {**commune, "territory_siret": region["siret"]}]):
        with pytest.raises(InputRefused) as refused:
            import_(world, *rows)
        assert [(problem.line, problem.column) for problem in refused.value.problems] == [(1 + len(rows), "territory_siret")]
    assert len(import_(world, commune, ROW).new) == 2
    assert len(import_(world, {**commune, "siret": fictitious_siret(10)}).new) == 1


def test_import_keeps_all_or_nothing_and_is_idempotent() -> None:
    world = World()
    with pytest.raises(InputRefused):
        import_(world, ROW, {**ROW, "siret": "1"})
    with world.registry.read() as tx:
        assert tx.members() == []
    import_(world, ROW)
    import_(world, ROW)
    with world.registry.read() as tx:
        assert [member.siret for member in tx.members()] == [ROW["siret"]]
        assert [entry.event.type for entry in tx.events()] == ["members.imported"]


def test_import_does_not_overwrite() -> None:
    world = World()
    import_(world, ROW)
    with pytest.raises(InputRefused) as refused:
        import_(world, {**ROW, "seat": "ailleurs"}, {**ROW, "siret": fictitious_siret(9)})
    assert [problem.column for problem in refused.value.problems] == ["siret"]
    blank = render({**ROW, "siret": fictitious_siret(9)}, ROW).replace("\n", "\n\n", 1) + "\n"
    with pytest.raises(InputRefused) as refused:
        import_members(world.ports, blank.replace("1 rue", "2 rue"), world.programme.id, "agent")
    assert [problem.line for problem in refused.value.problems] == [4]
    with world.registry.read() as tx:
        assert len(tx.members()) == 1
