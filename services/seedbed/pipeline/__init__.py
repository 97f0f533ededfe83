"""What flows through Seedbed and by what it is decided: recipes, costs, evidence, similarity, languages.

Pure: nothing here waits, writes, asks or knows a service; it may know errors and identities alone.
"""
