"""The signers' site: from the link in a mail to the signature."""
