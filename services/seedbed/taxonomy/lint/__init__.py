"""What is wrong in a taxonomy, and where: from the bytes of a `qna.yaml` to findings.

Pure: it is given trees and texts, and neither waits, writes nor asks.
"""
