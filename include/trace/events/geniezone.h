/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GenieZone driver: trace events.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM geniezone

#if !defined(_TRACE_GENIEZONE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_GENIEZONE_H

#include <linux/gzvm.h>
#include <linux/gzvm_hyp.h>
#include <linux/tracepoint.h>

TRACE_DEFINE_ENUM(GZVM_EXIT_UNKNOWN);
TRACE_DEFINE_ENUM(GZVM_EXIT_MMIO);
TRACE_DEFINE_ENUM(GZVM_EXIT_HYPERCALL);
TRACE_DEFINE_ENUM(GZVM_EXIT_IRQ);
TRACE_DEFINE_ENUM(GZVM_EXIT_EXCEPTION);
TRACE_DEFINE_ENUM(GZVM_EXIT_DEBUG);
TRACE_DEFINE_ENUM(GZVM_EXIT_FAIL_ENTRY);
TRACE_DEFINE_ENUM(GZVM_EXIT_INTERNAL_ERROR);
TRACE_DEFINE_ENUM(GZVM_EXIT_SYSTEM_EVENT);
TRACE_DEFINE_ENUM(GZVM_EXIT_SHUTDOWN);
TRACE_DEFINE_ENUM(GZVM_EXIT_GZ);
TRACE_DEFINE_ENUM(GZVM_EXIT_IDLE);
TRACE_DEFINE_ENUM(GZVM_EXIT_IPI);

#define gzvm_trace_exit_symbols \
	{ GZVM_EXIT_UNKNOWN, "UNKNOWN" }, \
	{ GZVM_EXIT_MMIO, "MMIO" }, \
	{ GZVM_EXIT_HYPERCALL, "HYPERCALL" }, \
	{ GZVM_EXIT_IRQ, "IRQ" }, \
	{ GZVM_EXIT_EXCEPTION, "EXCEPTION" }, \
	{ GZVM_EXIT_DEBUG, "DEBUG" }, \
	{ GZVM_EXIT_FAIL_ENTRY, "FAIL_ENTRY" }, \
	{ GZVM_EXIT_INTERNAL_ERROR, "INTERNAL_ERROR" }, \
	{ GZVM_EXIT_SYSTEM_EVENT, "SYSTEM_EVENT" }, \
	{ GZVM_EXIT_SHUTDOWN, "SHUTDOWN" }, \
	{ GZVM_EXIT_GZ, "GZ" }, \
	{ GZVM_EXIT_IDLE, "IDLE" }, \
	{ GZVM_EXIT_IPI, "IPI" }

#define gzvm_trace_fn_symbols \
	{ GZVM_FN_CREATE_VM, "CREATE_VM" }, \
	{ GZVM_FN_DESTROY_VM, "DESTROY_VM" }, \
	{ GZVM_FN_CREATE_VCPU, "CREATE_VCPU" }, \
	{ GZVM_FN_DESTROY_VCPU, "DESTROY_VCPU" }, \
	{ GZVM_FN_SET_MEMREGION, "SET_MEMREGION" }, \
	{ GZVM_FN_RUN, "RUN" }, \
	{ GZVM_FN_GET_ONE_REG, "GET_ONE_REG" }, \
	{ GZVM_FN_SET_ONE_REG, "SET_ONE_REG" }, \
	{ GZVM_FN_IRQ_LINE, "IRQ_LINE" }, \
	{ GZVM_FN_CREATE_DEVICE, "CREATE_DEVICE" }, \
	{ GZVM_FN_PROBE, "PROBE" }, \
	{ GZVM_FN_ENABLE_CAP, "ENABLE_CAP" }, \
	{ GZVM_FN_INFORM_EXIT, "INFORM_EXIT" }, \
	{ GZVM_FN_MEMREGION_PURPOSE, "MEMREGION_PURPOSE" }, \
	{ GZVM_FN_SET_DTB_CONFIG, "SET_DTB_CONFIG" }, \
	{ GZVM_FN_MAP_GUEST, "MAP_GUEST" }, \
	{ GZVM_FN_MAP_GUEST_BLOCK, "MAP_GUEST_BLOCK" }, \
	{ GZVM_FN_GET_STATISTICS, "GET_STATISTICS" }, \
	{ GZVM_FN_FEATURES, "FEATURES" }, \
	{ GZVM_FN_HYP_STATS, "HYP_STATS" }, \
	{ GZVM_FN_LOG_READ, "LOG_READ" }, \
	{ GZVM_FN_UNMAP, "UNMAP" }, \
	{ GZVM_FN_VM_RESET, "VM_RESET" }, \
	{ GZVM_FN_VCPU_STATS, "VCPU_STATS" }, \
	{ GZVM_FN_IRQ_LINE_EX, "IRQ_LINE_EX" }

