"""Measures of the product, printed by ``make bench``. Process CPU, because wall time says what else the machine was doing."""
