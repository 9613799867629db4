#!/bin/sh
# A step for CI: is fetching these URLs in parallel at least twice as fast as one by one?
#
#   PFETCH=target/release/pfetch examples/ci_gate.sh urls.txt [DIR]
#
# It measures both, writes DIR/pfetch.md (for the step's summary), DIR/pfetch.xml (JUnit, for the test
# report) and DIR/pfetch.html (a page for people), and ends with pfetch's exit code: 3 if the speed-up is
# shown to be less than 2, 0 if not, others as pfetch --help has them. Pairs of runs are made until that is decided,
# 30 at most and for a minute. Where they do not decide, because the machine is too busy or the speed-up is nearly 2,
# that is a warning: with --strict-assert it would be a failure.
set -eu

list=${1:?"give a list of URLs, one a line"}
dir=${2:-.}
pfetch=${PFETCH:-pfetch}

code=0
"$pfetch" -i "$list" -j "${WORKERS:-8}" --compare --runs "${RUNS:-auto}" \
    --assert 'speedup>=2' --assert 'failed==0' \
    --export "md=$dir/pfetch.md" \
    --export "junit=$dir/pfetch.xml" \
    --export "html=$dir/pfetch.html" || code=$?

# Where GitHub Actions keeps the summary of a step; elsewhere the file is enough.
if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -f "$dir/pfetch.md" ]; then
    cat "$dir/pfetch.md" >>"$GITHUB_STEP_SUMMARY"
fi
exit "$code"
