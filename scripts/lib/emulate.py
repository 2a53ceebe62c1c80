# SPDX-License-Identifier: GPL-2.0-only
"""The emulated machine: starts QEMU, runs one command in the host inside it, carries its streams.

Called by scripts/emulate, which has made sure that everything needed is there. The other end of the line is
tools/testing/host/agent.c, which describes the frames.
"""

import argparse
import ctypes
import errno
import fcntl
import hashlib
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import tty

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import initramfs  # noqa: E402
from initramfs import SetupError  # noqa: E402

TOP = os.environ["TOP"]
BUILD = os.environ["BUILD"]

STATUS_TIMEOUT = 124
STATUS_DIED = 125
STATUS_SETUP = 126

RUN, STDIN, WINDOW_SIZE, CREDIT, CLOSE, OFF = range(1, 7)
HELLO, STDOUT, STDERR, STATUS = range(16, 20)

WINDOW = 256 << 10
PIPE_BUF = 4096
MIB = 1 << 20
RAM_BASE = 0x40000000
ESCAPE = 0x1d  # Ctrl-]

HELP = """\
usage: scripts/emulate [options] [-- COMMAND...]

Starts the emulated arm64 machine and runs COMMAND in the Linux host inside it (a shell, without COMMAND).
COMMAND's input, output and exit status are those of emulate.

  --hypervisor NAME   geniezone: our hypervisor starts the host. kvm: the host starts at EL2 and has KVM.
                      none: there is no EL2. (geniezone once it is built, else none)
  --cpus N            CPUs (2)
  --cpu NAME          what QEMU's -cpu takes (cortex-a57)
  --mem SIZE          memory, with M or G (2G)
  --kernel IMAGE      the host's kernel (build/kernel-stock/Image; build/kernel-minimal/Image boots faster)
  --modules DIR       its modules (those in the cache with the Image's release)
  --share DIR         DIR of this machine at /share
  --drive FILE        a raw disk image as a virtio disk; may be repeated
  --append TEXT       added to the host's command line
  --hyp-append TEXT   added to the hypervisor's command line
  --icount            time is the number of executed instructions, so that runs can be compared
  --timeout SECONDS   end with status 124 after that time (600; none for a terminal; 0: none)
  --gdb PORT          wait for a debugger on that TCP port of this machine
  --log FILE          where the consoles go (thrown away when all went well)
  --qemu BIN          another qemu-system-aarch64 ($QEMU)
  --help              this text

At a terminal, Ctrl-] twice ends the machine.
Status: COMMAND's own; 124 time is up; 125 the host or the hypervisor died; 126 QEMU or the set-up failed.
"""


class Died(Exception):
    """The host or the hypervisor ended before the command did."""


class Ended(Exception):
    """emulate ends with this status and no further word."""

    def __init__(self, status):
        super().__init__(status)
        self.status = status


class Parser(argparse.ArgumentParser):
    def error(self, message):
        sys.exit(fail(f"{message}; scripts/emulate --help lists the options"))

    def print_help(self, file=None):
        sys.stdout.write(HELP)


def fail(message, status=STATUS_SETUP):
    sys.stderr.write(f"emulate: {message}\n")
    return status


def positive(text):
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def not_negative(text):
    value = float(text)
    if not 0 <= value < 1e9:
        raise ValueError(text)
    return value


def size(text):
    match = re.fullmatch(r"(\d+)([KMGkmg]?)", text)
    if not match:
        raise ValueError(text)
    value = int(match[1]) << {"": 20, "k": 10, "m": 20, "g": 30}[match[2].lower()]
    if value < 64 * MIB or value % MIB:
        raise ValueError(text)
    return value


def parse(argv):
    command = []
    if "--" in argv:
        command = argv[argv.index("--") + 1:]
        argv = argv[:argv.index("--")]
    parser = Parser(add_help=True, allow_abbrev=False)
    default = "geniezone" if os.path.exists(f"{BUILD}/hypervisor/geniezone.img") else "none"
    parser.add_argument("--hypervisor", choices=("geniezone", "kvm", "none"), default=default)
    parser.add_argument("--cpus", type=positive, default=2)
    parser.add_argument("--cpu", default="cortex-a57")
    parser.add_argument("--mem", type=size, default=2048 * MIB)
    parser.add_argument("--kernel", default=f"{BUILD}/kernel-stock/Image")
    parser.add_argument("--modules")
    parser.add_argument("--share")
    parser.add_argument("--drive", action="append", default=[])
    parser.add_argument("--append", default="")
    parser.add_argument("--hyp-append", default="")
    parser.add_argument("--icount", action="store_true")
    parser.add_argument("--timeout", type=not_negative)
    parser.add_argument("--gdb", type=positive)
    parser.add_argument("--log")
    parser.add_argument("--qemu", default=os.environ.get("QEMU") or "qemu-system-aarch64")
    options = parser.parse_args(argv)
    options.command = command
    return options


