# SPDX-License-Identifier: GPL-2.0-only
#
# Packages of the distribution that are unpacked beside the system instead of installed: arm64 ones,
# and newer ones from the backports suite. Sourced by bash, after common.sh.
#
# apt runs with a configuration of its own: own lists folder, both architectures, and the archives that
# the machine's own apt configuration names plus their backports suite. Nothing of the system changes.
#
# $CACHE/lists/NAME        what was chosen: lines "package architecture version sha256"
# $CACHE/debs/SHA256.deb   the downloads
# $CACHE/trees/NAME-HASH   the packages of one list, unpacked

APT_ROOT=$CACHE/apt

apt_private()
{
	local tool=$1
	shift
	"$tool" -q -o Dir::Etc::sourcelist="$APT_ROOT/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
		-o Dir::State::lists="$APT_ROOT/lists" -o Dir::Cache="$APT_ROOT/cache" \
		-o Dir::State::status="${APT_STATUS:-$APT_ROOT/status}" \
		-o APT::Architecture=amd64 -o APT::Architectures=amd64,arm64 \
		-o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Sandbox::User= "$@"
}

# The suites after this machine's own, where newer kernel sources are. Their lists are kept apart, so that
# nothing else is chosen from them.
APT_NEWER='trixie trixie-backports testing unstable'

# apt_use_newer: from here on apt_private sees the newer suites alone. For a subshell.
apt_use_newer()
{
	APT_ROOT=$CACHE/apt-newer
	APT_SUITES=$APT_NEWER
	APT_READY=
}

# apt_prepare: write the private configuration and read the archives' lists, once per run.
apt_prepare()
{
	[ -z "$APT_READY" ] || return 0
	local codename uri release component signed option suite seen=

	codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
	[ "$codename" = bookworm ] ||
		die "packages: this machine runs '$codename'; the set-up knows Debian 12 (bookworm) alone"
	mkdir -p "$APT_ROOT"/{lists/partial,cache/archives/partial}
	: >"$APT_ROOT/status"
	: >"$APT_ROOT/sources.list.new"
	while read -r uri release component signed; do
		case $release in "$codename"*) ;; *) continue ;; esac
		option=
		case $signed in /*) option="[signed-by=$signed] " ;; esac
		if [ -n "$APT_SUITES" ]; then
			[ "$release $component" = "$codename main" ] && [ -z "$seen" ] || continue
			seen=1
			for suite in $APT_SUITES; do
				echo "deb $option$uri $suite main" >>"$APT_ROOT/sources.list.new"
			done
			continue
		fi
		echo "deb $option$uri $release $component" >>"$APT_ROOT/sources.list.new"
		if [ "$release $component" = "$codename main" ] && [ -z "$seen" ]; then
			seen=1
			echo "deb $option$uri $codename-backports main" >>"$APT_ROOT/sources.list.new"
		fi
	done < <(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(SIGNED_BY)' \
		 'Created-By: Packages')
	[ -n "$seen" ] ||
		die "packages: apt on this machine names no $codename main archive; add one to /etc/apt/sources.list.d"
	mv "$APT_ROOT/sources.list.new" "$APT_ROOT/sources.list"
	say "reading the archives' package lists (20 MB)"
	apt_private apt-get update >"$APT_ROOT/update.log" 2>&1 ||
		die "packages: apt-get update failed: $(grep -m1 '^[EW]:' "$APT_ROOT/update.log"); see $APT_ROOT/update.log"
	APT_READY=1
}

# newest PATTERN: of all packages with a name that matches, the one of the highest version.
newest()
{
	apt_private apt-cache search --names-only "$1" | cut -d' ' -f1 | sort -V | tail -n1
}

# choose NAME PACKAGE:ARCH[/SUITE]...: write the list NAME, with exact versions and hashes.
choose()
{
	local name=$1 item package arch suite record
	shift
	mkdir -p "$CACHE/lists"
	for item in "$@"; do
		suite=${item#"${item%%/*}"}
		item=${item%%/*}
		package=${item%:*}
		arch=${item#*:}
		record=$(apt_private apt-cache ${suite:+-t ${suite#/}} --no-all-versions show "$package:$arch") ||
			die "packages: the archive has no $package for $arch"
		awk -v package="$package" '
			/^Architecture:/ { arch = $2 } /^Version:/ { version = $2 } /^SHA256:/ { sum = $2 }
			END { print package, arch, version, sum }' <<<"$record"
	done >"$CACHE/lists/$name.$$"
	mv "$CACHE/lists/$name.$$" "$CACHE/lists/$name"
}

# fetch NAME: download what the list NAME has and the cache has not. apt checks the archive's
# signature; the hash is checked here once more, and only a whole file gets its final name.
fetch()
{
	local package arch version sum dir file
	local missing=() sums=()

	while read -r package arch version sum; do
		[ -s "$CACHE/debs/$sum.deb" ] && continue
		missing+=("$package:$arch=$version")
		sums+=("$sum")
	done <"$CACHE/lists/$1"
	[ ${#missing[@]} -gt 0 ] || return 0

	apt_prepare
	mkdir -p "$CACHE/debs"
	dir=$(work_dir)
	say "downloading ${#missing[@]} package(s): ${missing[*]%%=*}"
	(cd "$dir" && apt_private apt-get download "${missing[@]//:all=/=}" >apt.log 2>&1) ||
		{ grep '^E:' "$dir/apt.log" >&2; rm -rf "$dir"; return 1; }
	for file in "$dir"/*.deb; do
		sum=$(sha256sum <"$file")
		mv "$file" "$CACHE/debs/${sum%% *}.deb"
	done
	rm -rf "$dir"
	for sum in "${sums[@]}"; do
		[ -s "$CACHE/debs/$sum.deb" ] || { say "a package's hash is not the archive's: $sum"; return 1; }
	done
}

# unpack NAME: print the folder that has the packages of list NAME unpacked. AFTER, if given, is called
# with that folder before it gets its final name.
unpack()
{
	local name=$1 after=$2 tree dir package arch version sum

	tree=$CACHE/trees/$name-$(first_hash <"$CACHE/lists/$name")
	if [ ! -d "$tree" ]; then
		mkdir -p "$CACHE/trees"
		dir=$(work_dir)
		say "unpacking $(wc -l <"$CACHE/lists/$name") package(s) of '$name'"
		while read -r package arch version sum; do
			dpkg -x "$CACHE/debs/$sum.deb" "$dir" || die "unpacking $package failed"
		done <"$CACHE/lists/$name"
		[ -z "$after" ] || "$after" "$dir" >&2 || die "preparing the packages of '$name' failed"
		chmod 755 "$dir"
		mv "$dir" "$tree"
	fi
	echo "$tree"
}
