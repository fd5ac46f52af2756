"""A realistic day with people who do not exist: reserved numbers, example domains, and every ending in the book."""
