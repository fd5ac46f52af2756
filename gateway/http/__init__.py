"""Everything between the bytes on a socket and a flow: routes, keys, bodies, problems, the published contract."""
