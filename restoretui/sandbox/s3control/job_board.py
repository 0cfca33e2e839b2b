"""The job scheduler of one account: a lazy state machine on the virtual clock (FACTS 2.4), without timers."""

from restoretui.core.model import Tier
from restoretui.sandbox.s3control.job import ENDED, CopyOperation, Job, Order, Task
from restoretui.sandbox.s3control.manifest import Unusable, open_manifest
from restoretui.sandbox.s3control.report import KeysAs, refused_message, row, write_report, written
from restoretui.sandbox.state.bucket import Extra, copied_etag, made_tag
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.kinds import kind_number
from restoretui.sandbox.state.refusals import ErrorAnswer, no_such_bucket
from restoretui.sandbox.state.restore import BY_A_JOB

NEW_S = 1.0
PREPARE_S = 60.0
ROWS_PREPARED_PER_S = 20_000
QUEUE_S = 15.0
PAUSE_S = 5.0
END_S = 5.0
TASKS_PER_S = 500
SLOTS = 2
"""Jobs that are Active at a time; one of higher priority pushes the least of them aside."""
KEPT_S = 90 * 86400
"""How long an ended job is known (FACTS 2.4)."""
CONFIRM_WITHIN_S = 30 * 86400
THRESHOLD_TASKS = 1000
MOST_COPIED = 5_000_000_000
"""Bytes of an object that a job copies."""
AT_ONCE = 20_000
"""Tasks worked off while one request waits; the others follow at the next one."""
_INF = float("inf")


