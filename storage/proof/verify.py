#!/usr/bin/env python3
# ruff: noqa: B905, D103, E401, E701, EXE001, I001, RUF007, S603, S607, T201, TID251, UP017 (shipped as it is, for Python 3.9 on)
"""Vérifie un dossier de preuve, hors ligne, avec la bibliothèque standard de Python (3.9 ou plus) et la commande openssl.

    python3 -I verify.py [--root EMPREINTE] [DOSSIER]

DOSSIER est le dossier extrait ; sans lui, celui où se trouve ce programme. EMPREINTE est le SHA-256 du certificat racine
(DER), publié ailleurs que dans ce dossier ; --root se répète s'il y a plusieurs racines. Ce programme lit, ne modifie rien,
n'ouvre aucune connexion. Chaque étape est une fonction check_…, dans l'ordre ; une signature est vérifiée à l'heure de son
horodatage. Code de sortie : 0 tout est vérifié ; 1 quelque chose ne l'est pas ; 2 openssl manque ; 3 origine non établie.
"""

from __future__ import annotations
import argparse, base64, hashlib, itertools, json, os, re, subprocess, sys, tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

HOLDS, BROKEN, IMPOSSIBLE, NO_ORIGIN = 0, 1, 2, 3
SUMS, LIST, SEAL, SEAL_STAMP, ENDS = "SHA256SUMS", "dossier.json", "dossier.json.p7s", "dossier.json.tsr", "anciennes-autorites.json"
ROOTS, MEMBERS_CA, SYNDICATE_CA = "certificats/racine", "certificats/ac-membres", "certificats/ac-syndicat"
BYTE_RANGE, SUB_FILTER = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]"), re.compile(rb"/SubFilter\s*/([\w.]+)")
SIGNATURE, TIMESTAMP = "ETSI.CAdES.detached", "ETSI.RFC3161"
CONTEXT_0, CONTEXT_1, CONTEXT_3, OCTETS, GENERALIZED_TIME = 0xA0, 0xA1, 0xA3, 0x04, 0x18
NEVER_REVOKED, LISTS, SERVICES = "04008bec490201", {"551d1f", "551d2e"}, ("2b06010505073001", "2b06010505070308", "2b06010505070309")
SIGNATURE_TIMESTAMP = bytes.fromhex("2a864886f70d010910020e")  # 1.2.840.113549.1.9.16.2.14
NAME_PARTS = {"550403": "CN", "550404": "SN", "55040a": "O", "55040b": "OU", "55042a": "GN", "550461": "ID"}  # 2.5.4.x
ALONE = "une seule signature, celle du membre : ce document n'est pas contresigné"
UNREADABLE = (ValueError, LookupError, AttributeError, TypeError, OSError)


# fmt: off
class Broken(Exception): """Quelque chose n'est pas vérifié."""
def need(condition: object, reason: str) -> None:
    if not condition: raise Broken(reason)
def sha256(data: bytes) -> str: return hashlib.sha256(data).hexdigest()
def told(at: int) -> str: return datetime.fromtimestamp(at, timezone.utc).strftime("%d/%m/%Y à %H:%M:%S UTC")
def epoch(time: bytes) -> int: return int(datetime.strptime(time.decode("ascii")[:14] + "+0000", "%Y%m%d%H%M%S%z").timestamp())
def parse_pem(pem: bytes) -> Certificate: return Certificate(base64.b64decode(pem.split(b"CERTIFICATE-----")[1].split(b"-----END")[0]))
# fmt: on


def elements(data: bytes, most: int = 1_000) -> list[tuple[int, bytes, bytes]]:
    """Éléments d'un DER : (étiquette, élément entier, contenu)."""
    at, found = 0, list[tuple[int, bytes, bytes]]()
    while at < len(data) and len(found) < most:
        start, length, at = at, data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        need(at + length <= len(data), "un élément DER est tronqué")
        found.append((data[start], data[start : at + length], data[at : at + length]))
        at += length
    return found


