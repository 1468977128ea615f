"""The file of a programme: TOML, with its scale and its catalogue in CSV files beside it."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from conventions.errors import InputRefused, Problem
from conventions.kinds import Kind
from conventions.people import Civility, Person
from conventions.powers import Act, ActType, Delegation, DelegationType
from conventions.programmes import Programme, Syndicate
from conventions.scale import Category, Scale, Tier
from conventions.services import ServiceDefinition
from conventions.signatures import SignatureLevel, SignatureLevels
from conventions.siret import fictitious_siret, parse_siret

BUNDLED_VERSION = "2026-1"
"""Version of the wordings that come with the product, for the kinds that a programme does not name."""

FICTITIOUS = "fictitious:"
"""A SIRET written ``fictitious:<rank>`` is the demonstration's number of that rank."""

Value = TypeVar("Value")
Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True)
class ProgrammeFile:
    """A programme and the delegations under which its agreements are countersigned."""

    programme: Programme
    delegations: tuple[Delegation, ...]


class _Table:
    """A TOML table being read; a wrong or unknown key is a problem that names it."""

    def __init__(self, values: Mapping[str, object], path: str = "") -> None:
        self._values, self._path, self._read = values, path, set[str]()

    def value(self, name: str, type_: type[Value], *, is_optional: bool = False) -> Value:
        self._read.add(name)
        value = self._values.get(name)
        if isinstance(value, type_) and (type_ is bool or not isinstance(value, bool)):
            return value
        if value is None and is_optional:
            return type_()
        raise _refused(self._path + name, "Cette clé manque." if value is None else "Cette valeur n’est pas du type attendu.")

    def text(self, name: str) -> str:
        text = self.value(name, str)
        if not text.strip():
            raise _refused(self._path + name, "Cette valeur est vide.")
        return text

    def day(self, name: str) -> date:
        return self.value(name, date)

    def optional_day(self, name: str) -> date | None:
        return self.day(name) if name in self._values else None

    def choice(self, name: str, choices: type[Choice]) -> Choice:
        return self._chosen(name, self.text(name), choices)

    def choices(self, name: str, choices: type[Choice]) -> tuple[Choice, ...]:
        return tuple(self._chosen(name, str(item), choices) for item in self.value(name, list))

    def _chosen(self, name: str, text: str, choices: type[Choice]) -> Choice:
        try:
            return choices(text)
        except ValueError:
            raise _refused(self._path + name, f"Écrivez l’une de ces valeurs : {', '.join(choices)}.") from None

    def table(self, name: str, *, is_optional: bool = False) -> _Table:
        return _Table(self.value(name, dict, is_optional=is_optional), f"{self._path}{name}.")

    def tables(self, name: str) -> list[_Table]:
        return [_Table(item, f"{self._path}{name}.") for item in self.value(name, list, is_optional=True)]

    def texts(self) -> tuple[tuple[str, str], ...]:
        return tuple((name, self.text(name)) for name in self._values)

    def refuse_unknown(self) -> None:
        for name in self._values:
            if name not in self._read:
                raise _refused(self._path + name, "Clé inconnue : supprimez-la ou corrigez son nom.")


