"""All SQL of the running product: readers that gather, writers that group, and the rows they trade in."""
