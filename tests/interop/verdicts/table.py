"""Asks every judge of every file, and lays the verdicts out: the rows of ``docs/interop.md``."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from conventions.kinds import MEMBER_FIELD
from conventions.signatures import PadesLevel
from signing.names import PersonExpected
from tests.interop.verdicts import judges
from tests.interop.verdicts.corpora import PLACES, OwnFiles, own_files
from tests.interop.verdicts.judges import DSS, FIRST, OPENSSL, PDFSIG, QPDF, SECOND, UPLOAD, Expected, Stance, Verdict
from tests.interop.verdicts.reasons import REASONS, reason_of
from tests.unit.signing.material import BOTH, MEMBER, prepared_pdf
from tests.vectors.attacks import ATTACKS
from tests.vectors.honest import HONEST
from tests.vectors.outsiders import authority

PERSON = PersonExpected(MEMBER.person.full_name, MEMBER.siren)
OUTSIDE = (DSS, PDFSIG, QPDF)
UNSEALED = "as we made it"


class WrongVerdict(Exception):
    """A verdict that must not stand in the table: ours is not what it has to be, or somebody else's is not explained."""


@dataclass(frozen=True)
class Row:
    """A file, what each judge says of it, and why those who do not say what we say do not."""

    name: str
    verdicts: Mapping[str, Verdict]
    reasons: tuple[str, ...]
    faults: tuple[str, ...]

    def render(self) -> str:
        """Write the row as Markdown."""
        return f"| {' | '.join([self.name, *(one.said for one in self.verdicts.values()), ', '.join(self.reasons)])} |"


@dataclass(frozen=True)
class Section:
    """A corpus: what it is, which judges were asked, and its rows."""

    title: str
    text: str
    judges: tuple[str, ...]
    rows: tuple[Row, ...]

    def render(self) -> str:
        """Write the section as Markdown."""
        head = ["File", *self.judges, "why"]
        lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(row.render() for row in self.rows)]
        return f"## {self.title}\n\n{self.text}\n\n" + "\n".join(lines) + "\n"


def explained(name: str, verdicts: Mapping[str, Verdict], ours: Stance, beside: Iterable[str] = ()) -> Row:
    """Make a row; ``beside``: the judges who must say what we say. A disagreement without a reason is a fault."""
    reasons = {judge: reason_of(name, judge) for judge, verdict in verdicts.items() if verdict.stance is not ours}
    faults = [f"{name}: {judge} {verdicts[judge].said}, where it {ours}" for judge in beside if verdicts[judge].stance is not ours]
    faults += [f"{name}: nothing is said of why {judge} {verdicts[judge].said}" for judge, reason in reasons.items() if not reason]
    return Row(name, verdicts, tuple(dict.fromkeys(reasons.values())), tuple(faults))


def sampled(names: Iterable[str], every: int) -> list[str]:
    """Take one name in ``every``."""
    return list(islice(names, 0, None, every))


@dataclass(frozen=True)
class Corpora:
    """The files of a run by name, what the programs that are not ours said of each, and who signed."""

    own: OwnFiles
    folder: Path
    files: Mapping[str, bytes]
    asked: Mapping[str, Mapping[str, Verdict]]

    @property
    def anchors(self) -> Path:
        """Return the file with the anchors of our PKI."""
        return self.folder / "anchors.pem"

    def names(self, prefixes: Iterable[str]) -> list[str]:
        """Return the files whose names begin so."""
        return [name for name in self.files if name.startswith(tuple(prefixes))]


def gathered(own: OwnFiles, folder: Path, every: int) -> Corpora:
    """Make one file in ``every`` of each corpus, and ask the programs that are not ours, EU DSS of all at once."""
    prepared = prepared_pdf()
    changed = [name for name in own.sealed if name != UNSEALED]
    files = {name: ATTACKS[name].make(prepared) for name in sampled(ATTACKS, every)}
    files |= {f"honest: {name}": HONEST[name](prepared) for name in sampled(HONEST, every)}
    files |= {name: own.sealed[name] for name in (UNSEALED, *sampled(changed, every))}
    files |= own.short_term
    files |= {f"level: {place}, {level}": data for (place, level), data in own.levels.items()}
    anchors = {"outsiders.pem": [authority().certificate], "anchors.pem": list(own.anchors.values())}
    for name, certificates in anchors.items():
        (folder / name).write_bytes(judges.render_pem(certificates))
    paths = {name: folder / f"{number:03d}.pdf" for number, name in enumerate(files)}
    for name, path in paths.items():
        path.write_bytes(files[name])
    by_dss = judges.ask_dss(paths, [folder / name for name in anchors])
    asked = {name: {DSS: by_dss[name], PDFSIG: judges.ask_pdfsig(path), QPDF: judges.ask_qpdf(path)} for name, path in paths.items()}
    return Corpora(own, folder, files, asked)


