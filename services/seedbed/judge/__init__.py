"""The judge: weighs instructions and pairs, and proves what it says about a document with a quote."""
