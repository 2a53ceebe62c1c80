#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs all test programs of a coverage build and sums the lines they reach.
#
# coverage.sh BUILD PERCENT FOLDER...
#
# Prints a line for each C file of the folders below hypervisor/; a file that no
# test program is linked with counts with all its lines. Fails when the sum of a folder
# is below PERCENT or a program fails. The lines that nobody reached are left in
# BUILD/missed.txt, what gcov says of all in BUILD/lines.txt (see reached).

set -eu

build=$1
min=$2
shift 2
hyp=$(cd "$(dirname "$0")/.." && pwd)

find "$build" -name '*.gcda' -delete
for t in "$build"/*_test; do
	if ! "$t" > "$t.log" 2>&1; then
		echo "coverage: ${t##*/} fails; its output:" >&2
		grep -v '^ok ' "$t.log" | tail -40 >&2
		exit 1
	fi
done

# One C file may be part of several objects (a test may include it): the counts
# are added by file and line.
find "$build/obj" -name '*.gcno' | sort | while read -r gcno; do
	(cd "$hyp" && gcov -t "$gcno" 2>/dev/null)
done > "$build/lines.txt"

(cd "$hyp" && for d; do find "$d" -name '*.c'; done | sort) > "$build/files.txt"

awk -v min="$min" -v hyp="$hyp/" -v missed="$build/missed.txt" -v files="$build/files.txt" '
# "    count:  line:text" as gcov prints it; "-" is no code, "#####" not reached.
function field(s) { gsub(/ /, "", s); return s }
BEGIN {
	FS = ":"
	printf "" > missed
	while ((getline f < files) > 0)
		want[f] = ++n
}
{ count = field($1); line = field($2) }
line == 0 && $3 == "Source" {
	file = $4
	sub("^" hyp, "", file)
	next
}
file in want && line > 0 && count != "-" && count !~ /^-+$/ {
	key = file SUBSEP line
	seen[file] = 1
	if (!(key in hits))
		hits[key] = 0
	if (count !~ /^[#=]/)
		hits[key] += count + 0
}
END {
	for (key in hits) {
		split(key, k, SUBSEP)
		total[k[1]]++
		if (hits[key])
			reached[k[1]]++
		else
			print k[1] ":" k[2] > missed
	}
	sort = "sort"
	for (f in want) {
		if (!seen[f]) {
			# Not linked anywhere: its lines of text that look like code.
			while ((getline text < (hyp f)) > 0)
				if (text ~ /;[ \t]*$/)
					total[f]++
			note = "  (in no test program)"
		} else {
			note = ""
		}
		if (!total[f])
			continue
		printf "%-32s %5d of %5d lines  %5.1f%%%s\n", f, reached[f], total[f],
		       100 * reached[f] / total[f], note | sort
		split(f, part, "/")
		all[part[1]] += total[f]
		got[part[1]] += reached[f]
	}
	close(sort)
	for (d in all) {
		percent = 100 * got[d] / all[d]
		printf "%-32s %5d of %5d lines  %5.1f%%\n", "all of " d, got[d], all[d], percent
		if (percent < min) {
			printf "coverage: %s: %.1f%% is less than %d%%; the lines: %s\n", d, percent,
			       min, missed
			bad = 1
		}
		folders++
	}
	if (!folders) {
		print "coverage: no line of these folders was built"
		bad = 1
	}
	exit bad
}' "$build/lines.txt"