class Certificate:
    """Un certificat (DER) : numéro de série, émetteur et sujet tels quels, parties du nom, court terme (EN 319 412-1, 5.2.2) ou non."""

    def __init__(self, der: bytes) -> None:
        fields = [one for one in elements(elements(elements(der)[0][2])[0][2]) if one[0] != CONTEXT_0]  # sans la version
        self.der, self.serial, self.issuer, self.subject = der, fields[0][1], fields[2][1], fields[4][1]
        begins, ends = (epoch(time if kind == GENERALIZED_TIME else b"20" + time) for kind, _, time in elements(fields[3][2]))
        self.is_lasting = ends - begins > 24 * 3600  # la clé d'une personne, non celle d'une seule cérémonie
        extensions = elements(elements(fields[-1][2])[0][2]) if fields[-1][0] == CONTEXT_3 else []
        told = {part[0][2].hex(): part[-1][2].hex() for part in (elements(one[2]) for one in extensions)}
        is_asked = not LISTS.isdisjoint(told) or any(one in "".join(told.values()) for one in SERVICES)
        self.is_brief = told.get(NEVER_REVOKED) == "0500" and told.get("551d13", "3000") == "3000" and not (self.is_lasting or is_asked)
        pairs = [elements(elements(part[2])[0][2]) for part in elements(fields[4][2])]
        self.name = {NAME_PARTS.get(kind[2].hex(), kind[2].hex()): text[2].decode() for kind, text in pairs}
        self.is_seal = {"SN", "GN"}.isdisjoint(self.name)  # une personne morale, pas une personne
        self.pem = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"


class Cms:
    """Un CMS SignedData à un signataire (RFC 5652) : certificats, contenu, signature, et l'horodatage qu'il porte."""

    def __init__(self, data: bytes) -> None:
        _, self.der, content_info = elements(data, 1)[0]  # des zéros peuvent suivre, dans la place réservée
        fields = elements(elements(elements(content_info)[1][2])[0][2])
        self.certificates = [one[1] for field in fields[3:-1] if field[0] == CONTEXT_0 for one in elements(field[2])]
        self.content = b"".join(elements(part[2])[0][2] for part in elements(fields[2][2])[1:])  # vide si détaché
        (info,) = (elements(signer[2]) for signer in elements(fields[-1][2]))
        self.issuer_and_serial = info[1][2]
        self.signature = next(part[2] for part in info if part[0] == OCTETS)
        unsigned = [elements(one[2]) for part in info if part[0] == CONTEXT_1 for one in elements(part[2])]
        self.timestamp = next((values[2] for kind, values in unsigned if kind[2] == SIGNATURE_TIMESTAMP), b"")


class Dossier:
    """Le dossier extrait, en mémoire, la fin de ce que valent d'anciennes autorités, et où écrire ce qu'openssl doit lire."""

    def __init__(self, folder: Path, scratch: Path, wanted: set[str]) -> None:
        paths = sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
        self.files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
        self.scratch, given = scratch, {name: parse_pem(data) for name, data in self.files.items() if name.startswith("certificats/")}
        self.certificates = {one.der: one for one in given.values()}
        self.cas = {kind: {one.subject for name, one in given.items() if name.startswith(kind)} for kind in (MEMBERS_CA, SYNDICATE_CA)}
        self.ends = {given[name].der: datetime.fromisoformat(at).timestamp() for name, at in json.loads(self.files.get(ENDS, "{}")).items()}
        self.roots = [one for name, one in given.items() if name.startswith(ROOTS) and (not wanted or sha256(one.der) in wanted)]
        self.trust = ("-CAfile", self.write(b"".join(one.pem for one in self.roots)), "-no-CApath", "-no-CAstore", "-partial_chain")

    def write(self, data: bytes) -> Path:
        (path := self.scratch / sha256(data)).write_bytes(data)
        return path

    def pool(self) -> Path:
        return self.write(b"".join(one.pem for one in self.certificates.values()))

    def signer_of(self, cms: Cms) -> Certificate:
        """Certificat que le CMS désigne comme celui de son signataire."""
        self.certificates.update({der: Certificate(der) for der in cms.certificates})
        found = [one for one in self.certificates.values() if one.issuer + one.serial == cms.issuer_and_serial]
        need(len(found) == 1, "le certificat d'un signataire manque, ou existe en deux formes")
        return found[0]

    def objects(self, kind: str) -> list[tuple[str, bytes]]:
        """Objets archivés d'un genre, dans l'ordre de leurs numéros : (nom, octets)."""
        return [one for one in sorted(self.files.items()) if re.fullmatch(rf"convention/\d{{4}}-(?:{kind})\.\w+", one[0])]

    def fact(self, kind: str) -> dict[str, Any]:
        """Ce que le dernier relevé dit d'un genre de fait, dans la dernière version archivée ; vide s'il n'y en a pas."""
        facts = json.loads(self.objects("record")[-1][1])["facts"]
        last = max(fact["version"] for fact in facts if fact["kind"] in ("member_file_kept", "archived"))
        return next((fact["data"] for fact in reversed(facts) if fact["kind"] == kind and fact["version"] == last), {})

    def file_of(self, kind: str) -> bytes:
        """Fichier archivé dont un fait donne l'empreinte ; vide sans ce fait."""
        digest = self.fact(kind).get("sha256")
        found = [data for name, data in self.files.items() if name.startswith("convention/") and sha256(data) == digest]
        need(found or digest is None, f"le fichier du fait « {kind} » manque")
        return found[0] if found else b""

    def final(self) -> bytes:
        """Dernier fichier : horodaté de nouveau, sinon contresigné, sinon signé par le membre seul."""
        return [self.file_of("countersigned") or self.file_of("member_signed"), *(data for _, data in self.objects(r"restamped-\d+"))][-1]


