# SPDX-License-Identifier: GPL-2.0-only
#
# GenieZone: hypervisor, driver, VMM, and what builds, runs and tests them. "make help" lists the targets.
# Each folder has a Makefile of its own; this one sets up, descends in order and runs.

TOP		:= $(CURDIR)
BUILD		:= $(TOP)/build
CROSS_COMPILE	?= aarch64-linux-gnu-
export TOP BUILD CROSS_COMPILE V QEMU TESTS

ifneq ($(V),1)
Q		:= @
MAKEFLAGS	+= --no-print-directory
endif

# Where the unpacked arm64 libfdt is: usr/include/libfdt.h, usr/lib/aarch64-linux-gnu/libfdt.a
LIBFDT_DIR	:= $(BUILD)/arm64
COMPONENT_ARGS	= CROSS_COMPILE=$(CROSS_COMPILE) LIBFDT_DIR=$(LIBFDT_DIR)

have		= $(wildcard $(1)/Makefile)
HYPERVISOR	:= $(if $(call have,hypervisor),hypervisor)
DRIVER		:= $(if $(call have,drivers/virt/geniezone),driver)
VMM		:= $(if $(call have,tools/gzvm-vmm),vmm)
GUEST_KIT	:= $(if $(call have,tools/testing/guest),guest-kit)
COMPONENTS	:= $(HYPERVISOR) $(DRIVER) $(VMM) $(GUEST_KIT)

.PHONY: all
all: emulate-files

# Set-up. Stamps keep a warm run short; a cleaned cache makes the links dangle, which sets up again.

STAMPS		:= $(BUILD)/.stamp
dangling	= $(if $(wildcard $(BUILD)/$(1)/release),,FORCE)

.PHONY: FORCE setup
FORCE:

setup: $(STAMPS)/tools $(STAMPS)/arm64 $(STAMPS)/kernel-minimal

$(STAMPS)/tools: scripts/setup
	$(Q)scripts/setup tools
	$(Q)mkdir -p $(@D) && touch $@

$(STAMPS)/arm64: scripts/setup scripts/lib/packages.sh $(call dangling,arm64) | $(STAMPS)/tools
	$(Q)scripts/setup arm64
	$(Q)touch $@

$(STAMPS)/kernel-minimal: scripts/setup tools/testing/kernel/minimal.config $(call dangling,kernel-minimal) \
		| $(STAMPS)/tools
	$(Q)scripts/setup kernel-minimal
	$(Q)touch $@

# Only check-debug and check-newest need these.
$(STAMPS)/kernel-debug: tools/testing/kernel/debug.config
$(STAMPS)/kernel-debug $(STAMPS)/kernel-newest: $(STAMPS)/kernel-%: scripts/setup tools/testing/kernel/minimal.config \
		FORCE | $(STAMPS)/tools
	$(Q)scripts/setup kernel-$*
	$(Q)touch -r $(BUILD)/kernel-$*/release $@

# The folder has no file "release": look for the program.
$(STAMPS)/qemu10: scripts/setup scripts/lib/packages.sh $(if $(wildcard $(BUILD)/qemu10/bin),,FORCE) \
		| $(STAMPS)/tools
	$(Q)scripts/setup qemu10
	$(Q)touch $@

$(STAMPS)/stress: scripts/setup scripts/lib/packages.sh $(if $(wildcard $(BUILD)/stress/usr),,FORCE) \
		| $(STAMPS)/tools
	$(Q)scripts/setup stress
	$(Q)touch $@

# Components

.PHONY: $(COMPONENTS) hypervisor driver vmm guest-kit

hypervisor: $(STAMPS)/arm64
	$(Q)$(MAKE) -C hypervisor O=$(BUILD)/hypervisor $(COMPONENT_ARGS)

# gzvm.ko is built for each kernel that the emulated host runs. Going through kbuild takes a second even when
# nothing is to do, so it only happens when a source or the kernel has changed.
DRIVER_SOURCES	:= $(if $(DRIVER),$(shell find drivers/virt/geniezone arch/arm64/geniezone include -type f))

