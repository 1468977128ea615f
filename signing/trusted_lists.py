"""European trusted lists (ETSI TS 119 612) as a folder keeps them: nothing is believed of a file but what its signature proves.

``lotl.xml`` is the list of the lists, ``list-FR.xml`` a national one, ``pivot-….xml`` an earlier list of the lists that names
the signers of the next. Signatures are verified each time that a process reads them, whoever put the files there; the anchors
are the signers published in the Official Journal, as pyHanko knows them, or those given.
"""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pyhanko.sign.validation.qualified import eutl_parse
from pyhanko.sign.validation.qualified.tsp import (
    CAServiceInformation,
    QTSTServiceInformation,
    QualifiedServiceInformation,
    TSPRegistry,
    TSPServiceParsingError,
)
from pyhanko_certvalidator.authority import AuthorityWithCert

from conventions.errors import VerificationFailed
from conventions.ports.system import Clock
from conventions.qualification import is_overdue
from signing.chains import CERTIFICATE_ERRORS, load_certificate, render_der

LOTL_FILE = "lotl.xml"
LOTL_NAME = "LOTL"
STATE_FILE = "state.json"
LARGEST_LIST_BYTES = 24_000_000
"""The longest national list has about 6 MB."""
MOST_LISTS = 80
TERRITORY = re.compile(r"^[A-Z]{2}$")
Result = TypeVar("Result")
CERTIFICATE_IN_XML = re.compile(rb"X509Certificate>([^<]{64,})<")


@dataclass(frozen=True)
class ListReference:
    """Where the list of the lists says that a national list is, and who signs it."""

    name: str
    address: str
    signers: tuple[asn1_x509.Certificate, ...]

    @property
    def file(self) -> str:
        """Its file in the folder."""
        return f"list-{self.name}.xml"


@dataclass(frozen=True)
class ListOfLists:
    """A verified list of the lists."""

    issued_at: datetime
    next_update_at: datetime | None
    references: tuple[ListReference, ...]

    def is_out_of_date(self, at: datetime) -> bool:
        """Tell whether its next issue is overdue."""
        return is_overdue(self.next_update_at, at)


class NationalList:
    """A verified national list: its services that issue qualified certificates, and those that give qualified time-stamps.

    ``has_unread``: some of its services are written in a way that cannot be read, so that not being named says nothing.
    """

    def __init__(self, name: str, xml: str) -> None:
        self.name = name
        self.issued_at, self.next_update_at = _dates(xml)
        self.issuers, self.stampers = TSPRegistry(), TSPRegistry()
        self.has_unread = bool(self._register(eutl_parse.read_qualified_service_definitions(xml)))
        known = {*self.issuers.known_certificate_authorities, *self.stampers.known_timestamp_authorities}
        self.certificates = tuple(_readable(one.certificate.dump() for one in known if isinstance(one, AuthorityWithCert)))

    def _register(
        self, services: Generator[QualifiedServiceInformation, None, list[TSPServiceParsingError]]
    ) -> list[TSPServiceParsingError]:
        """Enter each service that can be read; return what the others raised."""
        while True:
            try:
                service = next(services)
            except StopIteration as end:
                unread: list[TSPServiceParsingError] = end.value
                return unread
            if isinstance(service, CAServiceInformation):
                self.issuers.register_ca(service)
            elif isinstance(service, QTSTServiceInformation):
                self.stampers.register_tst(service)

    def is_out_of_date(self, at: datetime) -> bool:
        """Tell whether its next issue is overdue."""
        return is_overdue(self.next_update_at, at)


def latest_anchors() -> list[asn1_x509.Certificate]:
    """Return the signers of the list of the lists that pyHanko's release knows."""
    return eutl_parse.latest_known_lotl_tlso_certs()


def journal_anchors() -> list[asn1_x509.Certificate]:
    """Return the signers of the list of the lists that the Official Journal published, where pivots start."""
    return eutl_parse.ojeu_bootstrap_lotl_tlso_certs()


