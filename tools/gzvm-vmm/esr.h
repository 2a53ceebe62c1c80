/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMM_ESR_H
#define VMM_ESR_H

#include <stddef.h>
#include <stdint.h>

void esr_describe(uint64_t esr, char *text, size_t size);

#endif /* VMM_ESR_H */