def openssl(*arguments: object) -> str:
    """Lance openssl et rend ce qu'il dit ; un code de sortie autre que 0 veut dire : non vérifié."""
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC", "SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull}
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, env=environment, check=False)
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    reasons = re.findall(r"error \d+ at .*|Verify error:.*|:([^:\n]+):(?:crypto|\.\.)?[^:\n]*\.c:\d+", said)
    need(done.returncode == 0, f"openssl {arguments[0]} refuse ({(reasons or ['sans dire pourquoi'])[0]})")
    return said


def verify_stamp(dossier: Dossier, token: bytes, data: bytes) -> tuple[int, Certificate]:
    """Un jeton RFC 3161 porte sur ces octets et sa chaîne mène à la racine, à sa propre heure ; rend cette heure et l'autorité."""
    authority = dossier.signer_of(cms := Cms(token))
    at = epoch(elements(elements(cms.content)[0][2])[4][2])
    given = ("-token_in", "-in", dossier.write(cms.der), "-digest", sha256(data))
    openssl("ts", "-verify", *given, *dossier.trust[:2], "-partial_chain", "-untrusted", dossier.pool(), "-attime", at)
    return at, authority


def verify_signature(dossier: Dossier, cms: Cms, content: bytes, at: int) -> Certificate:
    """Un CMS détaché porte sur ces octets et sa chaîne mène à la racine, à cet instant ; rend le signataire."""
    signer = dossier.signer_of(cms)
    given = ("-binary", "-cades", "-inform", "DER", "-in", dossier.write(cms.der), "-content", dossier.write(content))
    others = ("-certfile", dossier.pool(), "-purpose", "any", "-attime", at, "-out", os.devnull)
    openssl("cms", "-verify", *given, *dossier.trust, *others)
    return signer


def verify_seal(dossier: Dossier, content: bytes, seal: bytes, token: bytes) -> str:
    """Le cachet du système porte sur ces octets, et un horodatage sur ce cachet ; dit par qui et quand."""
    at, authority = verify_stamp(dossier, token, seal)
    signer = verify_signature(dossier, Cms(seal), content, at)
    need(signer.is_seal and signer.issuer in dossier.cas[SYNDICATE_CA], "ce n'est pas le cachet du système")
    return f"scellé par « {signer.name['CN']} », horodaté le {told(at)} par « {authority.name['CN']} »"


def verify_not_revoked(dossier: Dossier, certificate: Certificate, at: int) -> None:
    """Rien dans la chaîne n'était révoqué à cet instant, d'après les réponses OCSP et les listes de revocation/."""
    while certificate.issuer != certificate.subject:
        good = [ca for ca in dossier.certificates.values() if ca.subject == certificate.issuer and is_good(dossier, certificate, ca, at)]
        need(good, f"rien ne dit « {certificate.name['CN']} » valable le {told(at)}")
        certificate = good[0]
        need(at <= dossier.ends.get(certificate.der, at), f"« {certificate.name['CN']} » ne valait plus le {told(at)}")


