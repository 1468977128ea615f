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
from conventions.member_columns import COLUMNS, REQUIRED
from conventions.member_row import Row, shown_value
from conventions.members import BillingCodes, Member
from conventions.people import MailAddress, Person, Referent
from conventions.powers import Act, ActType, PowerToSign
from conventions.scale import Category, Scale
from conventions.siret import is_fictitious, parse_siret

LARGEST_FILE_CHARACTERS = 20_000_000


def parse_member_file(text: str, scale: Scale) -> tuple[Member, ...]:
    """Read the members' file: the members of ``parse_member_rows``, without their lines."""
    return tuple(member for _, member in parse_member_rows(text, scale))


def parse_member_rows(text: str, scale: Scale) -> tuple[tuple[int, Member], ...]:
    """Read the members' file (CSV, UTF-8, a header with the published columns in any order); each member with its line.

    Columns are separated by commas, or by semicolons, as French spreadsheets write them: the header tells, no column's name holds
    either.

    Raises:
        InputRefused: ``problems`` lists everything that is wrong, by line and column; nothing may be kept.
    """
    if len(text) > LARGEST_FILE_CHARACTERS:
        raise InputRefused("members' file too large", code="import.too_large")
    text = text.removeprefix("\ufeff")
    separator = _separator(text.partition("\n")[0])
    reader = csv.reader(io.StringIO(text), strict=True, delimiter=separator)
    problems: list[Problem] = []
    members: list[tuple[int, Member]] = []
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
                signs = "virgules" if separator == "," else "points-virgules"
                advice = f"La ligne a {len(values)} colonnes, l’en-tête en a {len(header)} : vérifiez les {signs} et les guillemets."
                problems.append(Problem(line, "", "", advice))
                continue
            member = _member(Row(line, dict(zip(header, values, strict=True)), problems), scale, seen)
            if member is not None:
                members.append((line, member))
    except csv.Error as error:
        problems.append(Problem(reader.line_num, "", "", "Le fichier n’est pas un CSV lisible à cet endroit : vérifiez les guillemets."))
        raise InputRefused("not a CSV file", code="import.refused", problems=problems, count=len(problems)) from error
    if not problems and not members:
        problems.append(Problem(1, "", "", "Le fichier ne contient aucun membre."))
    if problems:
        raise InputRefused(f"the members' file has {len(problems)} problems", code="import.refused", problems=problems, count=len(problems))
    return tuple(members)


def _separator(header: str) -> str:
    """Return what separates the columns: the semicolon where the header has some and no comma, else the comma."""
    return ";" if ";" in header and "," not in header else ","


def _check_header(header: list[str], problems: list[Problem]) -> None:
    if header and not set(header) & set(COLUMNS):
        advice = (
            "Aucune colonne connue dans l’en-tête : séparez les colonnes par des virgules ou par des points-virgules, sans les mélanger,"
            " et nommez-les comme le dit « contreseing import --columns »."
        )
        problems.append(Problem(1, "", shown_value(", ".join(header)), advice))
        return
    problems.extend(Problem(1, name, "", "Il manque cette colonne dans l’en-tête.") for name in REQUIRED if name not in header)
    problems.extend(
        Problem(1, shown_value(name), shown_value(name), "Colonne inconnue : supprimez-la ou corrigez son nom.")
        for name in header
        if name not in COLUMNS
    )
    problems.extend(
        Problem(1, name, name, "Colonne présente deux fois : gardez-en une.") for name in sorted(set(header)) if header.count(name) > 1
    )


def _member(row: Row, scale: Scale, seen: dict[str, int]) -> Member | None:
    before = len(row.problems)
    siret = _siret(row, seen)
    category = _category(row)
    population = row.whole_number("population")
    amount = row.whole_number("contribution_eur")
    contribution = _contribution(row, scale, category, population, amount) if category is not None else None
    representative, mail = _representative(row), _mail(row)
    telephone, billing = row.text("telephone") or None, _billing(row)
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
        telephone=telephone,
        billing=billing,
        fictitious=is_fictitious(siret),
    )


def _siret(row: Row, seen: dict[str, int]) -> str:
    text = row.required("siret")
    if not text:
        return ""
    try:
        siret = parse_siret(text)
    except InputRefused:
        row.wrong("siret", "Ce SIRET n’existe pas (14 chiffres, clé de contrôle) : recopiez-le depuis l’avis de situation.")
        return ""
    if siret in seen:
        row.wrong("siret", f"Ce SIRET figure déjà à la ligne {seen[siret]} : gardez une seule ligne par établissement.")
    seen.setdefault(siret, row.line)
    return siret


def _category(row: Row) -> Category | None:
    text = row.required("category")
    try:
        return Category(text)
    except ValueError:
        if text:
            row.wrong("category", f"Catégorie inconnue : écrivez l’une de {', '.join(Category)}.")
        return None


def _contribution(row: Row, scale: Scale, category: Category, population: int | None, amount: int | None) -> tuple[int, str] | None:
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
        row.wrong("contribution_eur", f"Le barème donne {due} euros : corrigez le montant ou laissez-le vide.")
        return None
    return due, "scale"


