/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of /proc/PID/cgroup (cgroups(7)): "ID:CONTROLLERS:PATH" for each hierarchy, "0::PATH" for v2. Pure: whoever
 * may make cgroups chooses the paths.
 */
#ifndef PROFOUND_CGROUP_FILE_H
#define PROFOUND_CGROUP_FILE_H

#include <stddef.h>

#define CGROUP_FILE_MAX 65536

/*
 * How much a path says of who it is: more is better. 0: nothing (a process in the hierarchy's root); a unit; a pod; a
 * container.
 */
unsigned cgroup_path_rank(const char *path, size_t len);

/*
 * The path that says most: on machines with several hierarchies only some have the container. Of equals v2's, then the
 * first. What our own cgroup namespace shows as "/../.." begins at what is below. NULL: there is none, or none that
 * names anything but our own root. *len is its length; " (deleted)" is cut off.
 */
const char *cgroup_file_choose(const char *text, size_t text_len, size_t *len);

#endif
