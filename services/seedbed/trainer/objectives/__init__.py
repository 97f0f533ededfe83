"""What a phase is tuned for, a module each: which rows and tokens it takes, its loss, its part of a recipe.

Recipes are read by services, into which torch is never loaded: a module here loads it in `start` alone.
"""
