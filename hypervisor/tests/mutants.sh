#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Does each kept fault turn a test red?
#
# mutants.sh BUILD [LIST...]
#
# A LIST (default: tests/mutants/*.txt) has lines "FILE | TEST[ TEST] | SED": the
# sed script is applied to FILE (below hypervisor/) in a copy of the tree, and one
# of tests/TEST_test.c must fail to pass. A script that changes nothing, and a
# mutant that does not compile, are errors of the list. KTAP lines on stdout.

set -eu

build=$1
shift
hyp=$(cd "$(dirname "$0")/.." && pwd)
[ $# -gt 0 ] || set -- "$hyp"/tests/mutants/*.txt

tree=$build/tree
rm -rf "$tree"
mkdir -p "$tree"
cp -R "$hyp" "$tree/hypervisor"
[ ! -d "$hyp/../include" ] || cp -R "$hyp/../include" "$tree/include"
total=$(cat "$@" | grep -c '^[^#]*|')
echo "KTAP version 1"
echo "1..$total"
n=0
bad=0
for list; do
	while IFS='|' read -r file tests script; do
		case $file in
		'#'* | '') continue ;;
		esac
		n=$((n + 1))
		file=$(echo "$file" | tr -d ' \t')
		script=$(echo "$script" | sed 's/^ *//')
		copy=$tree/hypervisor/$file
		sed "$script" "$hyp/$file" > "$copy.new"
		why=
		if cmp -s "$hyp/$file" "$copy.new"; then
			why="the script changes nothing"
		else
			mv "$copy.new" "$copy"
			for t in $tests; do
				if ! make -s -C "$tree/hypervisor/tests" O="$build/out" WARNINGS=-w \
					"$build/out/${t}_test" > "$build/make.log" 2>&1; then
					why="does not compile: $(grep -m1 error "$build/make.log")"
				elif timeout 60 "$build/out/${t}_test" > "$build/run.log" 2>&1; then
					why="$t passes"
				else
					why=
					break
				fi
			done
			cp "$hyp/$file" "$copy"
		fi
		rm -f "$copy.new"
		if [ -z "$why" ]; then
			echo "ok $n $file: $script"
		else
			echo "# $why"
			echo "not ok $n $file: $script"
			bad=$((bad + 1))
		fi
	done < "$list"
done
[ "$bad" -eq 0 ]
