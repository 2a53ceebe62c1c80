/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Register offsets and fields of GICv3, named as in Arm IHI 0069: distributor
 * (12.9), redistributor (12.11), hypervisor control interface (12.4).
 */
#ifndef VGIC_REGS_H
#define VGIC_REGS_H

#include <hyp/util.h>

/* Both frames have the registers of one bit, two bits or a byte an INTID here. */
#define GICD_IGROUPR 0x0080
#define GICD_ISENABLER 0x0100
#define GICD_ICENABLER 0x0180
#define GICD_ISPENDR 0x0200
#define GICD_ICPENDR 0x0280
#define GICD_ISACTIVER 0x0300
#define GICD_ICACTIVER 0x0380
#define GICD_IPRIORITYR 0x0400
#define GICD_ITARGETSR 0x0800
#define GICD_ICFGR 0x0c00
#define GICD_IGRPMODR 0x0d00

#define GICD_SIZE 0x10000
#define GICD_CTLR 0x0000
#define GICD_TYPER 0x0004
#define GICD_IIDR 0x0008
#define GICD_IROUTER 0x6000
#define GICD_IROUTER_END 0x7fe0 /* behind that of INTID 1019 */
#define GICD_PIDR2 0xffe8

#define GICD_CTLR_EnableGrp0 BIT(0)
#define GICD_CTLR_EnableGrp1 BIT(1)
#define GICD_CTLR_ARE BIT(4)
#define GICD_CTLR_DS BIT(6)
#define GICD_CTLR_RWP BIT(31)

#define GICD_TYPER_ITLinesNumber GENMASK(4, 0)
#define GICD_TYPER_IDbits GENMASK(23, 19)

#define GICD_IROUTER_Aff GENMASK(23, 0) /* Aff2, Aff1, Aff0 */
#define GICD_IROUTER_Interrupt_Routing_Mode BIT(31)

#define GICx_IIDR_ProductID GENMASK(31, 24)
#define GICx_PIDR2_ArchRev GENMASK(7, 4)

#define GICR_FRAME_SIZE 0x10000
#define GICR_SIZE 0x20000 /* RD_base, SGI_base */
#define GICR_CTLR 0x0000
#define GICR_IIDR 0x0004
#define GICR_TYPER 0x0008
#define GICR_WAKER 0x0014
#define GICR_PIDR2 0xffe8

#define GICR_CTLR_RWP BIT(3)
#define GICR_TYPER_Last BIT(4)
#define GICR_TYPER_Processor_Number GENMASK(23, 8)
#define GICR_TYPER_Affinity_Value GENMASK(63, 32)
#define GICR_WAKER_ProcessorSleep BIT(1)
#define GICR_WAKER_ChildrenAsleep BIT(2)

#define ICC_SGIR_TargetList GENMASK(15, 0)
#define ICC_SGIR_Aff1 GENMASK(23, 16)
#define ICC_SGIR_INTID GENMASK(27, 24)
#define ICC_SGIR_Aff2 GENMASK(39, 32)
#define ICC_SGIR_IRM BIT(40)
#define ICC_SGIR_RS GENMASK(47, 44)
#define ICC_SGIR_Aff3 GENMASK(55, 48)

#define ICC_CTLR_CBPR BIT(0)
#define ICC_CTLR_EOImode BIT(1)
#define ICC_CTLR_PRIbits GENMASK(10, 8)
#define ICC_CTLR_IDbits GENMASK(13, 11)
#define ICC_CTLR_SEIS BIT(14)
#define ICC_CTLR_A3V BIT(15)

#define ICH_LR_vINTID GENMASK(31, 0)
#define ICH_LR_pINTID GENMASK(44, 32)
#define ICH_LR_EOI BIT(41) /* where HW is 0 */
#define ICH_LR_Priority GENMASK(55, 48)
#define ICH_LR_Group BIT(60)
#define ICH_LR_HW BIT(61)
#define ICH_LR_State_pending BIT(62)
#define ICH_LR_State_active BIT(63)
#define ICH_LR_State (ICH_LR_State_pending | ICH_LR_State_active)

#define ICH_HCR_En BIT(0)
#define ICH_HCR_LRENPIE BIT(2)
#define ICH_HCR_NPIE BIT(3)
#define ICH_HCR_VGrp0EIE BIT(4)
#define ICH_HCR_VGrp0DIE BIT(5)
#define ICH_HCR_VGrp1EIE BIT(6)
#define ICH_HCR_VGrp1DIE BIT(7)
#define ICH_HCR_TC BIT(10)
#define ICH_HCR_TDIR BIT(14)
#define ICH_HCR_EOIcount GENMASK(31, 27)

#define ICH_VMCR_VENG0 BIT(0)
#define ICH_VMCR_VENG1 BIT(1)
#define ICH_VMCR_VFIQEn BIT(3)
#define ICH_VMCR_VCBPR BIT(4)
#define ICH_VMCR_VEOIM BIT(9)
#define ICH_VMCR_VBPR1 GENMASK(20, 18)
#define ICH_VMCR_VBPR0 GENMASK(23, 21)
#define ICH_VMCR_VPMR GENMASK(31, 24)

#define ICH_VTR_ListRegs GENMASK(4, 0)
#define ICH_VTR_TDS BIT(19)
#define ICH_VTR_A3V BIT(21)
#define ICH_VTR_SEIS BIT(22)
#define ICH_VTR_IDbits GENMASK(25, 23)
#define ICH_VTR_PREbits GENMASK(28, 26)
#define ICH_VTR_PRIbits GENMASK(31, 29)

#endif
