/* SPDX-License-Identifier: GPL-2.0-only */
/* Access to system registers, and the fields that EL2 uses (Arm ARM, D19). */
#ifndef ARM64_SYSREG_H
#define ARM64_SYSREG_H

#include <hyp/util.h>

#define __str1(x) #x
#define __str(x) __str1(x)

#define read_sysreg(reg)                                             \
	({                                                           \
		u64 __v;                                             \
		__asm__ volatile("mrs %0, " __str(reg) : "=r"(__v)); \
		__v;                                                 \
	})

#define write_sysreg(val, reg) \
	__asm__ volatile("msr " __str(reg) ", %x0" : : "rZ"((u64)(val)))

static inline void isb(void)
{
	__asm__ volatile("isb" : : : "memory");
}

#define dsb(opt) __asm__ volatile("dsb " #opt : : : "memory")
#define dmb(opt) __asm__ volatile("dmb " #opt : : : "memory")

/* Registers that the assembler may not know by name. */
#define SYS_HCRX_EL2 S3_4_C1_C2_2
#define SYS_HFGRTR_EL2 S3_4_C1_C1_4
#define SYS_HFGWTR_EL2 S3_4_C1_C1_5
#define SYS_HFGITR_EL2 S3_4_C1_C1_6
#define SYS_HDFGRTR_EL2 S3_4_C3_C1_4
#define SYS_HDFGWTR_EL2 S3_4_C3_C1_5
#define SYS_HAFGRTR_EL2 S3_4_C3_C1_6
#define SYS_HFGRTR2_EL2 S3_4_C3_C1_2
#define SYS_HFGWTR2_EL2 S3_4_C3_C1_3
#define SYS_HDFGRTR2_EL2 S3_4_C3_C1_0
#define SYS_HDFGWTR2_EL2 S3_4_C3_C1_1
#define SYS_HFGITR2_EL2 S3_4_C3_C1_7
#define VDISR_EL2 S3_4_C12_C1_1
#define TPIDR2_EL0 S3_3_C13_C0_5
#define SYS_ZCR_EL2 S3_4_C1_C2_0
#define SYS_SMCR_EL2 S3_4_C1_C2_6
#define SYS_MPAM2_EL2 S3_4_C10_C5_0
#define SYS_MPAMHCR_EL2 S3_4_C10_C4_0
#define SYS_MPAMIDR_EL1 S3_0_C10_C4_4
#define MPAMIDR_HAS_HCR BIT(17)
#define SYS_ID_AA64SMFR0_EL1 S3_0_C0_C4_5
#define SYS_ID_AA64MMFR3_EL1 S3_0_C0_C7_3
#define SYS_ID_AA64ISAR2_EL1 S3_0_C0_C6_2

/* FEAT_PAuth */
#define APIAKEYLO_EL1 S3_0_C2_C1_0
#define APIAKEYHI_EL1 S3_0_C2_C1_1
#define APIBKEYLO_EL1 S3_0_C2_C1_2
#define APIBKEYHI_EL1 S3_0_C2_C1_3
#define APDAKEYLO_EL1 S3_0_C2_C2_0
#define APDAKEYHI_EL1 S3_0_C2_C2_1
#define APDBKEYLO_EL1 S3_0_C2_C2_2
#define APDBKEYHI_EL1 S3_0_C2_C2_3
#define APGAKEYLO_EL1 S3_0_C2_C3_0
#define APGAKEYHI_EL1 S3_0_C2_C3_1

/* Statistical profiling and the trace buffer */
#define SYS_PMBLIMITR_EL1 S3_0_C9_C10_0
#define SYS_PMSCR_EL2 S3_4_C9_C9_0
#define SYS_TRFCR_EL2 S3_4_C1_C2_1
#define SYS_PMSCR_EL1 S3_0_C9_C9_0
#define SYS_TRBLIMITR_EL1 S3_0_C9_C11_0
#define SYS_TRFCR_EL1 S3_0_C1_C2_1

/* GIC CPU interface, hypervisor control (IHI 0069, 12.4) */
#define SYS_ICC_SRE_EL2 S3_4_C12_C9_5
#define SYS_ICC_SGI1R_EL1 S3_0_C12_C11_5
#define SYS_ICC_HPPIR1_EL1 S3_0_C12_C12_2
#define SYS_ICH_HCR_EL2 S3_4_C12_C11_0
#define SYS_ICH_VTR_EL2 S3_4_C12_C11_1
#define SYS_ICH_ELRSR_EL2 S3_4_C12_C11_5
#define SYS_ICH_VMCR_EL2 S3_4_C12_C11_7

