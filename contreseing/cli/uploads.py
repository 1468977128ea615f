"""``contreseing check-upload``: would this signed file be accepted in place of the prepared one? Without settings or a database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from contreseing.cli.trusting import TrustOption, read_anchors, read_file, refuse
from contreseing.cli.words import out
from contreseing.clock import SystemClock
from conventions.errors import VerificationFailed
from conventions.sentences import sentence

REFUSED = 1


def add_to(app: typer.Typer) -> None:
    """Add this group to the command."""
    app.command("check-upload")(check_upload)


def check_upload(
    prepared: Annotated[Path, typer.Argument(help="Fichier préparé, tel qu’il a été remis.")],
    uploaded: Annotated[Path, typer.Argument(help="Fichier signé, tel qu’il a été reçu.")],
    field: Annotated[str, typer.Option("--field", help="Emplacement de signature attendu, par exemple Signature_Membre.")],
    signer: Annotated[
        str, typer.Option("--signer", help="Personne attendue : prénom et nom, dans n’importe quel ordre ; sinon, n’importe qui.")
    ] = "",
    siren: Annotated[str, typer.Option("--siren", help="SIREN attendu dans le certificat ; sinon, n’importe quel établissement.")] = "",
    trust: TrustOption = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Le résultat sur une ligne JSON.")] = False,
) -> None:
    """Examine un fichier signé ailleurs et rendu : accepté ou refusé, et pourquoi.

    Code de sortie : 0, accepté ; 1, refusé ; 2, la commande est mal écrite.
    """
    from signing.names import PersonExpected  # noqa: PLC0415 a second of imports, for those who check
    from signing.provable import verify_provable  # noqa: PLC0415 as above
    from signing.upload_process import UploadQuestion, judge_upload  # noqa: PLC0415 as above

    if siren and not signer.strip():
        refuse("--siren demande aussi --signer.")
    given = read_anchors(trust)
    anchors = given.pems
    person = PersonExpected(signer, siren) if signer.strip() else None
    question = UploadQuestion(read_file(prepared), read_file(uploaded), field, person, anchors, SystemClock().now(), given.ends)
    try:
        found = judge_upload(question)
        if anchors:
            verify_provable(found, anchors, question.now, given.ends)
    except VerificationFailed as error:
        told = sentence(error)
        if as_json:
            _print_json({"file": str(uploaded), "accepted": False, "code": error.code, "sentence": told, "reason": str(error)})
        else:
            out.print(f"{uploaded} : refusé. {told}", markup=False)
            out.print(f"  {error.code} : {error}", markup=False)
        raise typer.Exit(REFUSED) from error
    unchecked = [
        (name, told)
        for name, told, is_left in (
            ("authority", "l’autorité du certificat (--trust)", not anchors),
            ("person", "la personne (--signer)", person is None),
            ("organisation", "l’établissement (--siren)", person is None or not siren),
            ("revocation", "l’état du certificat (révoqué ou non) auprès de son autorité", True),
            ("timestamp", "la place laissée à l’horodatage que le dépôt ajoute", not found.has_token),
        )
        if is_left
    ]
    if as_json:
        facts: dict[str, object] = {"field": found.field, "signer": found.signer, "level": found.level.value, "trusted": bool(anchors)}
        facts["unchecked"] = [name for name, _ in unchecked]
        _print_json({"file": str(uploaded), "accepted": True, "code": "", **facts})
        return
    out.print(f"{uploaded} : accepté. Signé par {found.signer} dans {found.field}, niveau {found.level}.", markup=False)
    out.print(
        f"  Non vérifié ici : {', '.join(told for _, told in unchecked)}. Le dépôt vérifie tout cela et peut encore refuser.", markup=False
    )
    if not anchors:
        out.print("Aucune autorité de confiance n’a été donnée (--trust) : l’autorité du certificat n’a pas été vérifiée.")


def _print_json(said: dict[str, object]) -> None:
    out.print(json.dumps(said, ensure_ascii=False), markup=False, emoji=False)
