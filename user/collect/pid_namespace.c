// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/pid_namespace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INITIAL 0xEFFFFFFCU /* PROC_PID_INIT_INO, include/linux/proc_ns.h */

int pid_namespace_self(uint32_t *inum, struct fault *fault)
{
	char self[16];
	struct stat st;
	ssize_t len = readlink("/proc/self", self, sizeof(self) - 1);

	if (len < 0 || stat("/proc/self/ns/pid", &st))
		return fault_set(fault, -ENOENT,
			"cannot read /proc: %s; mount it: mount -t proc proc /proc",
			strerror(errno));
	self[len] = '\0';
	if (atoi(self) != getpid())
		return fault_set(fault, -EXDEV,
			"/proc is of another pid namespace than profound; run with hostPID, or mount "
			"its own: unshare --pid --fork --mount-proc");
	*inum = st.st_ino == INITIAL ? 0 : (uint32_t)st.st_ino;
	return 0;
}
