/*
 * What stays on the host beside QEMU: starts it, gives the agent in the guest its script, carries standard streams and signals, and ends with the exit status of the pod.
 *
 *   monitor DIRECTORY (app NAME STDIN STDOUT STDERR [restart POLICY TIMES SECONDS] [changes BYTES])… [libraries LIBRARIES] [template TEMPLATE] (accelerator NAME PROCESSOR)… -- QEMU ARGUMENT… [-- BOOT… [-- ARGUMENT…]]
 *
 * An accelerator that the machine does not start with is followed by the next, and named in the file `status/:accelerator` once it has started with that; see command.h for what is put into the arguments of QEMU.
 *
 * With a directory TEMPLATE that has a file `state` (save.c) the machine first goes on from there, with the first accelerator and the last arguments in the place of BOOT; if it does not, it is booted, and once it has started
 * `status/:template` gets what tells that file from others: its inode, and when it was written, in nanoseconds since 1970. QEMU has the state in
 * descriptor 6, and takes commands from 5. It is preloaded with LIBRARIES (own-memory.so.c, give-back.so.c).
 *
 * STDIN `tty` is the caller's terminal, which is in raw mode while the apps run: the app has one of the guest, with the size of this one.
 *
 * An app with the POLICY `on-failure` (it has not ended with 0) or `always` is started again, a second after it has ended, until the pod is stopped. When that has been done TIMES times within the last SECONDS, its next
 * end within them is that of the pod, with its status, or 1 if that is 0; TIMES 0: however often. `status/NAME.starts` is how often it has been started, `status/NAME` how it has ended last, and `status/NAME.last` is there once it is not started again.
 *
 * Of an app with `changes`, what it has written to its root file system is in DIRECTORY/changes/NAME once the pod is over, an archive, or an empty file if it has written nothing. All archives up to this one have at most BYTES. While it is written, a signal that would end the apps has the monitor go on
 * without it.
 *
 * At DIRECTORY/control/socket it takes what joins an app (enter.c). DIRECTORY has the file `script` and gets `status/NAME`, the exit status of each app as a decimal number, and the file `supervisor-status`, which gets `ready` once all apps run. A stream is `-` (that of the caller), `null`, or the path of a
 * file that is appended to. App number N of the command line is process N of the script. QEMU has the agent's port in descriptor 3 and the console of the
 * guest in descriptor 4, and from 7 on the taps that are open here with the numbers in RKT_TAP_FDS, of which it can change nothing that stays (taps.h). With RKT_USER_NAMESPACE_FD it is root of that user namespace, with the capabilities that a server of files needs there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "frame.h"
#include "taps.h"
#include "terminal.h"
#include "write.h"

/* As everywhere in rkt: its own failure, not that of an app. */
#define FAILED 254
#define PORT 3
#define CONSOLE 4
#define COMMANDS 5
#define STATE 6
/* And those that follow. */
#define TAPS 7
#define MAX_TAPS 8
#define CONSOLE_KEPT 4096
/* A script, and what is granted of streams; a guest that does not read must not fill the memory of the host. */
#define MAX_UNSENT (16u << 20)
/* The script of one that joins an app. */
#define MAX_REQUEST (1u << 20)
/* A guest that has not come so far by then never will; a busy machine without hardware support takes 20. */
#define START_SECONDS 120
#ifndef GRACE_SECONDS
#define GRACE_SECONDS 10
#endif
#ifndef HALT_SECONDS
#define HALT_SECONDS 5
#endif
/* Bytes of a stream that may come after SIGKILL: a pipe of the guest, of a mebibyte at most without privileges, and what is on its way. */
#ifndef MAX_LATE
#define MAX_LATE (4u << 20)
#endif
/* Between the end of an app and its next start. */
#ifndef RESTART_MILLISECONDS
#define RESTART_MILLISECONDS 1000
#endif
/* A guest that has sent nothing of an archive for so long sends no more. */
#ifndef SAVE_SECONDS
#define SAVE_SECONDS 10
#endif
/* The same of a machine that something else may start after. */
#ifndef ATTEMPT_SECONDS
#define ATTEMPT_SECONDS 15
#endif
/* A host on which the next one takes longer is busy, which may have been all that was wrong. */
#ifndef BUSY_SECONDS
#define BUSY_SECONDS ATTEMPT_SECONDS
#endif
#define MAX_ATTEMPTS 3

struct sink {
	int fd; /* -1: nobody wants it */
	char *queue;
	uint32_t length;
	uint32_t ungranted; /* has been taken */
	uint32_t late; /* came after SIGKILL */
};

/* WAITING: to be started again. LEAVING: it is not, and what comes after it may run. */
enum state { FREE, ASKING, ALIVE, WAITING, LEAVING, ENDED };

/* Of an app, when it is started again, and how often. */
struct rule {
	enum { NEVER, ON_FAILURE, ALWAYS } policy;
	uint32_t times, seconds;
	int64_t *ends; /* when it has ended, of the last seconds; times at most */
	uint32_t end_count, starts;
	int64_t due;
	int is_broken;
};

/* An app, or one that joins an app, for somebody who is at the other end of a socket. */
struct process {
	enum state state;
	const char *name; /* of an app */
	struct rule rule;
	uint64_t changes; /* how many bytes its archive may have, with those before it; 0: it has none */
	int input; /* -1: none, or at its end */
	uint32_t input_credit;
	struct sink out, err;
	int status;
	int client; /* -1: nobody waits for it */
	char *request;
	uint32_t request_length;
	/* What it has asked for before, of which the guest knows nothing until it is asked for all. */
	int is_joined, has_size;
	struct size size;
};

static struct process processes[MAX_PROCESSES];
static int app_count, apps_left;
static const char *directory;
static pid_t qemu;
static int port = -1, console = -1, commands = -1, timer = -1, restarts = -1, listener = -1;
static char console_text[CONSOLE_KEPT];
static size_t console_length;
static char *unsent;
static size_t unsent_length, unsent_capacity;
static char **qemu_arguments, **boot_arguments, **template_arguments;
static const char *template, *libraries;
static struct {
	const char *accelerator, *processor;
	int restores; /* from the template */
} attempts[MAX_ATTEMPTS];
static int attempt, attempt_count;
/* It goes on as the machine that was saved, and has not been told yet that it is another. */
static int is_same;
/* What the machine has not started with, though it was not killed: of use to nobody, if it starts without. */
static const char *failed_accelerator;
static char failed_template[64];
static char template_identity[sizeof failed_template];
static int has_been_late;
static time_t attempt_start;
static sigset_t signals_before;
/* QEMU's, until it has started; -1: none. */
static int user_namespace = -1;
static int taps[MAX_TAPS], tap_count;
static enum { BOOTING, RUNNING, STOPPING, KILLING, SAVING, HALTING } phase;
static int first_failure = -1;
/* Of the app that has the caller's terminal; -1: none has. */
static int on_terminal = -1;

