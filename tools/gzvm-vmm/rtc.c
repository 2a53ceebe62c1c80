// SPDX-License-Identifier: GPL-2.0-only
/*
 * PL031 real-time clock: Arm DDI 0224.
 *
 * The counter is the host's clock plus an offset that the guest sets. The alarm is a timer
 * of the host on that clock, so a change of the host's time moves it as it should.
 */
#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>

#include "rtc.h"
#include "util.h"

enum rtc_register {
	RTC_DR = 0x000,		/* data: the time */
	RTC_MR = 0x004,		/* match: the alarm */
	RTC_LR = 0x008,		/* load: sets the time */
	RTC_CR = 0x00c,		/* control: always enabled */
	RTC_IMSC = 0x010,	/* interrupt mask: 1 enables */
	RTC_RIS = 0x014,	/* raw interrupt status */
	RTC_MIS = 0x018,	/* masked interrupt status */
	RTC_ICR = 0x01c,	/* interrupt clear */
	RTC_ID = 0xfe0,		/* peripheral and PrimeCell identification */
};

static const uint8_t rtc_id[] = { 0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

static uint32_t rtc_now(const struct rtc *rtc)
{
	return (uint32_t)time(NULL) + rtc->offset;
}

/* Waits for the alarm, if it lies ahead: half of the counter's range is ahead. */
static void rtc_arm(struct rtc *rtc)
{
	struct itimerspec when = { 0 };
	uint32_t delay = rtc->match - rtc_now(rtc);

	if (rtc->enabled && delay && delay < UINT32_C(1) << 31)
		when.it_value.tv_sec = time(NULL) + delay;
	timerfd_settime(rtc->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void rtc_alarm(void *context)
{
	struct rtc *rtc = context;

	vmm_eventfd_clear(rtc->timer_fd);
	pthread_mutex_lock(&rtc->lock);
	rtc->pending = true;
	if (rtc->enabled)
		vmm_eventfd_signal(rtc->irq_fd);
	pthread_mutex_unlock(&rtc->lock);
}

static uint64_t rtc_read(void *device, uint64_t offset, unsigned int size)
{
	struct rtc *rtc = device;
	uint32_t value = 0;

	(void)size;
	pthread_mutex_lock(&rtc->lock);
	switch (offset) {
	case RTC_DR:
		value = rtc_now(rtc);
		break;
	case RTC_MR:
		value = rtc->match;
		break;
	case RTC_LR:
		value = rtc->load;
		break;
	case RTC_CR:
		value = 1;
		break;
	case RTC_IMSC:
		value = rtc->enabled;
		break;
	case RTC_RIS:
		value = rtc->pending;
		break;
	case RTC_MIS:
		value = rtc->pending && rtc->enabled;
		break;
	default:
		if (offset >= RTC_ID && (offset - RTC_ID) / 4 < ARRAY_SIZE(rtc_id) &&
		    !(offset & 3))
			value = rtc_id[(offset - RTC_ID) / 4];
	}
	pthread_mutex_unlock(&rtc->lock);
	return value;
}

static void rtc_write(void *device, uint64_t offset, unsigned int size, uint64_t value)
{
	struct rtc *rtc = device;

	if (size != 4)
		return;
	pthread_mutex_lock(&rtc->lock);
	switch (offset) {
	case RTC_MR:
		rtc->match = value;
		rtc_arm(rtc);
		break;
	case RTC_LR:
		rtc->load = value;
		rtc->offset = rtc->load - (uint32_t)time(NULL);
		rtc_arm(rtc);
		break;
	case RTC_IMSC:
		if (!rtc->enabled && (value & 1) && rtc->pending)
			vmm_eventfd_signal(rtc->irq_fd);
		rtc->enabled = value & 1;
		rtc_arm(rtc);
		break;
	case RTC_ICR:
		if (value & 1)
			rtc->pending = false;
		break;
	}
	pthread_mutex_unlock(&rtc->lock);
}

/** rtc_bus_ops - the registers of a struct rtc */
const struct bus_ops rtc_bus_ops = {
	.read = rtc_read,
	.write = rtc_write,
};

/**
 * rtc_init() - make a clock that shows the host's time
 * @rtc: filled in
 * @loop: loop of the main thread, which does not run yet
 *
 * Return: 0, or a negative errno.
 */
int rtc_init(struct rtc *rtc, struct loop *loop)
{
	memset(rtc, 0, sizeof(*rtc));
	pthread_mutex_init(&rtc->lock, NULL);
	rtc->loop = loop;
	rtc->timer_fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (rtc->timer_fd < 0) {
		rtc->irq_fd = -1;
		return -errno;
	}
	rtc->irq_fd = vmm_eventfd_new();
	if (rtc->irq_fd < 0)
		return rtc->irq_fd;
	return loop_add(loop, rtc->timer_fd, rtc_alarm, rtc);
}

/**
 * rtc_reset() - registers as after rtc_init(), but for the time
 * @rtc: a clock that no vCPU can reach now
 *
 * A clock runs on while its machine starts again: what the guest has set it to stays.
 */
void rtc_reset(struct rtc *rtc)
{
	pthread_mutex_lock(&rtc->lock);
	rtc->match = 0;
	rtc->load = 0;
	rtc->enabled = false;
	rtc->pending = false;
	rtc_arm(rtc);
	pthread_mutex_unlock(&rtc->lock);
}

/**
 * rtc_destroy() - free a clock
 * @rtc: a clock that no vCPU can reach any more; its loop does not run
 */
void rtc_destroy(struct rtc *rtc)
{
	loop_remove(rtc->loop, rtc->timer_fd);
	vmm_close(&rtc->timer_fd);
	vmm_close(&rtc->irq_fd);
	pthread_mutex_destroy(&rtc->lock);
}
