// SPDX-License-Identifier: GPL-2.0-only
/* MMIO dispatch. */
#include <errno.h>

#include "bus.h"
#include "ktap.h"

struct probe {
	uint64_t offset, value;
	unsigned int size, writes;
};

static uint64_t probe_read(void *device, uint64_t offset, unsigned int size)
{
	struct probe *probe = device;

	probe->offset = offset;
	probe->size = size;
	return UINT64_C(0x1122334455667788);
}

static void probe_write(void *device, uint64_t offset, unsigned int size, uint64_t value)
{
	struct probe *probe = device;

	probe->offset = offset;
	probe->size = size;
	probe->value = value;
	probe->writes++;
}

static const struct bus_ops probe_ops = { probe_read, probe_write };

TEST(overlap)
{
	struct bus bus = { 0 };
	struct probe probe = { 0 };

	EXPECT_EQ(bus_add(&bus, 0x1000, 0x1000, &probe_ops, &probe), 0);
	EXPECT_EQ(bus_add(&bus, 0x1fff, 1, &probe_ops, &probe), -EEXIST);
	EXPECT_EQ(bus_add(&bus, 0x800, 0x801, &probe_ops, &probe), -EEXIST);
	EXPECT_EQ(bus_add(&bus, 0x2000, 0x1000, &probe_ops, &probe), 0);
}

TEST(sizes)
{
	struct bus bus = { 0 };
	struct probe probe = { 0 };

	bus_add(&bus, 0x1000, 0x1000, &probe_ops, &probe);
	for (unsigned int size = 1; size <= 8; size *= 2) {
		uint8_t data[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
		uint64_t value;

		bus_access(&bus, 0x1234, size, false, data);
		memcpy(&value, data, 8);
		EXPECT_EQ(probe.offset, 0x234);
		EXPECT_EQ(probe.size, size);
		EXPECT_EQ(value, UINT64_C(0x1122334455667788) &
			  (size == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * size)) - 1));
		memset(data, 0xa5, 8);
		bus_access(&bus, 0x1ffe, size, true, data);
		EXPECT_EQ(probe.offset, 0xffe);
		EXPECT_EQ(probe.value, UINT64_C(0xa5a5a5a5a5a5a5a5) &
			  (size == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * size)) - 1));
	}
}

TEST(unclaimed)
{
	struct bus bus = { 0 };
	struct probe probe = { 0 };
	const uint64_t addresses[] = { 0, 0xfff, 0x2000, UINT64_MAX };
	uint8_t data[8];

	bus_add(&bus, 0x1000, 0x1000, &probe_ops, &probe);
	for (size_t i = 0; i < 4; i++) {
		memset(data, 0xff, 8);
		bus_access(&bus, addresses[i], 4, false, data);
		EXPECT(!memcmp(data, "\0\0\0\0\0\0\0", 8));
		bus_access(&bus, addresses[i], 4, true, data);
		EXPECT_EQ(bus.last_unclaimed, addresses[i]);
	}
	EXPECT_EQ(bus.unclaimed, 8);
	EXPECT_EQ(probe.writes, 0);
	/* Sizes that no instruction has. */
	bus_access(&bus, 0x1000, 0, true, data);
	bus_access(&bus, 0x1000, 3, true, data);
	bus_access(&bus, 0x1000, 16, true, data);
	EXPECT_EQ(probe.writes, 0);
}