static void end_qemu(void) {
	if (qemu <= 0) return;
	kill(qemu, SIGKILL);
	while (waitpid(qemu, NULL, 0) < 0 && errno == EINTR) continue;
	qemu = 0;
}

/* What the kernel of the guest has panicked for, by its own words: what it says after that may be more than is kept. */
static char panic_reason[120];

static void note_panic(void) {
	static const char mark[] = "Kernel panic - not syncing: ";
	const char *at = memmem(console_text, console_length, mark, sizeof mark - 1);
	if (at == NULL) return;
	size_t length = 0;
	for (at += sizeof mark - 1; at < console_text + console_length && *at >= ' ' && *at < 0x7f && length < sizeof panic_reason - 1; at++) panic_reason[length++] = *at;
	panic_reason[length] = '\0';
}

/* Whether there was something. Of what is kept half stays: so the line of a panic is whole, however it comes. */
static int keep_console(void) {
	char buffer[CONSOLE_KEPT / 2];
	ssize_t length = console < 0 ? -1 : recv(console, buffer, sizeof buffer, MSG_DONTWAIT);
	if (length <= 0) return 0;
	size_t room = CONSOLE_KEPT - (size_t)length;
	if (console_length > room) {
		memmove(console_text, console_text + console_length - room, room);
		console_length = room;
	}
	memcpy(console_text + console_length, buffer, length);
	console_length += length;
	note_panic();
	return 1;
}

/* What the guest says may go to a terminal: nothing but text. */
static void tell(const char *text, size_t length) {
	for (size_t at = 0; at < length; at++) {
		unsigned char c = text[at];
		if (c == '\n' || (c >= ' ' && c < 0x7f)) fputc(c, stderr);
	}
	fputc('\n', stderr);
}

/* Of a machine that has ended, which says no more. */
static void tell_console(void) {
	while (keep_console()) continue;
	size_t from = console_length, lines = 0;
	while (from > 0 && lines < 11)
		if (console_text[--from] == '\n') lines++;
	if (console_length == 0) return;
	fprintf(stderr, "rkt: the last lines of the machine:\n");
	tell(console_text + from, console_length - from);
}

/* What apps had written before the machine failed, as far as somebody takes it at once. */
static void pass_last_words(void) {
	for (int at = 0; at < 2 * app_count; at++) {
		struct sink *sink = at % 2 == 0 ? &processes[at / 2].out : &processes[at / 2].err;
		if (sink->fd >= 0) (void)write_at_once(sink->fd, sink->queue, sink->length);
		sink->length = 0;
	}
}

/* Ends with a code of its own for each kind of end: README has them. */
__attribute__((noreturn, format(printf, 2, 3))) static void give_up(const char *code, const char *format, ...) {
	va_list arguments;
	pass_last_words();
	restore_terminal();
	va_start(arguments, format);
	fprintf(stderr, "rkt: RKT_MACHINE_%s: ", code);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	end_qemu();
	tell_console();
	exit(FAILED);
}

/* ---- to who looks at the pod ---- */

/* As long as any number. */
#define RESERVED 16

/* Has the disk keep the place of a word: who waits for an app is to hear of it on a disk that is full by then. */
static void reserve(const char *place, const char *name) {
	char path[4096];
	snprintf(path, sizeof path, "%s/%s%s", directory, place, name);
	int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (file < 0) return;
	/* Where it cannot be kept, that is told when it is needed. */
	(void)!fallocate(file, FALLOC_FL_KEEP_SIZE, 0, RESERVED);
	close(file);
}

