"""Trees of files: what one is, one in a folder, patterns of paths. Knows no git and no taxonomy."""
