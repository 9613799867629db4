"""Fetches a list under Spark: each partition is a shard, with a folder, a run log and a report of its own.

    spark-submit --master spark://HOST:7077 examples/scale/spark.py URLS OUT

URLS is a list of URLs or JSON lines, one a line, or a pattern of such files ('lists/*', which Spark takes in the
order of their names; that of a folder is not promised). `"meta"` of a JSON line comes back in its row. OUT is a
folder that the driver and all executors have in common. To change: OPTIONS, and SHARDS, the least number of
partitions. What is made: OUT/files/SHARD/, OUT/rows (JSON Lines, one a URL: `spark.read.json` has the table),
OUT/logs and OUT/reports.

A shard whose executor is lost is started again by Spark, and goes on from its log. The same command run again
fetches only what is missing. Both need shards that have the same lines in the same order each time: to fetch an RDD
or a column of your own in place of URLS, write it to files first, or sort it within its partitions.
"""

import fcntl
import glob
import json
import os
import subprocess
import sys
import tempfile

from pyspark.sql import SparkSession

PFETCH = os.environ.get("PFETCH", "pfetch")  # found by every executor
SHARDS = int(os.environ.get("SHARDS", "20"))
# A URL that fails is a row that says so, and no reason to run its whole shard again.
OPTIONS = ["-j", "8", "--max-failures", "100%", "--allow-empty"]
URLS, OUT = sys.argv[1], os.path.abspath(sys.argv[2])


def fetch(shard, urls):
    name = f"{shard:05}"
    command = [PFETCH, *OPTIONS, "-d", f"{OUT}/files/{name}", "--log", f"{OUT}/logs/{name}.log", "--resume"]
    with (
        tempfile.TemporaryFile() as input,
        open(f"{OUT}/logs/{name}.lock", "w") as lock,
        # Added to, so that the report of an attempt that is killed is not lost.
        open(f"{OUT}/reports/{name}.jsonl", "ab") as report,
    ):
        input.writelines(f"{url}\n".encode() for url in urls)
        input.seek(0)
        # pfetch has the lock too, and may outlive an executor that was killed: wait for its end.
        fcntl.flock(lock, fcntl.LOCK_EX)
        start = report.seek(0, os.SEEK_END)
        command += ["--format", "jsonl", "-"]
        run = subprocess.run(
            command, stdin=input, stdout=report, stderr=subprocess.PIPE, pass_fds=[lock.fileno()]
        )
    if run.returncode != 0:
        # Spark tries a task four times (spark.task.maxFailures).
        raise RuntimeError(f"shard {name}: exit code {run.returncode}: {run.stderr.decode(errors='replace')}")
    with open(f"{OUT}/reports/{name}.jsonl", encoding="utf-8") as report:
        report.seek(start)
        yield from (line.rstrip("\n") for line in report if json.loads(line)["type"] == "result")


# A mistake in the options is found here (exit code 2), and not four times in each shard.
subprocess.run([PFETCH, *OPTIONS, "--dry-run", "-"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
for folder in ("files", "logs", "reports"):
    os.makedirs(f"{OUT}/{folder}", exist_ok=True)
spark = SparkSession.builder.appName("pfetch").getOrCreate()
rows = spark.sparkContext.textFile(URLS, SHARDS).mapPartitionsWithIndex(fetch)
spark.createDataFrame(rows.map(lambda row: (row,)), "value string").write.mode("overwrite").text(f"{OUT}/rows")
spark.stop()

# The reports of all shards as one.
reports = sorted(glob.glob(f"{OUT}/reports/*.jsonl"))
subprocess.run([PFETCH, "--summary-only", "--replay", *reports], check=True)
