"""The report of a run: one page that shows what was made, what was learnt, and where every sample came from.

A library beside the kernel, not a service: it is given messages and rows, and reaches for nothing.
"""

from seedbed.report.facts import Facts
from seedbed.report.gathering import gather_facts
from seedbed.report.writing import write_page

__all__ = ["Facts", "gather_facts", "write_page"]
