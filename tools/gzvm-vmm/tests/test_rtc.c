// SPDX-License-Identifier: GPL-2.0-only
/* The real-time clock. */
#include <poll.h>
#include <time.h>

#include "ktap.h"
#include "rtc.h"
#include "util.h"

static struct loop loop;
static struct rtc rtc;

static void setup(void)
{
	if (loop_init(&loop) || rtc_init(&rtc, &loop))
		abort();
}

static void teardown(void)
{
	rtc_destroy(&rtc);
	loop_destroy(&loop);
}

static uint32_t get(unsigned int reg)
{
	return rtc_bus_ops.read(&rtc, reg, 4);
}

static void put(unsigned int reg, uint32_t value)
{
	rtc_bus_ops.write(&rtc, reg, 4, value);
}

static bool interrupted(void)
{
	uint64_t count;

	return read(rtc.irq_fd, &count, sizeof(count)) > 0;
}

/* Runs the loop once the alarm's timer has expired. */
static bool alarmed(int milliseconds)
{
	struct pollfd fd = { .fd = rtc.timer_fd, .events = POLLIN };

	if (poll(&fd, 1, milliseconds) != 1)
		return false;
	loop_stop(&loop);
	loop_run(&loop);
	return true;
}

TEST(time)
{
	uint32_t before, now, after;

	setup();
	before = time(NULL);
	now = get(0);
	after = time(NULL);
	EXPECT(now - before <= after - before);
	before = time(NULL);
	put(8, 1000);
	now = get(0);
	after = time(NULL);
	EXPECT(now - 1000 <= after - before);
	EXPECT_EQ(get(8), 1000);
	EXPECT_EQ(get(0xc), 1);
	teardown();
}

TEST(identity)
{
	const uint8_t id[] = { 0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
	uint32_t number = 0;

	setup();
	for (unsigned int i = 0; i < 8; i++)
		EXPECT_EQ(get(0xfe0 + 4 * i), id[i]);
	for (unsigned int i = 0; i < 4; i++)
		number |= get(0xfe0 + 4 * i) << (8 * i);
	EXPECT_EQ(number, RTC_PERIPH_ID);
	EXPECT_EQ(rtc_bus_ops.read(&rtc, 0x1000, 4), 0);
	teardown();
}

TEST(alarm)
{
	setup();
	put(4, get(0) + 1000000);
	put(0x10, 1);
	EXPECT(!alarmed(0));
	/* Setting the time brings it near; not to the very next second, which may begin meanwhile. */
	put(8, get(4) - 2);
	EXPECT(alarmed(300000));
	EXPECT(interrupted());
	EXPECT_EQ(get(0x14), 1);
	EXPECT_EQ(get(0x18), 1);
	put(0x10, 0);
	EXPECT_EQ(get(0x14), 1);
	EXPECT_EQ(get(0x18), 0);
	/* Enabled while it is pending. */
	put(0x10, 1);
	EXPECT(interrupted());
	put(0x1c, 1);
	EXPECT_EQ(get(0x14), 0);
	EXPECT(!interrupted());
	teardown();
}

TEST(alarm_in_the_past)
{
	setup();
	put(0x10, 1);
	put(4, get(0) - 10);
	EXPECT(!alarmed(100));
	/* Setting the time back makes it lie ahead. */
	put(8, get(4) - 2);
	EXPECT(alarmed(300000));
	EXPECT(interrupted());
	teardown();
}

/* A reset of the machine: no alarm is left, the time that was set is. */
TEST(machine_reset)
{
	setup();
	put(8, 1000);
	put(4, get(0) - 1);
	put(0x10, 1);
	/* Not the next second, which may begin at any time: one that has begun brings no alarm. */
	put(4, get(0) + 2);
	EXPECT(alarmed(300000));
	EXPECT_EQ(get(0x18), 1);
	interrupted();
	put(4, get(0) + 1);
	rtc_reset(&rtc);
	interrupted();
	EXPECT_EQ(get(4), 0);
	EXPECT_EQ(get(8), 0);
	EXPECT_EQ(get(0x10), 0);
	EXPECT_EQ(get(0x14), 0);
	EXPECT(get(0) >= 1000 && get(0) < 1000 + 3600);
	EXPECT(!alarmed(1500));
	EXPECT(!interrupted());
	teardown();
}
