"""The long-running processes; each file has one `main`."""
