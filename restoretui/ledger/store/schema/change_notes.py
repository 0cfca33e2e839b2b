"""Triggers that note what totals have to be counted anew."""

_KEPT = "EXISTS (SELECT 1 FROM listing WHERE counted)"
_JOB_OF = (
    "INSERT INTO stale_look SELECT p.id, OLD.key, OLD.version_id FROM bucket b JOIN place p"
    " ON p.scheme = b.scheme AND p.endpoint = b.endpoint AND p.bucket = b.name WHERE b.id = OLD.bucket_id"
    " ON CONFLICT DO NOTHING"
)
_LOOK = "INSERT INTO stale_look VALUES ({row}.place_id, {row}.key, {row}.version_id) ON CONFLICT DO NOTHING"
_JOB_COMES = f"""CREATE TEMP TRIGGER job_comes AFTER INSERT ON main.job WHEN {_KEPT}
    BEGIN INSERT INTO stale_job VALUES (NEW.id) ON CONFLICT DO NOTHING; END"""
CHANGES_ARE_NOTED = (
    _JOB_COMES,
    f"""CREATE TEMP TRIGGER job_changes AFTER UPDATE OF state, changed_at, expiry ON main.job
        WHEN (NEW.state <> OLD.state OR NEW.changed_at <> OLD.changed_at OR NEW.expiry IS NOT OLD.expiry) AND {_KEPT}
        BEGIN INSERT INTO stale_job VALUES (NEW.id) ON CONFLICT DO NOTHING; END""",
    f"""CREATE TEMP TRIGGER job_goes AFTER DELETE ON main.job WHEN {_KEPT} BEGIN {_JOB_OF}; END""",
    f"""CREATE TEMP TRIGGER look_comes AFTER INSERT ON catalog.observation WHEN {_KEPT}
        BEGIN {_LOOK.format(row="NEW")}; END""",
    f"""CREATE TEMP TRIGGER look_changes AFTER UPDATE ON catalog.observation WHEN {_KEPT}
        BEGIN {_LOOK.format(row="NEW")}; END""",
    f"""CREATE TEMP TRIGGER look_goes AFTER DELETE ON catalog.observation WHEN {_KEPT}
        BEGIN {_LOOK.format(row="OLD")}; END""",
)
"""Whatever changes what an object counts as is noted in the same transaction, whoever writes it. Triggers of the
connection that writes: those of a file could not name a table of the other."""
JOBS_COME_IN_BULK = "DROP TRIGGER IF EXISTS temp.job_comes"
"""Begins the insertion of very many jobs, whose ids then rise from ``:first`` to ``:last``; see the next."""
BULK_IS_NOTED = (
    _JOB_COMES,
    f"INSERT OR IGNORE INTO stale_job SELECT id FROM main.job WHERE id BETWEEN :first AND :last AND {_KEPT}",
)
"""Ends it, in the same transaction: one statement takes a fifth of the time of a trigger for each."""
