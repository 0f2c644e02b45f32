/*
 * A process that joins an app of a pod's machine, as its caller sees it: has the monitor start it, carries standard streams and signals, and ends as it does.
 *
 *   enter SOCKET
 *
 * The environment has the script for the agent, in parts: RKT_SCRIPT_0, RKT_SCRIPT_1, … Its streams go through pipes of its own: nobody else gets those of its caller.
 * With RKT_TERMINAL its streams are a terminal, which is in raw mode from then on: the process has one of the guest, with the size of this one.
 * Signals are its own until the monitor has taken it, and the process's from then on; a second SIGTERM is its own again: not every guest does what it is told.
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
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"
#include "terminal.h"
#include "write.h"

/* As everywhere in rkt: its own failure, and that of a command which is not there, or cannot be executed. */
#define FAILED 254
#define NOT_FOUND 127
#define NOT_EXECUTABLE 126

struct stream {
	int from, to; /* -1: closed */
	size_t at, length;
	char buffer[MAX_PAYLOAD];
};

static struct stream streams[3] = {{.from = 0}, {.to = 1}, {.to = 2}};
static int monitor;
/* Those that are the process's. */
static sigset_t passed;
static int on_terminal;

__attribute__((noreturn)) static void give_up(const char *what, const char *why) {
	restore_terminal();
	fprintf(stderr, "rkt: RKT_MACHINE_ENTER_FAILED: %s: %s\n", what, why);
	exit(FAILED);
}

/* What crun has said of it, after its own name, in words that it has for two failures of the command. */
__attribute__((noreturn)) static void refused(const char *why) {
	static const char unopened[] = "open executable: ";
	const char *name = strchr(why, '`'), *end = name == NULL ? NULL : strstr(name, "` not found in $PATH");
	const char *cause = strstr(why, unopened);
	if (end == NULL && cause == NULL) give_up("in the machine", why);
	restore_terminal();
	if (end == NULL) {
		fprintf(stderr, "rkt: RKT_EXEC_NOT_EXECUTABLE: the command cannot be executed in the machine: %s\n", cause + strlen(unopened));
		exit(NOT_EXECUTABLE);
	}
	fprintf(stderr, "rkt: RKT_EXEC_NOT_FOUND: %.*s is not in the app's file system, and in no directory of its PATH\n", (int)(end - name - 1), name + 1);
	exit(NOT_FOUND);
}

static void say(enum frame_type type, const void *payload, uint32_t length, const int *fds) {
	struct frame frame = {.type = type, .length = length};
	struct iovec parts[] = {{&frame, sizeof frame}, {(void *)payload, length}};
	char control[CMSG_SPACE(3 * sizeof(int))] = "";
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	if (fds != NULL) {
		message.msg_control = control;
		message.msg_controllen = sizeof control;
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(3 * sizeof(int));
		memcpy(CMSG_DATA(header), fds, 3 * sizeof(int));
	}
	/* If the pod ends meanwhile, that is heard of where answers are read. */
	while (sendmsg(monitor, &message, MSG_NOSIGNAL) < 0)
		if (errno == EPIPE || errno == ECONNRESET) return;
		else if (errno != EINTR) give_up("the monitor", strerror(errno));
}

static void connect_to(const char *path) {
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address.sun_path) give_up(path, "too long");
	strcpy(address.sun_path, path);
	monitor = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (monitor < 0 || connect(monitor, (struct sockaddr *)&address, sizeof address) < 0) give_up(path, strerror(errno));
}

static void say_size(void) {
	struct size size = size_of_terminal();
	say(FRAME_SIZE, &size, sizeof size, NULL);
}

static void ask(void) {
	int in[2], out[2], err[2];
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0) give_up("pipe", strerror(errno));
	int theirs[] = {in[0], out[1], err[1]};
	if (is_one_output()) say(FRAME_JOIN, NULL, 0, NULL);
	if (on_terminal) say_size();
	streams[0].to = in[1];
	streams[1].from = out[0];
	streams[2].from = err[0];
	for (int number = 0;; number++) {
		char name[32];
		snprintf(name, sizeof name, "RKT_SCRIPT_%d", number);
		const char *part = getenv(name);
		if (part == NULL && number == 0) give_up(name, "not in the environment");
		for (size_t length = part == NULL ? 0 : strlen(part), at = 0; at < length; at += MAX_PAYLOAD) {
			size_t rest = length - at;
			say(FRAME_ENTER, part + at, rest < MAX_PAYLOAD ? rest : MAX_PAYLOAD, number == 0 && at == 0 ? theirs : NULL);
		}
		if (part == NULL) break;
	}
	say(FRAME_ENTER, NULL, 0, NULL);
	for (int at = 0; at < 3; at++) close(theirs[at]);
}

