"""The embedded default: one Valkey and one PostgreSQL from wheels, on one data folder, for one machine."""
