"""Keys, signatures, time-stamps, uploads, validation: all that pyHanko is used for, which is kept quiet from here."""

import logging

for library in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(library).setLevel(logging.CRITICAL + 1)  # it writes signers' names and stack traces; a report says the same
