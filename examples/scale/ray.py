"""Fetches a list under Ray: a task for each shard, with a run log and a report of its own.

    python examples/scale/ray.py URLS OUT

URLS is a list of URLs or JSON lines, OUT a folder; all nodes have both at the same place. To change: SHARDS, which
belongs to OUT, and OPTIONS. What is made: OUT/files, OUT/logs, OUT/reports (JSON Lines: `ray.data.read_json` has the
table). The same command run again fetches only what is missing.
"""

import fcntl
import glob
import os
import subprocess
import sys

# This folder has a ray.py too, and it is not the engine.
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder) != HERE]

import ray  # noqa: E402

PFETCH = os.environ.get("PFETCH", "pfetch")  # found on every node
SHARDS = int(os.environ.get("SHARDS", "20"))
# A URL that fails is told in the report, and is no reason to run its whole shard again.
OPTIONS = ["-j", "8", "--max-failures", "100%"]
# A failure of the node, a process that was killed or stopped: another try may do.
WORTH_A_RETRY = {4, 137, 143}


class TryAgain(Exception):
    """A shard that did not come to its end."""


@ray.remote(num_cpus=1, max_retries=3, retry_exceptions=[TryAgain])
def fetch(shard, urls, out):
    command = [PFETCH, *OPTIONS, "-i", urls, "--shard", f"{shard}/{SHARDS}", "-d", f"{out}/files"]
    command += ["--log", f"{out}/logs/{shard}.log", "--resume", "--format", "jsonl"]
    with (
        open(f"{out}/logs/{shard}.lock", "w") as lock,
        # Added to, so that the report of an attempt that is killed is not lost.
        open(f"{out}/reports/{shard}.jsonl", "ab") as report,
    ):
        # pfetch has the lock too, and may outlive a worker of Ray that was killed: wait for its end.
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = subprocess.run(command, stdout=report, stderr=subprocess.PIPE, pass_fds=[lock.fileno()])
    # As a shell has it, where a signal ended it.
    code = run.returncode if run.returncode >= 0 else 128 - run.returncode
    if code != 0:
        error = TryAgain if code in WORTH_A_RETRY else RuntimeError
        raise error(f"shard {shard}: exit code {code}: {run.stderr.decode(errors='replace')}")


if __name__ == "__main__":
    urls, out = map(os.path.abspath, sys.argv[1:3])
    for folder in ("files", "logs", "reports"):
        os.makedirs(f"{out}/{folder}", exist_ok=True)
    ray.init()
    ray.get([fetch.remote(shard, urls, out) for shard in range(SHARDS)])

    # The reports of all shards as one.
    reports = sorted(glob.glob(f"{out}/reports/*.jsonl"))
    subprocess.run([PFETCH, "--summary-only", "--replay", *reports], check=True)
