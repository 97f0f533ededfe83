"""From conversations to rows of tokens: which rows, which tokens count, how they are packed."""
