"""``contreseing wording``: try a wording before it is used, without a database; settings, where there are some, give the letterhead."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from contreseing.cli.help import Commands
from contreseing.cli.opening import has_settings
from contreseing.cli.words import complain, err, out, system_says, tell
from contreseing.demonstration.members import published_members
from contreseing.settings import load_settings
from conventions.errors import ContreseingError
from conventions.french import counted
from conventions.people import folded
from conventions.scale import Category

if TYPE_CHECKING:
    from documents.examples import ExampleMember
    from documents.preview import WordingPreview

FAULTY, UNUSABLE = 1, 2
"""Exit codes: the wording has a fault; the command, or a file that it names, cannot be used."""

app = typer.Typer(
    cls=Commands,
    help="Essaie un modèle de texte avant de l’employer, sans réglage ni base de données.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

KindOption = Annotated[
    str | None,
    typer.Option("--kind", help="Nature du document (convention, charter…) ; sans elle, le nom du dossier ou du fichier la donne."),
]


def add_to(parent: typer.Typer) -> None:
    """Add this group to the command."""
    parent.add_typer(app, name="wording")


@app.command("check")
def check(file: Annotated[Path, typer.Argument(help="Fichier du modèle (Markdown, UTF-8).")], kind: KindOption = None) -> None:
    """Vérifie un modèle : écriture, champs, mise en page, et égalité mot à mot du PDF et de sa version accessible."""
    shown = _previewed(file, _kind_of(file, kind), None)
    pages, parts = counted(shown.rendered.page_count, "page", "pages"), counted(len(shown.twin), "partie", "parties")
    out.print(f"{file} : modèle valable, {pages}, {parts} de lecture.", markup=False)
    if shown.points:
        out.print(f"Points traités : {len({point for point, _ in shown.points})}.")
    out.print(f"Texte du PDF et de sa version accessible : identiques, mot à mot ({shown.word_count} mots).")
    out.print(f"SHA-256 : {shown.sha256_hex}")


@app.command("preview")
def preview(
    wording: Annotated[str, typer.Argument(help="Fichier du modèle, ou nature du document (convention, charter…) : le modèle fourni.")],
    kind: KindOption = None,
    member: Annotated[
        str | None, typer.Option("--member", help="Nom du membre à faire figurer, avec sa catégorie et son montant s’ils sont publiés.")
    ] = None,
    target: Annotated[
        Path | None, typer.Option("--out", help="PDF à écrire (apercu-NATURE.pdf sinon) ; les images des pages se placent à côté.")
    ] = None,
) -> None:
    """Compose un modèle avec des données fictives : un PDF, et l’image de chacune de ses pages à côté."""
    from documents.preview import KINDS, newest_bundled  # noqa: PLC0415 half a second of imports, for those who render

    if wording in KINDS and not Path(wording).is_file():
        file, kind = newest_bundled(wording), wording
    else:
        file = Path(wording)
        kind = _kind_of(file, kind)
    shown = _previewed(file, kind, member)
    pdf = target or Path(f"apercu-{kind}.pdf")
    try:
        _write(pdf, shown)
    except OSError as error:
        _refuse(f"{error.filename} ne peut pas être écrit : {system_says(error)}.")


def _write(pdf: Path, shown: WordingPreview) -> None:
    from documents.pictures import render_picture  # noqa: PLC0415 as above

    pdf.write_bytes(shown.rendered.data)
    out.print(f"{pdf} : {counted(shown.rendered.page_count, 'page', 'pages')}.", markup=False)
    for page in range(1, shown.rendered.page_count + 1):
        picture = pdf.with_name(f"{pdf.stem}-page-{page:02d}.png")
        picture.write_bytes(render_picture(shown.rendered.data, page))
        out.print(f"{picture}", markup=False)


def _previewed(file: Path, kind: str, member: str | None) -> WordingPreview:
    from contreseing.documenting import build_stationery  # noqa: PLC0415 as above
    from documents.pdf.stationery import PLAIN  # noqa: PLC0415 as above
    from documents.preview import preview_wording  # noqa: PLC0415 as above

    stationery = build_stationery(load_settings()) if has_settings() else PLAIN
    try:
        data = file.read_bytes()
    except OSError as error:
        _refuse(f"{file} ne peut pas être lu : {system_says(error)}.")
    try:
        return preview_wording(data, kind, str(file), member=_shown_member(member), stationery=stationery)
    except ContreseingError as error:
        details = error.details
        what = " : ".join(str(details[name]) for name in ("what", "field") if name in details)
        if "line" in details and what:
            place = f"{file}:{details['line']}" if details["line"] else f"{file}"
            err.print(f"{place} : {what}", markup=False)
        complain(error)
        raise typer.Exit(FAULTY) from error


def _shown_member(name: str | None) -> ExampleMember | None:
    """Return the member to show, as published where its name is on the list."""
    from documents.examples import ExampleMember  # noqa: PLC0415 as above

    if name is None:
        return None
    for row in published_members():
        if folded(row["name"]) == folded(name):
            return ExampleMember(name, Category(row["category"]), int(row["contribution_2020_eur"]))
    tell(f"« {name} » ne figure pas dans la liste publiée : seul son nom est repris.")
    return ExampleMember(name)


def _kind_of(file: Path, given: str | None) -> str:
    """Return the kind given, else that of the folder, else the one that begins the file's name."""
    from documents.preview import KINDS  # noqa: PLC0415 as above

    if given is not None:
        if given not in KINDS:
            _refuse(f"« {given} » n’est pas une nature de document ({', '.join(KINDS)}).")
        return given
    for kind in KINDS:
        if file.absolute().parent.name == kind:
            return kind
    for kind in KINDS:
        if file.stem.replace("-", "_").startswith(kind):
            return kind
    if not file.is_file():
        _refuse(f"« {file} » n’est ni un fichier, ni une nature de document ({', '.join(KINDS)}).")
    return _refuse(f"Nature du document inconnue : rangez {file} dans un dossier de ce nom, ou ajoutez --kind ({', '.join(KINDS)}).")


def _refuse(sentence: str) -> NoReturn:
    """Say why the command cannot be run, and stop."""
    err.print(sentence, markup=False)
    raise typer.Exit(UNUSABLE)
