"""What the authorities that certify answer, or lack, by code: which of them, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

AUTHORITY_SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "chain.former": "Le certificat dépend d’une ancienne autorité, qui ne vaut plus pour ce qui est signé à cette date.",
        "revocation.no_answer": (
            "Le répondeur OCSP de l’autorité « {authority} » ne répond pas, ou pas comme il le doit : rien ne prouve qu’un certificat"
            " n’est pas révoqué. Rien n’a été émis."
        ),
        "revocation.no_list": (
            "La liste des certificats révoqués (CRL) de l’autorité « {authority} » manque, ou n’est pas utilisable : rien ne prouve"
            " qu’un certificat n’est pas révoqué. Rien n’a été émis."
        ),
        "configuration.former_alike": (
            "L’ancienne autorité « {name} » (PKI_FORMER_DIR) est celle d’aujourd’hui (PKI_ANCHORS_DIR) :"
            " donnez à l’une des deux ses propres certificats."
        ),
        "configuration.former_pki": (
            "L’ancienne autorité « {name} » (PKI_FORMER_DIR) est illisible ou incomplète : un dossier par autorité, avec root.pem,"
            " members-ca.pem et syndicate-ca.pem, tels que « contreseing pki export » les écrit."
        ),
        "configuration.former_until": (
            "L’ancienne autorité « {name} » (PKI_FORMER_DIR) ne dit pas jusqu’à quand elle vaut : écrivez « until = AAAA-MM-JJ »"
            " (ou un instant avec son fuseau), sans rien d’autre d’inconnu, dans son fichier former.toml."
        ),
        "configuration.former_ends": (
            "Le dossier « {name} » ne dit plus jusqu’à quand valent ses anciennes autorités : son fichier anciennes-autorites.json est"
            " illisible. Reprenez-le tel qu’il a été remis."
        ),
        "configuration.former_to_come": (
            "L’ancienne autorité « {name} » (PKI_FORMER_DIR) vaudrait encore après aujourd’hui : corrigez « until » dans son fichier"
            " former.toml ; ce qui vaut encore est dans PKI_ANCHORS_DIR."
        ),
    }
)
