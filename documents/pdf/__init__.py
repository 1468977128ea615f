"""Tagged, archivable PDF over reportlab: PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1)."""
