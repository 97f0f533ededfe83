"""Git, of which nothing is believed: nothing runs that stands in a repository which others wrote.

It knows trees of files, and no taxonomy.
"""
