// SPDX-License-Identifier: GPL-2.0-or-later
#include "recorder/call_filter.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Those that the architecture lacks are left out by libseccomp. */
static const int denied[] = {
	/* other programs and other processes */
	SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_writev), SCMP_SYS(process_madvise),
	SCMP_SYS(pidfd_getfd), SCMP_SYS(kcmp), SCMP_SYS(migrate_pages), SCMP_SYS(move_pages),
	/* another root, another namespace */
	SCMP_SYS(mount), SCMP_SYS(umount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
	SCMP_SYS(move_mount), SCMP_SYS(open_tree), SCMP_SYS(mount_setattr), SCMP_SYS(fsopen), SCMP_SYS(fsconfig),
	SCMP_SYS(fsmount), SCMP_SYS(fspick), SCMP_SYS(setns), SCMP_SYS(unshare),
	/* another user */
	SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setreuid), SCMP_SYS(setregid), SCMP_SYS(setresuid),
	SCMP_SYS(setresgid), SCMP_SYS(setgroups), SCMP_SYS(setfsuid), SCMP_SYS(setfsgid),
	/* the kernel and the machine */
	SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(acct),
	SCMP_SYS(quotactl), SCMP_SYS(quotactl_fd), SCMP_SYS(syslog), SCMP_SYS(settimeofday), SCMP_SYS(clock_settime),
	SCMP_SYS(adjtimex), SCMP_SYS(clock_adjtime), SCMP_SYS(sethostname), SCMP_SYS(setdomainname), SCMP_SYS(iopl),
	SCMP_SYS(ioperm), SCMP_SYS(modify_ldt), SCMP_SYS(vhangup), SCMP_SYS(personality), SCMP_SYS(mknod),
	SCMP_SYS(mknodat), SCMP_SYS(fanotify_init),
	/* what is rarely used and often broken into; io_uring would pass by this filter */
	SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register), SCMP_SYS(userfaultfd),
	SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(uselib), SCMP_SYS(lookup_dcookie),
	SCMP_SYS(nfsservctl), SCMP_SYS(remap_file_pages),
};

static const unsigned namespaces[] = {
	CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWCGROUP,
};

/* Typing into the terminal that record runs in. */
static const unsigned typing[] = {TIOCSTI, TIOCLINUX};

static int deny(scmp_filter_ctx filter, int call, int error, struct scmp_arg_cmp when)
{
	return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((uint32_t)error), call, 1, &when);
}

static int deny_whole(scmp_filter_ctx filter)
{
	int err = 0;

	for (unsigned i = 0; i < COUNT(denied) && !err; i++)
#ifdef __SANITIZE_ADDRESS__
		if (denied[i] != SCMP_SYS(ptrace)) /* by which it looks for leaks */
#endif
			err = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), denied[i], 0, NULL);
	return err;
}

/*
 * clone3 has its flags in memory, which no filter can read: libc takes clone where it is told that there is none (glibc since
 * 2.34, sysdeps/unix/sysv/linux/clone-internal.c; musl never asks for it).
 */
static int deny_by_argument(scmp_filter_ctx filter, const char *program)
{
	int err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	if (!err)
		err = deny(filter, SCMP_SYS(execve), EPERM, SCMP_A0(SCMP_CMP_NE, (uintptr_t)program));
	if (!err) /* raw packets, the kernel's ciphers, virtual machines... all come after it */
		err = deny(filter, SCMP_SYS(socket), EAFNOSUPPORT, SCMP_A0(SCMP_CMP_GT, AF_NETLINK));
	for (unsigned i = 0; i < COUNT(namespaces) && !err; i++)
		err = deny(filter, SCMP_SYS(clone), EPERM, SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i]));
	for (unsigned i = 0; i < COUNT(typing) && !err; i++)
		err = deny(filter, SCMP_SYS(ioctl), EPERM, SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, typing[i]));
	return err;
}

/* No mitigation against ourselves: nobody's code runs here (SECCOMP_FILTER_FLAG_SPEC_ALLOW, the rule since Linux 5.16). */
static int set_attributes(scmp_filter_ctx filter)
{
	int err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

	if (!err)
		err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
	return err ? err : seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
}

int call_filter_install(const char *program)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int err;

	if (!filter)
		return -ENOMEM;
	err = set_attributes(filter);
	if (!err)
		err = deny_whole(filter);
	if (!err)
		err = deny_by_argument(filter, program);
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}
