"""``python -m tests.interop.verdicts`` writes ``docs/interop.md``; ``--check`` judges anew and compares, all or one file in ``--every``."""

from __future__ import annotations

import argparse
import sys

from tests.interop.verdicts.table import WrongVerdict, judged, render_document
from tests.tools import ROOT

DOCUMENT = ROOT / "docs" / "interop.md"


def main() -> int:
    """Write the document, or compare it with what is judged now."""
    parser = argparse.ArgumentParser(prog="python -m tests.interop.verdicts", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a row is not what the document says")
    parser.add_argument("--every", type=int, default=1, help="with --check, judge one file in so many")
    asked = parser.parse_args()
    try:
        sections = judged(asked.every if asked.check else 1)
    except WrongVerdict as error:
        print(error, file=sys.stderr)  # noqa: T201 a command
        return 1
    if not asked.check:
        DOCUMENT.write_text(render_document(sections), encoding="utf-8")
        return 0
    recorded = set(DOCUMENT.read_text(encoding="utf-8").splitlines())
    changed = [row.render() for section in sections for row in section.rows if row.render() not in recorded]
    print(f"{sum(len(section.rows) for section in sections)} files judged, {len(changed)} otherwise than recorded:", *changed, sep="\n")  # noqa: T201 as above
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
