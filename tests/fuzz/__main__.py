"""``python -m tests.fuzz --seconds N``: libFuzzer, by atheris, over ``tests/fuzz/target.py``; what breaks it is left in build/fuzz.

Exit code 1 when a property broke, when one input took more than ten seconds, or when memory went past two gigabytes.
"""

from __future__ import annotations

import argparse
import logging
import sys

import atheris

from tests.tools import ROOT

MOST_BYTES = 60_000
SECONDS_AN_INPUT = 10
MOST_MEGABYTES = 2_048
FOUND = ROOT / "build" / "fuzz"


def main() -> None:
    """Fuzz for a time, from the seeds kept and from what earlier runs found worth keeping."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=1_800, help="how long")
    seconds = parser.parse_args().seconds
    with atheris.instrument_imports(include=["signing", "pyhanko.pdf_utils", "pyhanko.sign.diff_analysis", "pypdf"]):
        from tests.fuzz.seeds import FOLDER  # noqa: PLC0415 what is imported here is instrumented
        from tests.fuzz.target import READERS, SEEDS, read  # noqa: PLC0415 as above

    logging.disable(logging.CRITICAL)  # readers tell of each repair
    corpus = FOUND / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for name, appended in {**SEEDS.appended, "sealed": SEEDS.sealed}.items():
        for reader in range(len(READERS)):
            (corpus / f"seed-{name}-{reader}").write_bytes(bytes([reader]) + appended)
    options = [
        f"-max_total_time={seconds}",
        f"-timeout={SECONDS_AN_INPUT}",
        f"-rss_limit_mb={MOST_MEGABYTES}",
        f"-max_len={MOST_BYTES}",
        f"-artifact_prefix={FOUND}/",
        f"-dict={FOLDER / 'pdf.dict'}",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], read)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