def uploads(corpora: Corpora) -> list[Section]:
    """Judge what a member may send back: attacks, then honest files."""
    prepared, trust = prepared_pdf(), [authority().certificate]
    expected = Expected(trust, BOTH[:1], corpora.own.rules)

    def row(name: str, ours: Stance) -> Row:
        verdicts = {
            UPLOAD: judges.ask_upload_check(prepared, corpora.files[name], MEMBER_FIELD, PERSON, trust),
            FIRST: judges.ask_first_reader(corpora.files[name], trust),
            SECOND: judges.ask_second_reader(corpora.files[name], expected),
            **corpora.asked[name],
        }
        return explained(name, verdicts, ours, [UPLOAD])

    columns = (UPLOAD, FIRST, SECOND, *OUTSIDE)
    attacks = [name for name in corpora.files if name in ATTACKS]
    return [
        Section(
            "Attacks on an upload",
            "A prepared file sent back changed, or signed by another; the upload check refuses each, in the word of its code.",
            columns,
            tuple(row(name, Stance.REFUSES) for name in attacks),
        ),
        Section(
            "Honest uploads",
            "Signed elsewhere by who was expected: several tools, keys, digests and levels. The upload check accepts each.",
            columns,
            tuple(row(name, Stance.ACCEPTS) for name in corpora.names(["honest: "])),
        ),
    ]


def sealed(corpora: Corpora) -> Section:
    """Judge a countersigned B-LTA file of ours, then the same with each change after its last time-stamp."""
    expected = Expected(list(corpora.own.anchors.values()), BOTH, corpora.own.rules)

    def row(name: str) -> Row:
        data = corpora.files[name]
        verdicts = {FIRST: judges.ask_first_reader(data, expected.trust), SECOND: judges.ask_second_reader(data, expected)}
        if name != UNSEALED:
            return explained(name, {**verdicts, **corpora.asked[name]}, Stance.REFUSES, [FIRST, SECOND])
        return explained(name, {**verdicts, **corpora.asked[name]}, Stance.ACCEPTS, [FIRST, SECOND, *OUTSIDE])

    text = "An agreement signed by both and archived, then changed after its last time-stamp. Both our readers refuse each change."
    return Section("Changes to a sealed file", text, (FIRST, SECOND, *OUTSIDE), tuple(map(row, corpora.names([UNSEALED, "sealed: "]))))


def levels(corpora: Corpora) -> Section:
    """Judge one file of each level by each kind of key."""
    expected = Expected(list(corpora.own.anchors.values()), BOTH, corpora.own.rules)

    def row(name: str) -> Row:
        data, level = corpora.files[name], name.rpartition(" ")[2]
        verdicts = {
            FIRST: judges.ask_first_reader(data, expected.trust),
            SECOND: judges.ask_second_reader(data, expected),
            **corpora.asked[name],
            OPENSSL: judges.ask_openssl(data, corpora.anchors, corpora.folder),
        }
        always = [PDFSIG, QPDF, OPENSSL]
        found = explained(name, verdicts, Stance.ACCEPTS, [FIRST, SECOND, DSS, *always] if level == PadesLevel.B_LTA else always)
        stating = {judge: verdicts[judge] for judge in (FIRST, DSS) if verdicts[judge].stance is Stance.ACCEPTS}
        other = [
            f"{name}: {judge} {one.said}" for judge, one in stating.items() if not one.said.endswith(f" {level}")
        ]  # of the last signature
        return replace(found, faults=(*found.faults, *other))

    text = (
        "A file signed by the member, then countersigned by each kind of key and stopped at each level; the product itself stops at "
        "B-LTA only. "
        "At B-LTA every judge accepts; where EU DSS or our reader states a level, it is the one made."
    )
    return Section("Levels and keys", text, (FIRST, SECOND, *OUTSIDE, OPENSSL), tuple(map(row, corpora.names(["level: "]))))


