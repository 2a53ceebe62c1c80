/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtual CPU interface in software, written from Arm IHI 0069 chapter 6 and the
 * pages of ICV_* and ICH_*: what a CPU does with list registers while a guest runs.
 * Shares nothing with vgic/.
 */
#ifndef TESTS_VGIC_SIM_H
#define TESTS_VGIC_SIM_H

#include <stdbool.h>
#include <stdint.h>

struct sim {
	unsigned int nr_lrs, pri_bits, pre_bits;
	uint64_t lr[16];
	uint64_t hcr;
	uint64_t vmcr;
	uint32_t ap[2][4]; /* ICH_AP0Rn, ICH_AP1Rn */
	uint32_t hw_deactivated; /* physical INTIDs that HW = 1 deactivated */
};

/* ICH_VTR_EL2 of such a CPU; @tds: ICC_DIR_EL1 traps alone. */
uint64_t sim_vtr(unsigned int nr_lrs, unsigned int pri_bits, unsigned int pre_bits, bool tds);

int sim_hppi(const struct sim *s); /* index of its list register, -1: none */
bool sim_signals(const struct sim *s, int lr); /* above PMR and running priority */
unsigned int sim_rpr(const struct sim *s);
unsigned int sim_iar(struct sim *s, unsigned int group); /* INTID or 1023 */
void sim_eoir(struct sim *s, unsigned int group, unsigned int intid);
void sim_dir(struct sim *s, unsigned int intid);
bool sim_dir_traps(const struct sim *s);
uint32_t sim_misr(const struct sim *s); /* ICH_MISR_EL2 */
uint32_t sim_elrsr(const struct sim *s); /* ICH_ELRSR_EL2 */

void sim_set_pmr(struct sim *s, unsigned int v);
void sim_set_bpr(struct sim *s, unsigned int group, unsigned int v);
void sim_set_grpen(struct sim *s, unsigned int group, bool on);
void sim_set_ctlr(struct sim *s, bool cbpr, bool eoimode);

#endif
