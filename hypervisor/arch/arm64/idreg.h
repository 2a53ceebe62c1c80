/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ARM64_IDREG_H
#define ARM64_IDREG_H

#include <hyp/util.h>

/* ISS of a trapped MSR, MRS or system instruction (Arm ARM, ESR_EL2, EC 0x18) */
#define SYS64_OP0(esr) FIELD_GET(GENMASK(21, 20), esr)
#define SYS64_OP2(esr) FIELD_GET(GENMASK(19, 17), esr)
#define SYS64_OP1(esr) FIELD_GET(GENMASK(16, 14), esr)
#define SYS64_CRN(esr) FIELD_GET(GENMASK(13, 10), esr)
#define SYS64_RT(esr) FIELD_GET(GENMASK(9, 5), esr)
#define SYS64_CRM(esr) FIELD_GET(GENMASK(4, 1), esr)
#define SYS64_IS_READ(esr) ((esr) & 1)

u64 idreg_read(unsigned int crm, unsigned int op2, u64 *mask);

#endif
