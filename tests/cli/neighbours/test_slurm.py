"""The recipe for Slurm, in a cluster of this machine alone that needs neither munge nor root, or skipped."""

import getpass
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.conftest import Run, Served
from tests.cli.neighbours.programs import SYSTEM, program, recipe, s3_of, told

CONFIGURATION = """
ClusterName=here
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/none
CredType=cred/none
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}
SlurmdSpoolDir={folder}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1,batch_sched_delay=0
MailProg=/bin/true
NodeName={host} NodeAddr=127.0.0.1 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES State=UP
"""
UP_S, GLANCE_S = 20, 0.5
JOB = "%i|%j|%S"


class Cluster(NamedTuple):
    env: dict[str, str]
    folder: Path

    def told(self, *words: str) -> str:
        return told(self.env, self.folder, *words)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    daemons = [program("slurmctld", "slurm-wlm"), program("slurmd", "slurm-wlm")]
    folder = tmp_path / "slurm"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "restoretui").write_text(f'#!/bin/sh\nexec {sys.executable} -m restoretui "$@"\n')
    (folder / "bin" / "restoretui").chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        ports = [each.getsockname()[1] for each in (one, other)]
    host = socket.gethostname().partition(".")[0]
    (folder / "slurm.conf").write_text(
        CONFIGURATION.format(host=host, user=getpass.getuser(), ports=ports, folder=folder)
    )
    path = f"{folder / 'bin'}:{os.environ['PATH']}:{SYSTEM}"
    here = Cluster({"SLURM_CONF": str(folder / "slurm.conf"), "PATH": path, "TZ": "Asia/Tokyo"}, folder)
    with ExitStack() as ends:
        for daemon in daemons:
            log = ends.enter_context((folder / "log").open("ab"))
            running = subprocess.Popen([daemon, "-D"], env={**os.environ, **here.env}, stdout=log, stderr=log)
            ends.callback(running.wait, 20)
            ends.callback(running.terminate)
        end = time.monotonic() + UP_S
        while (
            "idle"
            not in subprocess.run(
                ["sinfo", "-h", "-o", "%t"],
                env={**os.environ, **here.env},
                capture_output=True,
                text=True,
                timeout=UP_S,
            ).stdout
        ):
            if time.monotonic() > end:
                pytest.skip(f"Slurm does not run here: {(folder / 'log').read_text()[-300:]}")
            time.sleep(GLANCE_S)
        yield here


@pytest.fixture
def cold() -> Iterator[Served]:
    """A quarter of an hour a second, from now on: it is soon later there than here, and Slurm's times lie ahead."""
    served = Served("--objects", "1", "--speed", "900", "--now=now")
    yield served
    served.close()


@pytest.mark.timeout(120)
def test_a_job_hands_itself_on_to_the_time_it_is_told_until_all_can_be_read(
    cluster: Cluster, cold: Served, run: Run, tmp_path: Path
) -> None:
    s3 = s3_of(cold, "reads")
    for number in range(3):
        s3.put_object(Bucket="reads", Key=f"run7/{number}.bam", Body=b"ACGT", StorageClass="GLACIER")
    asked = run(cold, "restore", "s3://reads/run7/", "--tier", "standard", "--days", "3", "--yes")
    assert asked.code == 0, asked.err
    cluster.env.update(cold.contract["env"], RESTORETUI_STATE_DIR=str(tmp_path / "state"), HOME=str(tmp_path))
    (cluster.folder / "warm.sh").write_text(recipe("Slurm", "sh"))
    (cluster.folder / "analysis.sh").write_text("#!/bin/sh\nrestoretui status --json > seen && mv seen analysed\n")
    cluster.told("sbatch", "warm.sh")
    put_off = []
    while not (cluster.folder / "analysed").exists():
        time.sleep(GLANCE_S)
        for line in cluster.told("squeue", "-h", "-t", "PD", "-o", JOB).splitlines():
            job, name, begins = line.split("|")
            if begins == "N/A":
                continue  # It waits for the scheduler, not for a time.
            at = datetime.fromisoformat(f"{begins}+09:00")
            if name == "warm" and at > datetime.now(UTC) + timedelta(minutes=1):
                put_off.append(at)
                cluster.told("scontrol", "update", f"JobId={job}", "StartTime=now")  # as if it were then
    assert put_off, "the first look finds nothing yet"
    assert max(put_off) < datetime.now(UTC) + timedelta(hours=24), "in the time zone that Slurm takes it in"
    assert '"available": 3' in (cluster.folder / "analysed").read_text().splitlines()[-1]


@pytest.mark.parametrize("told_at", ["2030-05-06T07:08:00Z", ""])
def test_a_time_that_is_not_told_is_a_quarter_of_an_hour_later(told_at: str, tmp_path: Path) -> None:
    """What the recipe would tell Slurm, where no Slurm is needed to see it."""
    for name, body in (("restoretui", f"echo {told_at}; exit 3"), ("sbatch", 'echo "$@"')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "warm.sh").write_text(recipe("Slurm", "sh"))
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TZ": "Asia/Tokyo"}
    before = datetime.now(UTC)
    asked = told(env, tmp_path, "sh", "warm.sh")
    found = re.fullmatch(r"--begin=(\S+) warm.sh\n", asked)
    assert found is not None, asked
    begins = datetime.fromisoformat(f"{found[1]}+09:00")
    if told_at:
        assert begins == datetime(2030, 5, 6, 7, 8, tzinfo=UTC)
    else:
        assert timedelta(minutes=14) < begins - before < timedelta(minutes=16)
