"""What is refused in a file signed elsewhere and uploaded back, by code: what was wrong, then what to do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_AGAIN = "Téléchargez de nouveau le fichier préparé et signez-le sans rien y changer."
_ONCE = "Téléchargez de nouveau le fichier préparé et signez-le une seule fois."
_AS_IS = "Envoyez le fichier tel que votre outil de signature l’a rendu."
_TOLD: Mapping[str, tuple[str, str]] = {
    "upload.algorithm": (
        "La signature emploie un procédé trop ancien (empreinte ou clé).",
        "Signez de nouveau avec SHA-256 et un certificat récent.",
    ),
    "upload.byte_range": ("La signature ne couvre pas le document comme elle le doit.", _ONCE),
    "upload.catalog": ("Le document lui-même a été modifié avec la signature.", _AGAIN),
    "upload.certified": (
        "Le document a été certifié au lieu d’être signé.",
        "Dans votre outil, choisissez de signer, et non de certifier.",
    ),
    "upload.changes": ("Le document a été modifié.", _AGAIN),
    "upload.changes_after": ("Le document a été modifié après la signature.", _AS_IS),
    "upload.coverage": ("La signature ne couvre pas tout le document.", _ONCE),
    "upload.encrypted": ("Le fichier est protégé par un mot de passe.", "Signez le fichier préparé sans le protéger."),
    "upload.end": ("Le fichier est suivi d’octets étrangers.", _AS_IS),
    "upload.expired": ("Le certificat n’était pas valable au moment de la signature.", "Signez avec un certificat en cours de validité."),
    "upload.field": ("La signature n’est pas à l’emplacement prévu.", "Signez dans l’emplacement « {field} » du fichier préparé."),
    "upload.fields": ("Des emplacements de signature ont été ajoutés ou déplacés.", _AGAIN),
    "upload.form": ("Le formulaire du document a été modifié.", _AGAIN),
    "upload.format": (
        "La signature n’est pas au format PAdES.",
        "Dans votre outil, choisissez PAdES (ETSI.CAdES.detached) et signez de nouveau.",
    ),
    "upload.history": ("Le fichier ne prolonge pas celui qui vous a été remis.", _AGAIN),
    "upload.hybrid": ("La structure du fichier est ambiguë.", "Essayez un autre outil de signature, ou la signature en ligne."),
    "upload.level": ("La signature n’a pas pu être complétée au niveau exigé.", "Signez de nouveau, ou signez en ligne."),
    "upload.memory": ("Ce fichier ne peut pas être examiné : il demande trop de mémoire.", _AS_IS),
    "upload.no_address": (
        "Le certificat ne dit pas où vérifier qu’il n’a pas été révoqué.",
        "Signez avec un autre certificat, ou signez en ligne.",
    ),
    "upload.no_room": (
        "La signature ne laisse pas de place pour un horodatage.",
        "Activez l’horodatage dans votre outil, ou signez en ligne.",
    ),
    "upload.no_siren": (
        "Le certificat n’indique pas le SIREN de votre établissement : rien ne le distingue de celui d’un homonyme.",
        "Signez avec un certificat qui porte ce SIREN, ou signez en ligne.",
    ),
    "upload.waiting": (
        "Un fichier que vous avez envoyé attend déjà qu’un agent ait vérifié son certificat.",
        "Vous recevrez un courriel. Vous pouvez aussi signer en ligne dès maintenant.",
    ),
    "upload.not_ours": ("Ce fichier n’est pas celui qui vous a été remis, ou il a été réenregistré.", _AGAIN),
    "upload.objects": ("Le fichier contient des éléments cachés.", _AGAIN),
    "upload.organisation": ("Le certificat est celui d’un autre établissement.", "Signez avec un certificat de votre établissement."),
    "upload.padding": ("Des octets étrangers accompagnent la signature.", _AGAIN),
    "upload.person": ("Le certificat est celui d’une autre personne.", "La personne désignée doit signer elle-même."),
    "upload.readers": ("Nos deux lecteurs n’acceptent pas tous deux ce fichier.", "Signez en ligne, ou appelez-nous."),
    "upload.revision": ("Le document a été modifié avant d’être signé.", _AGAIN),
    "upload.revisions": ("Le fichier a été enregistré trop de fois.", _ONCE),
    "upload.revoked": (
        "Le certificat du signataire a été révoqué.",
        "Signez avec un autre certificat, ou signez en ligne.",
    ),
    "upload.signature": ("La signature n’est pas valable.", _AGAIN),
    "upload.signatures": ("Le fichier porte plusieurs signatures nouvelles, ou l’une en remplace une autre.", _ONCE),
    "upload.state": (
        "Rien ne prouve plus que le certificat était valable au moment de la signature.",
        "Signez de nouveau et envoyez le fichier aussitôt, avant la fin du certificat.",
    ),
    "upload.store": (
        "Des données ajoutées avec la signature sont illisibles ou trop volumineuses.",
        "Signez sans elles : nous les ajouterons.",
    ),
    "upload.time": ("Ce fichier ne peut pas être examiné en dix secondes.", _AS_IS),
    "upload.timestamp": ("L’horodatage joint à la signature n’est pas reconnu.", "Signez sans horodatage : nous l’ajouterons."),
    "upload.too_large": ("Le fichier est trop volumineux.", "Envoyez le fichier préparé, signé, sans pièce ajoutée."),
    "upload.unreadable": ("Ce fichier n’est pas un PDF lisible.", _AS_IS),
    "upload.unsigned": ("Ce fichier n’est pas signé.", "Signez-le dans votre outil, enregistrez-le, puis envoyez-le."),
    "upload.untrusted": (
        "Ce certificat ne vient d’aucune autorité que nous acceptons.",
        "Signez avec un autre certificat, ou signez en ligne.",
    ),
    "upload.usage": ("Ce certificat n’est pas fait pour signer.", "Choisissez votre certificat de signature."),
    "upload.widget": ("L’emplacement de la signature a été modifié.", _AGAIN),
}
UPLOAD_SENTENCES: Mapping[str, str] = MappingProxyType({code: f"{wrong} {next_}" for code, (wrong, next_) in _TOLD.items()})
