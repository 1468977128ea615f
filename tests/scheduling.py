"""Which tests one worker takes together, under ``-n``: those that share something slow to start.

pytest-xdist 3.8 has groups of its own (``--dist loadgroup``), which pytest 9.2 ignores without a word: a test's id is no longer
the attribute that they write into.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

ONE_SERVER = ("tests/flows/",)
ONE_STACK_A_FILE = ("tests/browser/", "tests/contract/", "tests/integration/")


class SharedStart(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out a folder with one server, a file with one stack, and every other test by itself, in the order of collection.

    The long ones are collected first, so both workers end at about the same time.
    """

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


def unit_of(nodeid: str) -> str:
    """Name the unit of work that a test belongs to."""
    for folder in ONE_SERVER:
        if nodeid.startswith(folder):
            return folder
    return nodeid.partition("::")[0] if nodeid.startswith(ONE_STACK_A_FILE) else nodeid