static void record(const char *name, const char *text) {
	char path[4096], temporary[4096];
	snprintf(path, sizeof path, "%s/status/%s", directory, name);
	snprintf(temporary, sizeof temporary, "%s/status/.%s", directory, name);
	/* Cut afterwards: that would give back what has been reserved. */
	int file = open(temporary, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	int length = file < 0 ? -1 : dprintf(file, "%s\n", text);
	if (length < 0 || ftruncate(file, length) < 0 || fsync(file) < 0 || rename(temporary, path) < 0)
		fprintf(stderr, "rkt: %s cannot be written: %s\n", path, strerror(errno));
	if (file >= 0) close(file);
}

/* Whoever asks whether it runs need not ask the machine. */
static void record_last(const struct process *process) {
	char name[300];
	snprintf(name, sizeof name, "%s.last", process->name);
	record(name, "ended");
}

/* ---- to the guest ---- */

/* Never waits for the guest, which may be waiting for us. */
static void flush(void) {
	size_t done = 0;
	if (port < 0) unsent_length = 0; /* QEMU has ended */
	while (done < unsent_length) {
		ssize_t length = send(port, unsent + done, unsent_length - done, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (length < 0 && errno == EINTR) continue;
		if (length < 0 && (errno == EAGAIN || errno == EPIPE || errno == ECONNRESET)) break;
		if (length < 0) give_up("FAILED", "cannot write to the machine: %s", strerror(errno));
		done += length;
	}
	unsent_length -= done;
	memmove(unsent, unsent + done, unsent_length);
}

static void queue_bytes(const void *data, size_t length) {
	if (unsent_length + length > MAX_UNSENT) give_up("PROTOCOL", "the machine takes nothing any more");
	if (unsent_length + length > unsent_capacity) {
		unsent_capacity = (unsent_length + length) * 2;
		unsent = realloc(unsent, unsent_capacity);
		if (unsent == NULL) give_up("FAILED", "no memory");
	}
	memcpy(unsent + unsent_length, data, length);
	unsent_length += length;
}

static void send_frame(enum frame_type type, int process, const void *payload, uint32_t length) {
	struct frame frame = {.type = type, .process = process, .length = length};
	queue_bytes(&frame, sizeof frame);
	if (length > 0) queue_bytes(payload, length);
	flush();
}

static void send_script(void) {
	char path[4096];
	snprintf(path, sizeof path, "%s/script", directory);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0) give_up("FAILED", "%s: %s", path, strerror(errno));
	static char buffer[MAX_PAYLOAD];
	ssize_t length;
	while ((length = read(file, buffer, sizeof buffer)) > 0) send_frame(FRAME_SCRIPT, 0, buffer, length);
	if (length < 0) give_up("FAILED", "%s: %s", path, strerror(errno));
	close(file);
	send_frame(FRAME_SCRIPT, 0, NULL, 0);
}

static void send_signal(int id, int number) {
	uint32_t word = number;
	send_frame(FRAME_SIGNAL, id, &word, sizeof word);
}

static void send_size(void) {
	struct size size = size_of_terminal();
	send_frame(FRAME_SIZE, on_terminal, &size, sizeof size);
}

static void signal_apps(int number) {
	for (int id = 0; id < app_count; id++)
		if (processes[id].state == ALIVE || processes[id].state == LEAVING) send_signal(id, number);
}

static void alarm_in(int seconds) {
	struct itimerspec time = {.it_value.tv_sec = seconds};
	timerfd_settime(timer, 0, &time, NULL);
}

/* What comes after it, and then its end. */
static void start_no_more(int id) {
	processes[id].state = LEAVING;
	record_last(&processes[id]);
	send_frame(FRAME_LAST, id, NULL, 0);
}

static void stop_apps(int number) {
	if (phase > RUNNING) return;
	phase = STOPPING;
	signal_apps(number);
	for (int id = 0; id < app_count; id++)
		if (processes[id].state == WAITING) start_no_more(id);
	alarm_in(GRACE_SECONDS);
}

/* ---- from the guest ---- */

static int exit_status(int status) {
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* It is there already, and nobody waits for more than its one word. */
static void say_ready(void) {
	char path[4096];
	snprintf(path, sizeof path, "%s/supervisor-status", directory);
	int file = open(path, O_WRONLY | O_CLOEXEC);
	if (file < 0 || write(file, "ready\n", 6) != 6) fprintf(stderr, "rkt: %s cannot be written: %s\n", path, strerror(errno));
	if (file >= 0) close(file);
}

static time_t now(void) {
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

/* For those who start machines after this one. The names are none of apps. */
static void tell_failed(void) {
	if (has_been_late && now() - attempt_start > BUSY_SECONDS) return;
	if (failed_accelerator != NULL) record(":accelerator", failed_accelerator);
	if (*failed_template != '\0') record(":template", failed_template);
}

static void grant(int id, struct sink *sink, enum frame_type stream, uint32_t bytes) {
	sink->ungranted += bytes;
	if (sink->ungranted < GRANTED) return;
	struct credit credit = {.stream = stream, .bytes = sink->ungranted};
	sink->ungranted = 0;
	send_frame(FRAME_CREDIT, id, &credit, sizeof credit);
}

static void close_fd(int *fd) {
	if (*fd >= 0) close(*fd);
	*fd = -1;
}

/* Of one that has joined an app: forgets it, but for what the guest may still say. */
static void leave(struct process *process) {
	close_fd(&process->client);
	close_fd(&process->input);
	close_fd(&process->out.fd);
	close_fd(&process->err.fd);
	if (process->state == ALIVE) {
		grant(process - processes, &process->out, FRAME_OUTPUT, process->out.length);
		grant(process - processes, &process->err, FRAME_ERROR, process->err.length);
		process->out.length = process->err.length = 0;
		return;
	}
	free(process->request);
	free(process->out.queue);
	free(process->err.queue);
	*process = (struct process){0};
}

static void tell_client(const struct process *process, enum frame_type type, const void *payload, uint32_t length) {
	static char message[sizeof(struct frame) + MAX_PAYLOAD];
	struct frame frame = {.type = type, .length = length};
	memcpy(message, &frame, sizeof frame);
	if (length > 0) memcpy(message + sizeof frame, payload, length);
	/* Whoever takes no answer has gone. */
	if (process->client >= 0) (void)!send(process->client, message, sizeof frame + length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void answer(struct process *process, enum frame_type type, const void *payload, uint32_t length) {
	tell_client(process, type, payload, length);
	process->state = ENDED;
	leave(process);
}

/* Once all that it has written has been passed on. */
static void tell_end(struct process *process) {
	if (process->name != NULL || process->state != ENDED || process->out.length > 0 || process->err.length > 0) return;
	uint32_t status = process->status;
	answer(process, FRAME_EXIT, &status, sizeof status);
}

static void record_end(struct process *process, int status) {
	char text[16];
	process->status = exit_status(status);
	snprintf(text, sizeof text, "%d", process->status);
	record(process->name, text);
	if (process->rule.policy != NEVER) reserve("status/.", process->name);
}

static void take_exit(int id, int status) {
	struct process *process = &processes[id];
	if (process->state != ALIVE && process->state != LEAVING) return;
	if (process->name == NULL) {
		process->state = ENDED;
		process->status = status;
		tell_end(process);
		return;
	}
	if (process->state == ALIVE) {
		record_end(process, status);
		if (process->rule.policy != NEVER) record_last(process);
	}
	process->state = ENDED;
	process->input = -1;
	int code = process->status == 0 && process->rule.is_broken ? 1 : process->status;
	if (code != 0 && first_failure < 0) first_failure = code;
	apps_left--;
	if (apps_left > 0 && code != 0) stop_apps(SIGTERM);
}

/* ---- apps that are started again ---- */

static int64_t milliseconds(void) {
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * (int64_t)1000 + now.tv_nsec / 1000000;
}

/* Whether it has been started again as often as it may be; else this end counts, too. */
static int is_too_often(struct rule *rule, int64_t now) {
	if (rule->times == 0) return 0;
	if (rule->ends == NULL && (rule->ends = calloc(rule->times, sizeof *rule->ends)) == NULL) give_up("FAILED", "no memory");
	uint32_t count = 0;
	for (uint32_t at = 0; at < rule->end_count; at++)
		if (now - rule->ends[at] < rule->seconds * (int64_t)1000) rule->ends[count++] = rule->ends[at];
	rule->end_count = count;
	if (count == rule->times) return 1;
	rule->ends[rule->end_count++] = now;
	return 0;
}

static void record_start(struct process *process) {
	char name[300], count[16];
	snprintf(name, sizeof name, "%s.starts", process->name);
	snprintf(count, sizeof count, "%u", ++process->rule.starts);
	record(name, count);
}

/* For the next of those that wait, if one does. */
static void await_restarts(void) {
	int64_t next = 0;
	for (int id = 0; id < app_count; id++)
		if (processes[id].state == WAITING && (next == 0 || processes[id].rule.due < next)) next = processes[id].rule.due;
	struct itimerspec time = {.it_value = {next / 1000, next % 1000 * 1000000}};
	timerfd_settime(restarts, TFD_TIMER_ABSTIME, &time, NULL);
}

static void take_restarts(void) {
	uint64_t times;
	if (read(restarts, &times, sizeof times) < 0) return;
	int64_t now = milliseconds();
	for (int id = 0; id < app_count; id++) {
		if (processes[id].state != WAITING || processes[id].rule.due > now) continue;
		processes[id].state = ALIVE;
		record_start(&processes[id]);
		send_frame(FRAME_AGAIN, id, NULL, 0);
	}
	await_restarts();
}

static void take_end(int id, int status) {
	struct process *process = &processes[id];
	if (process->state != ALIVE || process->rule.policy == NEVER) give_up("PROTOCOL", "the machine says what it should not");
	record_end(process, status);
	int64_t now = milliseconds();
	if (phase == RUNNING && (process->status != 0 || process->rule.policy == ALWAYS)) {
		process->rule.is_broken = is_too_often(&process->rule, now);
		if (!process->rule.is_broken) {
			process->state = WAITING;
			process->rule.due = now + RESTART_MILLISECONDS;
			await_restarts();
			return;
		}
	}
	start_no_more(id);
}

/* What an app has written is told before its end. What it has left behind may write on without one, and a guest that does not end its apps: nobody waits for that. */
static int is_too_late(struct sink *sink, uint32_t length) {
	if (apps_left == 0) return 1;
	if (phase != KILLING) return 0;
	if (length > MAX_LATE - sink->late) return 1;
	sink->late += length;
	return 0;
}

/* ---- what apps have written to their root file systems ---- */

static struct {
	int id; /* of the app; -1: of none yet */
	int file; /* -1: it is not kept */
	uint64_t length, total; /* of it, and of all so far */
	int has_begun;
	int has_come; /* something, since the last alarm */
} archive = {.id = -1, .file = -1};

static void name_archive(char *path, size_t size, const char *before) {
	snprintf(path, size, "%s/changes/%s%s", directory, before, processes[archive.id].name);
}

static void tell_lost(int id, const char *why) {
	fprintf(stderr, "rkt: RKT_MACHINE_CHANGES_LOST: what app \"%s\" has written to its root file system is not kept: %s\n", processes[id].name, why);
}

static void lose_archive(const char *why) {
	char path[4096];
	name_archive(path, sizeof path, ".");
	tell_lost(archive.id, why);
	unlink(path);
	close_fd(&archive.file);
}

static void end_machine(void) {
	phase = HALTING;
	send_frame(FRAME_HALT, 0, NULL, 0);
	alarm_in(HALT_SECONDS);
}

static void save_next(void) {
	char path[4096];
	phase = SAVING;
	while (++archive.id < app_count) {
		struct process *process = &processes[archive.id];
		if (process->changes == 0) continue;
		archive.length = archive.has_begun = process->out.ungranted = 0;
		name_archive(path, sizeof path, ".");
		archive.file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (archive.file < 0) {
			tell_lost(archive.id, strerror(errno));
			continue;
		}
		send_frame(FRAME_SAVE, archive.id, NULL, 0);
		alarm_in(SAVE_SECONDS);
		return;
	}
	end_machine();
}

/* None that is not whole yet will be. */
static void save_no_more(const char *why) {
	if (archive.file >= 0) lose_archive(why);
	while (++archive.id < app_count)
		if (processes[archive.id].changes > 0) tell_lost(archive.id, why);
	end_machine();
}

static void write_archive(const char *data, uint32_t length) {
	archive.has_come = 1;
	grant(archive.id, &processes[archive.id].out, FRAME_OUTPUT, length);
	if (archive.file < 0) return;
	if (length > processes[archive.id].changes - archive.total) {
		lose_archive("it is more than its machine can have");
	} else {
		archive.length += length;
		archive.total += length;
		for (ssize_t done; length > 0; data += done, length -= done) {
			done = write(archive.file, data, length);
			if (done < 0 && errno == EINTR) done = 0;
			if (done < 0) {
				lose_archive(strerror(errno));
				break;
			}
		}
	}
	if (archive.file < 0) send_signal(archive.id, SIGKILL);
}

/* GNU tar ends with 1 if a file has changed as it was read. */
static int is_whole(int status) {
	return WIFEXITED(status) && WEXITSTATUS(status) <= 1;
}

static void end_archive(int status) {
	char temporary[4096], path[4096];
	name_archive(temporary, sizeof temporary, ".");
	name_archive(path, sizeof path, "");
	if (archive.file >= 0 && !is_whole(status)) lose_archive("its machine could not read all of it");
	/* Of nothing there is nothing to lose. */
	if (archive.file >= 0 && ((archive.length > 0 && fsync(archive.file) < 0) || rename(temporary, path) < 0)) lose_archive(strerror(errno));
	close_fd(&archive.file);
	save_next();
}

static void take_output(int id, struct sink *sink, enum frame_type type, const char *data, uint32_t length) {
	if (length == 0 || is_too_late(sink, length)) return;
	if (sink->fd < 0) {
		grant(id, sink, type, length);
		return;
	}
	if (sink->length + length > WINDOW) give_up("PROTOCOL", "the machine writes more than it was granted");
	if (sink->queue == NULL && (sink->queue = malloc(WINDOW)) == NULL) give_up("FAILED", "no memory");
	memcpy(sink->queue + sink->length, data, length);
	sink->length += length;
}

static void take_frame(struct frame frame, const char *payload) {
	if (frame.type == FRAME_READY) {
		if (phase != BOOTING) give_up("PROTOCOL", "the machine has started again");
		if (is_same) give_up("PROTOCOL", "the machine is still the one that was saved");
		phase = RUNNING;
		close_fd(&user_namespace);
		alarm_in(0);
		tell_failed();
		if (on_terminal >= 0) {
			take_terminal();
			send_size();
		}
		for (int id = 0; id < app_count; id++)
			if (processes[id].out.fd == STDOUT_FILENO && processes[id].err.fd == STDERR_FILENO && is_one_output()) send_frame(FRAME_JOIN, id, NULL, 0);
		for (int id = 0; id < app_count; id++)
			if (processes[id].rule.policy != NEVER) record_start(&processes[id]);
		send_script();
		return;
	}
	if (phase == BOOTING) give_up("PROTOCOL", "the machine says what it should not before it has started");
	if (frame.type == FRAME_STARTED) {
		say_ready();
		return;
	}
	/* Sooner than it takes itself down. */
	if (frame.type == FRAME_HALTED && phase == HALTING) {
		end_qemu();
		return;
	}
	if (frame.type == FRAME_FAILED) {
		char text[MAX_PAYLOAD + 1] = "";
		for (uint32_t at = 0; at < frame.length; at++) text[at] = payload[at] >= ' ' && payload[at] < 0x7f ? payload[at] : ' ';
		if (frame.process < app_count) give_up("REFUSED", "in the machine: %s", text);
		if (frame.process < MAX_PROCESSES && processes[frame.process].state == ALIVE) {
			answer(&processes[frame.process], FRAME_FAILED, text, frame.length);
			return;
		}
	}
	if (frame.process >= MAX_PROCESSES) give_up("PROTOCOL", "the machine tells of a process that is not there");
	struct process *process = &processes[frame.process];
	if (process->state == FREE || process->state == ASKING || (process->state == ENDED && process->name == NULL)) give_up("PROTOCOL", "the machine tells of a process that is not there");
	switch (frame.type) {
	case FRAME_SAVE:
		if (phase != SAVING || frame.process != archive.id || archive.has_begun) break;
		archive.has_begun = 1;
		return;
	case FRAME_OUTPUT:
		if (phase == SAVING && frame.process == archive.id && archive.has_begun) write_archive(payload, frame.length);
		else take_output(frame.process, &process->out, FRAME_OUTPUT, payload, frame.length);
		return;
	case FRAME_ERROR:
		take_output(frame.process, &process->err, FRAME_ERROR, payload, frame.length);
		return;
	case FRAME_ENDED:
	case FRAME_EXIT: {
		uint32_t status;
		if (frame.length != sizeof status) break;
		memcpy(&status, payload, sizeof status);
		if (!is_end(status)) break;
		if (phase == SAVING && frame.process == archive.id && archive.has_begun && frame.type == FRAME_EXIT) end_archive(status);
		else if (frame.type == FRAME_EXIT) take_exit(frame.process, status);
		else take_end(frame.process, status);
		return;
	}
	case FRAME_CREDIT: {
		struct credit credit;
		if (frame.length != sizeof credit) break;
		memcpy(&credit, payload, sizeof credit);
		if (credit.bytes > WINDOW - process->input_credit) break;
		process->input_credit += credit.bytes;
		return;
	}
	}
	give_up("PROTOCOL", "the machine says what it should not");
}

static char received[sizeof(struct frame) + MAX_PAYLOAD];
static size_t received_length;

/* Whether there was something. If QEMU has ended, that is told by a signal. */
static int read_port(void) {
	ssize_t length = port < 0 ? -1 : recv(port, received + received_length, sizeof received - received_length, MSG_DONTWAIT);
	if (length <= 0) return 0;
	received_length += length;
	size_t at = 0;
	for (;;) {
		struct frame frame;
		if (received_length - at < sizeof frame) break;
		memcpy(&frame, received + at, sizeof frame);
		if (frame.length > MAX_PAYLOAD) give_up("PROTOCOL", "the machine says what it should not");
		if (received_length - at < sizeof frame + frame.length) break;
		take_frame(frame, received + at + sizeof frame);
		at += sizeof frame + frame.length;
	}
	received_length -= at;
	memmove(received, received + at, received_length);
	return 1;
}

/* ---- streams ---- */

static void drain(int id, struct sink *sink, enum frame_type type) {
	ssize_t done = write_at_once(sink->fd, sink->queue, sink->length);
	if (done < 0) { /* the disk is full: the app need not wait for that; or nobody reads it any more, which the app is to find out */
		uint8_t stream = type;
		if (errno == EPIPE) send_frame(FRAME_CLOSE, id, &stream, sizeof stream);
		else fprintf(stderr, "rkt: RKT_MACHINE_OUTPUT_LOST: standard %s of app \"%s\": %s\n", type == FRAME_OUTPUT ? "output" : "error", processes[id].name ? processes[id].name : "", strerror(errno));
		if (processes[id].name == NULL) close(sink->fd);
		sink->fd = -1;
		done = sink->length;
	}
	sink->length -= done;
	memmove(sink->queue, sink->queue + done, sink->length);
	grant(id, sink, type, done);
	tell_end(&processes[id]);
}

static void pass_input(int id) {
	struct process *process = &processes[id];
	static char buffer[MAX_PAYLOAD];
	ssize_t length = read(process->input, buffer, process->input_credit < sizeof buffer ? process->input_credit : sizeof buffer);
	if (length < 0 && (errno == EINTR || errno == EAGAIN)) return;
	if (length < 0) length = 0;
	if (length == 0) {
		if (process->name == NULL) close(process->input);
		process->input = -1;
	}
	process->input_credit -= length;
	send_frame(FRAME_INPUT, id, buffer, length);
}

/* ---- who joins an app ---- */

static void listen_for_clients(void) {
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s/control/socket", directory);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, MAX_PROCESSES) < 0)
		give_up("FAILED", "%s: %s", address.sun_path, strerror(errno));
}

static int free_process(void) {
	for (int id = app_count; id < MAX_PROCESSES; id++)
		if (processes[id].state == FREE) return id;
	return -1;
}

static void take_client(void) {
	int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (client < 0) return;
	struct process process = {.state = ASKING, .client = client, .input = -1, .input_credit = WINDOW, .out = {.fd = -1}, .err = {.fd = -1}};
	int id = free_process();
	if (id < 0) { /* a guest may keep the place of one that has gone */
		static const char text[] = "no place left for one more process";
		answer(&process, FRAME_FAILED, text, sizeof text - 1);
		return;
	}
	processes[id] = process;
	tell_client(&process, FRAME_READY, NULL, 0);
}

/* Takes the three ends of pipes that come with a message, or as many as there are. */
static void take_streams(struct process *process, struct msghdr *message) {
	struct cmsghdr *control = CMSG_FIRSTHDR(message);
	if (control == NULL || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) return;
	int *places[] = {&process->input, &process->out.fd, &process->err.fd};
	size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	for (size_t at = 0; at < count; at++) {
		int fd;
		memcpy(&fd, CMSG_DATA(control) + at * sizeof fd, sizeof fd);
		if (at >= 3 || *places[at] >= 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0) close(fd);
		else *places[at] = fd;
	}
}

static void take_request(int id, const char *part, uint32_t length) {
	struct process *process = &processes[id];
	if (length > MAX_REQUEST - process->request_length) {
		static const char text[] = "more than a mebibyte of command and environment";
		answer(process, FRAME_FAILED, text, sizeof text - 1);
		return;
	}
	if (length > 0) {
		char *request = realloc(process->request, process->request_length + length);
		if (request == NULL) give_up("FAILED", "no memory");
		memcpy(request + process->request_length, part, length);
		process->request = request;
		process->request_length += length;
		return;
	}
	process->state = ALIVE;
	if (process->is_joined) send_frame(FRAME_JOIN, id, NULL, 0);
	if (process->has_size) send_frame(FRAME_SIZE, id, &process->size, sizeof process->size);
	for (uint32_t at = 0; at < process->request_length; at += MAX_PAYLOAD) {
		uint32_t rest = process->request_length - at;
		send_frame(FRAME_ENTER, id, process->request + at, rest < MAX_PAYLOAD ? rest : MAX_PAYLOAD);
	}
	send_frame(FRAME_ENTER, id, NULL, 0);
	free(process->request);
	process->request = NULL;
}

static void read_client(int id) {
	struct process *process = &processes[id];
	static char message[sizeof(struct frame) + MAX_PAYLOAD];
	char control[CMSG_SPACE(3 * sizeof(int))];
	struct iovec where = {message, sizeof message};
	struct msghdr header = {.msg_iov = &where, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	ssize_t length = recvmsg(process->client, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
	if (length > 0) take_streams(process, &header);
	struct frame frame = {0};
	if (length >= (ssize_t)sizeof frame) memcpy(&frame, message, sizeof frame);
	uint32_t number = 0;
	if (length == (ssize_t)(sizeof frame + frame.length)) {
		const char *payload = message + sizeof frame;
		if (process->state == ASKING && frame.type == FRAME_ENTER) {
			take_request(id, payload, frame.length);
			return;
		}
		if (frame.length == sizeof number) memcpy(&number, payload, sizeof number);
		if (process->state == ASKING && frame.type == FRAME_JOIN && frame.length == 0) {
			process->is_joined = 1;
			return;
		}
		if (frame.type == FRAME_SIZE && frame.length == sizeof process->size) {
			memcpy(&process->size, payload, frame.length);
			process->has_size = 1;
			if (process->state == ALIVE) send_frame(FRAME_SIZE, id, payload, frame.length);
			return;
		}
		if (frame.type == FRAME_SIGNAL && number >= 1 && number <= 64) {
			if (process->state == ALIVE) send_signal(id, number);
			return;
		}
	}
	/* It has gone, or says what it should not. */
	if (process->state == ALIVE) send_signal(id, SIGKILL);
	leave(process);
}

/* ---- start ---- */

static int output_of(const char *word, int own) {
	if (strcmp(word, "-") == 0) return own;
	if (strcmp(word, "null") == 0) return -1;
	int file = open(word, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (file < 0) give_up("FAILED", "%s: %s", word, strerror(errno));
	return file;
}

static int open_state(void) {
	char path[4096];
	snprintf(path, sizeof path, "%s/state", template);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Whoever could not make one has said so. */
static int has_template(void) {
	struct stat file;
	int state = template == NULL ? -1 : open_state();
	if (state < 0) return 0;
	if (fstat(state, &file) < 0) give_up("FAILED", "%s: %s", template, strerror(errno));
	snprintf(template_identity, sizeof template_identity, "%llu:%llu", (unsigned long long)file.st_ino, file.st_mtim.tv_sec * 1000000000ull + file.st_mtim.tv_nsec);
	close(state);
	return 1;
}

/* Ends arguments where there is a `--`, after which come others; NULL: there is none. */
static char **next_part(char **arguments) {
	for (char **word = arguments; word != NULL && *word != NULL; word++) {
		if (strcmp(*word, "--") != 0) continue;
		*word = NULL;
		return word + 1;
	}
	return NULL;
}

static struct rule rule_of(char **words) {
	struct rule rule = {.policy = strcmp(words[0], "always") == 0 ? ALWAYS : ON_FAILURE};
	rule.times = strtoul(words[1], NULL, 10);
	rule.seconds = strtoul(words[2], NULL, 10);
	return rule;
}

static void take_arguments(int argc, char **argv) {
	if (argc < 2) give_up("FAILED", "no directory");
	directory = argv[1];
	int at = 2;
	while (at + 4 < argc && strcmp(argv[at], "app") == 0) {
		if (app_count == MAX_PROCESSES) give_up("FAILED", "more than %d apps", MAX_PROCESSES);
		int is_terminal = strcmp(argv[at + 2], "tty") == 0;
		if (is_terminal) on_terminal = app_count;
		processes[app_count++] = (struct process){
		    .state = ALIVE,
		    .client = -1,
		    .name = argv[at + 1],
		    .input = is_terminal || strcmp(argv[at + 2], "-") == 0 ? 0 : -1,
		    .input_credit = WINDOW,
		    .out = {.fd = output_of(argv[at + 3], 1)},
		    .err = {.fd = output_of(argv[at + 4], 2)},
		};
		at += 5;
		if (at + 3 < argc && strcmp(argv[at], "restart") == 0) {
			processes[app_count - 1].rule = rule_of(argv + at + 1);
			at += 4;
		}
		if (at + 1 < argc && strcmp(argv[at], "changes") == 0) {
			processes[app_count - 1].changes = strtoull(argv[at + 1], NULL, 10);
			at += 2;
		}
	}
	if (at + 1 < argc && strcmp(argv[at], "libraries") == 0) {
		libraries = argv[at + 1];
		at += 2;
	}
	if (at + 1 < argc && strcmp(argv[at], "template") == 0) {
		template = argv[at + 1];
		at += 2;
	}
	while (at + 2 < argc && strcmp(argv[at], "accelerator") == 0) {
		if (attempt_count == 0 && has_template()) {
			attempts[0].restores = 1;
			attempts[0].accelerator = argv[at + 1];
			attempts[attempt_count++].processor = argv[at + 2];
		}
		if (attempt_count == MAX_ATTEMPTS) give_up("FAILED", "more than %d accelerators", MAX_ATTEMPTS);
		attempts[attempt_count].accelerator = argv[at + 1];
		attempts[attempt_count++].processor = argv[at + 2];
		at += 3;
	}
	if (app_count == 0 || attempt_count == 0 || at + 1 >= argc || strcmp(argv[at], "--") != 0) give_up("FAILED", "arguments");
	apps_left = app_count;
	qemu_arguments = argv + at + 1;
	boot_arguments = next_part(qemu_arguments);
	template_arguments = next_part(boot_arguments);
	if (attempts[0].restores && template_arguments == NULL) give_up("FAILED", "arguments");
}

/* Over files whose owners are users of that namespace: those of the volumes. What is dropped from the bounding set does not come back by execve. */
#define OF_A_SERVER (1ull << CAP_CHOWN | 1ull << CAP_DAC_OVERRIDE | 1ull << CAP_FOWNER | 1ull << CAP_FSETID)

static int join_user_namespace(int namespace) {
	if (setns(namespace, CLONE_NEWUSER) < 0) return -1;
	for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
		if ((OF_A_SERVER >> capability & 1) == 0 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) return -1;
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2] = {{.effective = OF_A_SERVER, .permitted = OF_A_SERVER}};
	return syscall(SYS_capset, &header, sets);
}

static int take_user_namespace(void) {
	const char *number = getenv("RKT_USER_NAMESPACE_FD");
	if (number == NULL) return -1;
	int namespace = atoi(number);
	if (fcntl(namespace, F_SETFD, FD_CLOEXEC) < 0) give_up("FAILED", "RKT_USER_NAMESPACE_FD: %s", strerror(errno));
	unsetenv("RKT_USER_NAMESPACE_FD");
	return namespace;
}

static void take_taps(void) {
	const char *numbers = getenv("RKT_TAP_FDS");
	while (numbers != NULL && *numbers != '\0') {
		char *end;
		if (tap_count == MAX_TAPS) give_up("FAILED", "more than %d taps", MAX_TAPS);
		taps[tap_count] = strtol(numbers, &end, 10);
		if (fcntl(taps[tap_count++], F_SETFD, FD_CLOEXEC) < 0) give_up("FAILED", "RKT_TAP_FDS: %s", strerror(errno));
		numbers = *end == ',' ? end + 1 : end;
	}
	unsetenv("RKT_TAP_FDS");
}

/* What QEMU is asked for, to go on from a template (QEMU Machine Protocol). It says what becomes of it, an object in each line. */
static const char RESTORE[] =
    "{\"execute\":\"qmp_capabilities\"}\n"
    "{\"execute\":\"migrate-set-capabilities\",\"arguments\":{\"capabilities\":[{\"capability\":\"x-ignore-shared\",\"state\":true}]}}\n"
    "{\"execute\":\"migrate-incoming\",\"arguments\":{\"uri\":\"fd:6\"}}\n";

static void start_qemu(void) {
	int restores = attempts[attempt].restores;
	char **command = make_command(qemu_arguments, restores ? template_arguments : boot_arguments, attempts[attempt].accelerator, attempts[attempt].processor,
				      restores ? 1 : kilohertz());
	if (command == NULL) give_up("FAILED", "no memory");
	attempt_start = now();
	alarm_in(attempt + 1 < attempt_count ? ATTEMPT_SECONDS : START_SECONDS);
	int agent[2], text[2], words[2] = {-1, -1}, state = restores ? open_state() : -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, agent) < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, text) < 0 ||
	    (restores && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, words) < 0))
		give_up("FAILED", "socketpair: %s", strerror(errno));
	pid_t parent = getpid();
	qemu = fork();
	if (qemu < 0) give_up("FAILED", "fork: %s", strerror(errno));
	if (qemu == 0) {
		/* First: it takes back what the next call says. */
		if (user_namespace >= 0 && join_user_namespace(user_namespace) < 0) {
			dprintf(text[1], "user namespace: %s\n", strerror(errno));
			_exit(FAILED);
		}
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent) _exit(FAILED);
		setsid(); /* keys of the terminal are the apps' */
		sigprocmask(SIG_SETMASK, &signals_before, NULL);
		struct {
			int from, to;
		} given[4 + MAX_TAPS] = {{agent[1], PORT}, {text[1], CONSOLE}, {words[1], COMMANDS}, {state, STATE}};
		for (int at = 0; at < tap_count; at++) given[4 + at].from = taps[at], given[4 + at].to = TAPS + at;
		int count = 4 + tap_count, high[4 + MAX_TAPS], nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
		/* Above the numbers that they are to have. */
		for (int at = 0; at < count; at++)
			if ((high[at] = given[at].from < 0 ? -1 : fcntl(given[at].from, F_DUPFD_CLOEXEC, TAPS + MAX_TAPS)) < 0 && given[at].from >= 0) _exit(FAILED);
		if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(nothing, 1) < 0 || dup2(high[1], 2) < 0) _exit(FAILED);
		for (int at = 0; at < count; at++)
			if (high[at] >= 0 && dup2(high[at], given[at].to) < 0) _exit(FAILED);
		if (libraries != NULL && setenv("LD_PRELOAD", libraries, 1) < 0) _exit(FAILED);
		/* GLib before 2.76: what has been freed goes back to the host, too. It is read at its start alone. */
		if (setenv("G_SLICE", "always-malloc", 1) < 0) _exit(FAILED);
		if (tap_count > 0 && limit_taps() < 0) {
			dprintf(2, "seccomp: %s\n", strerror(errno));
			_exit(FAILED);
		}
		execv(command[0], command);
		dprintf(2, "%s: %s\n", command[0], strerror(errno));
		_exit(FAILED);
	}
	for (char **argument = command; *argument != NULL; argument++) free(*argument);
	free(command);
	close(agent[1]);
	close(text[1]);
	port = agent[0];
	console = text[0];
	is_same = restores;
	if (!restores) return;
	close_fd(&state);
	close(words[1]);
	commands = words[0];
	/* Far less than a socket takes at once; if QEMU has ended, that is told by a signal. */
	(void)!send(commands, RESTORE, sizeof RESTORE - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static char answers[4096];
static size_t answer_length;

/* That QEMU was killed, as is done where memory is short, says nothing about what it was started with. */
static int is_killed;

/* What it starts with next, if there is something. */
__attribute__((format(printf, 2, 3))) static void not_started(const char *code, const char *format, ...) {
	char why[300];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(why, sizeof why, format, arguments);
	va_end(arguments);
	if (phase != BOOTING || attempt + 1 == attempt_count) give_up(code, "%s", why);
	if (attempts[attempt].restores) {
		if (!is_killed) strcpy(failed_template, template_identity);
		fprintf(stderr, "rkt: from its template %s; it is booted\n", why);
	} else {
		if (!is_killed) failed_accelerator = attempts[attempt].accelerator;
		const char *next = attempts[attempt + 1].accelerator;
		/* By its name alone, which may have options. */
		fprintf(stderr, "rkt: with the accelerator %s %s; it is started with %.*s\n", attempts[attempt].accelerator, why, (int)strcspn(next, ","), next);
	}
	end_qemu();
	tell_console();
	close_fd(&port);
	close_fd(&console);
	close_fd(&commands);
	answer_length = is_killed = 0;
	unsent_length = received_length = console_length = 0;
	*panic_reason = '\0';
	attempt++;
	start_qemu();
}

/* A machine that goes on where another was saved has the time of that, and would have its random numbers. */
static void renew(void) {
	struct renewal renewal = {0};
	struct timespec now;
	if (getrandom(renewal.seed, sizeof renewal.seed, 0) != sizeof renewal.seed) give_up("FAILED", "getrandom: %s", strerror(errno));
	clock_gettime(CLOCK_REALTIME, &now);
	renewal.seconds = now.tv_sec;
	renewal.nanoseconds = now.tv_nsec;
	send_frame(FRAME_RENEW, 0, &renewal, sizeof renewal);
	is_same = 0;
	explicit_bzero(&renewal, sizeof renewal);
	/* What has been sent is still there. */
	explicit_bzero(unsent + unsent_length, unsent_capacity - unsent_length);
}

/* A refusal says why, up to the next quotation mark. */
static void refuse_answer(const char *line) {
	static const char key[] = "\"desc\": \"";
	const char *text = strstr(line, key);
	char why[120] = "is refused by QEMU";
	size_t length = 0;
	if (text != NULL)
		for (text += sizeof key - 1; *text != '\0' && *text != '"' && length < sizeof why - 1; text++) why[length++] = *text >= ' ' && *text < 0x7f ? *text : ' ';
	if (text != NULL) why[length] = '\0';
	not_started("NOT_STARTED", "the machine cannot go on: %s", why);
}

/* What QEMU says to what it was asked for, until the machine runs. */
static void read_answers(void) {
	ssize_t length = recv(commands, answers + answer_length, sizeof answers - 1 - answer_length, MSG_DONTWAIT);
	if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
	if (length <= 0) {
		close_fd(&commands); /* the end of QEMU is told by a signal */
		return;
	}
	answer_length += length;
	answers[answer_length] = '\0';
	char *line = answers, *end;
	while ((end = strchr(line, '\n')) != NULL) {
		*end = '\0';
		if (strstr(line, "\"error\":") != NULL) {
			refuse_answer(line);
			return;
		}
		if (strstr(line, "\"event\": \"RESUME\"") != NULL) {
			close_fd(&commands);
			renew();
			return;
		}
		line = end + 1;
	}
	answer_length -= line - answers;
	memmove(answers, line, answer_length);
	if (answer_length == sizeof answers - 1) not_started("NOT_STARTED", "QEMU says what it should not");
}

static void qemu_has_ended(int status) {
	while (keep_console()) continue;
	if (phase == SAVING) save_no_more("the machine has ended");
	if (phase == HALTING) return;
	is_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	const char *early = phase == BOOTING ? "NOT_STARTED" : NULL;
	if (*panic_reason != '\0') not_started("PANIC", "the kernel of the machine has panicked: %s", panic_reason);
	else if (WIFSIGNALED(status)) not_started(early ? early : "KILLED", "the machine was killed by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0) not_started(early ? early : "ENDED", "QEMU ended with exit status %d", WEXITSTATUS(status));
	else not_started(early ? early : "ENDED", early ? "the machine ended before it had started" : "the machine ended before the apps");
}

static void take_signals(int fd) {
	struct signalfd_siginfo info;
	while (read(fd, &info, sizeof info) == sizeof info) {
		int number = info.ssi_signo;
		if (number == SIGCHLD) {
			int status;
			if (qemu > 0 && waitpid(qemu, &status, WNOHANG) == qemu) {
				qemu = 0; /* its number may be another's from now on */
				while (read_port()) continue; /* what it said last */
				qemu_has_ended(status);
			}
		} else if (phase == BOOTING && (number == SIGWINCH || number == SIGCONT)) {
			continue; /* nobody ends by them who does not want to */
		} else if (phase == BOOTING) {
			end_qemu();
			exit(128 + number);
		} else if (phase == SAVING) {
			if (number == SIGTERM || number == SIGINT || number == SIGQUIT || number == SIGHUP) save_no_more("a signal has ended it");
		} else if (number == SIGTERM) {
			stop_apps(SIGTERM);
		} else if (number == SIGWINCH && on_terminal >= 0) {
			send_size();
		} else {
			/* What had the terminal meanwhile has left it in a mode of its own. */
			if (number == SIGCONT && on_terminal >= 0) take_terminal();
			signal_apps(number);
		}
	}
}

static int is_drained(void) {
	for (int id = 0; id < app_count; id++)
		if (processes[id].out.length > 0 || processes[id].err.length > 0) return 0;
	return 1;
}

static void take_alarm(void) {
	uint64_t times;
	if (read(timer, &times, sizeof times) < 0) return;
	if (phase == BOOTING) has_been_late = 1;
	if (phase == BOOTING) not_started("NOT_STARTED", "the machine has not started within %d seconds", attempt + 1 < attempt_count ? ATTEMPT_SECONDS : START_SECONDS);
	if (phase == HALTING) end_qemu();
	if (phase == SAVING) {
		if (!archive.has_come) save_no_more("the machine sends no more of it");
		else alarm_in(SAVE_SECONDS);
		archive.has_come = 0;
	}
	/* What its caller has not read yet may be what the guest waits for. */
	if (phase == KILLING && apps_left > 0 && is_drained()) give_up("HANGS", "the apps have not ended within %d seconds of SIGKILL", GRACE_SECONDS);
	if (phase == STOPPING) {
		phase = KILLING;
		signal_apps(SIGKILL);
	}
	if (phase == KILLING) alarm_in(GRACE_SECONDS);
}

/* Descriptors that are looked at whatever runs. */
#define FIXED 7

int main(int argc, char **argv) {
	sigset_t taken;
	sigemptyset(&taken);
	for (const int *number = (const int[]){SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM, SIGALRM, SIGCHLD, SIGCONT, SIGWINCH, 0}; *number; number++)
		sigaddset(&taken, *number);
	for (int number = SIGRTMIN; number <= SIGRTMAX; number++) sigaddset(&taken, number);
	sigprocmask(SIG_BLOCK, &taken, &signals_before);
	prctl(PR_SET_DUMPABLE, 0); /* QEMU is the same user */
	signal(SIGPIPE, SIG_IGN);
	int signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	restarts = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (signals < 0 || timer < 0 || restarts < 0) give_up("FAILED", "%s", strerror(errno));
	take_arguments(argc, argv);
	atexit(restore_terminal);
	listen_for_clients();
	reserve("", "supervisor-status");
	for (int id = 0; id < app_count; id++) reserve("status/.", processes[id].name);
	user_namespace = take_user_namespace();
	take_taps();
	start_qemu();
	while (phase != HALTING || qemu > 0) {
		if (phase < SAVING && phase != BOOTING && apps_left == 0 && is_drained()) save_next();
		struct pollfd polled[FIXED + 4 * MAX_PROCESSES] = {
		    {signals, POLLIN, 0},
		    {timer, POLLIN, 0},
		    {port, POLLIN | (unsent_length > 0 ? POLLOUT : 0), 0},
		    {console, POLLIN, 0},
		    {phase == RUNNING && unsent_length < WINDOW ? listener : -1, POLLIN, 0},
		    {commands, POLLIN, 0},
		    {restarts, POLLIN, 0}};
		int count = FIXED;
		struct {
			int id;
			enum frame_type type; /* of the stream; FRAME_ENTER: the client */
		} owner[FIXED + 4 * MAX_PROCESSES];
		for (int id = 0; id < MAX_PROCESSES && phase != BOOTING; id++) {
			const struct process *process = &processes[id];
			if (process->state == FREE) continue;
			const struct {
				enum frame_type type;
				int fd;
				short events;
				int wanted;
			} ways[] = {
			    {FRAME_ENTER, process->client, POLLIN, unsent_length < WINDOW},
			    {FRAME_INPUT, process->input, POLLIN, process->state == ALIVE && process->input_credit > 0 && unsent_length < WINDOW},
			    {FRAME_OUTPUT, process->out.fd, POLLOUT, process->out.length > 0},
			    {FRAME_ERROR, process->err.fd, POLLOUT, process->err.length > 0},
			};
			for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
				if (ways[way].fd < 0 || !ways[way].wanted) continue;
				owner[count].id = id;
				owner[count].type = ways[way].type;
				polled[count++] = (struct pollfd){ways[way].fd, ways[way].events, 0};
			}
		}
		if (poll(polled, count, -1) < 0) {
			if (errno == EINTR) continue;
			give_up("FAILED", "poll: %s", strerror(errno));
		}
		if ((polled[3].revents & (POLLIN | POLLHUP)) && !keep_console() && (polled[3].revents & POLLHUP)) close_fd(&console);
		if (polled[2].revents & POLLOUT) flush();
		/* The end of QEMU is told by a signal. */
		if ((polled[2].revents & (POLLIN | POLLHUP)) && !read_port() && (polled[2].revents & POLLHUP)) close_fd(&port);
		for (int at = FIXED; at < count; at++) {
			struct process *process = &processes[owner[at].id];
			/* What has been done meanwhile may have closed it. */
			if (polled[at].revents == 0 || process->state == FREE) continue;
			if (owner[at].type == FRAME_ENTER && process->client == polled[at].fd && unsent_length < WINDOW) read_client(owner[at].id);
			if (owner[at].type == FRAME_INPUT && process->input == polled[at].fd) pass_input(owner[at].id);
			if (owner[at].type == FRAME_OUTPUT && process->out.fd == polled[at].fd && process->out.length > 0) drain(owner[at].id, &process->out, FRAME_OUTPUT);
			if (owner[at].type == FRAME_ERROR && process->err.fd == polled[at].fd && process->err.length > 0) drain(owner[at].id, &process->err, FRAME_ERROR);
		}
		if (polled[4].revents & POLLIN) take_client();
		if (polled[5].revents != 0 && commands >= 0) read_answers();
		if (polled[6].revents & POLLIN) take_restarts();
		if (polled[1].revents & POLLIN) take_alarm();
		if (polled[0].revents & POLLIN) take_signals(signals);
	}
	return first_failure >= 0 ? first_failure : 0;
}
