"""The evaluator: what each leaf gained, and what was forgotten."""
