"""Looking after what is kept: documents that have to go, and what no run needs any more."""
