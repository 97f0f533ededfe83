"""What is kept of runs: entries and their copies, seals, records of leaves, parts, dead letters."""
