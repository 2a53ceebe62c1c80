# SPDX-License-Identifier: GPL-2.0-only
"""What a host's kernel says of trouble. Its own checkers, where it is built with them, speak in its log, all but kmemleak,
which is asked; and lockdep falls silent after its first report."""

import re

# For a script in the host, at its end: what CHECKERS leaves in the file "checkers" has to be empty. kmemleak takes no
# object that is younger than five seconds, and is sure of one after the second look.
CHECKERS = """
{
	if [ -e /sys/kernel/debug/kmemleak ]; then
		sleep 6
		echo scan >/sys/kernel/debug/kmemleak && echo scan >/sys/kernel/debug/kmemleak || echo "kmemleak is off"
		cat /sys/kernel/debug/kmemleak
	fi
	[ ! -e /proc/lockdep_stats ] || grep -qE "debug_locks: +1" /proc/lockdep_stats || echo "lockdep is off"
} >checkers 2>&1
"""

WORDS = re.compile(r"WARNING|BUG:|Oops|[Cc]all trace|Internal error|stalls? on|soft lockup|UBSAN|ODEBUG"
                   r"|unreferenced object|suspected memory leak")
WARNED = re.compile(r"^<[0-4]>")

# QEMU's PCI window, there without a hypervisor, too; our module being out of tree; a build machine that was busy; how
# lockdep begins.
ALLOWED = (r"Memory resource size exceeds max for 32 bits|: loading out-of-tree module taints kernel"
           r"|hrtimer: interrupt took|sched: (RT throttling activated|DL replenish lagged too much)"
           r"|Lock dependency validator: |\] (\.\.\. [A-Z_]+: +[0-9]+| memory used (by lock|for stack)| per task-struct memory)")


def words(log):
    """Lines of LOG, "dmesg" or "dmesg -r", with a word that is never good."""
    return [line for line in log.splitlines() if WORDS.search(line)]


def trouble(log, allowed=None):
    """Lines of LOG, "dmesg -r", that are of level warning or above, or have such a word. ALLOWED is a pattern of more
    lines that a test expects."""
    allowed = re.compile(f"{ALLOWED}|{allowed}" if allowed else ALLOWED)
    return [line for line in log.splitlines() if (WARNED.search(line) or WORDS.search(line)) and not allowed.search(line)]
