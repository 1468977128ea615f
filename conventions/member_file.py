"""The members' file: a published CSV, read whole or refused whole with the list of what is wrong.

One row a body. An EPCI with a population takes its amount from the scale; without one it takes the amount published in
the row, marked so; every other category takes the scale's fixed amount. An amount that differs from the scale's is an error.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from conventions.errors import InputRefused, Problem
from conventions.members import BillingCodes, Member
from conventions.people import Civility, MailAddress, Person, Referent, is_mail_address
from conventions.powers import Act, ActType, PowerToSign
from conventions.scale import Category, Scale
from conventions.siret import is_fictitious, parse_siret

REQUIRED = (
    "name",
    "category",
    "siret",
    "seat",
    "representative_civility",
    "representative_given_name",
    "representative_family_name",
    "representative_capacity",
    "representative_email",
    "email_source",
)
OPTIONAL = (
    "population",
    "contribution_eur",
    "territory_siret",
    "email_checked_on",
    "email_checked_by",
    "second_email",
    "telephone",
    "act_type",
    "act_body",
    "act_number",
    "act_on",
    "act_sent_on",
    "act_published_on",
    "referent_civility",
    "referent_given_name",
    "referent_family_name",
    "referent_function",
    "referent_email",
    "referent_telephone",
    "service_code",
    "engagement_number",
)
COLUMNS = REQUIRED + OPTIONAL
LONGEST_VALUE = 300
LARGEST_FILE_CHARACTERS = 20_000_000


class _Row:
    """One row being read; collects what is wrong and goes on, so that the person gets the whole list at once."""

    def __init__(self, line: int, values: Mapping[str, str], problems: list[Problem]) -> None:
        self.line, self.values, self.problems = line, values, problems

    def wrong(self, column: str, advice: str) -> None:
        self.problems.append(Problem(self.line, column, self.values.get(column, ""), advice))

    def text(self, column: str) -> str:
        return self.values.get(column, "").strip()

    def required(self, column: str) -> str:
        value = self.text(column)
        if not value:
            self.wrong(column, "Cette colonne est obligatoire : indiquez une valeur.")
        elif len(value) > LONGEST_VALUE:
            self.wrong(column, f"Valeur trop longue : {LONGEST_VALUE} caractères au plus.")
        elif any(ord(character) < ord(" ") for character in value):
            self.wrong(column, "Cette valeur contient un caractère de contrôle : supprimez-le.")
        return value

    def optional(self, column: str) -> str | None:
        return self.required(column) if self.text(column) else None

    def day(self, column: str) -> date | None:
        value = self.text(column)
        if not value:
            return None
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.wrong(column, "Écrivez la date sous la forme AAAA-MM-JJ, par exemple 2026-03-12.")
            return None

    def whole_number(self, column: str) -> int | None:
        value = self.text(column)
        if not value:
            return None
        if not value.isascii() or not value.isdigit():
            self.wrong(column, "Écrivez un nombre entier, sans espace ni virgule.")
            return None
        return int(value)

    def mail(self, column: str, *, is_required: bool) -> str:
        value = self.required(column) if is_required else self.text(column)
        if value and not is_mail_address(value):
            self.wrong(column, "Ce n'est pas une adresse de messagerie : vérifiez-la.")
        return value

    def civility(self, column: str) -> Civility:
        value = self.required(column)
        try:
            return Civility(value)
        except ValueError:
            if value:
                self.wrong(column, "Écrivez « Mme » ou « M. ».")
            return Civility.MADAME


def parse_member_file(text: str, scale: Scale) -> tuple[Member, ...]:
    """Read the members' file (CSV, comma-separated, UTF-8, a header with the published columns in any order).

    Raises:
        InputRefused: ``problems`` lists everything that is wrong, by line and column; nothing may be kept.
    """
    if len(text) > LARGEST_FILE_CHARACTERS:
        raise InputRefused("members' file too large", code="import.too_large")
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    problems: list[Problem] = []
    members: list[Member] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header, problems)
        if problems:
            raise InputRefused("the members' file has wrong columns", code="import.refused", problems=problems, count=len(problems))
        seen: dict[str, int] = {}
        for values in reader:
            if not any(value.strip() for value in values):
                continue
            line = reader.line_num
            if len(values) != len(header):
                advice = f"La ligne a {len(values)} colonnes, l'en-tête en a {len(header)} : vérifiez les virgules et les guillemets."
                problems.append(Problem(line, "", "", advice))
                continue
            member = _member(_Row(line, dict(zip(header, values, strict=True)), problems), scale, seen)
            if member is not None:
                members.append(member)
    except csv.Error as error:
        problems.append(Problem(reader.line_num, "", "", "Le fichier n'est pas un CSV lisible à cet endroit : vérifiez les guillemets."))
        raise InputRefused("not a CSV file", code="import.refused", problems=problems, count=len(problems)) from error
    if not problems and not members:
        problems.append(Problem(1, "", "", "Le fichier ne contient aucun membre."))
    if problems:
        raise InputRefused(f"the members' file has {len(problems)} problems", code="import.refused", problems=problems, count=len(problems))
    return tuple(members)


def _check_header(header: list[str], problems: list[Problem]) -> None:
    problems.extend(Problem(1, name, "", "Il manque cette colonne dans l'en-tête.") for name in REQUIRED if name not in header)
    problems.extend(
        Problem(1, name, name, "Colonne inconnue : supprimez-la ou corrigez son nom.") for name in header if name not in COLUMNS
    )
    problems.extend(
        Problem(1, name, name, "Colonne présente deux fois : gardez-en une.") for name in sorted(set(header)) if header.count(name) > 1
    )


def _member(row: _Row, scale: Scale, seen: dict[str, int]) -> Member | None:
    before = len(row.problems)
    siret = _siret(row, seen)
    category = _category(row)
    population = row.whole_number("population")
    amount = row.whole_number("contribution_eur")
    contribution = _contribution(row, scale, category, population, amount) if category is not None else None
    representative, mail = _representative(row), _mail(row)
    name, seat = row.required("name"), row.required("seat")
    power, referent = _power(row), _referent(row)
    second_mail = row.mail("second_email", is_required=False) or None
    territory = _territory(row, category)
    if len(row.problems) > before or category is None or contribution is None:
        return None
    return Member(
        id=siret,
        name=name,
        category=category,
        siret=siret,
        seat=seat,
        contribution_eur=contribution[0],
        contribution_source=contribution[1],
        representative=representative,
        representative_mail=mail,
        population=population,
        territory=territory,
        power=power,
        referent=referent,
        second_mail=second_mail,
        telephone=row.text("telephone") or None,
        billing=BillingCodes(row.text("service_code") or None, row.text("engagement_number") or None),
        fictitious=is_fictitious(siret),
    )


def _siret(row: _Row, seen: dict[str, int]) -> str:
    text = row.required("siret")
    if not text:
        return ""
    try:
        siret = parse_siret(text)
    except InputRefused:
        row.wrong("siret", "Ce SIRET n'existe pas (14 chiffres, clé de contrôle) : recopiez-le depuis l'avis de situation.")
        return ""
    if siret in seen:
        row.wrong("siret", f"Ce SIRET figure déjà à la ligne {seen[siret]} : gardez une seule ligne par établissement.")
    seen.setdefault(siret, row.line)
    return siret


def _category(row: _Row) -> Category | None:
    text = row.required("category")
    try:
        return Category(text)
    except ValueError:
        if text:
            row.wrong("category", f"Catégorie inconnue : écrivez l'une de {', '.join(Category)}.")
        return None


def _contribution(row: _Row, scale: Scale, category: Category, population: int | None, amount: int | None) -> tuple[int, str] | None:
    if category is Category.EPCI and population is None:
        if amount is None:
            if not row.text("population") and not row.text("contribution_eur"):
                row.wrong("population", "Un EPCI doit avoir sa population ou, à défaut, le montant publié.")
            return None
        if not scale.is_on_scale(category, amount):
            row.wrong("contribution_eur", "Ce montant ne figure pas au barème des EPCI : vérifiez-le.")
            return None
        return amount, "published"
    try:
        due = scale.contribution_eur(category, population)
    except InputRefused:
        row.wrong("population", "Le barème ne prévoit rien pour cette population : vérifiez-la.")
        return None
    if amount is not None and amount != due:
        row.wrong("contribution_eur", f"Le barème donne {due} euros : corrigez le montant ou laissez la colonne vide.")
        return None
    return due, "scale"


def _territory(row: _Row, category: Category | None) -> str | None:
    text = row.text("territory_siret")
    if not text:
        if category in {Category.COMMUNE, Category.CCAS, Category.CIAS}:
            row.wrong("territory_siret", "Indiquez le SIRET de l'EPCI dont dépend cet établissement.")
        return None
    try:
        return parse_siret(text)
    except InputRefused:
        row.wrong("territory_siret", "Ce SIRET d'EPCI n'existe pas : vérifiez-le.")
        return None


def read_power(values: Mapping[str, str], problems: list[Problem]) -> PowerToSign | None:
    """Read the ``act_*`` fields of a form; adds to ``problems`` what is wrong, returns None when nothing was given."""
    return _power(_Row(0, values, problems))


def read_referent(values: Mapping[str, str], problems: list[Problem]) -> Referent | None:
    """Read the ``referent_*`` fields of a form; adds to ``problems`` what is wrong, returns None when nothing was given."""
    return _referent(_Row(0, values, problems))


def read_representative(values: Mapping[str, str], problems: list[Problem]) -> Person:
    """Read the ``representative_*`` fields of a form; adds to ``problems`` what is wrong."""
    return _representative(_Row(0, values, problems))


def read_mail(values: Mapping[str, str], problems: list[Problem]) -> MailAddress:
    """Read the representative's address with its source, check and call-back; adds to ``problems`` what is wrong."""
    row = _Row(0, values, problems)
    return replace(_mail(row), called_back_on=row.day("called_back_on"))


