"""Taxonomy: trees of seed examples are read, checked, compared and kept in the store with their documents."""