def _territory(row: Row, category: Category | None) -> str | None:
    text = row.text("territory_siret")
    if not text:
        if category in {Category.COMMUNE, Category.CCAS, Category.CIAS}:
            row.wrong("territory_siret", "Indiquez le SIRET de l’EPCI dont dépend cet établissement.")
        return None
    try:
        return parse_siret(text)
    except InputRefused:
        row.wrong("territory_siret", "Ce SIRET d’EPCI n’existe pas : vérifiez-le.")
        return None


def read_identity(values: Mapping[str, str], scale: Scale, problems: list[Problem], member: Member) -> Member:
    """Read what a body is and owes over ``member``, by the rules of the file; adds to ``problems`` what is wrong."""
    row, before = Row(0, values, problems), len(problems)
    name, siret, category = row.required("name"), _siret(row, {}), _category(row)
    population, amount = row.whole_number("population"), row.whole_number("contribution_eur")
    contribution = _contribution(row, scale, category, population, amount) if category is not None and len(problems) == before else None
    territory = _territory(row, category)
    if len(problems) > before or category is None or contribution is None:
        return member
    return replace(
        member,
        name=name,
        siret=siret,
        category=category,
        population=population,
        contribution_eur=contribution[0],
        contribution_source=contribution[1],
        territory=territory,
        fictitious=is_fictitious(siret),
    )


def read_power(values: Mapping[str, str], problems: list[Problem]) -> PowerToSign | None:
    """Read the ``act_*`` fields of a form; adds to ``problems`` what is wrong, returns None when nothing was given."""
    return _power(Row(0, values, problems))


def read_referent(values: Mapping[str, str], problems: list[Problem]) -> Referent | None:
    """Read the ``referent_*`` fields of a form; adds to ``problems`` what is wrong, returns None when nothing was given."""
    return _referent(Row(0, values, problems))


def read_representative(values: Mapping[str, str], problems: list[Problem]) -> Person:
    """Read the ``representative_*`` fields of a form; adds to ``problems`` what is wrong."""
    return _representative(Row(0, values, problems))


def read_mail(values: Mapping[str, str], problems: list[Problem]) -> MailAddress:
    """Read the representative's address with its source, check and call-back; adds to ``problems`` what is wrong."""
    row = Row(0, values, problems)
    return replace(_mail(row), called_back_on=row.day("called_back_on"))


def read_seat(values: Mapping[str, str], problems: list[Problem]) -> str:
    """Read the body's postal address; adds to ``problems`` what is wrong."""
    return Row(0, values, problems).required("seat")


def read_contacts(values: Mapping[str, str], problems: list[Problem]) -> tuple[str | None, str | None]:
    """Read the second address and the telephone of a form; adds to ``problems`` what is wrong."""
    row = Row(0, values, problems)
    return row.mail("second_email", is_required=False) or None, row.text("telephone") or None


def read_act_dates(values: Mapping[str, str], problems: list[Problem], power: PowerToSign) -> PowerToSign:
    """Read when a known act was sent and published; a date left empty stays as it was. Adds to ``problems`` what is wrong."""
    row, act = Row(0, values, problems), power.act
    sent_on, published_on = row.day("act_sent_on") or act.sent_on, row.day("act_published_on") or act.published_on
    _check_dates(row, act.on, sent_on, published_on)
    return replace(power, act=replace(act, sent_on=sent_on, published_on=published_on))


def read_billing(values: Mapping[str, str], problems: list[Problem]) -> BillingCodes:
    """Read the billing codes of a form; adds to ``problems`` what is wrong."""
    return _billing(Row(0, values, problems))


def _billing(row: Row) -> BillingCodes:
    return BillingCodes(row.text("service_code") or None, row.text("engagement_number") or None)


def _representative(row: Row) -> Person:
    return Person(
        row.civility("representative_civility"),
        row.required("representative_given_name"),
        row.required("representative_family_name"),
        row.required("representative_capacity"),
    )


def _mail(row: Row) -> MailAddress:
    return MailAddress(
        row.mail("representative_email", is_required=True),
        row.required("email_source"),
        row.day("email_checked_on"),
        row.text("email_checked_by") or None,
    )


def _check_dates(row: Row, on: date, sent_on: date | None, published_on: date | None) -> None:
    for column, day in (("act_sent_on", sent_on), ("act_published_on", published_on)):
        if day is not None and day < on:
            row.wrong(column, "Cette date précède celle de l’acte : vérifiez-les.")


def _power(row: Row) -> PowerToSign | None:
    columns = ("act_type", "act_body", "act_number", "act_on")
    if not any(row.text(column) for column in (*columns, "act_sent_on", "act_published_on")):
        return None
    kind = row.required("act_type")
    try:
        type_ = ActType(kind)
    except ValueError:
        if kind:
            row.wrong("act_type", f"Nature d’acte inconnue : écrivez l’une de {', '.join(ActType)}.")
        return None
    body, number = row.required("act_body"), row.required("act_number")
    row.required("act_on")
    on, sent_on, published_on = row.day("act_on"), row.day("act_sent_on"), row.day("act_published_on")
    if on is None:
        return None
    _check_dates(row, on, sent_on, published_on)
    return PowerToSign(Act(type_, body, number, on, sent_on, published_on))


def _referent(row: Row) -> Referent | None:
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
