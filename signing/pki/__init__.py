"""The embedded PKI: a root, two issuing CAs, their OCSP responders and CRLs, a seal, a time-stamp authority.

It serves trial, demonstration and tests; a deployment with its own CA or trust service provider configures that instead.
Pure functions over ``cryptography``: keys, facts and ``now`` in, DER or PEM out. ``signing.pki.directory`` and
``signing.pki.register`` are the only parts that touch a disk.
"""
