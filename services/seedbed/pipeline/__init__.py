"""What flows through Seedbed and by what it is decided: kinds of leaf, plans, recipes, costs, similarity.

Pure: nothing here waits, writes, asks or knows a service; it may know errors and identities alone.
"""
