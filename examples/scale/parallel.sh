#!/bin/sh
# Fetches a list under GNU parallel: pieces of it go to processes of their own, each with a folder, a run log and a
# report.
#
#   examples/scale/parallel.sh urls.txt OUT
#
# To change: PIECE, the lines of a piece; JOBS, the processes at one time; the options of pfetch. Run again, it
# starts what failed or was not started, and that goes on from its log. It relies on the pieces being the same: for
# another list or PIECE, give another OUT. For many machines, OUT has to be a folder that all have, at the same
# place; then give parallel --sshloginfile FILE and --workdir "$PWD" as well.
set -eu

list=$(realpath "${1:?"give a list of URLs, one a line"}")
out=${2:?"give a folder for files, logs and reports"}
PFETCH=${PFETCH:-pfetch}
export PFETCH
mkdir -p "$out/files" "$out/logs" "$out/reports"
cd "$out"

# As a shell reads them. A mistake in them is found here (exit code 2), and not in each piece.
options='-j 8 --max-failures 100% --allow-empty'
sh -c "\"\$PFETCH\" $options --dry-run -" </dev/null >/dev/null

code=0
for try in 1 2 3; do
    code=0
    # The report is added to, so that what a process told before it was killed is not lost.
    parallel --pipe -N "${PIECE:-10000}" -j "${JOBS:-2}" --joblog joblog --resume-failed --env PFETCH \
        "\"\$PFETCH\" $options -d files/{#} --log logs/{#}.log --resume --format jsonl - >>reports/{#}.jsonl" \
        <"$list" || code=$?
    [ "$code" != 0 ] || break
    # The last exit code (column 7) and signal (8) of each piece (1). Worth another try are a failure of this
    # machine (4) and a process that was ended (137, 143, a signal), and no other. In place of the code of one that
    # ended before it had read its piece, parallel has the signal 13 of its own pipe (141).
    awk 'NR > 1 { code[$1] = $8 ? 128 + $8 : $7 }
        END { for (piece in code) if (code[piece] ~ /^(4|137|141|143)$/) worth = 1; exit !worth }' joblog || break
    echo "parallel.sh: try $try: $code pieces failed; see $out/joblog" >&2
done

# The reports of all pieces as one; an empty list has none.
set -- reports/*.jsonl
[ ! -e "$1" ] || "$PFETCH" --summary-only --replay "$@" || :
exit "$code"
