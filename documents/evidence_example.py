"""Data of an evidence file that are plainly fictitious, to try its wording with."""

from __future__ import annotations

from collections.abc import Mapping

from conventions.canonical import Json, sha256_hex
from conventions.siret import fictitious_siret
from documents.evidence import EVIDENCE_SCHEMA
from documents.examples import ExampleMember

_SYNDICATE = "Syndicat mixte fictif"
_MEMBER = "Communauté de communes fictive"
_HAPPENED: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    ("agreement.drafted", "2026-01-06T08:00:00+00:00", ()),
    ("agreement.prepared", "2026-01-06T08:00:02+00:00", (("Pages", "14"), ("Parties de lecture", "10"))),
    ("agreement.invited", "2026-01-06T08:00:03+00:00", (("Échéance", "15 janvier 2026"),)),
    ("mail.sent", "2026-01-06T08:00:05+00:00", (("Courriel", "invitation à signer"), ("Adresse", "p…@c….invalid"))),
    ("link.opened", "2026-01-07T13:12:40+00:00", (("Adresse réseau", "192.0.2.14"), ("Visite classée", "personne"))),
    ("document.part_turned", "2026-01-07T13:13:05+00:00", (("Partie", "1 sur 10"), ("Présentée en", "texte"))),
    ("document.part_turned", "2026-01-07T13:19:31+00:00", (("Partie", "10 sur 10"), ("Présentée en", "texte"))),
    ("code.requested", "2026-01-07T13:20:02+00:00", ()),
    ("code.wrong", "2026-01-07T13:21:10+00:00", (("Essais restants", "4"),)),
    ("agreement.consented", "2026-01-07T13:21:32+00:00", ()),
    ("agreement.member_signed", "2026-01-07T13:21:34+00:00", (("Niveau", "PAdES B-LTA"),)),
    ("desk.reviewed", "2026-01-09T09:02:11+00:00", (("Examiné comme", "conforme au modèle"),)),
    ("agreement.authorised", "2026-01-09T09:05:00+00:00", (("Valable jusqu’à", "9 h 35"),)),
    ("agreement.countersigned", "2026-01-09T09:05:03+00:00", (("Niveau", "PAdES B-LTA"),)),
    ("agreement.validated", "2026-01-09T09:05:04+00:00", (("Lecteur", "premier lecteur"),)),
    ("agreement.validated", "2026-01-09T09:05:05+00:00", (("Lecteur", "second lecteur"),)),
    ("agreement.archived", "2026-01-09T09:05:06+00:00", ()),
)


def fictitious_evidence(shown: ExampleMember | None = None) -> Mapping[str, Json]:
    """Return the data of a fictitious evidence file; ``shown`` gives the member's name."""
    member = shown.name if shown else _MEMBER
    return {
        "schema": EVIDENCE_SCHEMA,
        "reference": "2026-0000",
        "version": 1,
        "demonstration": True,
        "established_at": "2026-01-10T01:30:00+00:00",
        "syndicate": {
            "name": _SYNDICATE,
            "siret": fictitious_siret(9_998),
            "seat": "1 place de l’Exemple, 00000 Ville-Fictive",
            "telephone": "00 00 00 00 00",
            "website": "https://syndicat.invalid",
        },
        "member": {"name": member, "siret": fictitious_siret(9_997)},
        "document": {
            "kind": "convention",
            "title": "Convention Syndicat fictif n° 2026-0000",
            "page_count": 14,
            "wording_id": "convention/2026-1",
            "wording_sha256": sha256_hex(b"wording"),
            "data_sha256": sha256_hex(b"data"),
            "prepared_sha256": sha256_hex(b"prepared"),
            "member_signed_sha256": sha256_hex(b"member signed"),
            "sealed_sha256": sha256_hex(b"sealed"),
        },
        "people": [
            {
                "party": "member",
                "name": "M. Prénom Autre-Fictif",
                "capacity": "président",
                "organisation": member,
                "identified_by": [
                    "lien personnel envoyé à l’adresse enregistrée (source : exemple)",
                    "code à six chiffres reçu à la même adresse au moment de signer",
                ],
            },
            {
                "party": "syndicate",
                "name": "Mme Prénom Déléguée-Fictive",
                "capacity": "Vice-Présidente déléguée",
                "organisation": _SYNDICATE,
                "identified_by": [
                    "compte personnel protégé par un mot de passe",
                    "code d’application à usage unique, propre à la cérémonie",
                ],
            },
        ],
        "events": [
            {"index": 1_200 + rank, "at": at, "type": type_, "details": [{"name": name, "value": value} for name, value in details]}
            for rank, (type_, at, details) in enumerate(_HAPPENED)
        ],
        "signatures": [
            _signature("Signature_Membre", "Prénom Autre-Fictif", member, "2026-01-07T13:21:33+00:00"),
            _signature("Signature_VP", "Prénom Déléguée-Fictive", _SYNDICATE, "2026-01-09T09:05:02+00:00"),
        ],
        "timestamps": [
            _timestamp("Horodatage_01", "2026-01-07T13:21:34+00:00"),
            _timestamp("Horodatage_02", "2026-01-09T09:05:03+00:00"),
        ],
        "validations": [
            _validation("premier lecteur", "2026-01-09T09:05:04+00:00"),
            _validation("second lecteur", "2026-01-09T09:05:05+00:00"),
        ],
        "journal": {"size": 1_312, "root": sha256_hex(b"root"), "at": "2026-01-10T01:00:00+00:00"},
        "archive": {
            "key": f"agreements/2026-0000/0003-sealed-{sha256_hex(b'sealed')}",
            "sha256": sha256_hex(b"sealed"),
            "lock_mode": "GOVERNANCE",
            "retain_until": "2040-12-30T23:00:00+00:00",
        },
    }


def _signature(field: str, signer: str, organisation: str, at: str) -> Mapping[str, Json]:
    return {
        "field": field,
        "signer": signer,
        "organisation": organisation,
        "signed_at": at,
        "level": "B-LTA",
        "indication": "TOTAL-PASSED",
        "certificate_sha256": sha256_hex(signer.encode("utf-8")),
        "explanation": "Signature électronique simple : le certificat, à usage unique, a été émis par une autorité non qualifiée.",
    }


def _timestamp(field: str, at: str) -> Mapping[str, Json]:
    return {
        "field": field,
        "authority": "Autorité d’horodatage fictive",
        "at": at,
        "is_qualified": False,
        "explanation": "L’autorité ne figure sur aucune liste de confiance ; l’heure est celle qu’elle affirme.",
    }


def _validation(reader: str, at: str) -> Mapping[str, Json]:
    return {"reader": reader, "at": at, "sha256": sha256_hex(b"sealed"), "is_valid": True, "level": "B-LTA"}
