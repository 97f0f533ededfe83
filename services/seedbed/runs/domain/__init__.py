"""What is decided about runs and leaves: plans, rounds, budgets, settlement, pedigree.

Pure: nothing here waits, writes or asks.
"""
