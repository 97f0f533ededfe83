"""What the rules know of language, English and Korean: words, phrases, sentences. Pure; knows no task."""
