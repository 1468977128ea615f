"""A verification told in French: one line that a secretary understands, then the detail in the words of EN 319 102-1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from conventions.french import NO_BREAK, capitalised, format_date, format_instant, paris_date
from conventions.signatures import Indication, SignatureFinding, TimestampFinding
from conventions.verification import FileVerification, qualification_of

INDICATIONS: Mapping[Indication, str] = MappingProxyType(
    {
        Indication.TOTAL_PASSED: "valable",
        Indication.TOTAL_FAILED: "non valable",
        Indication.INDETERMINATE: "indéterminé",
    }
)
SUB_INDICATIONS: Mapping[str, str] = MappingProxyType(
    {
        "FORMAT_FAILURE": "le fichier n’est plus, ou n’est pas, écrit comme un fichier signé doit l’être",
        "HASH_FAILURE": "le document a été modifié après la signature",
        "SIG_CRYPTO_FAILURE": "la signature ne correspond pas au certificat qu’elle nomme",
        "SIG_CONSTRAINTS_FAILURE": "la signature ne respecte pas les règles de vérification",
        "CHAIN_CONSTRAINTS_FAILURE": "la chaîne de certificats ne respecte pas les règles de vérification",
        "CERTIFICATE_CHAIN_GENERAL_FAILURE": "la chaîne de certificats ne peut pas être vérifiée",
        "CRYPTO_CONSTRAINTS_FAILURE": "un procédé cryptographique n’est plus jugé sûr",
        "CRYPTO_CONSTRAINTS_FAILURE_NO_POE": "un procédé cryptographique n’est plus jugé sûr, et rien ne date la signature",
        "EXPIRED": "le certificat était échu au moment de la signature",
        "NOT_YET_VALID": "le certificat n’était pas encore valable au moment de la signature",
        "NO_POE": "rien ne prouve que la signature existait quand son certificat était valable",
        "NO_CERTIFICATE_CHAIN_FOUND": "le certificat ne remonte à aucune des autorités de confiance données",
        "NO_CERTIFICATE_CHAIN_FOUND_NO_POE": "le certificat ne remonte à aucune des autorités de confiance données",
        "NO_SIGNING_CERTIFICATE_FOUND": "le certificat du signataire manque",
        "OUT_OF_BOUNDS_NO_POE": "le certificat est échu, et rien ne date la signature d’avant son échéance",
        "OUT_OF_BOUNDS_NOT_REVOKED": "le certificat est échu, et rien ne date la signature d’avant son échéance",
        "REVOKED": "le certificat du signataire a été révoqué",
        "REVOKED_NO_POE": "le certificat a été révoqué, et rien ne date la signature d’avant sa révocation",
        "REVOKED_CA_NO_POE": "le certificat de l’autorité a été révoqué, et rien ne date la signature d’avant",
        "REVOCATION_OUT_OF_BOUNDS_NO_POE": "l’état du certificat est prouvé par une réponse trop ancienne",
        "SIGNED_DATA_NOT_FOUND": "les données signées manquent",
        "TIMESTAMP_ORDER_FAILURE": "les horodatages ne se suivent pas dans le temps",
        "TRY_LATER": "l’état d’un certificat (révoqué ou non) n’est pas prouvé par le fichier",
    }
)
"""Sub-indications of EN 319 102-1, 5.1.3."""
MAINTAINED = "Après le dernier horodatage, seules des données de vérification ont été ajoutées, sans rien changer au document"
REASONS: Sequence[tuple[str, str]] = (
    ("no signature", "ce fichier n’est pas signé"),
    ("an encrypted file", "ce fichier est protégé par un mot de passe : il ne peut pas être vérifié tel quel"),
    ("not a PDF", "ce fichier n’est pas un PDF lisible"),
    ("limit: the file is larger", "ce fichier est plus volumineux (100 Mo) que ce qui peut être vérifié sans risque"),
    ("limit: the file takes", "sa lecture dure plus de dix secondes, ce qu’aucun fichier signé honnête ne demande"),
    ("limit: the file makes", "sa lecture demande plus de 512 Mo de mémoire, ce qu’aucun fichier signé honnête ne demande"),
    ("the file makes the reader fail", "ce fichier est écrit de façon qu’aucun lecteur prudent ne l’accepte"),
    ("sealed: something follows", "des octets suivent le dernier horodatage"),
    ("sealed:", "le dernier horodatage ne couvre pas tout le fichier"),
    ("does not cover its whole revision", "la signature laisse de côté une partie du fichier"),
    ("was changed after this signature", "le document a été modifié après la signature"),
    ("was signed again after this signature", "le document a été signé de nouveau alors que la signature l’interdisait"),
    ("timestamp.certificate", "l’horodatage ne remonte à aucune des autorités de confiance données"),
    ("timestamp.", "l’horodatage n’est pas valable"),
    ("timestamp is INDETERMINATE", "l’horodatage ne peut pas être vérifié entièrement"),
)
"""Beginnings of the operators' reasons, and what they mean; the first that is found in a reason tells it."""


