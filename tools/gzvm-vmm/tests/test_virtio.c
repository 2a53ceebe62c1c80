// SPDX-License-Identifier: GPL-2.0-only
/* The transport and what devices have in common, with the entropy device. */
#include <errno.h>
#include <linux/virtio_ids.h>
#include <sys/resource.h>

#include "driver.h"
#include "ktap.h"
#include "util.h"
#include "virtio_rng.h"

static struct guest_mem mem;
static struct virtio_device rng;
static struct rings rings[VIRTIO_MAX_QUEUES];

static void setup(void)
{
	if (!mem.host && guest_mem_alloc(&mem, RINGS_BASE, RINGS_MEM))
		abort();
	if (virtio_init(&rng, &virtio_rng_ops, &mem, 1) || virtio_start(&rng))
		abort();
}

static void teardown(void)
{
	virtio_stop(&rng);
	virtio_destroy(&rng);
}

TEST(identity)
{
	setup();
	EXPECT_EQ(reg_read(&rng, VIRTIO_MMIO_MAGIC_VALUE), 0x74726976);
	EXPECT_EQ(reg_read(&rng, VIRTIO_MMIO_VERSION), 2);
	EXPECT_EQ(reg_read(&rng, VIRTIO_MMIO_DEVICE_ID), VIRTIO_ID_RNG);
	EXPECT_EQ(reg_read(&rng, VIRTIO_MMIO_QUEUE_NUM_MAX), 64);
	/* A legacy driver finds the queue taken, whatever it does. */
	reg_write(&rng, VIRTIO_MMIO_GUEST_PAGE_SIZE, 4096);
	reg_write(&rng, VIRTIO_MMIO_QUEUE_PFN, RINGS_BASE >> 12);
	EXPECT_EQ(reg_read(&rng, VIRTIO_MMIO_QUEUE_PFN), UINT32_MAX);
	EXPECT_EQ(reg_read(&rng, VIRTIO_MMIO_QUEUE_READY), 0);
	reg_write(&rng, VIRTIO_MMIO_QUEUE_SEL, 1);
	EXPECT_EQ(reg_read(&rng, VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
	EXPECT_EQ(reg_read(&rng, VIRTIO_MMIO_QUEUE_PFN), 0);
	EXPECT_EQ(reg_read(&rng, VIRTIO_MMIO_SHM_LEN_LOW), UINT32_MAX);
	/* Registers are words. */
	EXPECT_EQ(virtio_mmio_bus_ops.read(&rng, VIRTIO_MMIO_MAGIC_VALUE, 1), 0);
	EXPECT_EQ(virtio_mmio_bus_ops.read(&rng, VIRTIO_MMIO_MAGIC_VALUE, 8), 0);
	EXPECT_EQ(virtio_mmio_bus_ops.read(&rng, VIRTIO_MMIO_MAGIC_VALUE + 2, 4), 0);
	teardown();
}

/* However few descriptors there are: an error, and none lost. */
TEST(no_descriptors)
{
	struct rlimit before, few;
	int next = dup(STDIN_FILENO), err = -1;

	close(next);
	setup();
	teardown();
	getrlimit(RLIMIT_NOFILE, &before);
	few = before;
	for (few.rlim_cur = next; err && few.rlim_cur < (rlim_t)next + 16; few.rlim_cur++) {
		setrlimit(RLIMIT_NOFILE, &few);
		err = virtio_init(&rng, &virtio_rng_ops, &mem, 1);
		if (err)
			EXPECT_EQ(err, -EMFILE);
		virtio_destroy(&rng);
	}
	setrlimit(RLIMIT_NOFILE, &before);
	EXPECT_EQ(err, 0);
	EXPECT(few.rlim_cur > (rlim_t)next + 3);
	EXPECT_EQ(dup(STDIN_FILENO), next);
	close(next);
}

TEST(features)
{
	setup();
	EXPECT_EQ(device_features(&rng), DRIVER_FEATURES);
	reg_write(&rng, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 2);
	EXPECT_EQ(reg_read(&rng, VIRTIO_MMIO_DEVICE_FEATURES), 0);
	reg_write(&rng, VIRTIO_MMIO_DEVICE_FEATURES_SEL, UINT32_MAX);
	EXPECT_EQ(reg_read(&rng, VIRTIO_MMIO_DEVICE_FEATURES), 0);
	teardown();
}

/* Which choice of features the device accepts. */
static bool accepted(uint64_t features)
{
	reg_write(&rng, VIRTIO_MMIO_STATUS, 0);
	driver_features(&rng, features);
	reg_write(&rng, VIRTIO_MMIO_STATUS, 3 | VIRTIO_CONFIG_S_FEATURES_OK);
	return reg_read(&rng, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_FEATURES_OK;
}

TEST(negotiation)
{
	setup();
	EXPECT(accepted(DRIVER_FEATURES));
	EXPECT(accepted(UINT64_C(1) << VIRTIO_F_VERSION_1));
	EXPECT(!accepted(0));
	EXPECT(!accepted(DRIVER_FEATURES | 1));
	EXPECT(!accepted(UINT64_C(1) << 63 | UINT64_C(1) << VIRTIO_F_VERSION_1));
	/* Too late to change one's mind; and no DRIVER_OK without FEATURES_OK. */
	EXPECT(accepted(DRIVER_FEATURES));
	driver_features(&rng, 0);
	EXPECT_EQ(rng.driver_features, DRIVER_FEATURES);
	reg_write(&rng, VIRTIO_MMIO_STATUS, 0);
	reg_write(&rng, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_DRIVER_OK);
	EXPECT(!virtio_is_live(&rng));
	/* The device's own bit can't be set by the driver. */
	reg_write(&rng, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_NEEDS_RESET);
	EXPECT_EQ(reg_read(&rng, VIRTIO_MMIO_STATUS), 0);
	teardown();
}

TEST(request)
{
	uint8_t *data, zero[64] = { 0 };

	setup();
	driver_start(&rng, rings, &mem, DRIVER_FEATURES);
	data = guest_mem_at(&mem, RINGS_DATA, 64);
	memset(data, 0, 64);
	rings_desc(&rings[0], 0, RINGS_DATA, 64, VRING_DESC_F_WRITE, 0);
	for (unsigned int i = 0; i < 100; i++)
		ASSERT(driver_do(&rng, &rings[0], 0, 0) == 64);
	EXPECT(memcmp(data, zero, 64));
	EXPECT_EQ(reg_read(&rng, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	teardown();
}

TEST(buffers_before_driver_ok)
{
	setup();
	rings_init(&rings[0], &mem, 0);
	rings_desc(&rings[0], 0, RINGS_DATA, 8, VRING_DESC_F_WRITE, 0);
	reg_write(&rng, VIRTIO_MMIO_STATUS, 3);
	driver_features(&rng, DRIVER_FEATURES);
	reg_write(&rng, VIRTIO_MMIO_STATUS, 11);
	driver_queue(&rng, 0, &rings[0], RINGS_SIZE);
	rings_offer(&rings[0], 0);
	driver_kick(&rng, 0);
	EXPECT_EQ(rings[0].used->idx, 0);
	reg_write(&rng, VIRTIO_MMIO_STATUS, 15);
	EXPECT(driver_wait(&rng));
	EXPECT_EQ(__atomic_load_n(&rings[0].used->idx, __ATOMIC_ACQUIRE), 1);
	teardown();
}

TEST(reset)
{
	setup();
	driver_start(&rng, rings, &mem, DRIVER_FEATURES);
	rings_desc(&rings[0], 0, RINGS_DATA, 8, VRING_DESC_F_WRITE, 0);
	EXPECT_EQ(driver_do(&rng, &rings[0], 0, 0), 8);
	reg_write(&rng, VIRTIO_MMIO_STATUS, 0);
	EXPECT_EQ(reg_read(&rng, VIRTIO_MMIO_STATUS), 0);
	reg_write(&rng, VIRTIO_MMIO_QUEUE_SEL, 0);
	EXPECT_EQ(reg_read(&rng, VIRTIO_MMIO_QUEUE_READY), 0);
	rings_offer(&rings[0], 0);
	driver_kick(&rng, 0);
	virtio_stop(&rng);
	EXPECT_EQ(rings[0].used->idx, 1);
	virtio_start(&rng);
	driver_start(&rng, rings, &mem, DRIVER_FEATURES);
	rings_desc(&rings[0], 0, RINGS_DATA, 8, VRING_DESC_F_WRITE, 0);
	EXPECT_EQ(driver_do(&rng, &rings[0], 0, 0), 8);
	teardown();
}

/* The machine's reset: a device that a driver worked with, or has broken, is as new. */
TEST(machine_reset)
{
	setup();
	driver_start(&rng, rings, &mem, DRIVER_FEATURES);
	virtio_stop(&rng);
	rings_desc(&rings[0], 0, RINGS_DATA, 8, VRING_DESC_F_WRITE, 0);
	rings_offer(&rings[0], 0);
	driver_kick(&rng, 0);
	CAPTURE_STDERR(virtio_needs_reset(&rng, "a test"));
	reg_write(&rng, VIRTIO_MMIO_QUEUE_SEL, 3);
	virtio_power_on(&rng);
	EXPECT_EQ(reg_read(&rng, VIRTIO_MMIO_STATUS), 0);
	EXPECT_EQ(reg_read(&rng, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	EXPECT_EQ(reg_read(&rng, VIRTIO_MMIO_CONFIG_GENERATION), 0);
	EXPECT_EQ(rng.selected_queue, 0);
	EXPECT(!rng.broken);
	/* The notification of the last life is nobody's. */
	EXPECT(read(rng.queues[0].kick_fd, &(uint64_t) { 0 }, 8) < 0);
	virtio_start(&rng);
	driver_start(&rng, rings, &mem, DRIVER_FEATURES);
	rings_desc(&rings[0], 0, RINGS_DATA, 8, VRING_DESC_F_WRITE, 0);
	EXPECT_EQ(driver_do(&rng, &rings[0], 0, 0), 8);
	teardown();
}

/* A driver that breaks a rule: the device stops, says so once, and works after a reset. */
TEST(needs_reset)
{
	setup();
	driver_start(&rng, rings, &mem, DRIVER_FEATURES);
	rings_desc(&rings[0], 0, RINGS_DATA, 8, 0, 0);	/* a buffer to be read */
	CAPTURE_STDERR(
		rings_offer(&rings[0], 0);
		driver_kick(&rng, 0);
		EXPECT(driver_wait(&rng)));
	EXPECT_ONE_LINE();
	EXPECT_CONTAINS(ktap_stderr, "virtio-rng");
	EXPECT(reg_read(&rng, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET);
	EXPECT_EQ(reg_read(&rng, VIRTIO_MMIO_INTERRUPT_STATUS), 2);
	rings_desc(&rings[0], 0, RINGS_DATA, 8, VRING_DESC_F_WRITE, 0);
	rings_offer(&rings[0], 0);
	driver_kick(&rng, 0);
	virtio_stop(&rng);
	EXPECT_EQ(rings[0].used->idx, 0);
	virtio_start(&rng);
	CAPTURE_STDERR(
		driver_start(&rng, rings, &mem, DRIVER_FEATURES);
		rings_desc(&rings[0], 0, 0, 8, VRING_DESC_F_WRITE, 0);
		rings_offer(&rings[0], 0);
		driver_kick(&rng, 0);
		EXPECT(driver_wait(&rng)));
	EXPECT_STREQ(ktap_stderr, "");
	driver_start(&rng, rings, &mem, DRIVER_FEATURES);
	rings_desc(&rings[0], 0, RINGS_DATA, 8, VRING_DESC_F_WRITE, 0);
	EXPECT_EQ(driver_do(&rng, &rings[0], 0, 0), 8);
	teardown();
}

TEST(bad_queue_set_up)
{
	struct rings bad;

	setup();
	driver_start(&rng, rings, &mem, DRIVER_FEATURES);
	bad = rings[0];
	/* A queue that is handed over is not changed any more. */
	bad.desc_gpa = RINGS_DATA;
	driver_queue(&rng, 0, &bad, 1);
	EXPECT_EQ(rng.queues[0].vq.desc_gpa, rings[0].desc_gpa);
	EXPECT_EQ(rng.queues[0].vq.size, RINGS_SIZE);
	/* A queue that does not exist. */
	driver_queue(&rng, 5, &bad, RINGS_SIZE);
	driver_kick(&rng, 5);
	driver_kick(&rng, UINT32_MAX);
	EXPECT(virtio_is_live(&rng));

	reg_write(&rng, VIRTIO_MMIO_QUEUE_SEL, 0);
	reg_write(&rng, VIRTIO_MMIO_QUEUE_READY, 0);
	EXPECT_EQ(reg_read(&rng, VIRTIO_MMIO_QUEUE_READY), 0);
	bad.desc_gpa = 0;
	CAPTURE_STDERR(driver_queue(&rng, 0, &bad, RINGS_SIZE));
	EXPECT_ONE_LINE();
	EXPECT_EQ(reg_read(&rng, VIRTIO_MMIO_QUEUE_READY), 0);
	EXPECT(reg_read(&rng, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET);
	reg_write(&rng, VIRTIO_MMIO_STATUS, 0);
	driver_queue(&rng, 0, &rings[0], 65536 + RINGS_SIZE);
	EXPECT(!rng.queues[0].vq.ready);
	teardown();
}

static void describe_read(void)
{
	rings_desc(&rings[0], 0, RINGS_DATA, 4096, VRING_DESC_F_WRITE, 0);
}

/* Resets while the device works: no buffer is touched after the reset has been read back. */
TEST(reset_races)
{
	setup();
	driver_reset_races(&rng, rings, &mem, DRIVER_FEATURES, describe_read, RINGS_DATA);
	driver_start(&rng, rings, &mem, DRIVER_FEATURES);
	rings_desc(&rings[0], 0, RINGS_DATA, 8, VRING_DESC_F_WRITE, 0);
	EXPECT_EQ(driver_do(&rng, &rings[0], 0, 0), 8);
	teardown();
}

/* Any write to any register, in any order: nothing breaks, and a reset cures it. */
TEST(random_registers)
{
	uint64_t seed = 7;

	setup();
	CAPTURE_STDERR(
		for (unsigned int i = 0; i < 200000; i++) {
			uint64_t value = ktap_random(&seed);
			unsigned int size = 1 << (ktap_random(&seed) & 3);

			value = value & 1 ? value >> 1 & 0xf : RINGS_BASE + (value % RINGS_MEM);
			virtio_mmio_bus_ops.write(&rng, ktap_random(&seed) % 0x110, size, value);
			virtio_mmio_bus_ops.write(&rng, ktap_random(&seed) % 0x44 * 4, 4, value);
			virtio_mmio_bus_ops.read(&rng, ktap_random(&seed) % 0x210, size);
		});
	driver_start(&rng, rings, &mem, DRIVER_FEATURES);
	rings_desc(&rings[0], 0, RINGS_DATA, 8, VRING_DESC_F_WRITE, 0);
	EXPECT_EQ(driver_do(&rng, &rings[0], 0, 0), 8);
	teardown();
}
