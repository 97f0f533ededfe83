"""What carries runs on: it follows records, has leaves settle, publishes items and tells how far they are."""