class ListSigners:
    """Who may sign the list of the lists: the anchors, or whoever pivots lead to from where they start."""

    def __init__(self, given: Sequence[x509.Certificate] = ()) -> None:
        own = [asn1_x509.Certificate.load(der) for der in render_der(given)]
        self._direct, self._start = (own, own) if own else (latest_anchors(), journal_anchors())

    def verify(self, data: bytes, now: datetime, read_pivot: Callable[[str], bytes]) -> ListOfLists:
        """Verify a list of the lists; ``read_pivot`` is asked only when no anchor signed it.

        Raises:
            VerificationFailed: ``lists.unverified``.
        """
        try:
            xml = verified_xml(data, self._direct, now)
        except VerificationFailed:
            if not pivot_addresses(data):
                raise
            xml = verified_xml(data, self._through_pivots(data, read_pivot), now)
        return _read_list_of_lists(xml)

    def _through_pivots(self, data: bytes, read_pivot: Callable[[str], bytes]) -> list[asn1_x509.Certificate]:
        signers = self._start
        for address in sorted(pivot_addresses(data)):  # in order of time: each names the next's signers (Decision (EU) 2015/1505)
            pivot = read_pivot(address)
            xml = verified_xml(pivot, signers, issued_at(pivot))
            signers = next((list(one.signers) for one in _references(xml, of_lists=True)), signers)
        return signers


def verified_xml(data: bytes, signers: Sequence[asn1_x509.Certificate], at: datetime) -> str:
    """Return the part of a list that one of these signed (XAdES), as XML.

    Raises:
        VerificationFailed: ``lists.unverified``.
    """
    if len(data) > LARGEST_LIST_BYTES:
        raise VerificationFailed("a trusted list that is too long", code="lists.unverified")
    try:
        xml = eutl_parse._validate_and_extract_tl_data_multiple_certs(data.decode("utf-8-sig"), list(signers), at)  # noqa: SLF001 it gives the signed part
    except Exception as error:  # a hostile file makes the libraries raise anything
        raise VerificationFailed(f"no known signer signed this trusted list ({type(error).__name__})", code="lists.unverified") from error
    return xml


def read_national_list(name: str, data: bytes, signers: Sequence[asn1_x509.Certificate], now: datetime) -> NationalList:
    """Verify a national list and read its services.

    Raises:
        VerificationFailed: ``lists.unverified``, ``lists.unreadable``.
    """
    xml = verified_xml(data, signers, now)
    try:
        return NationalList(name, xml)
    except Exception as error:  # as above
        raise VerificationFailed(f"a trusted list that cannot be read ({type(error).__name__})", code="lists.unreadable") from error


def pivot_file(address: str) -> str:
    """Return the file of a pivot."""
    return f"pivot-{hashlib.sha256(address.encode()).hexdigest()[:16]}.xml"


def read_pivot_file(folder: Path, address: str) -> bytes:
    """Read a pivot that was kept.

    Raises:
        VerificationFailed: ``lists.unverified``: it is not there, and the list of the lists cannot be verified without it.
    """
    try:
        return (folder / pivot_file(address)).read_bytes()
    except OSError as error:
        raise VerificationFailed("a pivot of the list of the lists lacks", code="lists.unverified") from error


