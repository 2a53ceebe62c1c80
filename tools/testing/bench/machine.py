# SPDX-License-Identifier: GPL-2.0-only
"""The machine that the benchmark runs on: that of scripts/emulate without all that comes from outside. One instruction is a
nanosecond and everything is in the initramfs, so two runs of one tree are the same instruction for instruction."""

import os
import re
import subprocess
import sys
import time

TOP = os.environ["TOP"]
BUILD = os.environ["BUILD"]
sys.path.insert(0, os.path.join(TOP, "scripts/lib"))
import emulate  # noqa: E402
import initramfs  # noqa: E402


class BenchError(Exception):
    """What went wrong, in one line for people."""


def initrd(path, hypervisor, steps, files, kernel="stock"):
    """Write the host's initramfs: STEPS is the shell text that init runs, FILES maps more names in it to paths."""
    cpio = initramfs.common(f"{BUILD}/arm64/bin/busybox", f"{TOP}/tools/testing/bench/init", "host")
    cpio.copy("usr/bin/gzvm-vmm", f"{BUILD}/vmm/gzvm-vmm", 0o755)
    cpio.copy("bin/gzvm-bench", f"{BUILD}/bench/gzvm-bench", 0o755)
    release = initramfs.image_release(f"{BUILD}/kernel-{kernel}/Image")
    cpio.copy("gzvm.ko", f"{BUILD}/driver/{release}/gzvm.ko")
    cpio.file("bench/hypervisor", f"{hypervisor}\n")
    cpio.file("bench/steps", steps)
    for name, source in files.items():
        cpio.copy(name, source, 0o755)
    cpio.write(path)


class Machine(emulate.Machine):
    """One boot of one machine. NAME names its files under build/bench."""

    def __init__(self, name, hypervisor, cpu, append="", extra=(), kernel="stock"):
        options = emulate.parse(["--hypervisor", "kvm" if hypervisor == "kvm" else hypervisor, "--cpu", cpu, "--icount",
                                 "--append", f"quiet {append}", "--kernel", f"{BUILD}/kernel-{kernel}/Image"])
        options.log = f"{BUILD}/bench/{name}.log"
        super().__init__(options)
        self.name = name
        self.host_kernel = kernel
        self.hypervisor = hypervisor
        self.extra = list(extra)
        self.qemu_version = None

    def qemu(self, arguments, timeout):
        """Run it to its end. Returns the wall time in seconds."""
        start = time.monotonic()
        with open(f"{BUILD}/bench/{self.name}.err", "wb") as errors:
            try:
                subprocess.run([*arguments, *self.extra], stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                               timeout=timeout, check=True)
            except subprocess.TimeoutExpired:
                raise BenchError(f"{self.name}: did not end within {timeout} s; see {self.log}") from None
            except subprocess.CalledProcessError as error:
                raise BenchError(f"{self.name}: QEMU ended with status {error.returncode}; see {errors.name}") from None
        return time.monotonic() - start

    def run(self, steps, files, timeout):
        """Boot, run STEPS, power off. Returns {step: [line]} and the wall time in seconds."""
        path = f"{BUILD}/bench/{self.name}.cpio"
        initrd(path, self.hypervisor, steps, files, self.host_kernel)
        seconds = self.qemu([*self.basics(), *self.kernel(path)], timeout)
        os.unlink(path)
        return self.steps(), seconds

    def boot(self, path, last, timeout):
        """Boot with that initramfs, whose first process says LAST. Returns its rows."""
        self.qemu([*self.basics(), *self.kernel(path)], timeout)
        with open(self.log, encoding="utf-8", errors="replace") as log:
            lines = log.read().replace("\r", "").splitlines()
        if last not in lines:
            raise BenchError(f"{self.name}: it did not come to the end; see {self.log}")
        return rows(lines)

    def steps(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            text = log.read().replace("\r", "")
        if "\n=== end\n" not in text:
            raise BenchError(f"{self.name}: its host did not come to the end; see {self.log}")
        found = {}
        for name, body in re.findall(r"^=== (?!status|end)(\S+)\n(.*?)(?=^=== (?!status))", text, re.M | re.S):
            status = re.search(r"^=== status (\d+)$", body, re.M)
            if status and status[1] != "0":
                raise BenchError(f"{self.name}: step {name} ended with status {status[1]}; see {self.log}")
            found[name] = body.splitlines()
        return found


def rows(lines):
    """{name: instructions a round} of "bench NAME TICKS ROUNDS" lines, whose "frequency" says what a tick is, and of
    "bench-count NAME INSTRUCTIONS ROUNDS"."""
    found, counted = {}, {}
    for line in lines:
        match = re.match(r"bench-count (\S+) (\d+) (\d+)$", line)
        if match:
            counted[match[1]] = int(match[2]) / int(match[3])
        match = re.match(r"bench (\S+) (\d+) (\d+)$", line)
        if match:
            found[match[1]] = (int(match[2]), int(match[3]))
    tick = 1e9 / found.pop("frequency")[0]
    idle = found.pop("idle", (0, 1))[0]
    counted.update((name, ticks * tick / rounds) for name, (ticks, rounds) in found.items())
    if "boot" in counted:
        # What the only CPU waited was no execution.
        counted["boot_executed"] = counted["boot"] - idle
    return counted
