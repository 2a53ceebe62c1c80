# SPDX-License-Identifier: GPL-2.0-only
#
# What the suites of the hypervisor with its host share. Sourced by bash, after ktap.sh.

HYP_TEST=$KTAP_TMP/test-build
QEMU10=$BUILD/qemu10/bin/qemu-system-aarch64

# hyp_machine FOLDER IMAGE: make FOLDER a build folder that differs from $BUILD by its hypervisor alone. scripts/emulate
# then runs IMAGE with BUILD=FOLDER.
hyp_machine()
{
	local part
	mkdir -p "$1/hypervisor"
	for part in "$BUILD"/*; do
		[ "${part##*/}" = hypervisor ] || ln -sfn "$part" "$1/${part##*/}"
	done
	ln -sfn "$2" "$1/hypervisor/geniezone.img"
}

# hyp_test_build: build the hypervisor with its test hooks (hypervisor/core/test_hooks.c). $HYP_TEST is a build
# folder with it.
hyp_test_build()
{
	mkdir -p "$BUILD/hypervisor-test" "$BUILD/modules"
	(
		flock 9
		make -s -C "$TOP/hypervisor" TEST=1 O="$BUILD/hypervisor-test" LIBFDT_DIR="$BUILD/arm64" \
			CROSS_COMPILE="${CROSS_COMPILE:-aarch64-linux-gnu-}" 9>&-
	) 9>"$BUILD/hypervisor-test/.lock" || return
	hyp_machine "$HYP_TEST" "$BUILD/hypervisor-test/geniezone.img"
}

# hyp_module MODULE KERNEL: build tools/testing/host/modules/MODULE for build/KERNEL; the result is
# $BUILD/modules/KERNEL/MODULE/MODULE.ko.
hyp_module()
{
	local module=$1 kernel=$2 out=$BUILD/modules/$2/$1
	mkdir -p "$out"
	(
		flock 9
		cp -u "$TOP/tools/testing/host/modules/$module"/* "$out/"
		make -s -C "$BUILD/$kernel/headers" ARCH=arm64 CROSS_COMPILE="${CROSS_COMPILE:-aarch64-linux-gnu-}" \
			W=1 KCFLAGS="-Werror -I$TOP/include -I$TOP/include/uapi" M="$out" modules 9>&-
	) 9>"$out/.lock"
}

# What a kernel says on a build machine that is busy, and never means us.
HYP_BUSY='hrtimer: interrupt took|sched: (RT throttling activated|DL replenish lagged too much)'

# hyp_quiet FILE: FILE, the raw kernel log of a host ("dmesg -r"), has no line of level warning or above, and none that
# tells of trouble, but for these: QEMU's PCI window (there without a hypervisor, too), our module being out of tree,
# and a build machine that was busy. hyp_quiet FILE PATTERN: nor lines that match it.
hyp_quiet()
{
	local allowed='Memory resource size exceeds max for 32 bits|: loading out-of-tree module taints kernel'
	allowed+="|$HYP_BUSY${2:+|$2}"
	[ -s "$1" ] || { echo "no kernel log"; return 1; }
	# One grep, whose status is the pipeline's: the last one's, unless it found nothing.
	! grep -aE '^<[0-4]>|WARNING|BUG:|Oops|[Cc]all trace|Internal error|stalls? on|soft lockup' "$1" |
		grep -avE "$allowed"
}

# hyp_lines LOG: the hypervisor's lines on the console, without its prefix and time.
hyp_lines()
{
	tr -d '\r' <"$1" | sed -nE 's/^\[gz( +[0-9.]+)?\] //p'
}