class JobBoard:
    """Every job, by id."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.jobs: dict[str, Job] = {}
        self.due = _INF
        self.keys_as: KeysAs = "form"
        """How reports write keys, which is not documented: form-encoded where real ones were seen (FACTS 2.3)."""
        self.joined_by = "/"
        """Between a prefix and the key of what is copied below it: a slash or nothing, as papers do not agree."""
        self._by_token: dict[tuple[str, str, str], Job] = {}
        self._busy = False
        cloud.background = self

    # --- what callers ask for

    def create(self, order: Order, region: str) -> Job:
        """A new job, or the one that was made with the same token."""
        known = self._by_token.get((order.account, region, order.token))
        if known is not None:
            if known.order.digest != order.digest:
                raise ErrorAnswer(
                    400, "IdempotencyException", "The ClientRequestToken was used before with other parameters"
                )
            return known
        now = self.cloud.now()
        tag = made_tag(self.cloud.seed, "job", len(self.jobs), order.token)
        text = f"{tag:016x}{tag ^ 0x5DEECE66D:016x}"
        job = Job(
            f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:32]}",
            order,
            region,
            now,
            order.priority,
            dict(order.tags),
            due=now + NEW_S,
        )
        self.jobs[job.id] = self._by_token[order.account, region, order.token] = job
        self._plan_ahead()
        return job

    def find(self, job_id: str, region: str, account: str) -> Job:
        """The job; ``NoSuchJob`` in another account or region, and 90 days after its end."""
        now = self.cloud.now()
        job = self.jobs.get(job_id)
        is_there = job is not None and job.region == region and job.order.account == account
        if job is None or not is_there or (job.ended is not None and now - job.ended > KEPT_S):
            raise ErrorAnswer(404, "NoSuchJobException", "The specified job does not exist.")
        return job

    def listed(self, region: str, account: str) -> list[Job]:
        """Those that are known, newest first."""
        now = self.cloud.now()
        ours = [job for job in self.jobs.values() if job.region == region and job.order.account == account]
        kept = [job for job in ours if job.ended is None or now - job.ended <= KEPT_S]
        return sorted(kept, key=lambda job: (-job.created, job.id))

    def update_status(self, job: Job, wanted: str, reason: str) -> None:
        """Confirm or cancel."""
        now = self.cloud.now()
        allowed = (
            job.status == "Suspended" if wanted == "Ready" else job.status not in (*ENDED, "Cancelling", "Failing")
        )
        if not allowed:
            raise ErrorAnswer(
                400, "JobStatusException", f"The job is {job.status}: its status cannot be changed to {wanted}"
            )
        job.reason = reason
        if wanted == "Ready":
            self._enter(job, "Ready", now, QUEUE_S)
        else:
            self._enter(job, "Cancelling", now, END_S)
        self._plan_ahead()

    def update_priority(self, job: Job, priority: int) -> None:
        """Any time before the end."""
        if job.status in ENDED:
            raise ErrorAnswer(400, "JobStatusException", f"The job is {job.status}: its priority cannot be changed")
        job.priority = priority
        self._fill_slots(self.cloud.now())
        self._plan_ahead()

    # --- what happens by itself

    def catch_up(self, now: float) -> None:
        """Everything due by ``now``, in the order of its instants; of tasks so many at a time."""
        if self._busy:
            return
        self._busy = True
        left = AT_ONCE
        try:
            while left > 0:
                live = [job for job in self.jobs.values() if job.status not in ENDED]
                change = min(live, key=lambda job: job.due, default=None)
                until = min(now, change.due if change else _INF)
                left -= self._work(live, until, left)
                if left <= 0 or change is None or change.due > now:
                    break
                self._step(change, change.due)
                self._fill_slots(until)
        finally:
            self._busy = False
            self._plan_ahead()

    def _plan_ahead(self) -> None:
        self.due = min((min(job.due, job.next_task) for job in self.jobs.values()), default=_INF)

    def _enter(self, job: Job, status: str, at: float, lasts: float = _INF) -> None:
        if job.status == "Active":
            job.active_s += at - job.active_since
            job.next_task = _INF
        job.status = status
        job.due = at + lasts
        if status == "Active":
            job.active_since = at
            job.next_task = at + 1 / TASKS_PER_S
        if status in ENDED:
            job.due = job.next_task = _INF
            job.ended = at
            job.tasks = None
            write_report(self.cloud, job, at)

    def _step(self, job: Job, at: float) -> None:
        match job.status:
            case "New":
                self._enter(job, "Preparing", at, PREPARE_S)
            case "Preparing" if not job.total:
                self._prepare(job, at)
            case "Preparing" if job.order.confirm:
                job.suspended = at
                self._enter(job, "Suspended", at, CONFIRM_WITHIN_S)
            case "Preparing":
                self._enter(job, "Ready", at, QUEUE_S)
            case "Suspended":
                self._fail(job, "NotConfirmed", "The job was not confirmed within 30 days", at)
            case "Ready":
                job.due = _INF  # Now it waits for a slot.
            case "Pausing":
                self._enter(job, "Paused", at)
            case "Completing":
                self._enter(job, "Complete", at)
            case "Failing":
                self._enter(job, "Failed", at)
            case "Cancelling":
                self._enter(job, "Cancelled", at)

    def _prepare(self, job: Job, at: float) -> None:
        report = job.order.report
        if report is not None and report.bucket not in self.cloud.buckets:
            self._fail(job, "NoSuchBucket", f"The report bucket {report.bucket} does not exist", at)
            return
        try:
            manifest = open_manifest(self.cloud, job, at)
        except Unusable as error:
            self._fail(job, error.code, error.reason, at)
            return
        job.total = manifest.rows
        job.tasks = manifest.tasks()
        job.due = at + manifest.rows / ROWS_PREPARED_PER_S

    def _fail(self, job: Job, code: str, reason: str, at: float) -> None:
        job.failures.append((code, reason))
        self._enter(job, "Failing", at, END_S)

    def _fill_slots(self, at: float) -> None:
        waiting = [
            job for job in self.jobs.values() if (job.status == "Ready" and job.due == _INF) or job.status == "Paused"
        ]
        waiting.sort(key=lambda job: (-job.priority, job.created))
        for job in waiting:
            running = [other for other in self.jobs.values() if other.status in ("Active", "Pausing")]
            if len(running) < SLOTS:
                self._enter(job, "Active", at)
                continue
            least = min(
                (other for other in running if other.status == "Active"),
                key=lambda other: (other.priority, -other.created),
                default=None,
            )
            if any(other.status == "Pausing" for other in running) or least is None:
                break
            if least.priority >= job.priority:
                break
            self._enter(least, "Pausing", at, PAUSE_S)

    def _work(self, live: list[Job], until: float, most: int) -> int:
        worked = 0
        for job in live:
            while job.next_task <= until and worked < most:
                at = job.next_task
                task = next(job.tasks, None) if job.tasks is not None else None
                if task is None:
                    self._enter(job, "Completing", at, END_S)
                    break
                self._run_task(job, task, at)
                worked += 1
                job.next_task = at + 1 / TASKS_PER_S
                if job.done >= THRESHOLD_TASKS and job.failed * 2 > job.done:
                    # The code's name is not documented.
                    self._fail(job, "FailureThresholdExceeded", "More than 50% of the tasks failed", at)
        return worked

    def _run_task(self, job: Job, task: Task, at: float) -> None:
        status, code, message = self._attempt(job, task, at)
        if code:
            job.failed += 1
            message = refused_message(status, code, message, f"{made_tag(job.id, job.done):016X}")
        else:
            job.succeeded += 1
        key = written(task.key, self.keys_as)
        job.rows["failed" if code else "succeeded"].append(row(task, key, status, code, message))

    def _copy(self, wanted: CopyOperation, task: Task, at: float) -> tuple[int, str, str]:
        """One object of up to 5 GB, which has to be readable, under its own key behind the prefix."""
        source, target = self.cloud.buckets.get(task.bucket), self.cloud.buckets.get(wanted.bucket)
        try:
            if source is None or target is None:
                raise no_such_bucket(wanted.bucket)
            _, row = source.find(task.key, task.version_id)
        except ErrorAnswer as no:
            return no.status, no.code, no.message
        if not source.readable(row, at):
            return 403, "InvalidObjectState", "The operation is not valid for the object's storage class"
        if row.size > MOST_COPIED:
            return 400, "InvalidRequest", "The specified copy source is larger than the maximum allowable size"
        if row.modified > wanted.since:
            return 412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"
        old = source.extras.get(row.tag) or Extra()
        extra = Extra(source.body(row), copied_etag(source.etag(row.tag)), dict(old.headers), dict(old.tags))
        key = f"{wanted.prefix}{self.joined_by if wanted.prefix else ''}{task.key}"
        target.write(key, row.size, kind_number(wanted.storage_class), at, extra)
        target.copied[key] += 1
        return 200, "", "Successful"

    def _attempt(self, job: Job, task: Task, at: float) -> tuple[int, str, str]:
        order = job.order
        unlucky = self.cloud.conditions.task_failure(task.bucket, task.key, at)
        if unlucky is not None:
            return unlucky
        if not order.role.restores:
            return 403, "AccessDenied", "Access Denied"
        bucket = self.cloud.buckets.get(task.bucket)
        if bucket is not None and bucket.owner != order.account:
            return 403, "AccessDenied", "Access Denied"  # Nor can a job agree to pay (FACTS 1.8).
        if bucket is not None and bucket.region != job.region:
            return 301, "PermanentRedirect", "The bucket must be addressed using another endpoint"
        tier: Tier = order.tier
        if order.copies is not None:
            return self._copy(order.copies, task, at)
        try:
            self.cloud.restore(
                task.bucket, task.key, task.version_id, days=order.days, tier=tier, at=at, manner=BY_A_JOB
            )
        except ErrorAnswer as no:
            return no.status, no.code, no.message
        return 200, "", "Successful"
