/*
 * PID 1 of a pod's virtual machine. Loads the kernel's modules, then does what a script says that comes over a virtio-serial port: mounts, files, processes. What any of
 * it means is decided on the host; nothing is decided here.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"

enum state { ABSENT, RUNNING, ENDED };

struct output {
	int fd; /* -1: at its end */
	uint32_t credit;
};

struct process {
	enum state state;
	pid_t pid;
	int input; /* -1: closed */
	int input_ends;
	char *pending; /* of standard input, not written yet */
	uint32_t pending_length;
	struct output out, err;
	int status;
};

static int port = -1;
static struct process processes[MAX_PROCESSES];

static void halt(void) {
	sync();
	reboot(RB_AUTOBOOT); /* QEMU is told not to start again */
	_exit(1);
}

static void die(const char *format, ...) {
	va_list arguments;
	va_start(arguments, format);
	fprintf(stderr, "rkt: ");
	vfprintf(stderr, format, arguments);
	fprintf(stderr, ": %s\n", strerror(errno));
	va_end(arguments);
	halt();
}

static void write_whole(int fd, const void *data, size_t length) {
	const char *at = data;
	while (length > 0) {
		ssize_t done = write(fd, at, length);
		if (done < 0 && errno == EINTR) continue;
		if (done < 0) die("write");
		at += done;
		length -= done;
	}
}

static void send_frame(enum frame_type type, int process, const void *payload, uint32_t length) {
	struct frame frame = {.type = type, .process = process, .length = length};
	write_whole(port, &frame, sizeof frame);
	if (length > 0) write_whole(port, payload, length);
}

/* ---- start of the machine ---- */

static void load_modules(void) {
	FILE *order = fopen("/modules/order", "re");
	if (order == NULL) return; /* a kernel that needs none */
	char name[256], path[300];
	while (fgets(name, sizeof name, order) != NULL) {
		name[strcspn(name, "\n")] = '\0';
		snprintf(path, sizeof path, "/modules/%s", name);
		int file = open(path, O_RDONLY | O_CLOEXEC);
		if (file < 0) die("%s", path);
		if (syscall(SYS_finit_module, file, "", 0) < 0 && errno != EEXIST) die("%s", path);
		close(file);
	}
	fclose(order);
}

static void mount_or_die(const char *type, const char *target, unsigned long flags, const char *data) {
	if (mkdir(target, 0755) < 0 && errno != EEXIST) die("%s", target);
	if (mount(type, target, type, flags, data) < 0) die("mount %s", target);
}

