/*
 * What a program may ask of a tap that it has by descriptor: how packets look, and how many wait. Without this the kernel lets it remove the tap, or change its owner, its address and its link, whoever it is.
 */
#ifndef RKT_TAPS_H
#define RKT_TAPS_H

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* asm/unistd.h: __X32_SYSCALL_BIT, from which on the same calls have other numbers. */
#define OTHER_NUMBERS 0x40000000
/* The numbers that if_tun.h has of its letter: terminals have lower ones. */
#define FIRST_OF_TAPS 0x54c8
#define LAST_OF_LETTER 0x54ff

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define UNLESS(test, value) BPF_JUMP(BPF_JMP | (test) | BPF_K, value, 1, 0)
#define IF(test, value) BPF_JUMP(BPF_JMP | (test) | BPF_K, value, 0, 1)
#define ANSWER(action) BPF_STMT(BPF_RET | BPF_K, action)
#define ALLOWED(request) IF(BPF_JEQ, request), ANSWER(SECCOMP_RET_ALLOW)

/* Of this process and what it executes, for ever. 0 or -1, with errno. */
static int limit_taps(void) {
	/* The kernel takes the lower half of a request, which is first in memory. */
	struct sock_filter rules[] = {
	    LOAD(arch),
	    UNLESS(BPF_JEQ, AUDIT_ARCH_X86_64),
	    ANSWER(SECCOMP_RET_KILL_PROCESS),
	    LOAD(nr),
	    IF(BPF_JGE, OTHER_NUMBERS),
	    ANSWER(SECCOMP_RET_KILL_PROCESS),
	    UNLESS(BPF_JEQ, __NR_ioctl),
	    ANSWER(SECCOMP_RET_ALLOW),
	    LOAD(args[1]),
	    ALLOWED(TUNGETFEATURES),
	    ALLOWED(TUNGETIFF),
	    ALLOWED(TUNSETOFFLOAD),
	    ALLOWED(TUNGETSNDBUF),
	    ALLOWED(TUNSETSNDBUF),
	    ALLOWED(TUNGETVNETHDRSZ),
	    ALLOWED(TUNSETVNETHDRSZ),
	    ALLOWED(TUNGETVNETLE),
	    ALLOWED(TUNSETVNETLE),
	    ALLOWED(TUNGETVNETBE),
	    ALLOWED(TUNSETVNETBE),
	    IF(BPF_JEQ, SIOCSIFHWADDR),
	    ANSWER(SECCOMP_RET_ERRNO | EPERM),
	    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xffff),
	    UNLESS(BPF_JGE, FIRST_OF_TAPS),
	    ANSWER(SECCOMP_RET_ALLOW),
	    UNLESS(BPF_JGT, LAST_OF_LETTER),
	    ANSWER(SECCOMP_RET_ERRNO | EPERM),
	    ANSWER(SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = sizeof rules / sizeof *rules, .filter = rules};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

#undef LOAD
#undef UNLESS
#undef IF
#undef ANSWER
#undef ALLOWED

#endif
