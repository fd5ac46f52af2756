"""One small function per route: from a typed call to a flow, and from its value to an answer."""
