"""The record that an outsider can verify: record bytes, Merkle logs, signed checkpoints. Stores nothing."""