def read_seat(values: Mapping[str, str], problems: list[Problem]) -> str:
    """Read the body's postal address; adds to ``problems`` what is wrong."""
    return _Row(0, values, problems).required("seat")


def read_contacts(values: Mapping[str, str], problems: list[Problem]) -> tuple[str | None, str | None]:
    """Read the second address and the telephone of a form; adds to ``problems`` what is wrong."""
    row = _Row(0, values, problems)
    return row.mail("second_email", is_required=False) or None, row.optional("telephone")


def read_act_dates(values: Mapping[str, str], problems: list[Problem], power: PowerToSign) -> PowerToSign:
    """Read when a known act was sent and published; a date left empty stays as it was. Adds to ``problems`` what is wrong."""
    row, act = _Row(0, values, problems), power.act
    sent_on, published_on = row.day("act_sent_on") or act.sent_on, row.day("act_published_on") or act.published_on
    _check_dates(row, act.on, sent_on, published_on)
    return replace(power, act=replace(act, sent_on=sent_on, published_on=published_on))


def read_billing(values: Mapping[str, str], problems: list[Problem]) -> BillingCodes:
    """Read the billing codes of a form; adds to ``problems`` what is wrong."""
    row = _Row(0, values, problems)
    return BillingCodes(row.optional("service_code"), row.optional("engagement_number"))


