// SPDX-License-Identifier: GPL-2.0-only
/*
 * GenieZone driver: what the kernel does before a thread goes on in userspace (signals, task work,
 * throttling, another thread's turn) has to be done before it goes on in a guest, too.
 *
 * Linux has that for every hypervisor (CONFIG_VIRT_XFER_TO_GUEST_WORK), except that 6.12 has it for
 * KVM's vCPUs alone. There RUN leaves for userspace, where it is done, and is restarted.
 */

#include <linux/gzvm_drv.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/thread_info.h>
#include <linux/version.h>
#include <kunit/static_stub.h>

#ifdef CONFIG_VIRT_XFER_TO_GUEST_WORK

#include <linux/entry-virt.h>
#include <linux/rseq.h>

/**
 * gzvm_work_pending() - is there something to do before the guest goes on?
 *
 * What comes after this interrupts the CPU: with interrupts off until the guest is entered, it
 * ends the guest at once.
 *
 * Context: interrupts off.
 * Return: true if gzvm_work_handle() has to be called.
 */
bool gzvm_work_pending(void)
{
	xfer_to_guest_mode_prepare();
	return xfer_to_guest_mode_work_pending();
}

/**
 * gzvm_work_handle() - do what can be done without leaving RUN
 *
 * Context: process, interrupts on; may sleep.
 * Return: 0; else the errno for RUN: -ERESTARTSYS for a signal.
 */
int gzvm_work_handle(void)
{
	return __xfer_to_guest_mode_work_pending() && xfer_to_guest_mode_handle_work() ?
	       -ERESTARTSYS : 0;
}

#else /* !CONFIG_VIRT_XFER_TO_GUEST_WORK */

/* A signal, or what is handled as one; another thread's turn; task work. */
#define GZVM_WORK	(_TIF_SIGPENDING | _TIF_NOTIFY_SIGNAL | _TIF_NEED_RESCHED | \
			 _TIF_NOTIFY_RESUME)

bool gzvm_work_pending(void)
{
	return read_thread_flags() & GZVM_WORK;
}

int gzvm_work_handle(void)
{
	/* The tick asks for it on behalf of RCU, too, when that waits for this CPU. */
	if (need_resched())
		schedule();
	if (signal_pending(current))
		return -ERESTARTSYS;
	if (test_thread_flag(TIF_NOTIFY_RESUME)) {
		/*
		 * set_notify_signal(current), which no module can link: the return looks at
		 * restarts, as it does for a signal. The VMM sees nothing of it.
		 */
		set_thread_flag(TIF_NOTIFY_SIGNAL);
		return -ERESTARTNOINTR;
	}
	return 0;
}

#endif /* CONFIG_VIRT_XFER_TO_GUEST_WORK */

/**
 * gzvm_work_leave() - RUN is about to return to userspace
 *
 * What gzvm_work_handle() has done on behalf of the guest leaves out the update of the thread's
 * restartable sequence (the number of its CPU, say), and with that the sign that one is due: it is
 * given again. Kernels before Linux 6.19 update it at once.
 *
 * Context: process; after the last gzvm_work_handle().
 */
void gzvm_work_leave(void)
{
	KUNIT_STATIC_STUB_REDIRECT(gzvm_work_leave);

#if defined(CONFIG_VIRT_XFER_TO_GUEST_WORK) && LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
	rseq_virt_userspace_exit();
#endif
}
