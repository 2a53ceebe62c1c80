# SPDX-License-Identifier: GPL-2.0-only
"""A bare QEMU machine for tests of the hypervisor that scripts/emulate cannot make: any device tree, any boot module,
any exception level. Everything is put into memory by hand; a stub of a few instructions stands for the boot loader."""

import json
import os
import select
import shutil
import socket
import struct
import subprocess
import tempfile
import time

BUILD = os.environ["BUILD"]
IMAGE = f"{BUILD}/hypervisor/geniezone.img"
MINIMAL = f"{BUILD}/kernel-minimal/Image"
QEMU = os.environ.get("QEMU") or "qemu-system-aarch64"

RAM = 0x40000000
STUB = RAM + 0x180000  # QEMU's own device tree, which nobody looks at, takes the first megabyte
IMAGE_AT = RAM + 0x200000
KERNEL_AT = RAM + 0x8000000
INITRD_AT = RAM + 0xa000000
TREE_AT = RAM + 0x4000000


def tool(*words, data=None):
    done = subprocess.run(words, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


class Tree:
    """A device tree that can be changed: as QEMU makes it for this machine, with a kernel module added."""

    def __init__(self, folder, machine="", cpus=1, mem="512M", cpu="cortex-a57"):
        self.path = os.path.join(folder, "tree.dtb")
        tool(QEMU, "-nodefaults", "-display", "none", "-machine",
             f"virt,gic-version=3,virtualization=on{machine},dumpdtb={self.path}", "-smp", str(cpus), "-m", mem,
             "-cpu", cpu)

    def put(self, node, name, kind, *values):
        tool("fdtput", "-p", "-t", kind, self.path, node, name, *[str(value) for value in values])

    def cells(self, node, name, *values):
        self.put(node, name, "x", *[f"{value:x}" for value in values])

    def remove(self, *nodes):
        for node in nodes:
            tool("fdtput", "-r", self.path, node)

    def drop(self, node, name):
        tool("fdtput", "-d", self.path, node, name)

    def module(self, kind, address, size, bootargs=None):
        node = f"/chosen/module@{address:x}"
        tool("fdtput", "-p", "-c", self.path, node)
        self.put(node, "compatible", "s", "multiboot,module", f"multiboot,{kind}")
        self.cells(node, "reg", address >> 32, address & 0xffffffff, 0, size)
        if bootargs is not None:
            self.put(node, "bootargs", "s", bootargs)

    def bytes(self):
        with open(self.path, "rb") as tree:
            return tree.read()


def stub(tree_at, image_at):
    """ldr x0, tree; ldr x1, image; br x1"""
    return struct.pack("<IIIIQQ", 0x58000080, 0x580000a1, 0xd61f0020, 0xd503201f, tree_at, image_at)


class Machine:
    """QEMU with these bytes at these addresses, started at the stub."""

    def __init__(self, pieces, tree_at=TREE_AT, image_at=IMAGE_AT, machine="gic-version=3,virtualization=on", cpus=1,
                 mem="512M", cpu="cortex-a57"):
        self.folder = tempfile.mkdtemp()
        arguments = [QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-machine",
                     f"virt,{machine}", "-cpu", cpu, "-smp", str(cpus), "-m", mem, "-serial", "stdio",
                     "-chardev", f"socket,id=qmp,path={self.folder}/qmp", "-mon", "chardev=qmp,mode=control"]
        # QEMU connects to us: so there is no moment at which nobody listens yet.
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"{self.folder}/qmp")
        self.listener.listen(1)
        self.monitor = None
        for number, (address, data) in enumerate([*pieces, (STUB, stub(tree_at, image_at))]):
            path = os.path.join(self.folder, f"piece{number}")
            with open(path, "wb") as piece:
                piece.write(data)
            arguments += ["-device", f"loader,file={path},addr={address:#x},force-raw=on"]
        arguments += ["-device", f"loader,addr={STUB:#x},cpu-num=0"]
        self.output = b""
        self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.listener.close()
        shutil.rmtree(self.folder)

    def wait_for(self, words, seconds=300):
        """Read the UART until WORDS have come. Returns False when QEMU has ended or time is up."""
        end = time.monotonic() + seconds
        while words not in self.output:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return False
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                return False
            self.output += data
        return True

    def lines(self):
        return self.output.decode(errors="replace").replace("\r", "").splitlines()

    def qmp(self, command, **arguments):
        """The result of a command, the machine running on."""
        if not self.monitor:
            self.listener.settimeout(300)
            self.monitor = self.listener.accept()[0].makefile("rw", encoding="utf-8")
            self.monitor.readline()
            self.qmp("qmp_capabilities")
        self.monitor.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.monitor.flush()
        answer = {"event": None}
        while "event" in answer:
            answer = json.loads(self.monitor.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"]["desc"])
        return answer["return"]

    def memory(self, address, size):
        path = os.path.join(self.folder, "memory")
        self.qmp("pmemsave", val=address, size=size, filename=path)
        with open(path, "rb") as memory:
            return memory.read()

    def registers(self):
        return self.qmp("human-monitor-command", **{"command-line": "info registers"})


def read(path):
    with open(path, "rb") as source:
        return source.read()
