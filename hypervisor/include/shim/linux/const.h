/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYP_SHIM_LINUX_CONST_H
#define HYP_SHIM_LINUX_CONST_H

#define _AC(x, y) x##y

#endif