def is_good(dossier: Dossier, certificate: Certificate, issuer: Certificate, at: int) -> bool:
    """Une réponse OCSP (RFC 6960) ou une liste (RFC 5280) de cet émetteur dit ce certificat valable à cet instant."""
    leaf, ca, trust = dossier.write(certificate.pem), dossier.write(issuer.pem), dossier.trust
    for name, data in dossier.files.items():
        try:
            if name.endswith(".ocsp") and certificate.serial in data:
                asked = ("-respin", dossier.write(data), "-issuer", ca, "-cert", leaf, "-verify_other", ca, "-no_nonce", "-attime", at)
                said = openssl("ocsp", *asked, *trust)
                ends = datetime.strptime(re.findall(r"Next Update: (.+) GMT", said)[0], "%b %d %H:%M:%S %Y").replace(tzinfo=timezone.utc)
                if "Response verify OK" in said and re.search(r"(^|: )good$", said, re.MULTILINE) and at <= ends.timestamp():
                    return True
            elif certificate.is_brief or name.endswith(".crl"):
                listed = ("-crl_check", "-CRLfile", dossier.write(data)) * (not certificate.is_brief)
                openssl("verify", "-CAfile", ca, *trust[2:], *listed, "-attime", at, leaf)
                return True
        except (Broken, IndexError):
            continue
    return False


def signatures_of(pdf: bytes) -> Iterator[tuple[str, bytes, bytes, int]]:
    """Signatures d'un PDF, dans l'ordre : (genre, DER, octets couverts, fin de ces octets)."""
    before = 0
    for match in BYTE_RANGE.finditer(pdf):
        first, length, rest, last = map(int, match.groups())
        hole, end = pdf[length:rest], rest + last
        need(first == 0 and before < length < rest and before < match.start() < end <= len(pdf), "un ByteRange est faux")
        need(re.fullmatch(rb"<[0-9A-Fa-f]+>", hole), "un ByteRange laisse de côté autre chose que la signature")
        need(pdf[:end].rstrip().endswith(b"%%EOF"), "une révision signée ne se termine pas")
        value = pdf[pdf.rindex(b" obj", 0, length) : length] + pdf[rest : pdf.index(b"endobj", rest)]
        need(match.group() in value, "un ByteRange n'est pas celui de sa signature")
        yield SUB_FILTER.findall(value)[0].decode(), bytes.fromhex(hole[1:-1].decode()), pdf[:length] + pdf[rest:end], end
        before = end
    need(before == len(pdf), "des octets suivent la dernière signature ou le dernier horodatage")


def check_files(dossier: Dossier) -> Iterator[str]:
    """Fichiers : SHA256SUMS les cite tous sauf lui-même, tels qu'ils sont."""
    here = {name: sha256(data) for name, data in dossier.files.items() if name != SUMS}
    listed = {line[66:]: line[:64] for line in dossier.files[SUMS].decode().splitlines()}
    differing = sorted(name for name in {*listed, *here} if listed.get(name) != here.get(name))
    faults = ("manque" if name not in here else "en trop" if name not in listed else "altéré" for name in differing)
    need(not differing, " ; ".join(f"{fault} : {name}" for fault, name in zip(faults, differing)))
    need(dossier.files[SUMS] == "".join(f"{here[name]}  {name}\n" for name in sorted(here)).encode(), f"altéré : {SUMS}")
    yield f"{len(here)} fichiers, tous présents, aucun de plus, empreintes exactes"


def check_seal(dossier: Dossier) -> Iterator[str]:
    """Sceau : la liste des fichiers est celle que le système a scellée."""
    sealed = verify_seal(dossier, dossier.files[LIST], dossier.files[SEAL], dossier.files[SEAL_STAMP])
    listed = {item["path"]: item["sha256"] for item in json.loads(dossier.files[LIST])["files"]}
    here = {name: sha256(data) for name, data in dossier.files.items() if name not in {SUMS, LIST, SEAL, SEAL_STAMP}}
    need(listed == here, "la liste scellée n'est pas celle de ces fichiers")
    yield f"la liste des fichiers est celle du dossier {sealed}"