def comma(text):
    """Quote TEXT for a value in QEMU's comma-separated options."""
    return str(text).replace(",", ",,")


def align(value, to):
    return (value + to - 1) // to * to


class Machine:
    """Everything about one run but the command's streams: files, QEMU's arguments, its process."""

    def __init__(self, options):
        self.options = options
        self.process = None
        self.folder = None
        self.log = options.log
        self.line = None
        self.initrd = None

    def prepare(self):
        options = self.options
        if not shutil.which(options.qemu):
            raise SetupError(f"{options.qemu}: no such program; scripts/setup installs QEMU, --qemu names another")
        if options.share and not os.path.isdir(options.share):
            raise SetupError(f"--share {options.share}: not a directory")
        for drive in options.drive:
            if not os.path.isfile(drive):
                raise SetupError(f"--drive {drive}: no such file; it must be a raw disk image")
        release = initramfs.image_release(options.kernel)
        places = [f"{BUILD}/kernel-{name}" for name in ("stock", "minimal", "newest", "debug")]
        modules = initramfs.find_modules(release, options.modules, places)
        self.folder = temporary_folder()
        if not self.log:
            self.log = os.path.join(self.folder, "console.log")
        try:
            open(self.log, "wb").close()
        except OSError as error:
            raise SetupError(f"--log {self.log}: {error.strerror}") from error
        self.initrd = host_initrd(release, modules)
        self.arguments = self.basics() + self.devices(modules) + self.kernel(f"/proc/self/fd/{self.initrd.fileno()}")

    def basics(self):
        options = self.options
        machine = "virt,gic-version=3"
        if options.hypervisor != "none":
            machine += ",virtualization=on"
        # QEMU's default algorithm of pointer authentication makes "max" twice as slow.
        cpu = "max,pauth-impdef=on" if options.cpu == "max" else options.cpu
        arguments = [options.qemu, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                     "-machine", machine, "-cpu", cpu, "-smp", str(options.cpus), "-m", f"{options.mem // MIB}M",
                     "-chardev", f"file,id=log,path={comma(self.log)}", "-serial", "chardev:log"]
        if options.icount:
            arguments += ["-icount", "shift=0,sleep=off", "-rtc", "base=2020-01-01,clock=vm", "-seed", "1"]
        if options.gdb:
            arguments += ["-gdb", f"tcp:127.0.0.1:{options.gdb}", "-S"]
        return arguments

    def devices(self, modules):
        arguments = ["-device", "virtio-serial-pci", "-chardev", "socket,id=agent,fd={fd}",
                     "-device", "virtserialport,chardev=agent,name=geniezone.agent"]
        shares = {}
        if os.path.isdir(os.path.join(modules, "kernel")):
            shares["modules"] = (os.path.realpath(os.path.join(modules, "kernel")), ",readonly=on")
        if os.path.isdir(f"{BUILD}/guest"):
            shares["guest"] = (os.path.realpath(f"{BUILD}/guest"), ",readonly=on")
        if self.options.share:
            shares["share"] = (os.path.realpath(self.options.share), "")
        for tag, (path, mode) in shares.items():
            arguments += ["-fsdev", f"local,id={tag},path={comma(path)},security_model=none,multidevs=remap{mode}",
                          "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]
        for number, drive in enumerate(self.options.drive):
            arguments += ["-drive", f"if=none,id=drive{number},format=raw,file={comma(os.path.abspath(drive))}",
                          "-device", f"virtio-blk-pci,drive=drive{number}"]
        return arguments

    def kernel(self, initrd):
        options = self.options
        line = f"console=ttyAMA0 earlycon panic=-1 {options.append}".strip()
        if options.icount:
            line += " nokaslr"
        if options.hypervisor != "geniezone":
            return ["-kernel", options.kernel, "-initrd", initrd, "-append", line]
        image = f"{BUILD}/hypervisor/geniezone.img"
        if not os.path.exists(image):
            raise SetupError("the hypervisor is not built (build/hypervisor/geniezone.img); --hypervisor none does without")
        initramfs.image_header(image)
        kernel_at, initrd_at = self.layout(os.stat(initrd).st_size)
        return ["-kernel", image, "-append", f"panic=off {options.hyp_append}".strip(),
                "-device", f"guest-loader,addr={kernel_at:#x},kernel={comma(options.kernel)},bootargs={comma(line)}",
                "-device", f"guest-loader,addr={initrd_at:#x},initrd={initrd}"]

    def layout(self, initrd_size):
        """Where the boot modules go. QEMU puts the hypervisor at the start of RAM and the device tree at RAM + the
        smaller of half the memory and 128 MiB (its place for an initrd); behind that come the host's kernel, with room
        for image_size, which is more than its file, and the initramfs."""
        options = self.options
        _, image_size, _ = initramfs.image_header(options.kernel)
        text_offset = initramfs.image_header(options.kernel)[0]
        tree_at = RAM_BASE + min(options.mem // 2, 128 * MIB)
        kernel_at = align(tree_at + 4 * MIB, 2 * MIB) + text_offset
        initrd_at = align(kernel_at + image_size, 2 * MIB)
        end = initrd_at + initrd_size
        if end > RAM_BASE + options.mem:
            need = align(end - RAM_BASE, 64 * MIB) // MIB
            raise SetupError(f"--mem {options.mem // MIB}M: kernel and initramfs end at {need}M of memory; give more")
        return kernel_at, initrd_at

    def start(self):
        """Start QEMU with its end of the line, and have the system end it when this process ends in any way."""
        ours, theirs = socket.socketpair()
        self.line = ours
        arguments = [argument.replace("{fd}", str(theirs.fileno())) if argument.startswith("socket,id=agent") else argument
                     for argument in self.arguments]
        if os.environ.get("V") == "1":
            sys.stderr.write("emulate: " + " ".join(arguments) + "\n")
        parent = os.getpid()
        libc = ctypes.CDLL(None, use_errno=True)

        def child():
            libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
            if os.getppid() != parent:
                os._exit(1)

        with open(os.path.join(self.folder, "qemu.err"), "wb") as errors:
            try:
                self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                                                pass_fds=[theirs.fileno(), self.initrd.fileno()],
                                                start_new_session=True, preexec_fn=child)
            except OSError as error:
                raise SetupError(f"{self.options.qemu}: {error.strerror}") from error
        theirs.close()
        self.initrd.close()
        ours.setblocking(False)

    def last_lines(self, count=25):
        try:
            with open(self.log, "rb") as log:
                lines = log.read().decode(errors="replace").replace("\r", "").splitlines()
        except OSError:
            lines = []
        return [line for line in lines if line.strip()][-count:]

    def ended(self):
        """The machine is gone and the command's status has not come. Say why."""
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            raise SetupError("QEMU closed its line but does not end") from None
        if status:
            with open(os.path.join(self.folder, "qemu.err"), encoding="utf-8", errors="replace") as errors:
                words = errors.read().strip().splitlines()
            how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"failed with status {status}"
            raise SetupError(f"QEMU {how}" + (f": {words[-1]}" if words else ""))
        lines = self.last_lines(60)
        if any(re.search(r"reboot: (Power down|Restarting system|System halted)", line) for line in lines) and \
                not any("Kernel panic" in line for line in lines):
            raise Ended(0)
        raise Died("the host or the hypervisor ended before the command did")

    def stop(self):
        """End everything, on every way out."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.line:
            self.line.close()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


def temporary_folder():
    """A folder for this run; those that killed runs left are removed."""
    base = tempfile.gettempdir()
    for name in os.listdir(base):
        match = re.fullmatch(r"geniezone-emulate\.(\d+)\.\w+", name)
        if match and not os.path.exists(f"/proc/{match[1]}"):
            shutil.rmtree(os.path.join(base, name), ignore_errors=True)
    return tempfile.mkdtemp(prefix=f"geniezone-emulate.{os.getpid()}.")


def host_initrd(release, modules):
    """The host's initramfs for a kernel, opened; made again when something that is in it has changed. Others may make and
    remove images at any time, one of the same BUILD or of one that shares its folder: what is open stays as it is."""
    extra = {"gzvm.ko": f"{BUILD}/driver/{release}/gzvm.ko", "usr/bin/gzvm-vmm": f"{BUILD}/vmm/gzvm-vmm"}
    extra = {name: path for name, path in extra.items() if os.path.exists(path)}
    here = os.path.dirname(os.path.abspath(__file__))
    parts = {"agent": f"{BUILD}/host/agent", "busybox": f"{BUILD}/arm64/bin/busybox", "init": f"{TOP}/tools/testing/host/init",
             "initramfs.py": f"{here}/initramfs.py", "modules": f"{modules}/modules.dep", **extra}
    # By what the parts are, not where: every BUILD that has the same ones has the same image.
    key = hashlib.sha256(release.encode())
    for name, part in parts.items():
        key.update(name.encode())
        if os.path.exists(part):
            info = os.stat(part)
            key.update(struct.pack("<QQ", info.st_mtime_ns, info.st_size))
    folder = f"{BUILD}/host/initrd"
    os.makedirs(folder, exist_ok=True)
    path = f"{folder}/{release}-{key.hexdigest()[:12]}.cpio"
    with open(f"{folder}/lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path):
            initramfs.host_image(path, TOP, BUILD, release, modules, extra)
            for name in os.listdir(folder):
                if name.startswith(release + "-") and name != os.path.basename(path):
                    os.unlink(os.path.join(folder, name))
        return open(path, "rb")


class Output:
    """One of the command's output streams, on its way to a file descriptor of ours."""

    def __init__(self, fd):
        self.fd = fd
        self.data = bytearray()
        self.closed = False


class Session:
    """The command's streams over the line to the agent."""

    def __init__(self, machine, command, wakeup):
        self.machine = machine
        self.line = machine.line
        self.command = command
        self.wakeup = wakeup
        self.received = bytearray()
        self.to_send = bytearray()
        self.outputs = {STDOUT: Output(1), STDERR: Output(2)}
        self.input_credit = 0
        self.input_open = True
        self.started = False
        self.status = None
        self.saved = None
        self.escaped = False
        self.pty = os.isatty(0) and os.isatty(1)

    def send(self, kind, payload=b""):
        self.to_send += struct.pack("<II", kind, len(payload)) + payload

    def window_size(self):
        try:
            rows, columns, _, _ = struct.unpack("<HHHH", fcntl.ioctl(1, termios.TIOCGWINSZ, b"\0" * 8))
        except OSError:
            rows, columns = 24, 80
        return rows, columns

    def hello(self, window):
        self.input_credit = window
        command = self.command or (["/bin/sh", "-l"] if self.pty else ["/bin/sh", "-s"])
        rows, columns = self.window_size() if self.pty else (0, 0)
        words = [os.environ.get("TERM", "") if self.pty else "", *command]
        payload = struct.pack("<IIII", self.pty, rows, columns, len(command))
        self.send(RUN, payload + b"".join(os.fsencode(word) + b"\0" for word in words))
        for stream in (STDOUT, STDERR):
            self.send(CREDIT, struct.pack("<II", stream, WINDOW))
        self.started = True
        if self.pty:
            self.saved = termios.tcgetattr(0)
            tty.setraw(0)

    def handle(self, kind, payload):
        if kind == HELLO:
            self.hello(*struct.unpack("<I", payload))
        elif kind in self.outputs:
            self.outputs[kind].data += payload
        elif kind == CREDIT:
            self.input_credit += struct.unpack("<II", payload)[1]
        elif kind == STATUS:
            self.status = struct.unpack("<I", payload)[0]
            self.send(OFF)
        else:
            raise SetupError(f"the agent in the host sent an unknown frame {kind}")

    def receive(self):
        try:
            data = self.line.recv(1 << 18)
        except BlockingIOError:
            return True
        except ConnectionError:
            data = b""
        self.received += data
        while len(self.received) >= 8:
            kind, length = struct.unpack_from("<II", self.received)
            if len(self.received) < 8 + length:
                break
            payload = bytes(self.received[8:8 + length])
            del self.received[:8 + length]
            self.handle(kind, payload)
        return bool(data)

    def transmit(self):
        try:
            sent = self.line.send(self.to_send)
            del self.to_send[:sent]
        except BlockingIOError:
            pass
        except ConnectionError:
            self.to_send.clear()

    def read_input(self):
        try:
            data = os.read(0, min(self.input_credit, 32768))
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EINTR):
                return
            data = b""
        if not data:
            self.input_open = False
        elif self.pty:
            data = self.escape(data)
            if not data:
                return
        self.input_credit -= len(data)
        self.send(STDIN, data)

    def escape(self, data):
        """Ctrl-] twice ends the machine; once and another key are passed on."""
        out = bytearray()
        for byte in data:
            if self.escaped and byte == ESCAPE:
                raise Ended(STATUS_DIED)
            if self.escaped:
                out.append(ESCAPE)
            self.escaped = byte == ESCAPE
            if not self.escaped:
                out.append(byte)
        return bytes(out)

    def write_output(self, stream, output):
        # A pipe that polls writable takes PIPE_BUF bytes without blocking.
        part = output.data[:PIPE_BUF]
        try:
            written = os.write(output.fd, part)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EINTR):
                return
            # Nobody reads: the command shall see that as well.
            output.closed = True
            output.data.clear()
            self.send(CLOSE, struct.pack("<I", stream))
            return
        del output.data[:written]
        if self.status is None:
            self.send(CREDIT, struct.pack("<II", stream, written))

    def poll(self, timeout):
        poller = select.poll()
        poller.register(self.line, select.POLLIN | (select.POLLOUT if self.to_send else 0))
        poller.register(self.wakeup, select.POLLIN)
        if self.started and self.input_open and self.input_credit > 0 and self.status is None:
            poller.register(0, select.POLLIN)
        for output in self.outputs.values():
            if output.closed:
                output.data.clear()
            if output.data:
                poller.register(output.fd, select.POLLOUT)
        return dict(poller.poll(timeout))

    def step(self, timeout):
        """Wait for one round of events. Returns False when the machine has closed the line."""
        events = self.poll(timeout)
        alive = True
        if self.wakeup in events:
            for number in os.read(self.wakeup, 64):
                if number == signal.SIGWINCH and self.pty and self.started:
                    self.send(WINDOW_SIZE, struct.pack("<II", *self.window_size()))
                elif number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    raise Ended(128 + number)
        for stream, output in self.outputs.items():
            if output.data and output.fd in events:
                self.write_output(stream, output)
        if 0 in events:
            self.read_input()
        mask = events.get(self.line.fileno(), 0)
        if mask & (select.POLLIN | select.POLLHUP):
            alive = self.receive()
        if mask & select.POLLOUT:
            self.transmit()
        return alive

    def flush(self):
        """Write what is left of the outputs, as long as that takes."""
        while any(output.data and not output.closed for output in self.outputs.values()):
            for stream, output in self.outputs.items():
                if output.data and not output.closed:
                    self.write_output(stream, output)

    def run(self, deadline):
        """Returns the command's status, once the machine has powered off."""
        alive = True
        while alive:
            left = deadline - time.monotonic() if deadline else 3600
            if left <= 0:
                raise TimeoutError
            alive = self.step(min(left, 3600) * 1000)
        self.flush()
        if self.status is None:
            self.machine.ended()
        try:
            self.machine.process.wait(120)
        except subprocess.TimeoutExpired:
            raise Died("the host did not power off after the command") from None
        return self.status

    def restore(self):
        if self.saved:
            termios.tcsetattr(0, termios.TCSADRAIN, self.saved)
            self.saved = None


def run(machine, options):
    machine.prepare()
    wakeup, notify = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(notify, warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGWINCH):
        signal.signal(number, lambda *_: None)
    machine.start()
    if options.gdb:
        sys.stderr.write(f"emulate: the machine waits for a debugger: target remote :{options.gdb}\n")
    session = Session(machine, options.command, wakeup)
    timeout = options.timeout
    if timeout is None:
        timeout = 0 if session.pty or options.gdb else 600
    try:
        return session.run(time.monotonic() + timeout if timeout else None)
    except TimeoutError:
        words = "" if session.started else "; the host had not come up"
        session.restore()
        for line in machine.last_lines() if not session.started else []:
            sys.stderr.write(f"  {line}\n")
        return fail(f"time is up after {timeout:g} s{words}", STATUS_TIMEOUT)
    finally:
        session.restore()


def main():
    options = parse(sys.argv[1:])
    machine = Machine(options)
    try:
        return run(machine, options)
    except SetupError as error:
        return fail(error)
    except Died as error:
        for line in machine.last_lines():
            sys.stderr.write(f"  {line}\n")
        return fail(error, STATUS_DIED)
    except Ended as ended:
        return ended.status
    finally:
        machine.stop()


if __name__ == "__main__":
    sys.exit(main())
