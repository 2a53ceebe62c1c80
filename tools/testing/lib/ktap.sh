# SPDX-License-Identifier: GPL-2.0-only
#
# What the suites written in bash share. A suite calls plan N, then test NAME FUNCTION for each test: the
# function runs in a subshell with its own folder $TMP and passes when it returns 0. What it prints is in the log.

set -o pipefail
TOP=${TOP:-$(cd "$(dirname "$0")/../../.." && pwd)}
BUILD=${BUILD:-$TOP/build}
MINIMAL=$BUILD/kernel-minimal/Image
STOCK=$BUILD/kernel-stock/Image
# Seconds after which a machine or a program hangs: more than the busiest build machine makes of it.
HANG=3000
KTAP_NUMBER=0
KTAP_FAILED=0
KTAP_TMP=$(mktemp -d)
trap 'rm -rf "$KTAP_TMP"' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
exec 3>&1

plan()
{
	echo "KTAP version 1"
	echo "1..$1"
}

# chosen NAME: was that test asked for? $TEST_CHOICE has the runner's patterns, none means all.
chosen()
{
	local pattern
	[ -n "$TEST_CHOICE" ] || return 0
	set -f
	for pattern in $TEST_CHOICE; do
		[[ $1 == $pattern ]] && { set +f; return 0; }
	done
	set +f
	return 1
}

test_case()
{
	local name=$1
	shift
	KTAP_NUMBER=$((KTAP_NUMBER + 1))
	if ! chosen "$name"; then
		echo "ok $KTAP_NUMBER $name"	# the runner drops it
		return
	fi
	TMP=$KTAP_TMP/$KTAP_NUMBER
	mkdir "$TMP"
	echo "=== $name" >&2
	# Not as a condition: bash would ignore set -e in all that it calls.
	(
		set -e
		"$@"
	) >&2
	if [ $? = 0 ]; then
		echo "ok $KTAP_NUMBER $name"
	else
		KTAP_FAILED=$((KTAP_FAILED + 1))
		echo "not ok $KTAP_NUMBER $name"
	fi
	rm -rf "$TMP"
}

# finish: the suite's exit status.
finish()
{
	[ "$KTAP_FAILED" = 0 ]
	exit
}

# expect_status N COMMAND...: run it; its status must be N.
expect_status()
{
	local want=$1 got=0
	shift
	"$@" || got=$?
	[ "$got" = "$want" ] && return
	echo "status $got instead of $want: $*" >&2
	return 1
}

# expect_line PATTERN FILE: FILE is one line, and it matches the extended regular expression.
expect_line()
{
	if [ "$(wc -l <"$2")" = 1 ] && grep -qE -e "$1" "$2"; then
		return
	fi
	echo "expected one line that matches '$1', not:" >&2
	cat "$2" >&2
	return 1
}
