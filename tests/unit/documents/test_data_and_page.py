"""What the page says and what the embedded data says come from one object, and agree."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from conventions.canonical import Json, render_canonical
from conventions.terms import agreement_data
from documents.adapter import ReportlabDocuments
from documents.fields import ACT_NAMES, CATEGORY_NAMES, CONDITION_NAMES, QUOTA_NAMES, SCALAR_FIELDS, scalar_values
from documents.french import spell_amount, spell_date, spell_siret
from documents.structure_text import parse_structure_text
from tests.builders import example_member, example_terms

TERMS = example_terms()
ONLY_IN_DATA = frozenset(
    {
        "schema",
        "version",
        "kind",
        "demonstration",
        "contribution_source",
        "programme.id",
        "programme.retroactive_effect",
        "wording.id",
        "wording.sha256",
    }
)
"""What machines need and a reader does not."""

ONLY_ON_PAGE = re.compile(
    r"referent\.|billing\.|scale\.|recapitulation\.|syndicate\.(seat|short_name|telephone|website|data_protection_mail|president_act)$"
)
"""Contacts and the other members' figures, which activation does not read."""

NAMES = {
    "type": {kind.value: name for kind, (name, _) in ACT_NAMES.items()},
    "category": {category.value: name for category, name in CATEGORY_NAMES.items()},
    "condition": CONDITION_NAMES,
}


def page_text() -> str:
    sections = parse_structure_text(ReportlabDocuments().render_agreement(TERMS).data)
    return " ".join(" ".join(section) for section in sections)


def leaves(value: Json, path: str = "") -> Iterator[tuple[str, str | int | bool]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item, path)
    elif isinstance(value, str | int):
        yield path, value


def spelled(path: str, value: str | int) -> str:
    """Write a value of the data as the page does."""
    key = path.rpartition(".")[2]
    if path == "contribution_eur_per_year":
        return spell_amount(int(value))
    if key in NAMES:
        return NAMES[key][str(value)]
    if key in QUOTA_NAMES:
        return f"{value}\u00a0{QUOTA_NAMES[key][int(value) > 1]}"
    if key == "siret":
        return spell_siret(str(value))
    if key == "siren":
        return "\u00a0".join((str(value)[:3], str(value)[3:6], str(value)[6:]))
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(value)):
        return spell_date(date.fromisoformat(str(value)))
    return str(value)


def test_all_data_stands_on_the_page() -> None:
    text = page_text().casefold()
    said = [
        (path, spelled(path, value))
        for path, value in leaves(agreement_data(TERMS))
        if path not in ONLY_IN_DATA and path != "services.code"
    ]
    assert len(said) > 50
    assert [(path, value) for path, value in said if value.casefold() not in text] == []


def test_every_field_of_the_page_comes_from_the_data() -> None:
    data = " ".join(spelled(path, value) for path, value in leaves(agreement_data(TERMS))).casefold()
    values = scalar_values(TERMS)
    assert set(values) == SCALAR_FIELDS
    for name, value in values.items():
        if not ONLY_ON_PAGE.match(name):
            assert value is not None
            missing = [word for word in re.split(r"[\s\u00a0]+", value.casefold()) if word not in data + " mme m. n° du prise pris par 1er"]
            assert missing == [], name


def test_every_service_given_is_on_the_page_and_the_reverse() -> None:
    section = next(
        section
        for section in parse_structure_text(ReportlabDocuments().render_agreement(TERMS).data)
        if "Quantités et conditions" in section
    )
    start = section.index("Quantités et conditions") + 1
    rows = section[start : start + 2 * len(TERMS.services)]
    assert rows[::2] == [grant.name for grant in TERMS.services]
    assert section[start + 2 * len(TERMS.services)].startswith("1.")


SCHEMA = json.loads((Path(__file__).parents[3] / "documents" / "schemas" / "agreement-1.json").read_text(encoding="utf-8"))


def data() -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(render_canonical(agreement_data(TERMS)))
    return decoded


def test_data_follows_the_published_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(data())
    Draft202012Validator(SCHEMA).validate(json.loads(render_canonical(agreement_data(example_terms(member=example_member(power=None))))))


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "contreseing/agreement/2"},
        {"contribution_eur_per_year": -1},
        {"contribution_eur_per_year": "13000"},
        {"prepared_on": "6 janvier 2026"},
        {"unheard_of": 1},
        {"wording": {"id": "convention/2026-1", "sha256": "0"}},
    ],
)
def test_schema_refuses(change: dict[str, Any]) -> None:
    assert not Draft202012Validator(SCHEMA).is_valid(data() | change)


@pytest.mark.parametrize("key", sorted(SCHEMA["required"]))
def test_schema_wants_every_entry(key: str) -> None:
    lacking = data()
    del lacking[key]
    assert not Draft202012Validator(SCHEMA).is_valid(lacking)
