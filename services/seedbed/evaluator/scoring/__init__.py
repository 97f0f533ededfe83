"""How students answer and what it is worth: their process, lm-eval's scores, comparisons."""
