"""How results are shown: tables, progress, bills, failures."""
