// SPDX-License-Identifier: GPL-2.0-only
/* core/vm.c, and a look at its own state. */
#include "core/vm.c"

#include "fuzz.h"

FUZZ_OWN struct vm *fuzz_vm(unsigned int id)
{
	return table[id];
}

FUZZ_OWN u64 fuzz_vm_pages(void)
{
	return VM_PAGES + SPI_PAGES + ALL_VCPU_PAGES + stage2_root_pages();
}

FUZZ_OWN bool fuzz_vm_locked(void)
{
	return spin_is_locked(&vm_table_lock);
}
