/*
 * Starts a machine, and once its agent waits for a script saves the state of its devices: what machines of pods go on from. Its memory is in a file of QEMU's own.
 *
 *   save FILE ACCELERATOR PROCESSOR QEMU ARGUMENT…
 *
 * Without no_new_privs, by which before Linux 6.16 QEMU would become its real user, who may not write here and could be looked into by others (core/src/image/sandbox.ts).
 *
 * See command.h for what is put into the arguments. QEMU has the agent's port in descriptor 3, the console of the guest in 4, and takes commands from 5.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "frame.h"

#define PORT 3
#define CONSOLE 4
#define COMMANDS 5
/* As the monitor gives a machine. */
#define START_SECONDS 120

static pid_t qemu;

__attribute__((noreturn)) static void fail(const char *what) {
	fprintf(stderr, "%s%s%s\n", what, errno == 0 ? "" : ": ", errno == 0 ? "" : strerror(errno));
	if (qemu > 0) kill(qemu, SIGKILL);
	exit(1);
}

static void start(char **command, const int ends[3]) {
	qemu = fork();
	if (qemu < 0) fail("fork");
	if (qemu > 0) return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int high[3];
	for (int at = 0; at < 3; at++)
		if ((high[at] = fcntl(ends[at], F_DUPFD_CLOEXEC, 10)) < 0) _exit(1);
	for (int at = 0; at < 3; at++)
		if (dup2(high[at], PORT + at) < 0) _exit(1);
	execv(command[0], command);
	perror(command[0]);
	_exit(1);
}

/* Asks for all at once; the file goes with it. */
static void ask(int commands, int state) {
	static char text[] =
	    "{\"execute\":\"qmp_capabilities\"}\n"
	    "{\"execute\":\"migrate-set-capabilities\",\"arguments\":{\"capabilities\":[{\"capability\":\"x-ignore-shared\",\"state\":true},"
	    "{\"capability\":\"events\",\"state\":true}]}}\n"
	    "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"state\"}}\n"
	    "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"fd:state\"}}\n";
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr head;
	} control = {0};
	struct iovec part = {text, sizeof text - 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &state, sizeof state);
	if (sendmsg(commands, &message, MSG_NOSIGNAL) != (ssize_t)sizeof text - 1) fail("QEMU takes no commands");
}

/* Whether all has been saved, as far as QEMU has said by now. */
static int is_saved(int commands) {
	static char said[16384];
	static size_t length;
	ssize_t more = recv(commands, said + length, sizeof said - 1 - length, 0);
	if (more <= 0) fail("QEMU has ended");
	length += more;
	said[length] = '\0';
	errno = 0;
	if (strstr(said, "\"error\":") != NULL || strstr(said, "\"status\": \"failed\"") != NULL || length == sizeof said - 1) fail(said);
	return strstr(said, "\"status\": \"completed\"") != NULL;
}

/* What the guest says on its console goes where errors go. */
static void pass_console(int console) {
	char text[4096];
	ssize_t length = recv(console, text, sizeof text, MSG_DONTWAIT);
	if (length > 0) (void)!write(2, text, length);
}

int main(int argc, char **argv) {
	if (argc < 5) fail("arguments");
	int state = open(argv[1], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (state < 0) fail(argv[1]);
	char **command = make_command(argv + 4, NULL, argv[2], argv[3], kilohertz());
	if (command == NULL) fail("memory");
	int ours[3], theirs[3];
	for (int at = 0; at < 3; at++) {
		int pair[2];
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) fail("socketpair");
		ours[at] = pair[0];
		theirs[at] = pair[1];
	}
	start(command, theirs);
	for (int at = 0; at < 3; at++) close(theirs[at]);
	struct frame frame;
	size_t length = 0;
	int saved = 0;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	time_t end = now.tv_sec + START_SECONDS;
	while (!saved) {
		struct pollfd polled[3] = {{ours[0], POLLIN, 0}, {ours[1], POLLIN, 0}, {ours[2], POLLIN, 0}};
		int count = poll(polled, 3, (end - now.tv_sec) * 1000);
		if (count < 0 && errno != EINTR) fail("poll");
		clock_gettime(CLOCK_MONOTONIC, &now);
		errno = 0;
		if (count == 0 || now.tv_sec >= end) fail("the machine has not started in time");
		if (polled[1].revents != 0) pass_console(ours[1]);
		if (polled[2].revents != 0) saved = is_saved(ours[2]);
		if (polled[0].revents == 0 || length == sizeof frame) continue;
		ssize_t more = recv(ours[0], (char *)&frame + length, sizeof frame - length, 0);
		if (more <= 0) fail("the machine has ended before it had started");
		length += more;
		if (length < sizeof frame) continue;
		if (frame.type != FRAME_READY || frame.length != 0) fail("the machine says what it should not");
		ask(ours[2], state);
	}
	if (fsync(state) < 0) fail(argv[1]);
	/* It stands still, and all is in its files. */
	kill(qemu, SIGKILL);
	while (waitpid(qemu, NULL, 0) < 0 && errno == EINTR) continue;
	return 0;
}
