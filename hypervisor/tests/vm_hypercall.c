// SPDX-License-Identifier: GPL-2.0-only
/* core/hypercall.c with a release of the tests' own: the real one comes from the build. */
#define HYP_VERSION_MAJOR 3
#define HYP_VERSION_MINOR 14
#define HYP_VERSION_PATCH 159

#include "core/hypercall.c"