def _representative(row: _Row) -> Person:
    return Person(
        row.civility("representative_civility"),
        row.required("representative_given_name"),
        row.required("representative_family_name"),
        row.required("representative_capacity"),
    )


def _mail(row: _Row) -> MailAddress:
    return MailAddress(
        row.mail("representative_email", is_required=True),
        row.required("email_source"),
        row.day("email_checked_on"),
        row.text("email_checked_by") or None,
    )


def _check_dates(row: _Row, on: date, sent_on: date | None, published_on: date | None) -> None:
    for column, day in (("act_sent_on", sent_on), ("act_published_on", published_on)):
        if day is not None and day < on:
            row.wrong(column, "Cette date précède celle de l'acte : vérifiez-les.")


def _power(row: _Row) -> PowerToSign | None:
    columns = ("act_type", "act_body", "act_number", "act_on")
    if not any(row.text(column) for column in (*columns, "act_sent_on", "act_published_on")):
        return None
    try:
        type_ = ActType(row.required("act_type"))
    except ValueError:
        row.wrong("act_type", f"Nature d'acte inconnue : écrivez l'une de {', '.join(ActType)}.")
        return None
    body, number = row.required("act_body"), row.required("act_number")
    row.required("act_on")
    on, sent_on, published_on = row.day("act_on"), row.day("act_sent_on"), row.day("act_published_on")
    if on is None:
        return None
    _check_dates(row, on, sent_on, published_on)
    return PowerToSign(Act(type_, body, number, on, sent_on, published_on))


def _referent(row: _Row) -> Referent | None:
    columns = (
        "referent_civility",
        "referent_given_name",
        "referent_family_name",
        "referent_function",
        "referent_email",
        "referent_telephone",
    )
    if not any(row.text(column) for column in columns):
        return None
    person = Person(
        row.civility("referent_civility"),
        row.required("referent_given_name"),
        row.required("referent_family_name"),
        row.required("referent_function"),
    )
    return Referent(person, row.mail("referent_email", is_required=True), row.required("referent_telephone"))
