"""The commands of `forbear`: one file each, which loads what it needs only when it runs."""
