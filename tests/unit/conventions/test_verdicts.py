"""What a secretary is told of a file, in one line; and the JSON beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from conventions.qualification import Qualification, QualifiedWhy
from conventions.signatures import Indication, PadesLevel, SignatureFinding, TimestampFinding
from conventions.verdicts import MAINTAINED, french_reasons, signature_details, state_known, timestamp_details, verdict
from conventions.verification import FileVerification, render_verification

AT = datetime(2026, 11, 23, 14, 4, 5, tzinfo=UTC)
NOT_CLAIMED = Qualification(QualifiedWhy.NOT_CLAIMED)
SIGNED = SignatureFinding(
    "Signature_Membre", "Maëlle Le Goff", "NTRFR-1", AT, Indication.TOTAL_PASSED, "", PadesLevel.B_LTA, qualification=NOT_CLAIMED
)
STAMP = TimestampFinding("signature-timestamp", "Signature_Membre", "Horodatage 2026", AT, Indication.TOTAL_PASSED)
ARCHIVE = TimestampFinding("document-timestamp", "Horodatage_01", "Horodatage 2026", AT, Indication.TOTAL_PASSED)
VALID = FileVerification(
    sha256="0" * 64,
    at=AT,
    is_valid=True,
    level=PadesLevel.B_LTA,
    signatures=(SIGNED,),
    timestamps=(STAMP, ARCHIVE),
    verifiable_until=datetime(2031, 11, 22, 18, tzinfo=UTC),
    reasons=(),
)
UNSIGNED = FileVerification("0" * 64, AT, False, None, (), (), None, ("no signature",))


def test_an_older_knowledge_of_the_authorities_is_said() -> None:
    known = replace(VALID, state_known_at=VALID.at)
    assert "État des autorités connu" not in verdict(VALID)
    assert state_known(VALID) == ""
    assert verdict(known).endswith(f"{state_known(known)}.")


def test_maintenance_after_the_last_time_stamp_is_said() -> None:
    assert verdict(replace(VALID, maintained=True)) == f"{verdict(VALID)} {MAINTAINED}."


def test_a_valid_file_is_told_in_a_line() -> None:
    told = verdict(VALID).replace("\u00a0", " ")
    assert told.startswith("Valable au niveau B-LTA. Signée le 23 novembre 2026 à 15:04:05 (heure de Paris) par Maëlle Le Goff, intacte,")
    assert "heure donnée par Horodatage 2026 ; signature non qualifiée" in told
    assert told.endswith("Vérifiable ainsi jusqu’au 22 novembre 2031.")


def test_a_one_shot_certificate_makes_a_simple_signature_and_never_more() -> None:
    told = verdict(replace(VALID, signatures=(replace(SIGNED, is_one_shot=True),)))
    assert "signature simple, par un certificat à usage unique, non qualifiée, parce que" in told
    assert "simple" not in verdict(VALID)


def test_why_nobody_was_asked_about_a_short_term_certificate_is_said() -> None:
    told = verdict(replace(VALID, signatures=(replace(SIGNED, is_short_term=True),))).replace("\u00a0", " ")
    assert "ne jamais le révoquer : son état n’a été demandé à personne. Vérifiable ainsi" in told
    assert "Le certificat de Maëlle Le Goff vaut un jour au plus" in told
    assert "Le certificat de ce signataire vaut" in verdict(replace(VALID, signatures=(replace(SIGNED, signer="", is_short_term=True),)))


def test_nothing_is_claimed_that_is_not_known() -> None:
    bare = replace(VALID, timestamps=(), verifiable_until=None, signatures=(replace(SIGNED, signer="", qualification=None),))
    told = verdict(bare)
    assert "un signataire sans nom, intacte, heure déclarée par le signataire" in told
    assert "signature tenue pour non qualifiée, parce qu’aucune liste de confiance n’est installée" in told
    assert "Horodatage" not in told
    assert "une autorité sans nom" in verdict(replace(VALID, timestamps=(replace(STAMP, authority=""),)))


def test_a_file_that_is_not_valid_says_why_first() -> None:
    assert verdict(UNSIGNED).replace("\u00a0", " ") == "Non valable : ce fichier n’est pas signé."
    failed = replace(SIGNED, indication=Indication.TOTAL_FAILED, sub_indication="HASH_FAILURE")
    altered = replace(VALID, is_valid=False, signatures=(failed, failed), reasons=("sealed: something follows the last time-stamp", "?"))
    assert french_reasons(altered) == ("le document a été modifié après la signature", "des octets suivent le dernier horodatage")
    assert "modifié après la signature. Signée le" in verdict(altered)
    unknown = replace(SIGNED, sub_indication="SOMETHING_NEW")
    assert "la vérification n’aboutit pas" in verdict(replace(altered, signatures=(unknown,), reasons=("?",)))


def test_the_detail_keeps_the_words_of_the_standard() -> None:
    failed = replace(SIGNED, signer="", indication=Indication.INDETERMINATE, sub_indication="TRY_LATER", level=None)
    assert signature_details(VALID.signatures[0]).endswith("TOTAL-PASSED, niveau B-LTA")
    told = signature_details(failed)
    assert "signataire sans nom" in told
    assert told.endswith("INDETERMINATE (TRY_LATER), sans niveau PAdES")
    assert "horodatage d’archivage par Horodatage 2026" in timestamp_details(ARCHIVE)
    assert "horodatage de la signature par une autorité sans nom" in timestamp_details(replace(STAMP, authority=""))


def test_the_json_has_the_published_keys() -> None:
    rendered = render_verification(VALID)
    assert list(rendered) == ["valid", "level", "signatures", "timestamps", "verifiable_until", "reasons"]
    assert (rendered["level"], rendered["verifiable_until"]) == ("B-LTA", "2031-11-22T18:00:00+00:00")
    nothing = render_verification(UNSIGNED)
    assert (nothing["level"], nothing["verifiable_until"], nothing["reasons"]) == (None, None, ["no signature"])