/* The root file system of the kernel cannot be left by pivot_root(2), a mount of it on top can. */
static void own_root(void) {
	if (mkdir("/root", 0700) < 0 && errno != EEXIST) die("/root");
	if (mount("/", "/root", NULL, MS_BIND, NULL) < 0 || chdir("/root") < 0 ||
	    mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
		die("root");
}

static void mount_kernel(void) {
	unsigned long strict = MS_NOSUID | MS_NOEXEC | MS_NODEV;
	mount_or_die("proc", "/proc", strict, NULL);
	mount_or_die("sysfs", "/sys", strict, NULL);
	mount_or_die("devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC, NULL);
	mount_or_die("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "ptmxmode=0666");
	mount_or_die("tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755");
	mount_or_die("cgroup2", "/sys/fs/cgroup", strict, NULL);
}

static void wait_a_little(void) {
	struct timespec time = {.tv_nsec = 1000000};
	nanosleep(&time, NULL);
}

static void open_port(void) {
	while ((port = open("/dev/vport0p1", O_RDWR | O_CLOEXEC)) < 0) {
		if (errno != ENOENT && errno != ENXIO) die("/dev/vport0p1"); /* not there yet */
		wait_a_little();
	}
}

/* ---- the script ---- */

static void fail(const char *format, ...) {
	char text[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	send_frame(FRAME_FAILED, 0, text, strlen(text));
	pause();
}

/* A disk by the serial number that QEMU was told: their order is the kernel's business. */
static const char *disk(const char *serial) {
	static char path[300];
	for (;;) {
		DIR *blocks = opendir("/sys/block");
		struct dirent *entry;
		while (blocks != NULL && (entry = readdir(blocks)) != NULL) {
			char found[64] = "";
			snprintf(path, sizeof path, "/sys/block/%s/serial", entry->d_name);
			int file = open(path, O_RDONLY | O_CLOEXEC);
			if (file < 0) continue;
			ssize_t length = read(file, found, sizeof found - 1);
			close(file);
			if (length < 0) continue;
			found[strcspn(found, "\n")] = '\0';
			if (strcmp(found, serial) != 0) continue;
			snprintf(path, sizeof path, "/dev/%s", entry->d_name);
			closedir(blocks);
			return path;
		}
		if (blocks != NULL) closedir(blocks);
		wait_a_little();
	}
}

static unsigned long mount_flags(char *names) {
	static const struct {
		const char *name;
		unsigned long flag;
	} known[] = {{"ro", MS_RDONLY}, {"nosuid", MS_NOSUID}, {"nodev", MS_NODEV}, {"noexec", MS_NOEXEC}, {"bind", MS_BIND}};
	unsigned long flags = 0;
	for (char *name = strtok(names, ","); name != NULL; name = strtok(NULL, ",")) {
		size_t index = 0;
		while (index < sizeof known / sizeof *known && strcmp(known[index].name, name) != 0) index++;
		if (index == sizeof known / sizeof *known) fail("no such flag of a mount: %s", name);
		flags |= known[index].flag;
	}
	return flags;
}

static void make_parents(const char *path) {
	char copy[4096];
	snprintf(copy, sizeof copy, "%s", path);
	for (char *at = strchr(copy + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST) fail("mkdir %s: %s", copy, strerror(errno));
		*at = '/';
	}
}

static void do_write(const char *path, const char *content, size_t length) {
	make_parents(path);
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0) fail("%s: %s", path, strerror(errno));
	while (length > 0) {
		ssize_t done = write(file, content, length);
		if (done < 0) fail("%s: %s", path, strerror(errno));
		content += done;
		length -= done;
	}
	close(file);
}

/* Below a directory, with no symlink on the way. */
static void need_present(const char *directory, const char *path) {
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	int base = open(directory, O_PATH | O_CLOEXEC);
	int file = base < 0 ? -1 : syscall(SYS_openat2, base, path, &how, sizeof how);
	if (file < 0) fail("%s in a volume, where another is to be mounted: %s", path, strerror(errno));
	close(file);
	close(base);
}

static void pipe_or_fail(int ends[2]) {
	if (pipe2(ends, O_CLOEXEC) < 0) fail("pipe: %s", strerror(errno));
}

static pid_t read_pid(const char *path) {
	FILE *file = fopen(path, "re");
	int pid = 0;
	if (file == NULL || fscanf(file, "%d", &pid) != 1) fail("%s: no process", path);
	fclose(file);
	return pid;
}

/* Starts a program that starts the process and ends (a container runtime): the process is then ours, as all whose parents have ended are. */
static void do_start(int id, const char *pid_file, char **argv) {
	if (id < 0 || id >= MAX_PROCESSES || processes[id].state != ABSENT) fail("process %d cannot be started", id);
	struct process *process = &processes[id];
	int in[2], out[2], err[2];
	pipe_or_fail(in);
	pipe_or_fail(out);
	pipe_or_fail(err);
	pid_t starter = fork();
	if (starter < 0) fail("fork: %s", strerror(errno));
	if (starter == 0) {
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0 || dup2(err[1], 2) < 0) _exit(126);
		char *environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
		execve(argv[0], argv, environment);
		dprintf(2, "%s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	close(err[1]);
	for (int *fd = (int[]){in[1], out[0], err[0], -1}; *fd >= 0; fd++) fcntl(*fd, F_SETFL, O_NONBLOCK);
	int status;
	while (waitpid(starter, &status, 0) < 0)
		if (errno != EINTR) fail("wait: %s", strerror(errno));
	if (status != 0) {
		char said[900] = "";
		ssize_t length = read(err[0], said, sizeof said - 1);
		fail("%s: %s", argv[0], length > 0 ? said : "failed");
	}
	*process = (struct process){
	    .state = RUNNING,
	    .pid = read_pid(pid_file),
	    .input = in[1],
	    .out = {out[0], WINDOW},
	    .err = {err[0], WINDOW},
	};
}

#define MAX_FIELDS 64

/* Lines of fields, separated by tabs; after a line `write` comes the content. */
static void run_script(char *script, size_t length) {
	char *end = script + length;
	for (char *line = script; line < end;) {
		char *newline = memchr(line, '\n', end - line);
		if (newline == NULL) fail("the script ends within a line");
		*newline = '\0';
		char *next = newline + 1, *fields[MAX_FIELDS + 1];
		int count = 0;
		for (char *rest = line, *field; (field = strsep(&rest, "\t")) != NULL;) {
			if (count == MAX_FIELDS) fail("a line of the script is too long");
			fields[count++] = field;
		}
		fields[count] = NULL;
		if (strcmp(fields[0], "write") == 0 && count == 3) {
			size_t size = strtoul(fields[2], NULL, 10);
			if (size > (size_t)(end - next)) fail("the script ends within a file");
			do_write(fields[1], next, size);
			next += size;
		} else if (strcmp(fields[0], "mkdir") == 0 && count == 2) {
			make_parents(fields[1]);
			if (mkdir(fields[1], 0755) < 0) fail("mkdir %s: %s", fields[1], strerror(errno));
		} else if (strcmp(fields[0], "mount") == 0 && count == 6) {
			const char *source = strncmp(fields[2], "disk:", 5) == 0 ? disk(fields[2] + 5) : fields[2];
			if (mount(source, fields[3], fields[1], mount_flags(fields[4]), fields[5]) < 0)
				fail("mount %s: %s", fields[3], strerror(errno));
		} else if (strcmp(fields[0], "present") == 0 && count == 3) {
			need_present(fields[1], fields[2]);
		} else if (strcmp(fields[0], "hostname") == 0 && count == 2) {
			if (sethostname(fields[1], strlen(fields[1])) < 0) fail("hostname: %s", strerror(errno));
		} else if (strcmp(fields[0], "start") == 0 && count >= 4) {
			do_start(atoi(fields[1]), fields[2], fields + 3);
		} else {
			fail("no such line in a script: %s", fields[0]);
		}
		line = next;
	}
}

/* ---- processes ---- */

static void close_input(struct process *process) {
	if (process->input >= 0) close(process->input);
	process->input = -1;
	free(process->pending);
	process->pending = NULL;
	process->pending_length = 0;
}

static void grant(int id, uint32_t bytes) {
	struct credit credit = {.stream = FRAME_INPUT, .bytes = bytes};
	send_frame(FRAME_CREDIT, id, &credit, sizeof credit);
}

static void feed(int id) {
	struct process *process = &processes[id];
	while (process->pending_length > 0) {
		ssize_t done = write(process->input, process->pending, process->pending_length);
		if (done < 0 && errno == EAGAIN) return;
		if (done < 0) { /* nobody reads it any more */
			grant(id, process->pending_length);
			close_input(process);
			return;
		}
		grant(id, done);
		process->pending_length -= done;
		memmove(process->pending, process->pending + done, process->pending_length);
	}
	if (process->input_ends) close_input(process);
}

static void take_input(int id, const char *data, uint32_t length) {
	struct process *process = &processes[id];
	if (length == 0) {
		process->input_ends = 1;
	} else if (process->input < 0) {
		grant(id, length);
		return;
	} else {
		if (process->pending_length + length > WINDOW) die("more input than was granted");
		process->pending = realloc(process->pending, process->pending_length + length);
		if (process->pending == NULL) die("memory");
		memcpy(process->pending + process->pending_length, data, length);
		process->pending_length += length;
	}
	if (process->input >= 0) feed(id);
}

static void pass_output(int id, struct output *output, enum frame_type type) {
	static char buffer[MAX_PAYLOAD];
	ssize_t length = read(output->fd, buffer, output->credit < sizeof buffer ? output->credit : sizeof buffer);
	if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
	if (length <= 0) {
		close(output->fd);
		output->fd = -1;
		send_frame(type, id, NULL, 0);
		return;
	}
	output->credit -= length;
	send_frame(type, id, buffer, length);
}

static void reap(void) {
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int id = 0; id < MAX_PROCESSES; id++) {
			struct process *process = &processes[id];
			if (process->state != RUNNING || process->pid != pid) continue;
			process->state = ENDED;
			/* What it has written and nobody has read yet comes first. */
			for (struct output *output = &process->out; output != NULL; output = output == &process->out ? &process->err : NULL)
				while (output->fd >= 0 && output->credit > 0) {
					struct pollfd ready = {output->fd, POLLIN, 0};
					if (poll(&ready, 1, 0) <= 0 || (ready.revents & (POLLIN | POLLHUP)) == 0) break;
					pass_output(id, output, output == &process->out ? FRAME_OUTPUT : FRAME_ERROR);
				}
			uint32_t word = status;
			send_frame(FRAME_EXIT, id, &word, sizeof word);
		}
	}
}

/* ---- frames ---- */

static char *script;
static size_t script_length;

static void take_frame(struct frame frame, char *payload) {
	struct process *process = &processes[frame.process % MAX_PROCESSES];
	switch (frame.type) {
	case FRAME_SCRIPT:
		if (frame.length == 0) {
			run_script(script, script_length);
			script_length = 0;
			send_frame(FRAME_STARTED, 0, NULL, 0);
			return;
		}
		script = realloc(script, script_length + frame.length);
		if (script == NULL) die("memory");
		memcpy(script + script_length, payload, frame.length);
		script_length += frame.length;
		return;
	case FRAME_INPUT:
		take_input(frame.process % MAX_PROCESSES, payload, frame.length);
		return;
	case FRAME_SIGNAL: {
		uint32_t number;
		if (frame.length != sizeof number) die("frame");
		memcpy(&number, payload, sizeof number);
		if (process->state == RUNNING) kill(process->pid, number);
		return;
	}
	case FRAME_CREDIT: {
		struct credit credit;
		if (frame.length != sizeof credit) die("frame");
		memcpy(&credit, payload, sizeof credit);
		(credit.stream == FRAME_OUTPUT ? &process->out : &process->err)->credit += credit.bytes;
		return;
	}
	case FRAME_HALT:
		halt();
	}
}

static void read_whole(void *buffer, size_t length) {
	char *at = buffer;
	while (length > 0) {
		ssize_t done = read(port, at, length);
		if (done < 0 && errno == EINTR) continue;
		if (done < 0) die("port");
		if (done == 0) halt(); /* the host has gone */
		at += done;
		length -= done;
	}
}

static void read_frame(void) {
	static char payload[MAX_PAYLOAD];
	struct frame frame;
	read_whole(&frame, sizeof frame);
	if (frame.length > MAX_PAYLOAD) die("frame");
	read_whole(payload, frame.length);
	take_frame(frame, payload);
}

int main(void) {
	own_root();
	mount_kernel();
	load_modules();
	signal(SIGPIPE, SIG_IGN);
	sigset_t children;
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	int ended = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
	if (ended < 0) die("signalfd");
	open_port();
	send_frame(FRAME_READY, 0, NULL, 0);
	for (;;) {
		struct pollfd polled[2 + 3 * MAX_PROCESSES] = {{port, POLLIN, 0}, {ended, POLLIN, 0}};
		int owner[2 + 3 * MAX_PROCESSES] = {0}, count = 2;
		for (int id = 0; id < MAX_PROCESSES; id++) {
			struct process *process = &processes[id];
			if (process->state == ABSENT) continue;
			if (process->input >= 0 && process->pending_length > 0) {
				owner[count] = id;
				polled[count++] = (struct pollfd){process->input, POLLOUT, 0};
			}
			for (int which = 0; which < 2; which++) {
				struct output *output = which == 0 ? &process->out : &process->err;
				if (output->fd < 0 || output->credit == 0) continue;
				owner[count] = id;
				polled[count++] = (struct pollfd){output->fd, POLLIN, 0};
			}
		}
		if (poll(polled, count, -1) < 0) {
			if (errno == EINTR) continue;
			die("poll");
		}
		for (int at = 2; at < count; at++) {
			if (polled[at].revents == 0) continue;
			struct process *process = &processes[owner[at]];
			if (polled[at].fd == process->input) feed(owner[at]);
			else if (polled[at].fd == process->out.fd) pass_output(owner[at], &process->out, FRAME_OUTPUT);
			else pass_output(owner[at], &process->err, FRAME_ERROR);
		}
		if (polled[1].revents != 0) {
			struct signalfd_siginfo info;
			while (read(ended, &info, sizeof info) == sizeof info) continue;
			reap();
		}
		if (polled[0].revents & POLLIN) read_frame();
		else if (polled[0].revents & (POLLHUP | POLLERR)) halt();
	}
}
