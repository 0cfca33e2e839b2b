"""The SQLite files themselves: schema, migrations, the one writer, readers, leases, and what other processes do."""
