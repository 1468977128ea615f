"""What is changed in asn1crypto's ``load``: a certificate, an OCSP answer or a list that was read a moment ago is not parsed again.

A validation reads the store of a file some seven times, once for each state of the file that it looks at, and the files of a batch
hold the same authorities' certificates, answers and lists. The object of the same bytes is given again, with what it has worked
out so far. Readers write in none of them. Each thread has its own, since an object that is being parsed must not be seen by
another; each memory is bounded, and what is large, or read with options, goes to the library's own function.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from asn1crypto.crl import CertificateList
from asn1crypto.ocsp import OCSPResponse
from asn1crypto.x509 import Certificate

LOAD = "load"
REMEMBERED = 128
"""Objects of each class and thread: some tens of thousand bytes each once all of it is parsed."""
LARGEST_BYTES = 16_384
READ = (Certificate, OCSPResponse, CertificateList)

_thread = threading.local()


def remember_reads() -> None:
    """Change the ``load`` of each class as told above; again, nothing more."""
    for kind in READ:
        if not hasattr(getattr(kind, LOAD), "__wrapped__"):
            _remember(kind)


def _remember(kind: type[Any]) -> None:
    library = getattr(kind, LOAD)

    def load(cls: type[Any], /, encoded_data: bytes, strict: bool = False, **options: Any) -> Any:  # noqa: ANN401, FBT001, FBT002 the library's signature
        if cls is not kind or type(encoded_data) is not bytes or len(encoded_data) > LARGEST_BYTES or strict or options:
            return library.__func__(cls, encoded_data, strict=strict, **options)
        memory: OrderedDict[bytes, Any] = vars(_thread).setdefault(kind.__name__, OrderedDict())
        found = memory.get(encoded_data)
        if found is None:
            found = memory[encoded_data] = library(encoded_data)
            if len(memory) > REMEMBERED:
                memory.popitem(last=False)
        else:
            memory.move_to_end(encoded_data)
        return found

    load.__wrapped__ = library  # type: ignore[attr-defined]
    setattr(kind, LOAD, classmethod(load))