TRACE_EVENT(gzvm_hypcall_enter,
	TP_PROTO(u32 fn, u64 x1, u64 x2, u64 x3),
	TP_ARGS(fn, x1, x2, x3),

	TP_STRUCT__entry(
		__field(u32, fn)
		__field(u64, x1)
		__field(u64, x2)
		__field(u64, x3)
	),

	TP_fast_assign(
		__entry->fn = fn;
		__entry->x1 = x1;
		__entry->x2 = x2;
		__entry->x3 = x3;
	),

	TP_printk("fn=%s x1=0x%llx x2=0x%llx x3=0x%llx",
		  __print_symbolic(__entry->fn, gzvm_trace_fn_symbols),
		  __entry->x1, __entry->x2, __entry->x3)
);

/* The status as the interface has it: 0, or one of the negative GZVM_STATUS_*. */
TRACE_EVENT(gzvm_hypcall_leave,
	TP_PROTO(u32 fn, u64 x0, u64 x1),
	TP_ARGS(fn, x0, x1),

	TP_STRUCT__entry(
		__field(u32, fn)
		__field(s32, status)
		__field(u64, x1)
	),

	TP_fast_assign(
		__entry->fn = fn;
		__entry->status = (s32)x0;
		__entry->x1 = x1;
	),

	TP_printk("fn=%s status=%d x1=0x%llx",
		  __print_symbolic(__entry->fn, gzvm_trace_fn_symbols),
		  __entry->status, __entry->x1)
);

TRACE_EVENT(gzvm_vcpu_exit,
	TP_PROTO(u16 vm, u32 vcpu, u32 reason),
	TP_ARGS(vm, vcpu, reason),

	TP_STRUCT__entry(
		__field(u16, vm)
		__field(u32, vcpu)
		__field(u32, reason)
	),

	TP_fast_assign(
		__entry->vm = vm;
		__entry->vcpu = vcpu;
		__entry->reason = reason;
	),

	TP_printk("vm=%u vcpu=%u reason=%s", __entry->vm, __entry->vcpu,
		  __print_symbolic(__entry->reason, gzvm_trace_exit_symbols))
);

TRACE_EVENT(gzvm_page_fault,
	TP_PROTO(u16 vm, u32 vcpu, u64 gpa, int error),
	TP_ARGS(vm, vcpu, gpa, error),

	TP_STRUCT__entry(
		__field(u16, vm)
		__field(u32, vcpu)
		__field(u64, gpa)
		__field(int, error)
	),

	TP_fast_assign(
		__entry->vm = vm;
		__entry->vcpu = vcpu;
		__entry->gpa = gpa;
		__entry->error = error;
	),

	TP_printk("vm=%u vcpu=%u gpa=0x%llx error=%d", __entry->vm, __entry->vcpu,
		  __entry->gpa, __entry->error)
);

/* A level was given to an interrupt line; wake: the vCPUs that are woken for it. */
TRACE_EVENT(gzvm_irq,
	TP_PROTO(u16 vm, u32 intid, u32 level, u64 wake, int error),
	TP_ARGS(vm, intid, level, wake, error),

	TP_STRUCT__entry(
		__field(u16, vm)
		__field(u32, intid)
		__field(u32, level)
		__field(u64, wake)
		__field(int, error)
	),

	TP_fast_assign(
		__entry->vm = vm;
		__entry->intid = intid;
		__entry->level = level;
		__entry->wake = wake;
		__entry->error = error;
	),

	TP_printk("vm=%u intid=%u level=%u wake=0x%llx error=%d", __entry->vm,
		  __entry->intid, __entry->level, __entry->wake, __entry->error)
);

#endif /* _TRACE_GENIEZONE_H */

#include <trace/define_trace.h>