def parse_programme_file(text: str, read_beside: Callable[[str], str]) -> ProgrammeFile:
    """Read a programme; ``read_beside`` gives the text of a file named in it (scale, services).

    Raises:
        InputRefused: ``problems`` names the key or the line that is wrong.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _refused("", f"Le fichier n’est pas un TOML lisible : {error}") from error
    table = _Table(values)
    programme = Programme(
        id=table.text("id"),
        name=table.text("name"),
        starts_on=table.day("starts_on"),
        ends_on=table.day("ends_on"),
        deliberation=_act(table.table("deliberation")),
        scale=parse_scale(read_beside(table.text("scale")), table.text("scale_deliberation")),
        catalogue=parse_services(read_beside(table.text("services"))),
        syndicate=_syndicate(table.table("syndicate")),
        wordings=_wordings(table.table("wordings", is_optional=True)),
        retroactive_effect=table.value("retroactive_effect", bool, is_optional=True),
        fictitious=table.value("fictitious", bool, is_optional=True),
        levels=_levels(table.table("levels", is_optional=True)),
    )
    if programme.ends_on < programme.starts_on:
        raise _refused("ends_on", "Le programme finit avant d’avoir commencé.")
    delegations = tuple(_delegation(item, programme) for item in table.tables("delegations"))
    table.refuse_unknown()
    return ProgrammeFile(programme, delegations)


def parse_scale(text: str, deliberation: str) -> Scale:
    """Read a scale: CSV ``category,population_min,population_max,contribution_eur_per_year``, bounds included.

    Raises:
        InputRefused: a line is not a tier.
    """
    tiers = []
    for line, row in enumerate(csv.DictReader(io.StringIO(text)), start=2):
        try:
            tiers.append(
                Tier(
                    Category(row["category"]),
                    int(row["contribution_eur_per_year"]),
                    int(row["population_min"]) if row["population_min"] else None,
                    int(row["population_max"]) if row["population_max"] else None,
                )
            )
        except (KeyError, TypeError, ValueError) as error:
            raise _refused("scale", "Cette ligne n’est pas une tranche du barème.", line) from error
    return Scale(tuple(tiers), deliberation)


def parse_services(text: str) -> tuple[ServiceDefinition, ...]:
    """Read a catalogue: CSV ``code,name_fr,activation_parameters,source_note``.

    Raises:
        InputRefused: a line is not a service.
    """
    services = []
    for line, row in enumerate(csv.DictReader(io.StringIO(text)), start=2):
        try:
            services.append(ServiceDefinition(row["code"], row["name_fr"], row["activation_parameters"], row["source_note"]))
        except KeyError as error:
            raise _refused("services", "Il manque une colonne au catalogue des services.", line) from error
    return tuple(services)


def _syndicate(table: _Table) -> Syndicate:
    syndicate = Syndicate(
        name=table.text("name"),
        short_name=table.text("short_name"),
        seat=table.text("seat"),
        siret=_siret(table.text("siret")),
        president=_person(table.table("president")),
        president_act=_act(table.table("president_act")),
        telephone=table.text("telephone"),
        website=table.text("website"),
        data_protection_mail=table.text("data_protection_mail"),
    )
    table.refuse_unknown()
    return syndicate


def _wordings(table: _Table) -> tuple[tuple[str, str], ...]:
    """Read which wording each kind has; a kind that is not named has the one that comes with the product."""
    named = dict(table.texts())
    if unknown := [name for name in named if name not in set(Kind)]:
        raise _refused(f"wordings.{unknown[0]}", f"Écrivez l’une de ces natures : {', '.join(Kind)}.")
    return tuple((kind.value, named.get(kind, f"{kind}/{BUNDLED_VERSION}")) for kind in Kind)


def _levels(table: _Table) -> SignatureLevels:
    """Read the least level of each party's signature; simple where it is not named."""
    asked = dict(table.texts())
    levels = SignatureLevels(**{role: table.choice(role, SignatureLevel) for role in ("member", "signatory") if role in asked})
    if unknown := [name for name in asked if name not in {"member", "signatory"}]:
        raise _refused(f"levels.{unknown[0]}", "Écrivez « member » ou « signatory ».")
    return levels


def _siret(text: str) -> str:
    rank = text.removeprefix(FICTITIOUS)
    if rank != text and rank.isdigit():
        return fictitious_siret(int(rank))
    try:
        return parse_siret(text)
    except InputRefused as error:
        raise _refused("syndicate.siret", "Ce SIRET n’existe pas (14 chiffres, clé de contrôle).") from error


def _person(table: _Table) -> Person:
    person = Person(table.choice("civility", Civility), table.text("given_name"), table.text("family_name"), table.text("capacity"))
    table.refuse_unknown()
    return person


def _act(table: _Table) -> Act:
    act = Act(
        table.choice("type", ActType),
        table.text("body"),
        table.text("number"),
        table.day("on"),
        table.optional_day("sent_on"),
        table.optional_day("published_on"),
    )
    table.refuse_unknown()
    return act


def _delegation(table: _Table, programme: Programme) -> Delegation:
    delegation = Delegation(
        id=table.text("id"),
        type=table.choice("type", DelegationType),
        holder=_person(table.table("holder")),
        granted_by=programme.syndicate.president,
        act=_act(table.table("act")),
        scope=table.choices("scope", Kind),
        starts_on=table.day("starts_on"),
        ends_on=table.day("ends_on"),
        formula=table.text("formula"),
    )
    table.refuse_unknown()
    return delegation


def _refused(key: str, advice: str, line: int = 0) -> InputRefused:
    return InputRefused(f"programme file: {key}: refused", code="programme_file.refused", problems=[Problem(line, key, "", advice)])
