# SPDX-License-Identifier: GPL-2.0-only
#
# What the suites of guests share. Sourced by bash, after ktap.sh and hyp.sh.

# guest_host OUT SCRIPT OPTION...: run SCRIPT by sh in the emulated host. /share is OUT, where the script finds
# host/guests.sh, the minimal kernel as /tmp/minimal and its initramfs as /tmp/initrd: a disk of the build machine is
# slower. What host/guests.sh has is defined already.
guest_host()
{
	local out=$1 script=$2
	shift 2
	mkdir -p "$out"
	cp "$TOP/tools/testing/host/guests.sh" "$MINIMAL" "$out/"
	printf '%s\n' ". /share/guests.sh" "cp /share/Image /tmp/minimal && cp /guest/initrd /tmp/initrd || exit 99" \
		"cd /share" "$script" >"$out/script"
	"$TOP/scripts/emulate" --kernel "$MINIMAL" --share "$out" --log "$out/console" "$@" -- sh /share/script </dev/null
}

# guest_status WANT OUT NAME: the gzvm-vmm of that name (host/guests.sh: vmm) has ended with that status.
guest_status()
{
	local got
	got=$(cat "$2/$3.status")
	[ "$got" = "$1" ] && return
	echo "gzvm-vmm '$3': status ${got:-none} instead of $1"
	tail -n 20 "$2/$3.out" "$2/$3.err"
	return 1
}

# guest_has PATTERN OUT NAME: its output has a line that matches as a whole.
guest_has()
{
	# Not -q: it would leave tr with a broken pipe.
	tr -d '\r' <"$2/$3.out" | grep -E "^$1\$" && return
	echo "gzvm-vmm '$3' printed no line '$1':"
	tail -n 20 "$2/$3.out" "$2/$3.err"
	return 1
}

# guest_quiet OUT: neither gzvm-vmm nor the kernel of the host has said anything. The script has left "dmesg -r" in
# OUT/dmesg; hyp_quiet tells what a host says anyhow.
guest_quiet()
{
	hyp_quiet "$1/dmesg"
	! grep -ai gzvm "$1/dmesg" | grep -avE 'gzvm: (loading out-of-tree module taints|module verification failed)'
}
