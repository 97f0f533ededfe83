"""Knowledge: documents become text, text becomes chunks, chunks and seed examples become grounded pairs."""
