"""What carries runs on: it follows records, has leaves settle, publishes items and reports progress."""
