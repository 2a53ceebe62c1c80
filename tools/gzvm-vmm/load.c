// SPDX-License-Identifier: GPL-2.0-only
/*
 * What lies in the guest's memory when it starts: kernel, device tree, initrd.
 *
 * The kernel goes to the start of memory plus its text_offset; behind the memory that it
 * says it needs come the device tree and the initrd, each at a multiple of 2 MiB: in the 1
 * GiB window around the kernel that booting.rst asks for, unless they do not fit there. Behind
 * a kernel that does not say it, some memory is left free, where there is enough.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dtb.h"
#include "image.h"
#include "layout.h"
#include "machine.h"
#include "util.h"

/* Opens a file of which the guest gets a copy. */
static int load_open(const char *option, const char *path, uint64_t *size)
{
	struct stat st;
	int fd = -1, err = 0;

	/* Checked before it is opened: opening a FIFO would wait. */
	if (stat(path, &st))
		err = errno;
	else if (S_ISDIR(st.st_mode))
		err = EISDIR;
	else if (!S_ISREG(st.st_mode))
		err = EINVAL;
	if (!err) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		err = fd < 0 ? errno : 0;
	}
	if (err) {
		vmm_error("%s %s: %s; give the path of a file that can be read", option, path,
			  err == EINVAL ? "is not a regular file" : strerror(err));
		return -err;
	}
	*size = st.st_size;
	return fd;
}

static int load_read(const char *option, const char *path, int fd, void *buf, uint64_t size)
{
	uint64_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, (uint8_t *)buf + done, size - done, done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int err = n ? errno : EIO;

			vmm_error("%s %s: %s; copy it again", option, path,
				  n ? strerror(err) : "became shorter while it was read");
			return -err;
		}
		done += n;
	}
	return 0;
}

static int load_no_room(const struct machine *machine, const char *option, const char *path,
			uint64_t end)
{
	uint64_t need = ALIGN_UP(end - LAYOUT_RAM, UINT64_C(1) << 20) >> 20;

	vmm_error("%s %s: does not fit into the guest's %lluM of memory; try --mem %lluM or more",
		  option, path, (unsigned long long)(machine->mem.size >> 20),
		  (unsigned long long)ALIGN_UP(need + 64, 64));
	return -ENOSPC;
}

/*
 * Return: guest physical address behind the kernel, and in @keep_free the bytes there that it
 * would like to have; or 0 after a line.
 */
static uint64_t load_kernel(struct machine *machine, uint64_t *keep_free)
{
	const char *path = machine->options->kernel;
	uint8_t head[IMAGE_HEAD_SIZE];
	struct image_info info;
	uint64_t size, end = 0;
	const char *problem;
	int fd = load_open("--kernel", path, &size);

	if (fd < 0)
		return 0;
	if (load_read("--kernel", path, fd, head, MIN(size, sizeof(head))))
		goto out;
	problem = image_check(head, MIN(size, sizeof(head)), size, &info);
	if (problem) {
		vmm_error("--kernel %s: %s", path, problem);
		goto out;
	}
	*keep_free = info.keep_free;
	machine->entry = LAYOUT_RAM + info.text_offset;
	end = machine->entry + info.image_size;
	if (!guest_mem_at(&machine->mem, machine->entry, info.image_size)) {
		load_no_room(machine, "--kernel", path, end);
		end = 0;
	} else if (load_read("--kernel", path, fd,
			     guest_mem_at(&machine->mem, machine->entry, size), size)) {
		end = 0;
	}
out:
	close(fd);
	return end;
}

/* Where @size bytes go that follow what ends at @end. */
static uint64_t load_behind(const struct machine *machine, uint64_t end, uint64_t keep_free,
			    uint64_t size)
{
	uint64_t gpa = ALIGN_UP(end + keep_free, SIZE_2M);

	return guest_mem_at(&machine->mem, gpa, size) ? gpa : ALIGN_UP(end, SIZE_2M);
}

/* Reads the initrd, and finds the place for the device tree in front of it. */
static int load_initrd(struct machine *machine, uint64_t end, uint64_t keep_free)
{
	const char *path = machine->options->initrd;
	uint64_t gpa, size;
	void *host;
	int err, fd = load_open("--initrd", path, &size);

	if (fd < 0)
		return fd;
	machine->dtb = load_behind(machine, end, keep_free, SIZE_2M + size);
	gpa = machine->dtb + SIZE_2M;
	host = guest_mem_at(&machine->mem, gpa, size);
	if (host)
		err = load_read("--initrd", path, fd, host, size);
	else
		err = load_no_room(machine, "--initrd", path, gpa + size);
	close(fd);
	machine->initrd = gpa;
	machine->initrd_size = size;
	return err;
}

static int load_dtb(struct machine *machine)
{
	struct dtb_machine m = {
		.cmdline = machine->options->cmdline,
		.mem_base = LAYOUT_RAM,
		.mem_size = machine->mem.size,
		.initrd = machine->initrd,
		.initrd_size = machine->initrd_size,
		.cpus = machine->options->cpus,
		.gic_dist = LAYOUT_GIC_DIST,
		.gic_redist = layout_gic_redist(machine->options->cpus),
		.serial = LAYOUT_SERIAL,
		.serial_spi = LAYOUT_SERIAL_SPI,
		.rtc = LAYOUT_RTC,
		.rtc_spi = LAYOUT_RTC_SPI,
	};
	void *host = guest_mem_at(&machine->mem, machine->dtb, LAYOUT_DTB_SIZE);
	int size;

	if (!host)
		return load_no_room(machine, "--kernel", machine->options->kernel,
				    machine->dtb + LAYOUT_DTB_SIZE);
	for (unsigned int i = 0; i < MACHINE_MAX_VIRTIO; i++) {
		if (!machine->virtio[i])
			continue;
		m.virtio[m.nr_virtio] = layout_virtio(i);
		m.virtio_spi[m.nr_virtio++] = LAYOUT_VIRTIO_SPI + i;
	}
	if (getrandom(&m.kaslr_seed, sizeof(m.kaslr_seed), 0) != sizeof(m.kaslr_seed) ||
	    getrandom(m.rng_seed, sizeof(m.rng_seed), 0) != sizeof(m.rng_seed)) {
		vmm_error("guest's random seed: %s; try again", strerror(errno));
		return -EIO;
	}
	size = dtb_build(&m, host, LAYOUT_DTB_SIZE);
	if (size < 0) {
		/* not reached: a command line is shorter, and there are no more devices */
		vmm_error("guest's device tree: %s; shorten --append", strerror(-size));
		return size;
	}
	machine->dtb_size = size;
	return 0;
}

/**
 * machine_load() - fill the guest's memory
 * @machine: its memory and devices exist
 *
 * Return: 0, or a negative errno after the line that explains it.
 */
int machine_load(struct machine *machine)
{
	uint64_t keep_free = 0, end = load_kernel(machine, &keep_free);
	int err = 0;

	if (!end)
		return -EINVAL;
	if (machine->options->initrd)
		err = load_initrd(machine, end, keep_free);
	else
		machine->dtb = load_behind(machine, end, keep_free, LAYOUT_DTB_SIZE);
	return err ? err : load_dtb(machine);
}