def short_term(corpora: Corpora) -> Section:
    """Judge signatures by certificates that say they are never revoked: one to be believed, and two that are not."""
    expected = Expected(list(corpora.own.anchors.values()), BOTH[:1], corpora.own.rules)

    def row(name: str) -> Row:
        data, ours = corpora.files[name], Stance.ACCEPTS if name == "short-term: of an hour" else Stance.REFUSES
        verdicts = {FIRST: judges.ask_first_reader(data, expected.trust), SECOND: judges.ask_second_reader(data, expected)}
        beside = [FIRST, SECOND, *OUTSIDE] if ours is Stance.ACCEPTS else [SECOND]
        return explained(name, {**verdicts, **corpora.asked[name]}, ours, beside)

    text = (
        "A member's signature at B-LTA by a certificate that is never revoked, as it says (EN 319 412-1, 5.2.2), and names nobody to ask."
    )
    return Section("Short-term certificates", text, (FIRST, SECOND, *OUTSIDE), tuple(map(row, corpora.names(["short-term: "]))))


def judged(every: int = 1) -> list[Section]:
    """Make the files, ask everybody, and return the sections; ``every``: one file in so many.

    Raises:
        WrongVerdict: one of ours says what it must not, somebody else's disagreement has no reason; of all files, a reason is not needed.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        own = stack.enter_context(own_files(sampled(PLACES, every)))
        corpora = gathered(own, folder, every)
        sections = [*uploads(corpora), sealed(corpora), levels(corpora), short_term(corpora)]
    rows = [row for section in sections for row in section.rows]
    faults = [fault for row in rows for fault in row.faults]
    if every == 1:
        faults += [f"no file needs the reason: {reason}" for reason in REASONS if not any(reason in row.reasons for row in rows)]
    if faults:
        raise WrongVerdict("\n".join(faults))
    return sections


def render_document(sections: Iterable[Section]) -> str:
    """Write the whole document."""
    sections = list(sections)
    rows = [row for section in sections for row in section.rows]
    stances: Counter[tuple[str, Stance]] = Counter()
    for section in sections[:1]:
        stances.update((judge, verdict.stance) for row in section.rows for judge, verdict in row.verdicts.items())
    counts = [f"| {section.title} | {len(section.rows)} |" for section in sections]
    attacks = [
        f"| {judge} | " + " | ".join(str(stances[judge, stance]) for stance in (Stance.REFUSES, Stance.UNDECIDED, Stance.ACCEPTS)) + " |"
        for judge in sections[0].judges
    ]
    said = ", ".join(f"{name} {version}" for name, version in judges.versions().items())
    used = {reason for row in rows for reason in row.reasons}
    return "\n".join(
        [
            "# What other programs say of our files",
            "",
            f"Written by `make interop` on {datetime.now(UTC):%Y-%m-%d}, not by hand: {len(rows)} files, judged by our code and by {said}.",
            "A test judges a sample anew in each run of the suite, all of them in CI, and fails where a row is not what stands here.",
            "",
            "No judge and our code disagree silently: where one does not say what we say, the last column has a word for why, told",
            "below. They are data (`tests/interop/verdicts/reasons.py`), and the run fails on a disagreement without one.",
            "",
            "| Corpus | Files |",
            "|---|---|",
            *counts,
            "",
            "Of the attacks on an upload:",
            "",
            "| Judge | refuses | undecided | accepts |",
            "|---|---|---|---|",
            *attacks,
            "",
            "*Undecided*: everything holds, and nothing in the file tells whether the certificate was revoked. EU DSS and our readers get",
            "the anchors and no network; pdfsig is not asked about certificates (`-nocert`), knows no archive time-stamp, and calls a",
            "one-shot certificate expired ten minutes after its signature. qpdf is asked for `--check` alone.",
            "",
            "## Reasons",
            "",
            "| Word | Reason |",
            "|---|---|",
            *(f"| {word} | {text} |" for word, text in REASONS.items() if word in used),
            "",
            *(section.render() for section in sections),
        ]
    )
