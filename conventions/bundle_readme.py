"""The ``LISEZ-MOI.txt`` of a proof bundle: for an expert who has never heard of us, and who must depend on nobody.

What it states of the agreement comes from its recorded facts; the rest is the same in every bundle.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from conventions.agreements import Agreement, FactKind
from conventions.french import format_instant
from conventions.ports.registry import ArchiveEntry
from conventions.preparation import own_certificate, preparation_of
from conventions.proved import is_left_to_the_member
from conventions.sentences import KIND_LABELS
from conventions.signatures import FormerAuthorities, SignerIdentity

WIDTH = 100

WHAT_KINDS_ARE = (
    ("prepared", "le document tel qu’il a été montré, avant toute signature"),
    ("member_signed", "le même, signé par le représentant du membre, puis horodaté"),
    ("uploaded", "le fichier que le membre a signé ailleurs, tel qu’il l’a déposé"),
    ("sealed", "le même, contresigné pour le syndicat, puis horodaté : c’est l’original"),
    ("restamped", "l’original, dont la protection a été renouvelée par un nouvel horodatage"),
    ("ceremony", "le manifeste : la liste de ce que le contresignataire a autorisé, avec les empreintes"),
    ("ceremony-seal", "le sceau de ce manifeste (CMS détaché, RFC 5652)"),
    ("ceremony-timestamp", "l’horodatage de ce sceau (RFC 3161)"),
    ("validation-", "le rapport du lecteur de signatures nommé, fait avant l’archivage"),
    ("record", "le relevé des faits enregistrés jusque-là, avec leurs dates"),
    ("evidence-data", "les données de ce récit, telles qu’elles sont jointes à son fichier PDF"),
    ("evidence", "le récit des événements, lisible, scellé et horodaté"),
    ("mail-", "un courriel envoyé, son lien ou son code retirés"),
    ("orders", "les ordres d’ouverture de services, et la réponse de chacun"),
    ("transfer-reply", "ce que le service d’archivage électronique a répondu à un versement (SEDA)"),
    ("index", "un index numéroté : tous les objets archivés à ce moment, et l’empreinte de l’index d’avant"),
)
"""Kinds of archived objects, by how their names begin."""

OPENING = """\
LISEZ-MOI

DOSSIER DE PREUVE
{kind} n° {reference}
« {title} »

Ce dossier réunit tout ce qu’il faut pour vérifier, sans nous et sans réseau, qui a signé ce document, quand, et que rien n’y
a été changé depuis. Il ne demande que Python (3.9 ou plus) et la commande openssl (3.0 ou plus).

{people}
"""

CHECKING = """\
1. VÉRIFIER EN UNE MINUTE

    python3 -I verify.py --root EMPREINTE

EMPREINTE est l’empreinte SHA-256 du certificat racine de l’autorité de certification. Demandez-la à l’organisme qui vous a
remis ce dossier, ou lisez-la où il la publie, mais ne la prenez pas ici : c’est elle qui établit l’origine. Chaque ligne
donne un verdict (OUI, NON). Le programme se termine par l’un de ces codes :

    0   tout est vérifié et la racine est la bonne ;
    1   quelque chose ne l’est pas : la ligne NON dit quoi ;
    2   la commande openssl manque : rien n’a pu être vérifié ;
    3   tout est intact, mais l’origine n’est pas établie, faute de --root.

Le programme lit, ne modifie rien, n’ouvre aucune connexion. Il est court et fait pour être lu. Comme tout ce dossier, il a pu
être altéré avant de vous parvenir, et il ne peut pas répondre de lui-même. Trois façons de ne pas dépendre de cette copie :
  - comparer son empreinte (sha256sum verify.py) à celle publiée dans la documentation du logiciel ;
  - employer une copie obtenue ailleurs :  python3 -I /ailleurs/verify.py --root EMPREINTE CE_DOSSIER ;
  - faire les vérifications à la main, comme ci-dessous.
"""

BY_HAND = """\
2. VÉRIFIER À LA MAIN

Les empreintes de tous les fichiers :

    sha256sum -c SHA256SUMS

L’empreinte du certificat racine :

    openssl x509 -in certificats/racine.pem -outform DER | sha256sum

