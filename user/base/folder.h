/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROFOUND_FOLDER_H
#define PROFOUND_FOLDER_H

/* Makes the directory, and those above it that are not there, for their owner alone. 0, also if it is there; or a negative
 * errno. */
int folder_make(const char *path);

#endif