class TrustedLists:
    """The lists of a folder, read again when they are refreshed; safe from several threads."""

    def __init__(self, folder: Path, signers: ListSigners, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._signers = signers
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._lotl: ListOfLists | None = None
        self._read: dict[str, NationalList | None] = {}
        self._named: dict[str, frozenset[bytes] | None] = {}

    def now(self) -> datetime:
        """Return the instant as of which lists are judged out of date, whatever the instant of what they are asked about."""
        return self._clock.now()

    def list_of_lists(self) -> ListOfLists | None:
        """Return the verified list of the lists; None when there is none, or it is not signed as it should be."""
        with self._lock:
            return self._list_of_lists()

    def naming(self, certificates: Sequence[x509.Certificate]) -> tuple[list[NationalList], bool]:
        """Return the verified lists that may name the issuer, or the key, of one of these; and whether a list lacks or is unusable."""
        needles = {one.issuer.public_bytes() for one in certificates}
        needles |= {_key(one) for one in certificates}
        found, complete = [], True
        with self._lock:
            lotl = self._list_of_lists()
            for reference in lotl.references if lotl is not None else ():
                names = self._names_in(reference)
                if names is None:
                    complete = False
                elif not names.isdisjoint(needles):
                    read = self._verified(reference)
                    complete &= read is not None
                    found += [read] if read is not None else []
        return found, complete

    def _names_in(self, reference: ListReference) -> frozenset[bytes] | None:
        """Return the names and keys of a list's certificates, its signature not verified yet, which costs far more; None without it."""
        if reference.name not in self._named:
            try:
                data = (self._folder / reference.file).read_bytes()
            except OSError:
                self._named[reference.name] = None
            else:
                self._named[reference.name] = frozenset(_names(data))
        return self._named[reference.name]

    def _list_of_lists(self) -> ListOfLists | None:
        try:
            seen = ((self._folder / LOTL_FILE).stat().st_mtime_ns, _newest(self._folder))
            data = (self._folder / LOTL_FILE).read_bytes() if seen != self._seen else b""
        except OSError:
            return None
        if seen != self._seen:
            self._seen, self._read, self._named = seen, {}, {}
            try:
                self._lotl = self._signers.verify(data, self._clock.now(), lambda address: read_pivot_file(self._folder, address))
            except VerificationFailed:
                self._lotl = None
        return self._lotl

    def _verified(self, reference: ListReference) -> NationalList | None:
        if reference.name not in self._read:
            try:
                data = (self._folder / reference.file).read_bytes()
                self._read[reference.name] = read_national_list(reference.name, data, reference.signers, self._clock.now())
            except (OSError, VerificationFailed):
                self._read[reference.name] = None
        return self._read[reference.name]


def _newest(folder: Path) -> int:
    return max((one.stat().st_mtime_ns for one in folder.glob("list-*.xml")), default=0)


def _names(data: bytes) -> Iterator[bytes]:
    for text in CERTIFICATE_IN_XML.findall(data):
        try:
            certificate = x509.load_der_x509_certificate(base64.b64decode(text))
            yield certificate.subject.public_bytes()
            yield _key(certificate)
        except CERTIFICATE_ERRORS:  # one that cannot be read names nobody (binascii.Error is a ValueError)
            continue


def _key(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _readable(certificates: Iterable[bytes]) -> Iterator[x509.Certificate]:
    for der in certificates:
        try:
            yield load_certificate(der)
        except CERTIFICATE_ERRORS:  # no path leads through it
            continue


def issued_at(data: bytes) -> datetime:
    """Return when a list of lists says that it was issued; nothing is verified yet.

    Raises:
        VerificationFailed: ``lists.unreadable``.
    """
    return _unsigned(lambda: eutl_parse.parse_lotl_unsafe(data.decode("utf-8-sig")).claimed_date_issued)


def pivot_addresses(data: bytes) -> list[str]:
    """Return where the earlier lists of the lists are that lead to this one's signers; nothing is verified yet.

    Raises:
        VerificationFailed: ``lists.unreadable``.
    """
    return _unsigned(lambda: eutl_parse.parse_lotl_unsafe(data.decode("utf-8-sig")).pivot_urls)


def _unsigned(read: Callable[[], Result]) -> Result:
    try:
        return read()
    except Exception as error:  # as above
        raise VerificationFailed(f"a trusted list that cannot be read ({type(error).__name__})", code="lists.unreadable") from error


def _read_list_of_lists(xml: str) -> ListOfLists:
    issued_at, next_update_at = _unsigned(lambda: _dates(xml))
    return ListOfLists(issued_at, next_update_at, tuple(_unsigned(lambda: list(_references(xml, of_lists=False)))))


def _references(xml: str, *, of_lists: bool) -> Iterator[ListReference]:
    named = set[str]()
    for one in eutl_parse.parse_lotl_unsafe(xml).references[:MOST_LISTS]:
        if (eutl_parse.LOTL_RULE in one.scheme_rules) is of_lists and TERRITORY.match(one.territory) and one.territory not in named:
            named.add(one.territory)
            yield ListReference(one.territory, one.location_uri, tuple(one.tlso_certs))


def _dates(xml: str) -> tuple[datetime, datetime | None]:
    scheme = eutl_parse._raw_tl_parse(xml).scheme_information  # noqa: SLF001 the public functions do not give the next update
    if scheme is None or scheme.list_issue_date_time is None:
        raise ValueError("no date of issue")
    following = scheme.next_update.date_time if scheme.next_update is not None else None
    return scheme.list_issue_date_time.to_datetime(), following.to_datetime() if following is not None else None
