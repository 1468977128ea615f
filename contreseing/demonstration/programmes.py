"""The two programmes of the demonstration: the real one, over, and a fictitious one of five years from 1 January."""

from __future__ import annotations

from string import Template

from contreseing.data import read_data
from contreseing.programme_file import ProgrammeFile, parse_programme_file

YEARS = 5


def past_programme() -> ProgrammeFile:
    """Read the programme 2020-2024."""
    return parse_programme_file(read_data("programme-2020-2024.toml"), read_data)


def current_programme(year: int) -> ProgrammeFile:
    """Make the fictitious programme that began on 1 January of ``year``."""
    text = Template(read_data("programme-demonstration.toml")).substitute(year=year, before=year - 1, last=year + YEARS - 1)
    return parse_programme_file(text, read_data)