def verdict(found: FileVerification) -> str:
    """Tell a verification in one or two sentences."""
    if not found.is_valid:
        causes = french_reasons(found) or ("la vérification n’aboutit pas",)
        signed = " ".join(f"{_signed(one)}." for one in found.signatures)
        return f"Non valable{NO_BREAK}: {causes[0]}. {signed}".rstrip()
    until = ""
    if found.verifiable_until is not None:
        until = f" Vérifiable ainsi jusqu’au {format_date(paris_date(found.verifiable_until))}."
    told = " ".join(f"{_signed(one)}, intacte, {_timed(one, found.timestamps)}{NO_BREAK}; {of_signature(one)}." for one in found.signatures)
    times = "".join(f" {capitalised(told)}." for told in dict.fromkeys(qualification_of(one).of_timestamp() for one in found.timestamps))
    short = "".join(f" {of_short_term(one)}." for one in found.signatures if one.is_short_term)
    known = f" {state_known(found)}." if found.state_known_at is not None else ""
    after = f" {MAINTAINED}." if found.maintained else ""
    return f"Valable au niveau {found.level}. {told}{times}{short}{until}{known}{after}"


def of_signature(one: SignatureFinding) -> str:
    """Tell what a signature is worth: simple by a one-shot certificate of ours, else qualified or not; never more than is known."""
    told = qualification_of(one).of_signature()
    return told.replace("signature ", "signature simple, par un certificat à usage unique, ", 1) if one.is_one_shot else told


def of_short_term(one: SignatureFinding) -> str:
    """Tell why nobody was asked whether a short-term certificate was revoked (ETSI EN 319 412-1, 5.2.2)."""
    return (
        f"Le certificat de {one.signer or 'ce signataire'} vaut un jour au plus et son autorité déclare ne jamais le révoquer{NO_BREAK}: "
        "son état n’a été demandé à personne"
    )


def state_known(found: FileVerification) -> str:
    """Tell until when the file shows that no certificate was revoked; empty when that is known for the date asked about."""
    if found.state_known_at is None:
        return ""
    at = format_date(paris_date(found.state_known_at))
    return f"État des autorités connu par le fichier au {at}, jour de son dernier horodatage"


def french_reasons(found: FileVerification) -> tuple[str, ...]:
    """Return why a file is not valid, each cause once."""
    causes = [SUB_INDICATIONS[sub] for one in found.signatures if (sub := one.sub_indication) in SUB_INDICATIONS]
    for reason in found.reasons:
        causes += [meaning for beginning, meaning in REASONS if beginning in reason][:1]
    return tuple(dict.fromkeys(causes))


def signature_details(finding: SignatureFinding) -> str:
    """Describe one signature: field, person, time, indication and level."""
    sub = f" ({finding.sub_indication})" if finding.sub_indication else ""
    level = f"niveau {finding.level}" if finding.level is not None else "sans niveau PAdES"
    person, instant = finding.signer or "signataire sans nom", format_instant(finding.signed_at)
    return f"{finding.field}{NO_BREAK}: {person}, {instant}, {finding.indication}{sub}, {level}"


def timestamp_details(one: TimestampFinding) -> str:
    """Describe one time-stamp: its place, authority, time and indication."""
    kind = "horodatage d’archivage" if one.kind == "document-timestamp" else "horodatage de la signature"
    return f"{one.field}{NO_BREAK}: {kind} par {one.authority or 'une autorité sans nom'}, {format_instant(one.at)}, {one.indication}"


def _signed(one: SignatureFinding) -> str:
    return f"Signée le {format_instant(one.signed_at)} par {one.signer or 'un signataire sans nom'}"


def _timed(one: SignatureFinding, timestamps: Sequence[TimestampFinding]) -> str:
    given = next((stamp.authority for stamp in timestamps if stamp.field == one.field and stamp.kind == "signature-timestamp"), None)
    return "heure déclarée par le signataire" if given is None else f"heure donnée par {given or 'une autorité sans nom'}"
