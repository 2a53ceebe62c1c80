# SPDX-License-Identifier: GPL-2.0-only
"""Initramfs images of the emulated host and of guests, and the modules that go into them.

An image is a cpio archive ("newc") written here, so that device nodes need no root and two builds of the
same content are the same bytes.
"""

import lzma
import os
import re
import stat
import struct

HOST_EARLY = ["9p", "9pnet_virtio"]
GUEST_EARLY = ["virtio_mmio", "virtio_blk", "virtio_net", "virtio_rng", "virtio_balloon", "vmw_vsock_virtio_transport"]


class SetupError(Exception):
    """What is missing or wrong, in one line for people."""


class Cpio:
    """Files by name; parents are made as needed."""

    def __init__(self):
        self.entries = {}

    def add(self, name, mode, data=b"", device=(0, 0)):
        name = name.strip("/")
        parent = os.path.dirname(name)
        if parent and parent not in self.entries:
            self.add(parent, stat.S_IFDIR | 0o755)
        self.entries[name] = (mode, data, device)

    def file(self, name, data, mode=0o644):
        self.add(name, stat.S_IFREG | mode, data.encode() if isinstance(data, str) else data)

    def copy(self, name, path, mode=0o644):
        with open(path, "rb") as source:
            self.file(name, source.read(), mode)

    def link(self, name, target):
        self.add(name, stat.S_IFLNK | 0o777, target.encode())

    def write(self, path):
        """Write the archive, under its final name only once it is whole."""
        with open(f"{path}.{os.getpid()}", "wb") as out:
            for number, (name, (mode, data, device)) in enumerate(self.entries.items(), 1):
                self._entry(out, number, name, mode, data, device)
            self._entry(out, 0, "TRAILER!!!", 0, b"", (0, 0))
        os.rename(f"{path}.{os.getpid()}", path)

    @staticmethod
    def _entry(out, number, name, mode, data, device):
        links = 2 if stat.S_ISDIR(mode) else 1
        fields = (number, mode, 0, 0, links, 0, len(data), 0, 0, *device, len(name) + 1, 0)
        header = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        out.write(header + b"\0" * (-len(header) % 4) + data + b"\0" * (-len(data) % 4))


def image_header(path):
    """Return (text_offset, image_size, file_size) of an arm64 Image (Documentation/arch/arm64/booting.rst)."""
    try:
        with open(path, "rb") as image:
            head = image.read(64)
            size = os.fstat(image.fileno()).st_size
    except OSError as error:
        raise SetupError(f"kernel {path}: {error.strerror}; build/kernel-stock/Image is the stock one") from error
    if len(head) < 64 or head[56:60] != b"ARM\x64":
        raise SetupError(f"kernel {path}: not an arm64 Image (no magic number at byte 56); give an uncompressed one")
    text_offset, image_size = struct.unpack_from("<QQ", head, 8)
    if image_size == 0:
        text_offset, image_size = 0x80000, size
    return text_offset, max(image_size, size), size


def image_release(path):
    """Return the release string ("uname -r") of an arm64 Image."""
    image_header(path)
    with open(path, "rb") as image:
        found = re.search(rb"Linux version (\S+) \(", image.read())
    if not found:
        raise SetupError(f"kernel {path}: it has no 'Linux version' string, so no modules can be found for it")
    return found.group(1).decode()


class Modules:
    """The modules of one kernel: FOLDER is its lib/modules/RELEASE."""

    def __init__(self, folder):
        self.folder = folder
        self.depends = {}
        self.paths = {}
        with open(os.path.join(folder, "modules.dep"), encoding="ascii") as index:
            for line in index:
                path, _, depends = line.partition(":")
                self.paths[self.name(path)] = path
                self.depends[path] = depends.split()

    @staticmethod
    def name(path):
        return os.path.basename(path).partition(".")[0].replace("-", "_")

    @property
    def empty(self):
        return not self.paths

    def closure(self, names):
        """Paths of the modules of these names and all they need, in the order to load them in. A name that
        is no module is built in (or not there, which the user of it will notice)."""
        order = []
        for name in names:
            path = self.paths.get(name)
            if not path:
                continue
            for one in [*reversed(self.depends[path]), path]:
                if one not in order:
                    order.append(one)
        return order

    def read(self, path):
        with open(os.path.join(self.folder, path), "rb") as module:
            data = module.read()
        return lzma.decompress(data) if path.endswith(".xz") else data

    def add_early(self, cpio, release, names):
        base = f"lib/modules/{release}/early"
        order = []
        for path in self.closure(names):
            order.append(self.name(path) + ".ko")
            cpio.file(f"{base}/{order[-1]}", self.read(path))
        cpio.file(f"{base}/order", "".join(f"{name}\n" for name in order))


