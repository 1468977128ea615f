"""``contreseing pki``: the embedded PKI made, looked at, renewed, and its public part given out."""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from contreseing.cli.help import Commands
from contreseing.cli.trusting import read_file, refuse
from contreseing.cli.words import out
from contreseing.clock import SystemClock
from contreseing.publishing import publish
from contreseing.settings import PASSPHRASE_FILE_VARIABLE
from conventions.french import format_date, paris_date
from conventions.siret import parse_siren

if TYPE_CHECKING:
    from cryptography import x509

NAMES = {
    "root": "racine",
    "members-ca": "autorité des membres",
    "syndicate-ca": "autorité du syndicat",
    "seal": "cachet du système",
    "proof-seal": "cachet des preuves",
    "timestamps": "horodatage",
    "timestamps-2": "second horodatage",
    "ocsp-members": "répondeur OCSP des membres",
    "ocsp-syndicate": "répondeur OCSP du syndicat",
}

AUTHORITIES = {"root", "members-ca", "syndicate-ca"}

FolderOption = Annotated[Path, typer.Option("--dir", metavar="DIR", help="Dossier de l’autorité.")]
PassphraseOption = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        envvar=PASSPHRASE_FILE_VARIABLE,
        help="Fichier du mot de passe qui chiffre les clés privées ; en clair, sinon.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add this group to the command."""
    pki = typer.Typer(cls=Commands, name="pki", help="Autorité de certification et d’horodatage embarquée.", no_args_is_help=True)
    for name, command in COMMANDS.items():
        pki.command(name)(command)
    app.add_typer(pki)


def init(
    folder: FolderOption,
    base_url: Annotated[str, typer.Option("--base-url", help="Adresse à laquelle l’autorité répondra : ses certificats la portent.")],
    organisation: Annotated[str | None, typer.Option("--organisation", help="Organisme nommé dans les certificats.")] = None,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Crée l’autorité : racine, deux autorités, cachets, horodatage, répondeurs ; relancée, elle complète et ne refait rien."""
    from signing.pki.directory import DEFAULT_ORGANISATION, ensure_pki  # noqa: PLC0415 for those who use it
    from signing.pki.key_files import read_passphrase  # noqa: PLC0415 as above

    passphrase = read_passphrase(passphrase_file)
    ensure_pki(folder, base_url, SystemClock().now(), organisation or DEFAULT_ORGANISATION, passphrase=passphrase)
    _show(folder)


def show(folder: FolderOption) -> None:
    """Montre chaque certificat, sa fin, et comment sa clé est gardée ; ne lit aucune clé."""
    _show(folder)


def renew(
    folder: FolderOption,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="SERVICE...", help="Services à renouveler, même loin de leur fin ; ceux qui le doivent, sinon."),
    ] = None,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Renouvelle les certificats de service ; les autorités ne se renouvellent pas, les fichiers signés les nomment pour longtemps.

    Redémarrez ensuite le service de l'autorité.
    """
    from signing.pki.directory import RENEW_BEFORE, ensure_pki, read_description  # noqa: PLC0415 as above
    from signing.pki.key_files import read_passphrase  # noqa: PLC0415 as above

    if unknown := sorted(set(names or ()) - RENEW_BEFORE.keys()):
        followed = (
            " Une autorité ne se renouvelle pas, une autre lui succède : docs/operating/pki.md." if AUTHORITIES & set(unknown) else ""
        )
        refuse(f"Service inconnu : {', '.join(unknown)}. Services : {', '.join(RENEW_BEFORE)}.{followed}")
    before = _serials(folder)
    base_url, organisation = read_description(folder)
    ensure_pki(folder, base_url, SystemClock().now(), organisation, passphrase=read_passphrase(passphrase_file), renewed=names or ())
    renewed = [NAMES.get(name, name) for name, serial in _serials(folder).items() if before.get(name) != serial]
    _show(folder)
    out.print(f"Renouvelés : {', '.join(renewed)}." if renewed else "Rien n’était à renouveler.")


def export(
    folder: FolderOption, output: Annotated[Path, typer.Option("--output", metavar="DIR", help="Dossier où copier les certificats.")]
) -> None:
    """Copie les certificats des autorités (PEM), à donner à qui vérifie ; aucune clé n’est copiée."""
    from signing.pki.directory import read_anchors  # noqa: PLC0415 as above

    anchors = read_anchors(folder)
    output.mkdir(parents=True, exist_ok=True)
    for name, pem in anchors.items():
        publish(output / name, pem)
        out.print(str(output / name), markup=False)


def certify(
    folder: FolderOption,
    *,
    request: Annotated[Path, typer.Option("--csr", metavar="FILE", help="Demande de certificat (PKCS#10, PEM ou DER), faite par la clé.")],
    role: Annotated[str, typer.Option("--role", help="« signatory » (Vice-Président) ou « member » (membre).")],
    organisation: Annotated[str, typer.Option("--organisation", help="Organisme au nom duquel cette personne signe.")],
    siren: Annotated[str, typer.Option("--siren", help="Son numéro SIREN.")],
    given_name: Annotated[str, typer.Option("--given-name", help="Prénom de la personne.")],
    family_name: Annotated[str, typer.Option("--family-name", help="Son nom.")],
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="Où écrire le certificat et celui de son autorité (PEM).")],
    days: Annotated[int, typer.Option("--days", help="Durée du certificat, en jours.")] = 365,
    reference: Annotated[str, typer.Option("--reference", help="Ce qui distingue cette clé, écrit dans le certificat.")] = "cle-durable",
    passphrase_file: PassphraseOption = None,
) -> None:
    """Certifie une clé qui reste où elle est (HSM, jeton, service distant), d’après la demande qu’elle a signée.

    Le titulaire est celui donné ici : la demande prouve seulement que la clé est détenue.
    """
    from signing.pki.certificates import SignerSubject  # noqa: PLC0415 as above
    from signing.pki.certifying import Role, certify_key  # noqa: PLC0415 as above
    from signing.pki.key_files import read_passphrase  # noqa: PLC0415 as above

    if role not in set(Role):
        refuse(f"Rôle inconnu : {role}. Rôles : {', '.join(Role)}.")
    subject = SignerSubject(organisation, parse_siren(siren), given_name, family_name, reference)
    passphrase, data = read_passphrase(passphrase_file), read_file(request)
    made = certify_key(folder, passphrase, data, Role(role), subject, timedelta(days=days), SystemClock().now())
    publish(output, made.pem)
    out.print(f"Certificat {made.serial_number:x}, valable jusqu’au {format_date(paris_date(made.ends_at))} : {output}", markup=False)


