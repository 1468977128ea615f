"""The embedded stack: everything outside that the product needs, as processes of this machine, on loopback.

For trying, for the demonstration and for tests. Nothing of production imports it.
"""