/* Its caller's own end stays open: there may be an error to tell. */
static void close_stream(struct stream *stream) {
	if (stream->from > STDERR_FILENO) close(stream->from);
	if (stream->to > STDERR_FILENO) close(stream->to);
	*stream = (struct stream){.from = -1, .to = -1};
}

static void pass(struct stream *stream) {
	if (stream->length == 0) {
		ssize_t length = read(stream->from, stream->buffer, sizeof stream->buffer);
		if (length < 0 && (errno == EINTR || errno == EAGAIN)) return;
		if (length <= 0) {
			close_stream(stream);
			return;
		}
		stream->at = 0;
		stream->length = length;
		return;
	}
	ssize_t done = write_at_once(stream->to, stream->buffer + stream->at, stream->length);
	if (done < 0) { /* nobody reads it any more: whoever writes it is to find out */
		close_stream(stream);
		return;
	}
	stream->at += done;
	stream->length -= done;
}

__attribute__((noreturn)) static void end_as(uint32_t status) {
	restore_terminal();
	if (!WIFSIGNALED(status)) exit(WEXITSTATUS(status));
	int number = WTERMSIG(status);
	struct rlimit none = {0};
	setrlimit(RLIMIT_CORE, &none); /* it was not this program that failed */
	signal(number, SIG_DFL);
	raise(number);
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	exit(128 + number); /* one that ends nothing */
}

static void pass_signals(int signals) {
	struct signalfd_siginfo info;
	while (read(signals, &info, sizeof info) == sizeof info) {
		uint32_t number = info.ssi_signo;
		if (number == SIGWINCH && on_terminal) {
			say_size();
			continue;
		}
		say(FRAME_SIGNAL, &number, sizeof number, NULL);
		if (number != SIGTERM) continue;
		sigset_t next;
		sigemptyset(&next);
		sigaddset(&next, SIGTERM);
		sigprocmask(SIG_UNBLOCK, &next, NULL);
	}
}

/* Whether it has ended, and how: by the monitor's word, or because the pod has. */
static int take_answer(uint32_t *status) {
	static char message[sizeof(struct frame) + MAX_PAYLOAD + 1];
	ssize_t length = recv(monitor, message, sizeof message - 1, MSG_DONTWAIT);
	/* It has not read all that was asked for; what it has said is behind that. */
	if (length < 0 && errno == ECONNRESET) length = recv(monitor, message, sizeof message - 1, MSG_DONTWAIT);
	if (length < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
	struct frame frame;
	*status = SIGKILL; /* whatever is in a pod that ends is killed */
	if (length < (ssize_t)sizeof frame) return 1;
	memcpy(&frame, message, sizeof frame);
	char *payload = message + sizeof frame;
	message[length] = '\0';
	if (frame.type == FRAME_READY) {
		sigprocmask(SIG_BLOCK, &passed, NULL);
		if (on_terminal) take_terminal();
		return 0;
	}
	if (frame.type == FRAME_FAILED) refused(payload);
	uint32_t told;
	if (frame.type != FRAME_EXIT || length != sizeof frame + sizeof told) return 1;
	memcpy(&told, payload, sizeof told);
	if (is_end(told)) *status = told;
	return 1;
}

int main(int argc, char **argv) {
	prctl(PR_SET_DUMPABLE, 0); /* QEMU is the same user */
	if (argc != 2) give_up("arguments", "one is needed");
	sigemptyset(&passed);
	for (const int *number = (const int[]){SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM, SIGALRM, SIGCONT, SIGWINCH, 0}; *number; number++)
		sigaddset(&passed, *number);
	for (int number = SIGRTMIN; number <= SIGRTMAX; number++) sigaddset(&passed, number);
	signal(SIGPIPE, SIG_IGN);
	int signals = signalfd(-1, &passed, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0) give_up("signalfd", strerror(errno));
	on_terminal = getenv("RKT_TERMINAL") != NULL;
	connect_to(argv[1]);
	ask();
	uint32_t status = 0;
	int ended = 0;
	while (!ended || streams[1].from >= 0 || streams[2].from >= 0) {
		struct pollfd polled[5] = {{ended ? -1 : signals, POLLIN, 0}, {ended ? -1 : monitor, POLLIN, 0}};
		for (int at = 0; at < 3; at++) {
			const struct stream *stream = &streams[at];
			int reads = stream->length == 0;
			polled[2 + at] = (struct pollfd){reads ? stream->from : stream->to, reads ? POLLIN : POLLOUT, 0};
		}
		if (ended) polled[2].fd = -1;
		if (poll(polled, 5, -1) < 0) {
			if (errno == EINTR) continue;
			give_up("poll", strerror(errno));
		}
		for (int at = 0; at < 3; at++)
			if (polled[2 + at].revents != 0) pass(&streams[at]);
		if (polled[1].revents != 0) ended = take_answer(&status);
		if (polled[0].revents != 0) pass_signals(signals);
	}
	end_as(status);
}
