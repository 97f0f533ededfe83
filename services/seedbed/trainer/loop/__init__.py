"""One phase in a process of its own: got ready, trained step by step, interrupted, written down."""
