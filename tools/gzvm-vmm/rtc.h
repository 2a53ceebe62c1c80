/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PL031 real-time clock.
 */
#ifndef VMM_RTC_H
#define VMM_RTC_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "bus.h"
#include "loop.h"

#define RTC_SIZE		0x1000
/* Identification registers as one number, for the device tree. */
#define RTC_PERIPH_ID		0x00041031

/**
 * struct rtc - a PL031
 * @lock: protects all below
 * @loop: loop that waits for the alarm
 * @timer_fd: timer of the alarm
 * @irq_fd: a signal of this eventfd is an edge of its interrupt
 * @offset: what the guest's clock is ahead of the host's, seconds modulo 2^32
 * @match: time of the alarm
 * @load: last value written to the load register
 * @enabled: the interrupt is enabled
 * @pending: the alarm has come and is not yet cleared
 */
struct rtc {
	pthread_mutex_t lock;
	struct loop *loop;
	int timer_fd;
	int irq_fd;
	uint32_t offset;
	uint32_t match;
	uint32_t load;
	bool enabled;
	bool pending;
};

extern const struct bus_ops rtc_bus_ops;

int rtc_init(struct rtc *rtc, struct loop *loop);
void rtc_reset(struct rtc *rtc);
void rtc_destroy(struct rtc *rtc);

#endif /* VMM_RTC_H */
