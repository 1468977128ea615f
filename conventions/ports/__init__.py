"""What the steps need from outside, one Protocol per subject.

Each port promises its errors: an adapter converts every library error at its border and raises ours only.
None may be called while a registry transaction is open, except the registry's own.
"""
