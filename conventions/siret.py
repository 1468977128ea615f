"""SIREN and SIRET numbers, checked by python-stdnum (La Poste's exception included)."""

from __future__ import annotations

from stdnum.exceptions import ValidationError
from stdnum.fr import siren as stdnum_siren
from stdnum.fr import siret as stdnum_siret

from conventions.errors import InputRefused

LA_POSTE_SIREN = "356000000"
"""The digits of La Poste's SIRETs add up to a multiple of 5 instead of following Luhn (INSEE)."""

FICTITIOUS_PREFIX = "0000"
"""Numbers below 000 100 000: under the lowest of INSEE's register, and new ones are drawn from its upper end."""


def parse_siret(text: str) -> str:
    """Return the 14 digits of a SIRET written with or without spaces.

    Raises:
        InputRefused: wrong length, other characters, wrong check digit.
    """
    digits = stdnum_siret.compact(text)
    if len(digits) == 14 and digits.isdigit() and digits.startswith(LA_POSTE_SIREN):  # noqa: PLR2004 a SIRET has 14 digits
        if sum(map(int, digits)) % 5 == 0 or _follows_luhn(digits):
            return digits
        raise InputRefused("not a SIRET of La Poste", code="siret.check_digit")
    try:
        return str(stdnum_siret.validate(digits))
    except ValidationError as error:
        raise InputRefused("not a SIRET", code="siret.invalid") from error


def _follows_luhn(digits: str) -> bool:
    try:
        stdnum_siret.validate(digits)
    except ValidationError:
        return False
    return True


def parse_siren(text: str) -> str:
    """Return the 9 digits of a SIREN.

    Raises:
        InputRefused: not a SIREN.
    """
    try:
        return str(stdnum_siren.validate(stdnum_siren.compact(text)))
    except ValidationError as error:
        raise InputRefused("not a SIREN", code="siren.invalid") from error


def siren_of(siret: str) -> str:
    """Return the SIREN (9 first digits) of a checked SIRET."""
    return siret[:9]


def is_fictitious(siret: str) -> bool:
    """Tell whether the number is of the range kept for demonstrations."""
    return siret.startswith(FICTITIOUS_PREFIX)


def fictitious_siret(rank: int) -> str:
    """Make the demonstration SIRET of that rank (1 to 9,999): valid check digits, never assigned."""
    siren = _with_luhn(f"{FICTITIOUS_PREFIX}{rank:04d}")
    return _with_luhn(f"{siren}0001")


def _with_luhn(digits: str) -> str:
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 digits of a two-figure number add up
    return digits + str(-total % 10)