def check_document(dossier: Dossier) -> Iterator[str]:
    """Document : ce qui fut montré est ce qui fut accepté, et le début de ce qui fut signé."""
    digest = sha256(dossier.file_of("prepared"))
    agreed = dossier.fact("consented").get("sha256", not dossier.fact("member_signed") and digest)
    need(agreed == digest, "l'accord enregistré porte sur un autre document")
    yield f"« {dossier.fact('prepared')['title']} », empreinte {digest}, sur laquelle porte l'accord enregistré"
    stages = [*map(dossier.file_of, ("prepared", "member_signed", "countersigned")), dossier.final()]
    chain = [stage for stage in stages if stage]
    need(all(after.startswith(before) for before, after in zip(chain, chain[1:])), "un fichier signé ne commence pas par ce qui précède")
    yield "chaque fichier signé commence, octet pour octet, par celui qui le précède"


def check_signatures(dossier: Dossier) -> Iterator[str]:
    """Signatures : chacune est de la personne attendue, chaque horodatage couvre ce qui le précède, rien n'était révoqué."""
    prepared, expected = dossier.fact("prepared"), []
    for who, ca, kind in [("signer", MEMBERS_CA, "member_signed"), ("countersigner", SYNDICATE_CA, "countersigned")]:
        if fact := dossier.fact(kind):
            elsewhere = "uploaded_sha256" in fact  # la personne fut alors vérifiée à la réception, par les lecteurs
            parts = {} if elsewhere else {"GN": "given_name", "SN": "family_name", "O": "organisation", "ID": "siren"}
            name = {part: ("NTRFR-" if part == "ID" else "") + prepared[who][key] for part, key in parts.items()}
            own = fact["certificate_sha256"] if elsewhere or who == "countersigner" else ""
            expected.append((name, dossier.cas[ca], own))
    is_alone = len(expected) == 1 and json.loads(dossier.objects("record")[-1][1])["kind"] in ("convention", "order_form", "amendment")
    yield from itertools.chain(verify_pdf(dossier, dossier.final(), expected), [ALONE] * is_alone)


def check_evidence(dossier: Dossier) -> Iterator[str]:
    """Récit : le récit des événements porte le cachet du système, et les horodatages qui le suivent."""
    for _, data in dossier.objects("evidence"):
        yield from verify_pdf(dossier, data, [({}, dossier.cas[SYNDICATE_CA], "")])


def verify_pdf(dossier: Dossier, pdf: bytes, expected: list[tuple[dict[str, str], set[bytes], str]]) -> Iterator[str]:
    """Les signatures d'un PDF sont celles attendues (nom et émetteur, ou certificat), dans l'ordre, chacune suivie d'un horodatage."""
    found = list(signatures_of(pdf))
    kinds, usual = [kind for kind, *_ in found], [SIGNATURE, TIMESTAMP] * len(expected)
    need(kinds[: len(usual)] == usual and set(kinds[len(usual) :]) <= {TIMESTAMP}, "ce ne sont pas les signatures et horodatages attendus")
    for kind, der, covered, end in found:
        cms = Cms(der)
        at, authority = verify_stamp(dossier, *((cms.timestamp, cms.signature) if kind == SIGNATURE else (der, covered)))
        verify_not_revoked(dossier, authority, at)
        if kind == SIGNATURE:
            signer, (name, issuers, own) = verify_signature(dossier, cms, covered, at), expected.pop(0)
            is_own = own == sha256(signer.der) and signer.issuer not in issuers  # d'une autre autorité, et accepté
            need(name.items() <= signer.name.items(), f"signé par « {signer.name['CN']} », qui n'était pas attendu")
            need(is_own or (signer.issuer in issuers and (name or signer.is_seal)), "le certificat vient d'une autre autorité que prévu")
            verify_not_revoked(dossier, signer, at)
            whose = f"{signer.name['CN']}, pour {signer.name.get('O')} ({signer.name.get('ID', 'cachet')})"
            yield f"{whose} : intacte, certificat {'d’une autre autorité ' * is_own}{'jamais' if signer.is_brief else 'non'} révoqué"
        what = "signature horodatée" if kind == SIGNATURE else f"les {end} premiers octets horodatés"
        yield f"   {what} le {told(at)} par « {authority.name['CN']} »"


