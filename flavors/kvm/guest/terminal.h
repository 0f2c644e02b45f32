/*
 * The terminal of the caller, standard input: what is typed goes to the guest as it is, and that makes lines, echoes and signals of it.
 */
#ifndef RKT_TERMINAL_H
#define RKT_TERMINAL_H

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "frame.h"

static struct termios modes_before;
static int is_taken;

/* To be called again when this process has been stopped. */
static inline void take_terminal(void) {
	if (!is_taken && tcgetattr(STDIN_FILENO, &modes_before) < 0) return;
	is_taken = 1;
	struct termios modes = modes_before;
	cfmakeraw(&modes);
	tcsetattr(STDIN_FILENO, TCSANOW, &modes);
}

/* In the background it is somebody else's, who has modes of their own. */
static inline void restore_terminal(void) {
	pid_t foreground = tcgetpgrp(STDIN_FILENO);
	if (is_taken && (foreground < 0 || foreground == getpgrp())) tcsetattr(STDIN_FILENO, TCSADRAIN, &modes_before);
	is_taken = 0;
}

static inline struct size size_of_terminal(void) {
	struct winsize size = {0};
	ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
	return (struct size){.rows = size.ws_row, .columns = size.ws_col};
}

#endif
