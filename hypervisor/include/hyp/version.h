/* SPDX-License-Identifier: GPL-2.0-only */
/* The release, from the file VERSION: the Makefile passes its parts. */
#ifndef HYP_VERSION_H
#define HYP_VERSION_H

#ifndef HYP_VERSION_MAJOR
#error "HYP_VERSION_MAJOR, _MINOR and _PATCH come from the Makefile"
#endif

#define HYP_VERSION_STR1(x) #x
#define HYP_VERSION_STR(x) HYP_VERSION_STR1(x)
#define HYP_VERSION_STRING                                                 \
	HYP_VERSION_STR(HYP_VERSION_MAJOR)                                 \
	"." HYP_VERSION_STR(HYP_VERSION_MINOR) "." HYP_VERSION_STR(HYP_VERSION_PATCH)

#endif