/* HCR_EL2 */
#define HCR_VM BIT(0)
#define HCR_SWIO BIT(1)
#define HCR_FMO BIT(3)
#define HCR_IMO BIT(4)
#define HCR_AMO BIT(5)
#define HCR_FB BIT(9)
#define HCR_BSU_IS BIT(10)
#define HCR_TWI BIT(13)
#define HCR_TWE BIT(14)
#define HCR_TID1 BIT(16)
#define HCR_TID3 BIT(18)
#define HCR_TSC BIT(19)
#define HCR_TIDCP BIT(20)
#define HCR_TACR BIT(21)
#define HCR_TSW BIT(22)
#define HCR_RW BIT(31)
#define HCR_E2H BIT(34)
#define HCR_TLOR BIT(35)
#define HCR_TERR BIT(36)
#define HCR_TEA BIT(37)
#define HCR_APK BIT(40)
#define HCR_API BIT(41)
#define HCR_FWB BIT(46)
#define HCR_ENSCXT BIT(53)
#define HCR_ATA BIT(56)
#define HCR_TID5 BIT(58)

/* CPTR_EL2 with E2H = 0: TZ and TSM are RES1 without SVE and SME */
#define CPTR_TFP BIT(10)
#define CPTR_TZ BIT(8)
#define CPTR_TSM BIT(12)
#define CPTR_TTA BIT(20)
#define CPTR_TAM BIT(30)
#define CPTR_RES1 0x33ffULL

/* MDCR_EL2 */
#define MDCR_HPMN_MASK 0x1f
#define MDCR_TPMCR BIT(5)
#define MDCR_TPM BIT(6)
#define MDCR_TDA BIT(9)
#define MDCR_TDOSA BIT(10)
#define MDCR_TDRA BIT(11)
#define MDCR_E2PB_EL1 (3ULL << 12)
#define MDCR_TPMS BIT(14)
#define MDCR_TTRF BIT(19)
#define MDCR_E2TB_EL1 (3ULL << 24)

/* CNTHCTL_EL2 with E2H = 0 */
#define CNTHCTL_EL1PCTEN BIT(0)
#define CNTHCTL_EL1PCEN BIT(1)

#define CNT_CTL_ENABLE BIT(0)
#define CNT_CTL_IMASK BIT(1)
#define CNT_CTL_ISTATUS BIT(2)

/* SCTLR: what must be one at EL2 and EL1 in an Armv8.0 implementation */
#define SCTLR_M BIT(0)
#define SCTLR_EL1_RES1 (BIT(11) | BIT(20) | BIT(22) | BIT(23) | BIT(28) | BIT(29))
#define SCTLR_SPAN BIT(23)
#define SCTLR_DSSBS BIT(44)

/* PSTATE as SPSR_ELx holds it */
#define SPSR_EL0T 0x0
#define SPSR_EL1T 0x4
#define SPSR_EL1H 0x5
#define SPSR_M_MASK 0xf
#define SPSR_M32 BIT(4)
#define SPSR_F BIT(6)
#define SPSR_I BIT(7)
#define SPSR_A BIT(8)
#define SPSR_D BIT(9)
#define SPSR_DAIF (SPSR_D | SPSR_A | SPSR_I | SPSR_F)
#define SPSR_SSBS BIT(12)
#define SPSR_BTYPE (3ULL << 10)
#define SPSR_SS BIT(21)
#define SPSR_PAN BIT(22)
#define SPSR_DIT BIT(24)
#define SPSR_TCO BIT(25)

/* TCR_EL1: no walks */
#define TCR_EPD0 BIT(7)
#define TCR_EPD1 BIT(23)

/* ESR_ELx */
#define ESR_EC(esr) FIELD_GET(GENMASK(31, 26), esr)
#define ESR_EC_SHIFT 26
#define ESR_IL BIT(25)
#define ESR_ISS(esr) ((esr) & GENMASK(24, 0))
#define EC_UNKNOWN 0x00
#define EC_WFX 0x01
#define EC_CP15_32 0x03
#define EC_CP15_64 0x04
#define EC_CP14_32 0x05
#define EC_CP14_LS 0x06
#define EC_FP 0x07
#define EC_VMRS 0x08
#define EC_CP14_64 0x0c
#define EC_HVC64 0x16
#define EC_SMC64 0x17
#define EC_SYS64 0x18
#define EC_IABT_LOW 0x20
#define EC_IABT_CUR 0x21
#define EC_DABT_LOW 0x24
#define EC_DABT_CUR 0x25
#define ESR_WFX_WFE BIT(0)
#define ESR_WFX_TIMEOUT BIT(1) /* WFET, WFIT */
/* data and instruction aborts */
#define ESR_FSC(esr) ((esr) & 0x3f)
#define ESR_WNR BIT(6)
#define ESR_S1PTW BIT(7)
#define ESR_CM BIT(8)
#define ESR_ISV BIT(24)
#define FSC_LEVEL_MASK 0x3c
#define FSC_ADDRESS_SIZE 0x00
#define FSC_TRANSLATION 0x04
#define FSC_ACCESS 0x08
#define FSC_PERMISSION 0x0c
#define FSC_SEA 0x10
#define FSC_SEA_WALK 0x14 /* on a walk; of which level is not known: 0 */
#define FSC_ALIGNMENT 0x21

#endif