Le sceau de la liste des fichiers, et son horodatage. INSTANT est l’heure que donne la première commande, en secondes depuis
1970 (date -d '…' +%s) : une chaîne de certificats se juge à l’heure de l’horodatage, pas à celle d’aujourd'hui.

    openssl ts -reply -token_in -in dossier.json.tsr -text
    cat certificats/*.pem > ../certificats.pem
    openssl ts -verify -token_in -in dossier.json.tsr -data dossier.json.p7s \\
        -CAfile certificats/racine.pem -untrusted ../certificats.pem -attime INSTANT
    openssl cms -verify -binary -inform DER -in dossier.json.p7s -content dossier.json -out /dev/null \\
        -CAfile certificats/racine.pem -certfile ../certificats.pem -purpose any -attime INSTANT

Les signatures du document : tout lecteur de signatures PAdES (ETSI EN 319 142) les vérifie dans le fichier PDF lui-même ; le
service public de la Commission européenne « DSS Demonstration WebApp » en est un. Il faut lui donner certificats/racine.pem
comme autorité reconnue : elle n’est dans aucune liste de confiance. Un lecteur PDF courant signalera des certificats expirés :
ils ne valaient que dix minutes, c’est voulu, et c’est l’horodatage qui prouve qu’ils valaient à l’heure de la signature.

Le journal : chaque ligne de journal/evenements.jsonl est une feuille d’un arbre de hachage (RFC 9162, 2.1). Sa preuve est à
la même place dans journal/preuves.json et mène à la racine inscrite dans journal/tete.json, que les fichiers
journal/tete-*.tsr horodatent. Les données personnelles d’un événement n’y sont pas : l’arbre en contient l’empreinte salée ;
« opened » donne le sel et la valeur, tant qu’ils n’ont pas été effacés au terme de leur durée de conservation.
"""

HOW_IT_WAS_SIGNED = """\
4. COMMENT CE DOCUMENT A ÉTÉ SIGNÉ, ET CE QUE CELA VAUT

Le représentant du membre a reçu un lien à son adresse électronique, a parcouru le document partie par partie, puis a demandé
un code à six chiffres, envoyé à la même adresse, et l’a saisi pour signer. Un certificat à son nom, d’une durée de dix
minutes, a alors été délivré pour une clé créée pour cette seule signature et détruite aussitôt. {countersigned}

Au sens du règlement (UE) n° 910/2014 (eIDAS), ce sont des signatures électroniques SIMPLES, horodatées : ni avancées, ni
qualifiées. L’identité repose sur la possession de l’adresse électronique, non sur une pièce d’identité. Leur forme technique
est PAdES B-LTA : elles portent de quoi être vérifiées longtemps. Les horodatages sont ceux des autorités nommées par les
certificats ; sauf mention contraire dans ceux-ci, ils ne sont pas qualifiés.
"""

COUNTERSIGNED = """\
Le contresignataire s’est
identifié par un mot de passe et un second facteur, puis a autorisé une liste de documents, scellée avant qu’aucun ne soit signé."""
NOT_COUNTERSIGNED = "Personne n’a contresigné."
LEFT = "Le syndicat n’a pas contresigné ce document : il ne porte que la signature du membre."
"""Said among the people, where a countersignature was to follow."""

SIGNED_ELSEWHERE = """\
Pour ce document, le représentant du membre n’a pas signé ici : il l’a signé avec un certificat et un outil à lui, puis l’a
déposé par le lien reçu. Ce qui précède de son code et de son certificat de dix minutes ne le concerne pas. Le fichier tel que
déposé est dans convention/ (« uploaded ») ; complété d’un horodatage et de quoi être vérifié, il est devenu le fichier signé.
La racine de l’autorité qui a délivré ce certificat est l’un des fichiers certificats/racine-N.pem.
"""

LIMITS = """\
5. CE QUE CE DOSSIER NE PROUVE PAS

  - Que la personne nommée tenait elle-même la souris : il prouve que quelqu’un qui lisait son courrier l’a fait.
  - Que le document a été lu : il prouve que chaque partie a été affichée, non ce qui en a été compris.
  - Que l’autorité de certification est digne de foi : elle est celle de l’organisme, et c’est --root qui l’identifie.
  - verify.py s’assure que chaque fichier signé commence, octet pour octet, par le précédent. Il n’analyse pas ce que chaque
    révision ajoute au PDF ; les rapports de validation archivés l’ont fait, et un lecteur PAdES peut le refaire.
  - La révocation est vérifiée pour les signatures et les horodatages du document. Pour le cachet du système et les têtes du
    journal, seule la chaîne de certificats l’est, à l’heure de leur horodatage.
"""


FORMER = """\
L’autorité de certification a changé depuis que ce service existe. Ce qui fut signé sous une ancienne reste valable jusqu’à la fin
que dit anciennes-autorites.json pour chacun de ses certificats ; rien de postérieur n’est d’elle, et verify.py y veille :

{ends}

Si une signature ou un horodatage de ce dossier en dépend, verify.py demande aussi sa racine : --root se répète, avec l’empreinte
que l’organisme publie pour chaque racine.
"""


def render_readme(
    agreement: Agreement, entries: Sequence[ArchiveEntry], names: Sequence[str], former: Sequence[FormerAuthorities] = ()
) -> bytes:
    """Write the text of an agreement's bundle (UTF-8): ``names`` are the archived objects' in the bundle, in the entries' order.

    Raises:
        NotFound: the agreement was never prepared.
    """
    title = preparation_of(agreement).title
    opening = OPENING.format(kind=KIND_LABELS[agreement.kind], reference=agreement.reference, title=title, people=_people(agreement))
    countersigned = COUNTERSIGNED if agreement.fact(FactKind.COUNTERSIGNED) else NOT_COUNTERSIGNED
    how = HOW_IT_WAS_SIGNED.format(countersigned=countersigned)
    elsewhere = (SIGNED_ELSEWHERE,) if own_certificate(agreement) else ()
    ends = "\n".join(f"  - « {one.name} » : jusqu’au {format_instant(one.until)}" for one in former)
    changed = (FORMER.format(ends=ends),) if former else ()
    parts = (opening, CHECKING, BY_HAND, _contents(entries, names), how, *elsewhere, *changed, LIMITS)
    return "\n".join(parts).encode()


def _people(agreement: Agreement) -> str:
    preparation = preparation_of(agreement)
    lines = [
        _signer("Signé", preparation.member, agreement, FactKind.MEMBER_SIGNED),
        _signer("Contresigné", preparation.syndicate, agreement, FactKind.COUNTERSIGNED),
        LEFT if is_left_to_the_member(agreement) else "",
    ]
    return "\n".join(line for line in lines if line) or "Au moment où ce dossier a été fait, personne n’avait signé."


def _signer(verb: str, identity: SignerIdentity, agreement: Agreement, kind: FactKind) -> str:
    fact = agreement.fact(kind)
    if fact is None:
        return ""
    person = f"{identity.person.full_name}, {identity.person.capacity}"
    said = f"{verb} le {format_instant(fact.instant('signed_at'))} par {person}, pour {identity.organisation} (SIREN {identity.siren})."
    return textwrap.fill(said, WIDTH, subsequent_indent="    ")


def _contents(entries: Sequence[ArchiveEntry], names: Sequence[str]) -> str:
    lines = [
        "3. CE QU’IL Y A DANS CE DOSSIER",
        "",
        "convention/    ce que l’archive à écriture unique conserve de cette convention, dans l’ordre :",
        *(f"    {name.removeprefix('convention/'):<36} {_meaning(entry.kind)}" for entry, name in zip(entries, names, strict=True)),
        "certificats/   la racine, les deux autorités qui en dépendent, et chaque certificat employé (PEM)",
        "revocation/    les réponses OCSP (DER) et listes de révocation (PEM) recueillies à l’heure des signatures",
        "horodatages/   les jetons RFC 3161 que portent les fichiers PDF, par champ (DER)",
        "journal/       les événements de cette convention, leurs preuves d’inclusion, la tête de l’arbre et ses horodatages",
        "dossier.json   la liste de tous ces fichiers avec leurs empreintes ; .p7s : son sceau ; .tsr : l’horodatage du sceau",
        "SHA256SUMS     les mêmes empreintes, et celles du sceau, pour la commande sha256sum",
        "verify.py      le programme qui vérifie tout cela",
        "",
    ]
    return "\n".join(lines)


def _meaning(kind: str) -> str:
    known = [(start, meaning) for start, meaning in WHAT_KINDS_ARE if kind.startswith(start)]
    return max(known, key=lambda item: len(item[0]))[1] if known else "un objet archivé"
