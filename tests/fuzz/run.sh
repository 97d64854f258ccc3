#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs every fuzzer for a while, side by side, each from good first inputs.
#
#     run.sh BUILD [SECONDS]
#
# BUILD was made with: CC=clang-16 meson setup BUILD -Dfuzz=true -Db_lundef=false
#                      ninja -C BUILD fuzz
# Fails if one crashes, hangs, leaks or makes too few executions to mean anything; the input that
# did it is then kept, and named.
set -u -o pipefail

build=${1:?usage: run.sh BUILD [SECONDS]}
seconds=${2:-20}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d --tmpdir hf-fuzz-XXXXXX)
trap 'rm -rf "$work"' EXIT

# Executions a second below which something is wrong, even on a slow and busy machine.
declare -A least=([config]=20 [snapshot]=50 [packet]=50)

# fuzz NAME: => 0 if it went well
fuzz() {
	local name=$1 log=$work/$1.log executions
	mkdir "$work/$name-found"
	HOLDFAST_FUZZ_SCENARIO=$work/seeds/scenario \
		"$build/tests/fuzz/${name}_fuzz" "$work/$name-found" "$work/seeds/$name" \
		-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$work/artifact-$name-" >"$log" 2>&1
	local status=$?
	executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	echo "$name: ${executions:-no} executions in $seconds s," \
		"$(sed -n 's/.*DONE *\(cov: [0-9]*\).*/\1/p' "$log")"
	if [ $status -ne 0 ]; then
		grep -v -e '^#' -e '^INFO' "$log" | tail -n 60
		keep "$name"
		return 1
	fi
	if [ "${executions:-0}" -lt $((least[$name] * seconds)) ]; then
		echo "$name: expected at least $((least[$name] * seconds)) executions"
		return 1
	fi
}

# keep NAME: the input that failed outlives this run
keep() {
	local artifact
	for artifact in "$work/artifact-$1-"*; do
		[ -e "$artifact" ] || continue
		cp "$artifact" "${TMPDIR:-/tmp}"
		echo "$1: the input is kept in ${TMPDIR:-/tmp}/${artifact##*/}"
	done
}

/usr/bin/python3 "$here/corpus.py" "$work/seeds" || exit 1
failed=0
for name in config snapshot packet; do
	fuzz "$name" &
done
while wait -n; status=$?; [ $status -ne 127 ]; do
	[ $status -eq 0 ] || failed=1
done
exit $failed
