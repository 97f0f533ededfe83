"""What is decided about runs and leaves: draws, rounds, budgets, settlement, pedigree.

Pure: nothing here waits, writes or asks.
"""