def check_ceremony(dossier: Dossier) -> Iterator[str]:
    """Cérémonie : la liste autorisée cite ces fichiers mêmes, et le contreseing fut donné dans son délai."""
    if not dossier.fact("countersigned"):
        return
    manifest, seal, token = (dossier.objects(kind)[-1][1] for kind in ("ceremony", "ceremony-seal", "ceremony-timestamp"))
    sealed, said = verify_seal(dossier, manifest, seal, token), json.loads(manifest)
    files = {f"{stage}_sha256": sha256(dossier.file_of(stage) or dossier.file_of("prepared")) for stage in ("prepared", "member_signed")}
    need(any(files.items() <= item.items() for item in said["items"]), "le manifeste de la cérémonie ne cite pas ces fichiers")
    cms = [Cms(der) for kind, der, _, _ in signatures_of(dossier.final()) if kind == SIGNATURE][-1]
    signer, (at, _) = dossier.signer_of(cms), verify_stamp(dossier, cms.timestamp, cms.signature)
    need(signer.is_lasting or signer.is_brief or signer.name["OU"] == said["ceremony"], "contreseing au certificat d'une autre cérémonie")
    begun, ended = (int(datetime.fromisoformat(said[name]).timestamp()) for name in ("at", "expires_at"))
    need(begun <= at <= ended, "le contreseing n'a pas été donné pendant la cérémonie")
    yield f"manifeste de {len(said['items'])} documents, dont celui-ci par ses deux empreintes, {sealed}"


def check_archive(dossier: Dossier) -> Iterator[str]:
    """Archive : les index se suivent, le dernier cite chaque objet, et chaque lecteur avait jugé le fichier valable."""
    previous, indexes = None, dossier.objects("index")
    for number, (name, data) in enumerate(indexes, 1):
        index = json.loads(data)
        need((index["number"], index["previous_sha256"]) == (number, previous), f"{name} ne suit pas l'index qui le précède")
        previous = sha256(data)
    listed = {f"convention/{item['seq']:04d}-{item['kind']}": item["sha256"] for item in json.loads(indexes[-1][1])["objects"]}
    here = {name.rpartition(".")[0]: sha256(data) for name, data in dossier.files.items() if name.startswith("convention/")}
    need(listed == {name: digest for name, digest in here.items() if not name.endswith("-index")}, "le dernier index liste autre chose")
    yield f"{len(indexes)} index, chacun avec l'empreinte du précédent ; le dernier liste les {len(listed)} objets archivés"
    signed = sha256(dossier.file_of("countersigned") or dossier.file_of("member_signed"))
    reports = [report for _, data in dossier.objects(r"validation-[^.]+") if (report := json.loads(data)["report"])["sha256"] == signed]
    need(all(report["valid"] is True for report in reports), "un lecteur a refusé le fichier signé")
    need(reports or not dossier.fact("validated"), "aucun rapport de validation ne porte sur le fichier signé")
    yield from (f"jugé valable à l'archivage par le lecteur « {report['reader']} », niveau {report['level']}" for report in reports)


