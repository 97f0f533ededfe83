"""The runs service: plans, draws and rounds, settlement, seals, and what came of every candidate."""
