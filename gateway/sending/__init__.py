"""The caller's side of the API: what `forbear send` and the demo use to ask, to follow and to count."""
