#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Does each kept fault turn a test red?
#
# mutants.sh BUILD [LIST...]
#
# A LIST (default: tests/mutants/*.txt) has lines "FILE | TEST[ TEST] | SED": the
# sed script is applied to FILE (below hypervisor/) in a copy of the tree, and one
# of tests/TEST_test.c must fail to pass; "fuzz" is the fuzzer, its corpus and a number of
# random programs. A script that changes nothing, and a
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
				program=$build/out/${t}_test
				args=
				limit=60
				if [ "$t" = fuzz ]; then
					program=$build/out/fuzz_calls
					rm -rf "$build/found" "$build/corpus"
					mkdir -p "$build/found"
					"$hyp/tests/fuzz" unpack "$build/corpus"
					# A number of programs, not a time: the same on a busy machine.
					limit=3600
					args="-seed=1 -runs=4000 -max_len=1024 -use_cmp=0
						-artifact_prefix=$build/ $build/found $build/corpus"
				fi
				if ! make -s -C "$tree/hypervisor/tests" O="$build/out" WARNINGS=-w \
					"$program" > "$build/make.log" 2>&1; then
					why="does not compile: $(grep -m1 error "$build/make.log")"
				elif timeout $limit "$program" $args > "$build/run.log" 2>&1; then
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
