"""The tables that each listing has of its own in ``catalog.db``."""


def listing_tables(listing_id: int) -> tuple[str, ...]:
    """The statements that make one listing's tables: objects (ids: see ``segments``), common prefixes, and totals.

    No unique or other index: appending is 10 times as fast without. ``seen`` is seconds since the listing began.
    """
    return (
        f"""CREATE TABLE catalog.l{listing_id} (
            id INTEGER PRIMARY KEY,
            key TEXT NOT NULL,
            version_id TEXT,
            size INTEGER NOT NULL,
            modified INTEGER NOT NULL,
            storage_class TEXT NOT NULL,
            in_progress INTEGER,
            expiry INTEGER,
            etag TEXT NOT NULL,
            is_latest INTEGER NOT NULL,
            seen INTEGER NOT NULL
        )""",
        f"CREATE TABLE catalog.p{listing_id} (id INTEGER PRIMARY KEY, prefix TEXT NOT NULL)",
        f"""CREATE TABLE catalog.t{listing_id} (
            id INTEGER PRIMARY KEY,
            depth INTEGER NOT NULL,
            prefix TEXT NOT NULL,
            storage_class TEXT NOT NULL,
            state TEXT NOT NULL,
            objects INTEGER NOT NULL,
            high INTEGER NOT NULL,
            low INTEGER NOT NULL,
            unsized INTEGER NOT NULL,
            UNIQUE (depth, prefix, storage_class, state)
        )""",
        f"""CREATE TABLE catalog.r{listing_id} (
            id INTEGER PRIMARY KEY,
            storage_class TEXT NOT NULL,
            state TEXT NOT NULL,
            size INTEGER NOT NULL,
            until INTEGER
        )""",
        f"CREATE INDEX catalog.r{listing_id}_until ON r{listing_id} (until) WHERE until IS NOT NULL",
    )
