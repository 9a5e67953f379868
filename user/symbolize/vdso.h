/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vDSO has no file. All 64-bit processes of a kernel run the same one, so that our own serves for their names.
 */
#ifndef PROFOUND_VDSO_H
#define PROFOUND_VDSO_H

/* A descriptor (memfd) of the image, offsets as in the mapping. -ENOENT: there is
 * none; -ENOEXEC; or the errno of memfd_create and write. The caller closes it. */
int vdso_open(void);

#endif
