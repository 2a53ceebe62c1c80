# SPDX-License-Identifier: GPL-2.0-only
#
# For scripts that test suites run in the emulated host: guests, and what they leave behind. Sourced by busybox sh.

GZVM=/sys/kernel/debug/gzvm

# vmm NAME WORD...: run gzvm-vmm WORD...; what comes of it is in /share/NAME.out, NAME.err and NAME.status. A guest writes
# to its console byte by byte and waits for each: into a pipe, since a file of /share takes milliseconds for a write,
# and on a busy build machine so many that Linux guests report CPUs that are stuck.
vmm()
{
	local name=$1
	shift
	{
		gzvm-vmm "$@" 2>/share/$name.err
		echo $? >/share/$name.status
	} | cat >/share/$name.out
	echo "$name ended at $(cut -d' ' -f1 /proc/uptime) s" >&2
}

# until_line PATTERN FILE: wait until FILE has a line that matches. If it never has, the machine's time is up one day.
until_line()
{
	until grep -qE "$1" "$2" 2>/dev/null; do
		usleep 50000
	done
}

# until_prompt FILE: wait until a Linux guest whose output FILE is asks for a command, with all of its prompt. That ends
# with the shell's question where the cursor is, which it asks unless there is input already.
until_prompt()
{
	until [ "$(tail -n 1 $1)" = "$(printf 'guest# \033[6n')" ]; do
		usleep 50000
	done
}

# until_asleep PID: wait until no vCPU of that process runs. Where none can wake another it stays so.
until_asleep()
{
	until awk 'FNR == 1 { vcpu = $2 ~ /^vcpu/ } $1 == "State:" && vcpu { n++; up += $2 != "S" }
		END { exit !n || up }' /proc/$1/task/*/status; do
		usleep 50000
	done
}

# counter NAME: of all VMs that there are, from debugfs
counter()
{
	cat $GZVM/[0-9]*/exits | awk -v name="$1" '$2 == name { sum += $3 } END { print sum + 0 }'
}

# left: what must be as it was when guests are gone: the hypervisor's counts, VMs, processes, users of the module.
left()
{
	cat $GZVM/hypervisor/stats
	echo folders $(ls $GZVM)
	echo processes $(pidof gzvm-vmm)
	awk '$1 == "gzvm" { print "users", $3 }' /proc/modules
}

# memory: objects in use of each slab cache; pinned pages; and the pages in use that are neither slab, cache, of
# programs nor known otherwise: there are those that a driver has lost.
memory()
{
	local cache
	sync
	echo 3 >/proc/sys/vm/drop_caches
	for cache in /sys/kernel/slab/*/shrink; do
		echo 1 >$cache
	done
	awk 'NR > 2 { print "slab", $1, $2 }' /proc/slabinfo
	# The kernel keeps these counts by CPU; this makes one sum of them.
	echo 1 >/proc/sys/vm/stat_refresh
	awk '/^nr_foll_pin_acquired/ { got = $2 } /^nr_foll_pin_released/ { print "pages pinned", got - $2 }' /proc/vmstat
	cat /proc/vmstat /proc/zoneinfo | awk '
		/^nr_(slab_|file_pages|anon_pages|page_table_pages)/ { other -= $2 }
		/^nr_free_pages/ { other -= $2 }
		/^nr_kernel_stack/ { other -= $2 / 4 }
		$1 == "managed" { other += $2 }
		$1 == "count:" { other -= $2 }
		END { print "pages other", other }'
}
