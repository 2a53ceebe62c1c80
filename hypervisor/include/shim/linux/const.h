/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYP_SHIM_LINUX_CONST_H
#define HYP_SHIM_LINUX_CONST_H

#define _AC(x, y) x##y
#define _UL(x) _AC(x, UL)
#define _ULL(x) _AC(x, ULL)
#define _BITUL(x) (_UL(1) << (x))
#define _BITULL(x) (_ULL(1) << (x))

#endif
