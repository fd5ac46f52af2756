"""Measures Forbear on this machine, every figure beside the machine's own limit in the same run: `make bench`."""
