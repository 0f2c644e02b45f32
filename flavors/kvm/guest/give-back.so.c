/*
 * Preloaded into QEMU, which keeps whatever it has translated of the guest's code until there is no room for more: most of that is of the start of the machine and its apps, and as much as all
 * else that the machine has for itself. While the machine sleeps it is given back to the host. What is needed again is translated again.
 *
 * Nothing is given back by a QEMU that does not have what this calls, or has its code elsewhere, nor where the processor itself runs the guest's code.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A machine sleeps that has used less than a fiftieth of a processor for so long. */
#ifndef SLEEP_SECONDS
#define SLEEP_SECONDS 10
#endif
#define SLEEPS_BELOW (SLEEP_SECONDS * 1000 / 50)
/* Milliseconds of a processor that it has used since the last time: what it had translated then took less, so that doing that again is no great part of what it does. */
#ifndef WORTH
#define WORTH 1000
#endif
/* That much is written at once when it wakes up, and begins with code that stays: how the translated is entered and left. */
#define KEPT (2u << 20)

/* Of QEMU. A processor of the guest by its number; lets one do something while none runs the guest's code; forgets all that is translated; where that is entered. */
#define OF_QEMU __attribute__((weak))
extern void *qemu_get_cpu(int number) OF_QEMU;
extern void async_safe_run_on_cpu(void *cpu, void (*what)(void *cpu, uint64_t data), uint64_t data) OF_QEMU;
extern void tb_flush(void *cpu) OF_QEMU;
extern const char *tcg_qemu_tb_exec OF_QEMU;

static char *code, *code_end;

static int is_known(void) {
	return qemu_get_cpu != NULL && async_safe_run_on_cpu != NULL && tb_flush != NULL && &tcg_qemu_tb_exec != NULL;
}

static void give_back(void *cpu, uint64_t data) {
	(void)data;
	if (tcg_qemu_tb_exec < code || tcg_qemu_tb_exec >= code + KEPT) return;
	tb_flush(cpu);
	madvise(code + KEPT, code_end - code - KEPT, MADV_DONTNEED);
}

static long used_milliseconds(void) {
	struct timespec used;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

static void *watch(void *nothing) {
	long before = used_milliseconds(), next = 0;
	for (;;) {
		nanosleep(&(struct timespec){.tv_sec = SLEEP_SECONDS}, NULL);
		long used = used_milliseconds();
		void *cpu = used - before < SLEEPS_BELOW && used >= next ? qemu_get_cpu(0) : NULL;
		if (cpu != NULL) {
			async_safe_run_on_cpu(cpu, give_back, 0);
			next = used + WORTH;
		}
		before = used;
	}
	return nothing;
}

/* Signals are for those of QEMU's threads that expect them. */
static void start_watch(void) {
	pthread_t thread;
	pthread_attr_t attributes;
	sigset_t all, own;
	sigfillset(&all);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &own);
	pthread_create(&thread, &attributes, watch, NULL);
	pthread_sigmask(SIG_SETMASK, &own, NULL);
	pthread_attr_destroy(&attributes);
}

/* QEMU makes the room for what it translates writable and executable by this, in parts if the guest has several processors, which begin a page apart. */
int mprotect(void *start, size_t length, int protection) {
	int result = syscall(SYS_mprotect, start, length, protection);
	int is_code = result == 0 && (protection & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC);
	if (!is_code || !is_known()) return result;
	if (code == NULL && length > KEPT) {
		code = start;
		code_end = code + length;
		start_watch();
	} else if (code != NULL && (char *)start == code_end + sysconf(_SC_PAGESIZE)) {
		code_end = (char *)start + length;
	}
	return result;
}