def revoke(
    folder: FolderOption,
    serial_number: Annotated[str, typer.Argument(metavar="NUMÉRO", help="Numéro de série, en hexadécimal.")],
) -> None:
    """Révoque le certificat d’un signataire : le répondeur le dit aussitôt, la liste dans les cinq minutes."""
    from signing.pki.certifying import revoke_certificate  # noqa: PLC0415 as above

    try:
        serial = int(serial_number, 16)
    except ValueError:
        refuse(f"« {serial_number} » n’est pas un numéro de série.")
    revoke_certificate(folder, serial, SystemClock().now())
    out.print(f"Certificat {serial:x} révoqué.")


COMMANDS: dict[str, Callable[..., None]] = {
    "init": init,
    "show": show,
    "renew": renew,
    "export": export,
    "certify": certify,
    "revoke": revoke,
}


def _show(folder: Path) -> None:
    from signing.pki.directory import read_description  # noqa: PLC0415 as above

    base_url, organisation = read_description(folder)
    table = Table("Certificat", "Numéro de série", "Valable jusqu’au", "Clé", title=f"{organisation}, {base_url}", title_justify="left")
    for name, certificate in _certificates(folder).items():
        table.add_row(NAMES.get(name, name), f"{certificate.serial_number:x}", _end(certificate), _state_of_key(folder / f"{name}.key"))
    out.print(table)


def _end(certificate: x509.Certificate) -> str:
    end: datetime = certificate.not_valid_after_utc
    return format_date(paris_date(end)) + (" (échu)" if end < SystemClock().now() else "")


def _state_of_key(path: Path) -> str:
    from signing.pki.key_files import is_encrypted  # noqa: PLC0415 as above

    if not path.exists():
        return "absente"
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        return "lisible par d’autres : chmod 600"
    return "chiffrée" if is_encrypted(path) else "en clair, lisible par son seul propriétaire"


def _certificates(folder: Path) -> dict[str, x509.Certificate]:
    from signing.pki.directory import read_certificates  # noqa: PLC0415 as above

    return read_certificates(folder)


def _serials(folder: Path) -> dict[str, int]:
    return {name: certificate.serial_number for name, certificate in _certificates(folder).items()}
