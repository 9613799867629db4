#!/usr/bin/env bash
# The step of action.yml: runs pfetch with the inputs of the environment, writes its reports, the summary of the step
# and the outputs, and ends with pfetch's exit code. Needs jq, which GitHub's runners have.
set -euo pipefail

fail() {
    echo "::error title=pfetch::$1"
    exit 2
}

reports=${PFETCH_REPORTS:-pfetch-reports}
mkdir -p "$reports"

options=()
[ -n "${PFETCH_URLS:-}" ] || [ -n "${PFETCH_FILE:-}" ] || fail 'give URLs by the input urls or file'
[ -z "${PFETCH_URLS:-}" ] || [ -z "${PFETCH_FILE:-}" ] || fail 'give the URLs by one of the inputs urls and file'
[ -z "${PFETCH_WORKERS:-}" ] || options+=(--workers "$PFETCH_WORKERS")
case "${PFETCH_COMPARE:-false}" in
    true) options+=(--compare) ;;
    false) ;;
    *) fail "the input compare is true or false, not '$PFETCH_COMPARE'" ;;
esac
while IFS= read -r assertion; do
    [[ $assertion =~ ^[[:space:]]*$ ]] || options+=(--assert "$assertion")
done <<<"${PFETCH_ASSERT:-}"
# The first run makes the file: there is nothing to be set against yet.
[ -z "${PFETCH_BASELINE:-}" ] || options+=(--against "$PFETCH_BASELINE" --save-baseline "$PFETCH_BASELINE")
# Words and quotes as a shell has them, but nothing of it is run.
if [ -n "${PFETCH_ARGS:-}" ]; then
    words=$(xargs -r -n 1 printf '%s\n' <<<"$PFETCH_ARGS") || fail "a quote in the input args is not closed: $PFETCH_ARGS"
    while IFS= read -r word; do options+=("$word"); done <<<"$words"
fi

code=0
pfetch -i "${PFETCH_FILE:--}" "${options[@]}" \
    --export "json=$reports/pfetch.json" \
    --export "md=$reports/pfetch.md" \
    --export "junit=$reports/pfetch.xml" \
    --export "html=$reports/pfetch.html" <<<"${PFETCH_URLS:-}" || code=$?

output() { echo "$1=$2" >>"${GITHUB_OUTPUT:-/dev/null}"; }
output exit-code "$code"
# There is none after a mistake in the inputs.
if [ -s "$reports/pfetch.json" ]; then
    of_run() { jq -r "$1 // empty" "$reports/pfetch.json"; }
    output speedup "$(of_run '.comparison.speedup.ratio')"
    output total "$(of_run 'if .comparison then .comparison.parallel.sample.mean else .summary.parallel end')"
    output failed "$(of_run 'if .comparison then .comparison.parallel.failed + .comparison.serial.failed else .summary.failed end')"
fi
if [ -s "$reports/pfetch.md" ]; then
    cat "$reports/pfetch.md" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
fi
if [ "$code" != 0 ]; then
    case $code in
        1) why='URLs failed, or the deadline passed' ;;
        3) why='an assertion does not hold' ;;
        2) why='an input is wrong; the log says which' ;;
        *) why='see the log' ;;
    esac
    echo "::error title=pfetch::exit code $code: $why"
fi
exit "$code"
