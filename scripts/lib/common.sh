# SPDX-License-Identifier: GPL-2.0-only
#
# What the shell scripts share. Sourced by bash, after TOP has been set to the root of the tree.

BUILD=${BUILD:-$TOP/build}
CACHE=${GENIEZONE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/geniezone}
CROSS_COMPILE=${CROSS_COMPILE:-aarch64-linux-gnu-}
ME=${0##*/}

say()
{
	printf '%s: %s\n' "$ME" "$*" >&2
}

die()
{
	printf '%s: %s\n' "$ME" "$*" >&2
	exit "${DIE_STATUS:-1}"
}

# with_lock NAME COMMAND...: one at a time among all trees that use this cache. The lock goes with
# the subshell, however it ends. Says so when it has to wait.
with_lock()
{
	local name=$1 fd
	shift
	mkdir -p "$CACHE/lock"
	(
		exec {fd}>"$CACHE/lock/$name"
		if ! flock -n "$fd"; then
			say "waiting for another run that holds $CACHE/lock/$name"
			flock "$fd"
		fi
		"$@" {fd}>&-
	)
}

# work_dir: print a fresh folder in the cache. Its name carries the process that owns it, so that the
# next run removes what a killed one left.
work_dir()
{
	local old pid

	mkdir -p "$CACHE/tmp"
	for old in "$CACHE"/tmp/*; do
		pid=${old##*/}
		pid=${pid%%.*}
		[ -d "$old" ] && [ ! -d "/proc/$pid" ] && rm -rf "$old"
	done
	mktemp -d "$CACHE/tmp/$$.XXXXXX"
}

# place_link TARGET LINK: make LINK point to TARGET in one step, and only if it does not already.
place_link()
{
	[ "$(readlink "$2" 2>/dev/null)" = "$1" ] && return
	mkdir -p "${2%/*}"
	ln -sfn "$1" "$2.$$" && mv -fT "$2.$$" "$2"
}

# first_hash: the first 16 digits of the SHA-256 of stdin, enough for a folder's name.
first_hash()
{
	sha256sum | cut -c1-16
}