driver: $(BUILD)/driver/stock $(BUILD)/driver/minimal

$(BUILD)/driver/minimal: $(STAMPS)/kernel-minimal
$(BUILD)/driver/debug: $(STAMPS)/kernel-debug
$(BUILD)/driver/newest: $(STAMPS)/kernel-newest
$(BUILD)/driver/%: $(DRIVER_SOURCES) $(STAMPS)/arm64
	$(Q)out=$(BUILD)/driver/$$(cat $(BUILD)/kernel-$*/release) && \
	$(MAKE) -C drivers/virt/geniezone ARCH=arm64 CROSS_COMPILE=$(CROSS_COMPILE) W=1 \
		KDIR=$(BUILD)/kernel-$*/headers O=$$out && \
	cp $$out/drivers/virt/geniezone/gzvm.ko $$out/gzvm.ko.tmp && mv $$out/gzvm.ko.tmp $$out/gzvm.ko
	$(Q)touch $@

vmm: $(STAMPS)/arm64
	$(Q)$(MAKE) -C tools/gzvm-vmm O=$(BUILD)/vmm $(COMPONENT_ARGS)

guest-kit: $(STAMPS)/arm64
	$(Q)$(MAKE) -C tools/testing/guest O=$(BUILD)/guest-kit $(COMPONENT_ARGS)

# What runs inside the emulated host and its guests

$(BUILD)/host/agent: tools/testing/host/agent.c | $(STAMPS)/tools
	$(Q)mkdir -p $(@D)
	$(Q)$(CROSS_COMPILE)gcc -std=gnu11 -O2 -Wall -Wextra -Werror -static -o $@.tmp $< -lutil
	$(Q)mv $@.tmp $@

$(BUILD)/guest/initrd: tools/testing/host/guest-init scripts/lib/initramfs.py $(STAMPS)/arm64
	$(Q)mkdir -p $(@D)
	$(Q)python3 scripts/lib/initramfs.py guest $@ $(TOP) $(BUILD)

$(BUILD)/guest/Image: $(STAMPS)/arm64
	$(Q)mkdir -p $(@D)
	$(Q)cp $(BUILD)/kernel-stock/Image $@.tmp && mv $@.tmp $@

# What "make run" needs: not the small kernel, whose first build takes minutes.
.PHONY: run-files emulate-files
run-files: $(STAMPS)/arm64 $(BUILD)/host/agent $(BUILD)/guest/initrd $(BUILD)/guest/Image \
		$(HYPERVISOR) $(if $(DRIVER),$(BUILD)/driver/stock) $(VMM)

emulate-files: run-files $(STAMPS)/kernel-minimal $(COMPONENTS)

# To run and to test

# What "make run" starts in the host: a guest, whose shell is on the terminal. With
# make run RUN_COMMAND= it is a shell of the host.
RUN_COMMAND	= -- gzvm-vmm run --kernel /guest/Image --initrd /guest/initrd --append quiet

.PHONY: run check coverage size
run: run-files
	$(if $(HYPERVISOR),,$(Q)echo "make run: no hypervisor in this tree yet; this is the host by itself" >&2)
	@EMULATE_BUILD=0 scripts/emulate --hypervisor $(if $(HYPERVISOR),geniezone,none) --timeout 0 $(RUN_COMMAND)

check: emulate-files $(if $(HYPERVISOR),$(STAMPS)/qemu10)
	$(Q)EMULATE_BUILD=0 tools/testing/run

coverage: $(STAMPS)/tools
	$(Q)$(MAKE) -C hypervisor/tests O=$(BUILD)/hypervisor-tests coverage

# The driver under the kernel's own checkers, and on the newest kernel that the distribution has.
ON_KERNEL_SUITES := driver-kunit driver-selftests guest-kit/geniezone:*

.PHONY: check-debug check-newest
check-debug check-newest: check-%: emulate-files $(BUILD)/driver/%
	$(Q)EMULATE_BUILD=0 tools/testing/on-kernel $* $(ON_KERNEL_SUITES)

