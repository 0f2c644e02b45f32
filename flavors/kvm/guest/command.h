/* The command line of QEMU, in which some words are put by what starts it. */
#ifndef RKT_COMMAND_H
#define RKT_COMMAND_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* In the arguments of QEMU @ACCELERATOR@ and @CPU@ are the words of an accelerator, and @TSC@ is the frequency of the processor's counter, in kHz. */

/* Ticks of the processor's counter in a millisecond: without hardware support the guest has the same, and on a busy host it does not find out itself. */
static unsigned long kilohertz(void) {
	struct timespec from, to, pause = {.tv_nsec = 10000000};
	clock_gettime(CLOCK_MONOTONIC_RAW, &from);
	unsigned long long start = __builtin_ia32_rdtsc();
	nanosleep(&pause, NULL);
	clock_gettime(CLOCK_MONOTONIC_RAW, &to);
	unsigned long long ticks = __builtin_ia32_rdtsc() - start;
	return ticks * 1000000 / ((to.tv_sec - from.tv_sec) * 1000000000ull + (to.tv_nsec - from.tv_nsec));
}

/* What takes the place of marks in the arguments of QEMU. */
struct value {
	const char *mark, *text;
};

static char *put_in(const char *argument, const struct value *values) {
	for (; values->mark != NULL; values++) {
		const char *mark = strstr(argument, values->mark);
		char *whole;
		if (mark == NULL) continue;
		if (asprintf(&whole, "%.*s%s%s", (int)(mark - argument), argument, values->text, mark + strlen(values->mark)) < 0) return NULL;
		return whole;
	}
	return strdup(argument);
}

/* Of arguments that NULL ends, and further ones; NULL: no memory. */
static char **make_command(char **arguments, char **further, const char *accelerator, const char *processor, unsigned long ticks) {
	char frequency[32];
	snprintf(frequency, sizeof frequency, "%lu", ticks);
	const struct value values[] = {{"@TSC@", frequency}, {"@ACCELERATOR@", accelerator}, {"@CPU@", processor}, {NULL, NULL}};
	size_t count = 0, length = 0;
	while (arguments[count] != NULL) count++;
	for (char **one = further; one != NULL && *one != NULL; one++) length++;
	char **command = calloc(count + length + 1, sizeof *command);
	if (command == NULL) return NULL;
	for (size_t at = 0; at < count + length; at++)
		if ((command[at] = put_in(at < count ? arguments[at] : further[at - count], values)) == NULL) return NULL;
	return command;
}

#endif