def find_modules(release, given, places):
    """Return the folder lib/modules/RELEASE: below GIVEN, or else in the first of PLACES that has it."""
    if given:
        for folder in (os.path.join(given, "lib/modules", release), os.path.join(given, release), given):
            if os.path.exists(os.path.join(folder, "modules.dep")) and (folder != given or
                    os.path.basename(os.path.realpath(given)) == release):
                return folder
        raise SetupError(f"modules {given}: nothing there for kernel {release}; "
                         f"looked for lib/modules/{release}/modules.dep")
    for place in places:
        folder = os.path.join(place, "lib/modules", release)
        if os.path.exists(os.path.join(folder, "modules.dep")):
            return folder
    raise SetupError(f"kernel {release}: no modules for it in the cache; name their folder with --modules")


def common(busybox, init, hostname):
    """What every image has."""
    cpio = Cpio()
    cpio.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    cpio.copy("bin/busybox", busybox, 0o755)
    cpio.link("bin/sh", "busybox")
    cpio.copy("init", init, 0o755)
    cpio.file("etc/hostname", f"{hostname}\n")
    cpio.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
    cpio.file("etc/group", "root:x:0:\n")
    cpio.file("etc/profile", f"export PS1='{hostname}# '\n")
    return cpio


def module_field(data, field):
    """All values of FIELD in a module's .modinfo section: strings "field=value" that end with 0."""
    return [value.decode() for value in re.findall(rb"(?:^|\0)" + field.encode() + rb"=([^\0]*)(?=\0)", data)]


def add_gzvm(cpio, release, modules, path):
    """Put the driver, built for RELEASE, in the image and in the index that modprobe reads."""
    base = f"lib/modules/{release}"
    index = {}
    for name in ("modules.dep", "modules.alias", "modules.softdep", "modules.builtin", "modules.symbols"):
        try:
            with open(os.path.join(modules.folder, name), "rb") as source:
                index[name] = source.read()
        except FileNotFoundError:
            index[name] = b""
    if path:
        with open(path, "rb") as module:
            data = module.read()
        cpio.file(f"{base}/extra/gzvm.ko", data)
        needs = [name for value in module_field(data, "depends") for name in value.split(",") if name]
        depends = " ".join(reversed(modules.closure(needs)))
        index["modules.dep"] += f"extra/gzvm.ko: {depends}".rstrip().encode() + b"\n"
        for alias in module_field(data, "alias"):
            index["modules.alias"] += f"alias {alias} gzvm\n".encode()
    for name, data in index.items():
        cpio.file(f"{base}/{name}", data)


def host_image(out, top, build, release, folder, extra):
    """Write the emulated host's initramfs; EXTRA maps names in it to files, those that exist."""
    modules = Modules(folder)
    cpio = common(os.path.join(build, "arm64/bin/busybox"), os.path.join(top, "tools/testing/host/init"), "host")
    cpio.copy("bin/agent", os.path.join(build, "host/agent"), 0o755)
    cpio.add(f"lib/modules/{release}/kernel", stat.S_IFDIR | 0o755)
    modules.add_early(cpio, release, HOST_EARLY)
    add_gzvm(cpio, release, modules, extra.get("gzvm.ko"))
    for name, path in extra.items():
        if name != "gzvm.ko":
            cpio.copy(name, path, 0o755)
    cpio.write(out)


def guest_image(out, top, build):
    """Write the guests' initramfs: for the stock kernel and for any that has virtio built in."""
    cpio = common(os.path.join(build, "arm64/bin/busybox"), os.path.join(top, "tools/testing/host/guest-init"),
                  "guest")
    with open(os.path.join(build, "kernel-stock/release"), encoding="ascii") as source:
        release = source.read().strip()
    modules = Modules(os.path.join(build, "kernel-stock/lib/modules", release))
    modules.add_early(cpio, release, GUEST_EARLY)
    cpio.write(out)


if __name__ == "__main__":
    import sys
    if len(sys.argv) != 5 or sys.argv[1] != "guest":
        sys.exit("usage: initramfs.py guest OUT TOP BUILD")
    guest_image(*sys.argv[2:])