def check_journal(dossier: Dossier) -> Iterator[str]:
    """Journal : chaque événement est dans l'arbre dont la tête fut horodatée, et chaque fait du relevé est l'un d'eux."""
    head, facts = json.loads(dossier.files["journal/tete.json"]), json.loads(dossier.objects("record")[-1][1])["facts"]
    reference = json.loads(dossier.files[LIST])["reference"]
    lines, proofs = dossier.files["journal/evenements.jsonl"].splitlines(), json.loads(dossier.files["journal/preuves.json"])["events"]
    need(len(lines) == len(proofs), "le journal a plus ou moins d'événements que de preuves")
    events = [json.loads(line) for line in lines]
    for line, event, proof in zip(lines, events, proofs):
        leaf, path = hashlib.sha256(b"\x00" + line).digest(), [bytes.fromhex(node) for node in proof["path"]]
        root = root_by_inclusion(leaf, proof["index"], head["size"], path)
        need(root.hex() == head["root_sha256"], f"l'événement {proof['index']} n'est pas dans le journal")
        need(event["reference"] == reference, f"l'événement {proof['index']} concerne une autre convention")
        for one in proof["opened"]:
            text = json.dumps([one["salt"], one["name"], one["value"]], ensure_ascii=False, separators=(",", ":"))
            need(event["personal"][one["name"]] == sha256(text.encode()), f"l'événement {proof['index']} tait autre chose")
    known = {(event["type"], event["at"]) for event in events}
    missing = [fact["kind"] for fact in facts if (f"agreement.{fact['kind']}", fact["at"]) not in known]
    need(not missing, f"des faits du relevé ne sont pas au journal : {', '.join(missing)}")
    yield f"{len(lines)} événements sont dans l'arbre de {head['size']} feuilles ; les {len(facts)} faits du relevé en sont"
    need("journal/tete-" in " ".join(dossier.files), "la tête du journal n'est pas horodatée")
    for name in sorted(name for name in dossier.files if name.startswith("journal/tete-")):
        at, authority = verify_stamp(dossier, dossier.files[name], dossier.files["journal/tete.json"])
        yield f"   tête de l'arbre horodatée le {told(at)} par « {authority.name['CN']} »"


def root_by_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Racine à laquelle mène une preuve d'inclusion : RFC 9162, 2.1.3.1, lue à l'envers."""
    need(0 <= index < size and (size > 1) == bool(path), "une preuve d'inclusion n'est pas de la taille de l'arbre")
    if size == 1:
        return leaf
    half = 1 << ((size - 1).bit_length() - 1)
    if index < half:
        return hashlib.sha256(b"\x01" + root_by_inclusion(leaf, index, half, path[:-1]) + path[-1]).digest()
    return hashlib.sha256(b"\x01" + path[-1] + root_by_inclusion(leaf, index - half, size - half, path[:-1])).digest()


def main(arguments: Sequence[str] | None = None) -> int:
    """Toutes les vérifications, un verdict par ligne ; rend le code de sortie."""
    parser = argparse.ArgumentParser(description="Vérifie un dossier de preuve, hors ligne.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).resolve().parent, metavar="DOSSIER")
    parser.add_argument("--root", action="append", default=[], metavar="EMPREINTE", help="SHA-256 d'un certificat racine (DER)")
    asked = parser.parse_args(arguments)
    holds, ps, wanted = True, list[str](), {re.sub(r"[^0-9a-f]", "", root.lower()) for root in asked.root}
    try:
        print(f"Vérification de {asked.folder}, avec {openssl('version').strip()}")
    except (OSError, Broken):
        print("La commande openssl manque : rien ne peut être vérifié.")
        return IMPOSSIBLE
    with tempfile.TemporaryDirectory() as scratch:
        try:
            dossier = Dossier(asked.folder, Path(scratch), wanted)
        except (*UNREADABLE, Broken) as error:
            print(f"NON  Dossier : illisible ({type(error).__name__} : {error})\nNON VÉRIFIÉ.")
            return BROKEN
        for check in [each for name, each in globals().items() if name.startswith("check_")]:
            title = str(check.__doc__).partition(" :")[0]
            try:
                for sentence in check(dossier):
                    print(f"OUI  {title} : {sentence}")
                    ps += [f"Attention : {ALONE}."] * (sentence == ALONE)
            except (Broken, *UNREADABLE) as error:
                print(f"NON  {title} : {error if isinstance(error, Broken) else f'illisible ({type(error).__name__} : {error})'}")
                holds = False
    origin = f"certificat racine {', '.join(sha256(one.der) for one in dossier.roots) or 'autre que celui donné'}"
    advice = "" if wanted else " ; comparez cette empreinte à celle que publie l'autorité, et donnez celle-ci par --root"
    print(f"{'  ?' if not wanted else 'OUI' if dossier.roots else 'NON'}  Origine : {origin}{advice}")
    print("NON VÉRIFIÉ : voir les lignes NON." if not holds else "VÉRIFIÉ." if wanted else "INTACT, mais l'origine n'est pas établie.", *ps)
    return BROKEN if not holds else HOLDS if wanted else NO_ORIGIN


if __name__ == "__main__":
    sys.exit(main())
