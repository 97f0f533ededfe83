"""The proof: does a small real student answer questions that people wrote, once it was trained on the text?

A unit is one recipe with one seed: it trains at as many tokens as every other, is asked each question without
the passage, and leaves its figures in one small file. `table.py` is about all the files there are.
"""

import os

# Read when torch is loaded: threads that wait by turning in circles cost many times as much.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
