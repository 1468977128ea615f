"""Numbers, names, dates, amounts and canonical bytes."""

from __future__ import annotations

import json
from datetime import date

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from conventions.canonical import MAX_SAFE_INTEGER, render_canonical, sha256_hex
from conventions.errors import InputRefused
from conventions.people import Civility, MailAddress, Person, folded, is_mail_address, is_same_person
from conventions.siret import fictitious_siret, is_fictitious, parse_siren, parse_siret, siren_of

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(plain)
def test_canonical_is_what_an_independent_library_writes(value: object) -> None:
    assert render_canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@given(plain)
def test_canonical_reads_back(value: object) -> None:
    assert json.loads(render_canonical(value)) == value  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [1.5, b"x", date(2026, 1, 1), {"a": {1, 2}}])
def test_canonical_refuses_other_types(value: object) -> None:
    with pytest.raises(TypeError, match="does not hold"):
        render_canonical(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [MAX_SAFE_INTEGER + 1, {"é": 1}, {1: 2}])
def test_canonical_refuses_what_it_cannot_order_or_hold(value: object) -> None:
    with pytest.raises(ValueError, match=r"safe range|ASCII"):
        render_canonical(value)  # type: ignore[arg-type]


def test_sha256_of_nothing() -> None:
    assert sha256_hex(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("text", ["356 000 000 00048", "35600000000048", "73282932000074"])
def test_siret_read(text: str) -> None:
    assert parse_siret(text) == text.replace(" ", "")


def test_full_width_digits_become_plain_ones() -> None:
    assert parse_siret("\uff13\uff15\uff16" + "00000000048") == "35600000000048"


def test_siret_of_a_post_office_adds_up_to_a_multiple_of_five() -> None:
    assert parse_siret("35600000049837") == "35600000049837"


@pytest.mark.parametrize("text", ["35600000049838", "73282932000075", "7328293200007", "7328293200007A", "", "1" * 40])
def test_siret_refused(text: str) -> None:
    with pytest.raises(InputRefused):
        parse_siret(text)


@given(st.integers(1, 9_999))
def test_fictitious_numbers_are_valid_and_known_as_such(rank: int) -> None:
    siret = fictitious_siret(rank)
    assert parse_siret(siret) == siret
    assert parse_siren(siren_of(siret)) == siren_of(siret)
    assert is_fictitious(siret)


def test_real_number_is_not_fictitious() -> None:
    assert not is_fictitious("73282932000074")


def test_siren_refused() -> None:
    with pytest.raises(InputRefused):
        parse_siren("732829321")


def person(given: str, family: str) -> Person:
    return Person(Civility.MADAME, given, family, "maire")


def test_names_are_compared_without_accents_case_or_order() -> None:
    assert is_same_person(person("Anne-Maëlle", "LE GOFF"), person("Le Goff", "anne maelle"))
    assert not is_same_person(person("Anne", "Le Goff"), person("Anna", "Le Goff"))
    assert folded("  Plouc’h-L’Ñ ") == "plouc h l n"
    assert person("Anne", "Le Goff").addressed == "Mme Anne Le Goff"


@pytest.mark.parametrize("address", ["anne@exemple.invalid", "a.b-c+d@sous.exemple.fr"])
def test_mail_addresses(address: str) -> None:
    assert is_mail_address(address)


@pytest.mark.parametrize(
    "address",
    ["", "anne", "anne@", "@exemple.fr", "a b@exemple.fr", "a@exemple", "a@b.fr\n", "Anne <a@b.fr>", "a@b.fr,c@d.fr", f"{'a' * 65}@b.fr"],
)
def test_not_mail_addresses(address: str) -> None:
    assert not is_mail_address(address)


def test_generic_mailboxes_and_masking() -> None:
    assert MailAddress("Mairie@exemple.fr", "site").is_generic
    assert not MailAddress("anne@exemple.fr", "site").is_generic
    assert MailAddress("anne@exemple.fr", "site").masked == "a…@e….fr"
