#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Where the instructions of an exit go: by exception level and function.

The benchmark guest does one thing for ever; for a moment the emulator translates single instructions and logs each with the
flags that tell its exception level. What is counted is divided by the rounds that the guest made in that moment.

usage: tools/testing/bench/profile.py ROW...
"""

import bisect
import json
import os
import re
import socket
import subprocess
import sys
import time

os.environ.setdefault("TOP", os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))))
os.environ.setdefault("BUILD", os.path.join(os.environ["TOP"], "build"))
from machine import BUILD, BenchError, Machine, initrd  # noqa: E402

CPU = "cortex-a57"
# Of QEMU's TBFLAG_ANY.MMUIDX (target/arm/cpu.h): which exception level executes.
LEVELS = {0: "EL0", 1: "EL0", 2: "EL1", 4: "EL1", 3: "EL2", 5: "EL2", 6: "EL2", 7: "EL3"}
TRACE = re.compile(rb"^Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/([0-9a-f]+)/")
GUEST = range(0x80000000, 0x80200000)
SYMBOLS = "=== symbols\n"

STEPS = """
echo never >/sys/kernel/mm/transparent_hugepage/enabled
echo 0 >/proc/sys/kernel/kptr_restrict
@RUN@ </dev/null &
@SYMBOLS@
wait
"""
# The rows of bench_io have a VMM of their own.
IO_ROWS = ["ioeventfd", "ioeventfd_sleeper", "irqfd_running", "irqfd_wfi"]
RUN = "gzvm-vmm run --hypervisor $hypervisor --cpus 2 --vcpu-affinity 0,1 --console serial --append profile=@ROW@ --kernel /bench.img"
RUN_IO = "gzvm-bench io $hypervisor /bench_io.img @ROW@"
DUMP = r"""
echo "=== symbols"
awk '$2 ~ /[tT]/ && $3 !~ /^[$.]/ { print $1, $3 }' /proc/kallsyms
echo "=== all"
"""


class Monitor:
    """QEMU's machine protocol, as far as needed."""

    def __init__(self, path):
        self.line = socket.socket(socket.AF_UNIX)
        self.line.connect(path)
        self.file = self.line.makefile("rw")
        self.file.readline()
        self.send({"execute": "qmp_capabilities"})

    def send(self, command):
        self.file.write(json.dumps(command) + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "return" in answer or "error" in answer:
                return answer

    def command(self, line):
        return self.send({"execute": "human-monitor-command", "arguments": {"command-line": line}})


class Symbols:
    """Function names by address."""

    def __init__(self, pairs):
        self.pairs = sorted(pairs)
        self.addresses = [address for address, _ in self.pairs]

    def name(self, address):
        at = bisect.bisect_right(self.addresses, address) - 1
        return self.pairs[at][1] if at >= 0 else f"{address:#x}"

    @staticmethod
    def of_elf(path):
        done = subprocess.run(["aarch64-linux-gnu-nm", path], stdout=subprocess.PIPE, text=True, check=True)
        words = [line.split() for line in done.stdout.splitlines()]
        return Symbols([(int(w[0], 16), w[2]) for w in words if len(w) == 3 and w[1] in "tTwW" and w[2][0] != "$"])


def host_symbols(text):
    lines = text.replace("\r", "").split(SYMBOLS)[1].split("=== all")[0].splitlines()
    pairs = [line.split()[:2] for line in lines if re.match(r"[0-9a-f]{16} \S+", line)]
    return Symbols([(int(address, 16), name) for address, name in pairs])


def wait_for(machine, words, process, seconds=300):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with open(machine.log, encoding="utf-8", errors="replace") as log:
            text = log.read()
        if words in text.replace("\r", ""):
            return text
        if process.poll() is not None:
            break
        time.sleep(0.2)
    raise BenchError(f"profile: its machine never said {words.strip()!r}; see {machine.log}")


def record(row, hypervisor="geniezone", kernel="stock", window=0.4):
    """Returns the trace's path and the host's symbols."""
    name = f"profile-{row}"
    folder = f"{BUILD}/bench"
    qmp, trace, cpio = f"{folder}/{name}.qmp", f"{folder}/{name}.trace", f"{folder}/{name}.cpio"
    machine = Machine(name, hypervisor, CPU, kernel=kernel)
    run = RUN_IO if row in IO_ROWS else RUN
    initrd(cpio, hypervisor, STEPS.replace("@RUN@", run).replace("@ROW@", row).replace("@SYMBOLS@", DUMP),
           {f"{name}.img": f"{BUILD}/guest-kit/{name}.img" for name in ("bench", "bench_io")}, kernel)
    for path in (qmp, machine.log, trace):
        if os.path.exists(path):
            os.unlink(path)
    open(machine.log, "w", encoding="ascii").close()
    process = subprocess.Popen([*machine.basics(), *machine.kernel(cpio), "-qmp", f"unix:{qmp},server,nowait", "-D", trace],
                               stdin=subprocess.DEVNULL)
    try:
        wait_for(machine, f"profiling {row}", process)
        text = wait_for(machine, "=== all\n", process)
        monitor = Monitor(qmp)
        monitor.command("singlestep on")
        monitor.command("log exec,nochain")
        time.sleep(window)
        monitor.command("log none")
    finally:
        process.kill()
        process.wait()
        os.unlink(cpio)
    return trace, host_symbols(text)


def count(trace):
    """{(level, address): executions}"""
    found = {}
    with open(trace, "rb") as log:
        for line in log:
            match = TRACE.match(line)
            if match:
                key = (LEVELS[int(match[2], 16) >> 4 & 15], int(match[1], 16))
                found[key] = found.get(key, 0) + 1
    return found


def profile(row, **options):
    """{(level, function): instructions a round}, rounds"""
    trace, host = record(row, **options)
    hyp = Symbols.of_elf(f"{BUILD}/hypervisor/geniezone.elf")
    guest = Symbols.of_elf(f"{BUILD}/guest-kit/{'bench_io' if row in IO_ROWS else 'bench'}.elf")
    vmm = Symbols.of_elf(f"{BUILD}/bench/gzvm-bench" if row in IO_ROWS else f"{BUILD}/vmm/gzvm-vmm")
    counts = count(trace)
    os.unlink(trace)
    start = next(address for address, name in guest.pairs if name == "bench_profile_round")
    rounds = counts.get(("EL1", start), 0)
    if not rounds:
        raise BenchError(f"profile: no round of {row} was seen")
    result = {}
    for (level, address), times in counts.items():
        if level == "EL2":
            key = ("EL2", hyp.name(address))
        elif address in GUEST:
            key = ("guest", guest.name(address))
        elif level == "EL0":
            key = ("host EL0", vmm.name(address))
        else:
            key = ("host EL1", host.name(address))
        result[key] = result.get(key, 0) + times / rounds
    return result, rounds


def report(row, result, rounds, out=sys.stdout, least=0.5):
    levels = {}
    for (level, _), share in result.items():
        levels[level] = levels.get(level, 0) + share
    total = ", ".join(f"{level} {share:.0f}" for level, share in sorted(levels.items()))
    print(f"{row}: {sum(levels.values()):.0f} instructions a round ({total}); {rounds} rounds", file=out)
    for (level, name), share in sorted(result.items(), key=lambda item: (item[0][0], -item[1])):
        if share >= least:
            print(f"  {level:9} {share:8.1f}  {name}", file=out)


def main():
    for row in sys.argv[1:]:
        try:
            report(row, *profile(row, kernel=os.environ.get("KERNEL", "stock")))
        except BenchError as error:
            print(f"profile: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