# The driver as a part of a kernel tree: other compilers and checkers, kunit.py.
.PHONY: check-tree
check-tree: $(STAMPS)/tools
	$(Q)SUITES=tools/testing/tree tools/testing/run

# Every CPU model; "make check" has guests on three of them.
.PHONY: check-cpus
check-cpus: emulate-files
	$(Q)EMULATE_BUILD=0 SUITES=tools/testing/cpus tools/testing/run

size: emulate-files
	$(Q)EMULATE_BUILD=0 scripts/size

# Kept one-line faults: each must turn a test red.
.PHONY: mutants soak
mutants: emulate-files
	$(Q)tools/testing/mutants

# The long forms of the suites that have one, the most telling first, for SOAK_MINUTES.
SOAK_MINUTES	?= 60
soak: emulate-files $(STAMPS)/stress $(if $(HYPERVISOR),$(STAMPS)/qemu10)
	$(Q)EMULATE_BUILD=0 SOAK_MINUTES=$(SOAK_MINUTES) tools/testing/soak

# Random programs of hypercalls and guests; stops at the first input that fails.
.PHONY: fuzz
FUZZ_SECONDS	?= 600
fuzz: $(STAMPS)/tools
	$(Q)FUZZ_SECONDS=$(FUZZ_SECONDS) tools/testing/fuzz

# What everything costs, beside KVM; see Documentation/virt/geniezone/figures.rst.
.PHONY: bench bench-compare bench-tool
bench-tool: emulate-files
	$(Q)$(MAKE) -C tools/testing/bench O=$(BUILD)/bench VMM=$(BUILD)/vmm CROSS_COMPILE=$(CROSS_COMPILE)

bench: bench-tool
	$(Q)tools/testing/bench/bench run

bench-compare: bench
	$(Q)tools/testing/bench/bench compare

# To look at and to clean

ifneq ($(HYPERVISOR),)
define HYPERVISOR_HELP
@echo 'make check-cpus    hypervisor, host and guests on each CPU model that is known to work'
@echo 'make check-debug   the driver on a kernel with KASAN, lockdep and more of its own checkers'
@echo 'make check-newest  the driver on the newest kernel that Debian has'
@echo 'make check-tree    the driver in a kernel tree: gcc, clang, Coccinelle, header test, kunit.py'
@echo 'make coverage    lines of the hypervisor that its unit tests reach; fails below 90%'
@echo 'make mutants     kept one-line faults, each of which must turn a test red'
@echo 'make fuzz        fuzz the hypercalls on all CPUs for FUZZ_SECONDS (600)'
@echo 'make soak        the long forms of tests, for SOAK_MINUTES (60)'
@echo 'make size        lines of code, size of the image, instructions until the host starts'
endef
endif

.PHONY: help clean distclean clean-cache
help:
	@echo 'make             set up and build everything'
	@echo 'make run         the main job: a shell under GenieZone in the emulated machine'
	@echo 'make check       all tests; TESTS="emulate setup/second*" chooses some'
	@echo 'make bench       what everything costs, in instructions, beside KVM; table, JSON and chart'
	@echo 'make bench-compare  the same, and what has changed against the figures kept in the tree'
	@echo 'make setup       install tools, fetch the arm64 pieces, build the small kernel'
	$(HYPERVISOR_HELP)
	@echo 'make clean       remove what was built here; the cache stays'
	@echo 'make distclean   clean, and forget the set-up of this tree'
	@echo 'make clean-cache remove downloads and kernels from the cache of this user'
	@echo 'make help        this'
	@echo
	@echo 'Knobs: V=1 shows commands; QEMU=BIN runs another qemu-system-aarch64.'
	@echo 'scripts/emulate --help: the emulated machine. scripts/setup --help: the set-up.'

clean:
	$(Q)if [ -d $(BUILD) ]; then find $(BUILD) -mindepth 1 -maxdepth 1 ! -type l ! -name .stamp \
		-exec rm -rf {} +; fi

distclean:
	$(Q)rm -rf $(BUILD)

clean-cache: distclean
	$(Q)rm -rf "$${GENIEZONE_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/geniezone}"
