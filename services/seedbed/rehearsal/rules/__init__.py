"""The rules: for each kind of request what a reply to it is made of. Pure; knows nothing of HTTP."""
