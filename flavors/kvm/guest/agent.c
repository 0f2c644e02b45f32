/*
 * PID 1 of a pod's virtual machine. Loads the kernel's modules, then does what a script says that comes over a virtio-serial port: mounts, files, processes. What any of
 * it means is decided on the host; nothing is decided here.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <linux/random.h>
#include <net/if.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/reboot.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"
#include "network.h"

enum state { ABSENT, RUNNING, ENDED };

/* What starts a process, and where it says which that is. */
struct command {
	const char *pid_file;
	const char *console; /* where it gives us the other end of a terminal; NULL: it makes none */
	const char *nowhere; /* the digits of its standard streams that go nowhere; NULL: none does */
	char **argv; /* NULL: there is no such command */
	char **again; /* what is done before it is started again; NULL: it never is */
};

struct output {
	int fd; /* -1: at its end */
	uint32_t credit;
	int owed; /* had been written when the process ended, and is told before that */
};

struct script {
	char *text;
	size_t length;
};

struct process {
	enum state state;
	pid_t pid;
	/* What comes once that has ended: after the handler before it, which may not fail, the process itself; and then, whose end is told, the handler after it. */
	struct command next, last;
	struct command itself; /* what was started last */
	int is_handler;
	int ended_before, status_of_process; /* it is the handler after it that runs */
	int input; /* -1: closed */
	int reader; /* the other end of it, for when the process is started again; -1: none */
	int input_ends;
	char *pending; /* of standard input, not written yet */
	uint32_t pending_length;
	uint32_t ungranted; /* of it, has been taken */
	struct output out, err;
	int status, told;
	int entered;
	int has_terminal; /* which its input is, and its output */
	struct size size; /* of the terminal */
	int is_joined; /* one pipe for output and error */
	struct script script; /* of one that joins an app */
	struct saving {
		char **argv; /* what writes an archive of what it has written to its root file system; NULL: nothing does */
		const char *image, *upper, *mounts;
	} saving;
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

/* In one piece: each write to the port is a call of QEMU, which calls the monitor. */
static struct {
	struct frame head;
	char payload[MAX_PAYLOAD];
} message;

/* A payload may be in its place already. */
static void send_frame(enum frame_type type, int process, const void *payload, uint32_t length) {
	message.head = (struct frame){.type = type, .process = process, .length = length};
	if (length > 0 && payload != message.payload) memcpy(message.payload, payload, length);
	write_whole(port, &message, sizeof message.head + length);
}

/* ---- start of the machine ---- */

/* Whether it could be written. */
static int tell_kernel(const char *path, const char *word) {
	int file = open(path, O_WRONLY | O_CLOEXEC);
	if (file < 0) return 0;
	int done = write(file, word, strlen(word)) == (ssize_t)strlen(word);
	close(file);
	return done;
}

/* Devices have no drivers until they are asked for: a template of machines has others than the machines. */
static void hold_devices(void) {
	tell_kernel("/sys/bus/virtio/drivers_autoprobe", "0");
}

/* What most of a script starts, which is copied before the machine is ready. */
#define RUNTIME "/usr/bin/crun"

/* Virtual I/O Device (VIRTIO) 1.2, 5: device types. */
enum device_type { CARD = 1, DISK = 2, CONSOLE = 3, TREE = 9 };

/* Gives the first device of a type that has none its driver; whether one has got it: there are devices that no driver takes. */
static int attach_next(enum device_type type) {
	static const char devices[] = "/sys/bus/virtio/devices";
	DIR *directory = opendir(devices);
	struct dirent *entry;
	char first[256] = "";
	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		char path[400];
		unsigned found = 0;
		snprintf(path, sizeof path, "%s/%s/driver", devices, entry->d_name);
		if (access(path, F_OK) == 0) continue;
		snprintf(path, sizeof path, "%s/%s/device", devices, entry->d_name);
		FILE *file = fopen(path, "re");
		if (file == NULL) continue;
		if (fscanf(file, "%x", &found) == 1 && found == type && (*first == '\0' || strverscmp(entry->d_name, first) < 0))
			snprintf(first, sizeof first, "%s", entry->d_name);
		fclose(file);
	}
	if (directory != NULL) closedir(directory);
	if (*first == '\0' || !tell_kernel("/sys/bus/virtio/drivers_probe", first)) return 0;
	char driver[400];
	snprintf(driver, sizeof driver, "%s/%s/driver", devices, first);
	return access(driver, F_OK) == 0;
}

/* Where a device may be that was not there when the kernel looked, as it is of a machine that goes on from a template: places that had none. */
static char places[8][32];
static int place_count;

static void note_places(void) {
	static const char devices[] = "/sys/bus/platform/devices";
	DIR *directory = opendir(devices);
	struct dirent *entry;
	while (directory != NULL && place_count < 8 && (entry = readdir(directory)) != NULL) {
		char path[400];
		if (strncmp(entry->d_name, "virtio-mmio.", 12) != 0) continue;
		snprintf(path, sizeof path, "%s/%s/driver", devices, entry->d_name);
		if (access(path, F_OK) < 0) snprintf(places[place_count++], sizeof places[0], "%.31s", entry->d_name);
	}
	if (directory != NULL) closedir(directory);
}

/* Their driver says whether there is a device by now: it is asked once, when something is missing. */
static void attach_places(void) {
	for (int at = 0; at < place_count; at++) tell_kernel("/sys/bus/platform/drivers/virtio-mmio/bind", places[at]);
	place_count = 0;
}

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
		hold_devices();
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
	mount_or_die("tmpfs", "/dev/shm", strict, "mode=1777,size=65536k");
	mount_or_die("mqueue", "/dev/mqueue", strict, NULL);
}

/* The console is the host's to read: what it says there is the kernel's and ours. crun lets every app open it. */
static void keep_console(void) {
	int file = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (file < 0) return; /* a kernel that has none */
	if (ioctl(file, TIOCEXCL) < 0) die("/dev/console"); /* open as long as we are */
}

/* All the network that a pod has without a card: its apps reach each other. */
static void raise_loopback(void) {
	struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (any < 0 || ioctl(any, SIOCSIFFLAGS, &loopback) < 0) die("loopback");
	close(any);
}

static void wait_a_little(void) {
	struct timespec time = {.tv_nsec = 1000000};
	nanosleep(&time, NULL);
}

static void open_port(void) {
	while ((port = open("/dev/vport0p1", O_RDWR | O_CLOEXEC)) < 0) {
		if (errno != ENOENT && errno != ENXIO) die("/dev/vport0p1"); /* not there yet */
		if (!attach_next(CONSOLE)) wait_a_little();
	}
}

/* ---- the script ---- */

/* The process that is joining an app. */
static int entering = -1;
static jmp_buf abandoned;

/* Without its apps the machine is of no use; without what was to join one it goes on. */
static void fail(const char *format, ...) {
	char text[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	send_frame(FRAME_FAILED, entering < 0 ? 0 : entering, text, strlen(text));
	if (entering >= 0) longjmp(abandoned, 1);
	pause();
}

/* For a container runtime to end, and for a device to be there. A busy machine without hardware support takes some seconds. */
#define PATIENCE_SECONDS 30

static time_t now(void) {
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

/* Disks by the serial numbers that QEMU was told: their order is the kernel's business. A template has some, with nothing on them; a machine that goes on from it has others in their places. */
static struct {
	char serial[32], path[64];
} disks[64];
static int disk_count;

/* All that have a driver. */
static void note_disks(void) {
	DIR *blocks = opendir("/sys/block");
	struct dirent *entry;
	disk_count = 0;
	while (blocks != NULL && disk_count < 64 && (entry = readdir(blocks)) != NULL) {
		char path[300], *serial = disks[disk_count].serial;
		snprintf(path, sizeof path, "/sys/block/%s/serial", entry->d_name);
		int file = open(path, O_RDONLY | O_CLOEXEC);
		if (file < 0) continue;
		ssize_t length = read(file, serial, sizeof disks[0].serial - 1);
		close(file);
		if (length < 0) continue;
		serial[length] = '\0';
		serial[strcspn(serial, "\n")] = '\0';
		snprintf(disks[disk_count++].path, sizeof disks[0].path, "/dev/%.50s", entry->d_name);
	}
	if (blocks != NULL) closedir(blocks);
}

/* What is there already gets its drivers before the machine is ready, so that no machine that goes on from a template has to do that. */
static void attach_present(void) {
	while (attach_next(DISK) || attach_next(TREE)) continue;
	note_places();
	note_disks();
}

static const char *disk(const char *serial) {
	time_t end = now() + PATIENCE_SECONDS;
	for (;;) {
		for (int at = 0; at < disk_count; at++)
			if (strcmp(disks[at].serial, serial) == 0) return disks[at].path;
		attach_places();
		if (!attach_next(DISK)) {
			if (now() >= end) fail("disk %s: the kernel has found none within %d seconds: it must have virtio-blk", serial, PATIENCE_SECONDS);
			wait_a_little();
		}
		note_disks();
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

/* Of a card by its address: 0: there is none. */
static int find_card(const char *mac) {
	DIR *cards = opendir("/sys/class/net");
	struct dirent *entry;
	int index = 0;
	while (index == 0 && cards != NULL && (entry = readdir(cards)) != NULL) {
		char path[300], found[32] = "";
		snprintf(path, sizeof path, "/sys/class/net/%s/address", entry->d_name);
		FILE *file = fopen(path, "re");
		if (file == NULL) continue;
		if (fscanf(file, "%31s", found) == 1 && strcmp(found, mac) == 0) index = if_nametoindex(entry->d_name);
		fclose(file);
	}
	if (cards != NULL) closedir(cards);
	return index;
}

/* All get their drivers first, which they have already with a kernel that needs no modules, and names that no script has: those that the kernel gives may be meant for another. */
static void take_cards(void) {
	static int is_done;
	if (is_done) return;
	is_done = 1;
	while (attach_next(CARD)) continue;
	struct if_nameindex *all = if_nameindex();
	if (all == NULL) fail("network cards: %s", strerror(errno));
	for (struct if_nameindex *one = all; one->if_index != 0; one++) {
		char aside[IFNAMSIZ];
		if (strcmp(one->if_name, "lo") == 0) continue;
		snprintf(aside, sizeof aside, "rkt-%u", one->if_index);
		int error = change_link(one->if_index, aside, 0, 0);
		if (error != 0) fail("network card %s: %s", one->if_name, strerror(error));
	}
	if_freenameindex(all);
}

static void do_card(const char *name, const char *mac, unsigned mtu) {
	take_cards();
	int error = change_link(find_card(mac), name, mtu, 0);
	if (error == 0) error = change_link(if_nametoindex(name), NULL, 0, 1);
	if (error != 0) fail("network card %s: %s", name, strerror(error));
}

static void do_address(const char *name, char *address) {
	int error = add_address(if_nametoindex(name), address);
	if (error != 0) fail("network card %s: address %s: %s", name, address, strerror(error));
}

static void do_route(const char *name, char *to, const char *router) {
	int error = add_route(if_nametoindex(name), to, router);
	if (error != 0) fail("network card %s: route to %s: %s", name, to, strerror(error));
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

/* Puts a number in the place of a mark, whose length it has with blanks before it. */
static void put_number(char *content, size_t length, const char *mark, unsigned number) {
	char text[16], *at = memmem(content, length, mark, strlen(mark));
	snprintf(text, sizeof text, "%*u", (int)strlen(mark), number);
	if (at != NULL) memcpy(at, text, strlen(mark));
}

static void put_size(char *content, size_t length, struct size size) {
	put_number(content, length, "\"@ROWS@\"", size.rows);
	put_number(content, length, "\"@COLUMNS@\"", size.columns);
}

static void do_write(const char *path, const char *content, size_t length) {
	make_parents(path);
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0) fail("%s: %s", path, strerror(errno));
	while (length > 0) {
		ssize_t done = write(file, content, length);
		if (done < 0) {
			close(file);
			fail("%s: %s", path, strerror(errno));
		}
		content += done;
		length -= done;
	}
	close(file);
}

/* With the owner and mode of another directory. */
static void do_mkdir_like(const char *other, const char *path) {
	struct stat like;
	if (stat(other, &like) < 0 || mkdir(path, 0700) < 0 || chown(path, like.st_uid, like.st_gid) < 0 || chmod(path, like.st_mode & 07777) < 0)
		fail("mkdir %s like %s: %s", path, other, strerror(errno));
}

static void attach_trees(void) {
	attach_places();
	while (attach_next(TREE)) continue;
}

/* Below a directory, with no symlink on the way. The path may have any byte but 0, and ends by its length. */
static void need_present(const char *directory, const char *content, size_t length) {
	char path[4096] = "";
	if (length >= sizeof path) fail("a path of %zu bytes in a volume is too long", length);
	memcpy(path, content, length);
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	int base = open(directory, O_PATH | O_CLOEXEC);
	int file = base < 0 ? -1 : syscall(SYS_openat2, base, path, &how, sizeof how);
	if (file < 0) fail("%s in a volume, where another is to be mounted: %s", path, strerror(errno));
	close(file);
	close(base);
}

/* Where a container runtime mounts what is the kernel's there has to be a directory, or nothing: an image may have anything. */
static void make_room(const char *path) {
	struct stat status;
	if (lstat(path, &status) < 0 || S_ISDIR(status.st_mode)) return;
	if (unlink(path) < 0) fail("%s: %s", path, strerror(errno));
}

static pid_t read_pid(const char *path) {
	FILE *file = fopen(path, "re");
	int pid = 0;
	if (file != NULL) {
		if (fscanf(file, "%d", &pid) != 1) pid = 0;
		fclose(file);
	}
	return pid;
}

/* Of the process that is started next; NULL: as the agent's own. */
static const char *oom_score;
/* Of the next line that starts one; NULL: it has no terminal. */
static const char *console_path;
/* The same; NULL: it is not started again. */
static char **again;
/* Of that line, too: digits of streams. */
static const char *nowhere;
/* Where the terminal of a process that is being started comes from; -1: it has none. */
static int console = -1;
/* Processes that wait for a handler before they are started. */
static int waiting;
static int script_is_done;

/* A container runtime makes the terminal among the files of the app, and gives us the other end of it: whether it can. */
static int listen_at(const char *path) {
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	unlink(path);
	console = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return console >= 0 && bind(console, (struct sockaddr *)&address, sizeof address) == 0 && listen(console, 1) == 0;
}

static int take_terminal(void) {
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec where = {&byte, 1};
	struct msghdr message = {.msg_iov = &where, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	int sender = accept4(console, NULL, NULL, SOCK_CLOEXEC), terminal = -1;
	ssize_t length = sender < 0 ? -1 : recvmsg(sender, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	struct cmsghdr *header = length < 0 ? NULL : CMSG_FIRSTHDR(&message);
	if (header != NULL && header->cmsg_type == SCM_RIGHTS) memcpy(&terminal, CMSG_DATA(header), sizeof terminal);
	if (sender >= 0) close(sender);
	close(console);
	console = -1;
	return terminal;
}

static void lead_nowhere(const char *digits) {
	if (digits == NULL) return;
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (const char *digit = digits; *digit != '\0'; digit++)
		if (dup2(nothing, *digit - '0') < 0) _exit(126);
}

static void set_size(const struct process *process) {
	struct winsize size = {.ws_row = process->size.rows, .ws_col = process->size.columns};
	if (process->out.fd >= 0) ioctl(process->out.fd, TIOCSWINSZ, &size);
}

static void take_oom_score(void) {
	int file = oom_score == NULL ? -1 : open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (oom_score == NULL) return;
	if (file >= 0 && write(file, oom_score, strlen(oom_score)) == (ssize_t)strlen(oom_score)) return;
	dprintf(2, "/proc/self/oom_score_adj: %s\n", strerror(errno));
	_exit(126);
}

/* A container runtime is in the sight of apps: root there can stop it, and may not stop the agent by that. */
static int end_if_late(pid_t starter) {
	int handle = syscall(SYS_pidfd_open, starter, 0);
	struct pollfd end = {handle, POLLIN, 0};
	int late = handle < 0 || poll(&end, 1, PATIENCE_SECONDS * 1000) == 0;
	if (late) kill(starter, SIGKILL);
	if (handle >= 0) close(handle);
	return late;
}

/* In the place of the pipes, which were those of what has started it. Without one, as only somebody in the guest can bring about, it has no use. */
static void have_terminal(struct process *process) {
	close(process->input);
	close(process->out.fd);
	close(process->err.fd);
	if (process->reader >= 0) close(process->reader);
	process->reader = -1;
	process->has_terminal = 1;
	process->out.fd = take_terminal();
	process->input = process->out.fd < 0 ? -1 : fcntl(process->out.fd, F_DUPFD_CLOEXEC, 0);
	process->err.fd = -1;
	if (process->input < 0 || fcntl(process->out.fd, F_SETFL, O_NONBLOCK) < 0) kill(process->pid, SIGKILL);
}

/*
 * A program that apps could get at as it starts them is started from a copy that nobody can change, as crun by itself makes one each time, and starts itself again from there: here one is enough.
 * -1: it cannot be had.
 */
static int sealed(const char *path) {
	static char *of;
	static int copy = -1;
	if (of != NULL && strcmp(of, path) == 0) return copy;
	if (copy >= 0) close(copy);
	free(of);
	of = NULL;
	int file = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	copy = file < 0 ? -1 : memfd_create(path, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (copy < 0 || fstat(file, &status) < 0) goto failed;
	for (off_t left = status.st_size; left > 0;) {
		ssize_t done = sendfile(copy, file, NULL, left);
		if (done <= 0) goto failed;
		left -= done;
	}
	if (fcntl(copy, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0) goto failed;
	close(file);
	of = strdup(path);
	return copy;
failed:
	if (file >= 0) close(file);
	if (copy >= 0) close(copy);
	return copy = -1;
}

/* As QEMU says it itself, in the place where hypervisors have their names. */
static int is_emulated(void) {
	unsigned leaf, name[3];
	__cpuid(0x40000000, leaf, name[0], name[1], name[2]);
	return memcmp(name, "TCGTCGTCGTCG", sizeof name) == 0;
}

/*
 * PROGRAM: what `sealed` gives. An emulation translates code anew that is at another address than before: a container runtime, which is started again and again, is always at the same. What that starts is not,
 * because the configuration of the container says so.
 */
__attribute__((noreturn)) static void become(int program, char **argv) {
	char *environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
	if (is_emulated()) personality(ADDR_NO_RANDOMIZE);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (program >= 0) fexecve(program, argv, environment);
	else execve(argv[0], argv, environment);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* What it says goes to the console; whether it has done what it should, the next command finds out. */
static void run_to_end(char **argv) {
	int program = sealed(argv[0]);
	pid_t process = fork();
	if (process < 0) return;
	if (process == 0) become(program, argv);
	end_if_late(process);
	while (waitpid(process, NULL, 0) < 0)
		if (errno != EINTR) fail("wait: %s", strerror(errno));
}

static void make_nonblocking(int fd) {
	if (fd >= 0) fcntl(fd, F_SETFL, O_NONBLOCK);
}

static char not_started[1000];

/* Standard streams of what is to be started: its ends and ours; -1: there is none. */
struct streams {
	int in[2], out[2], err[2];
};

/* Whether they could be had. What the process has not read of its input is for what is started in its place. */
static int open_streams(struct streams *streams, const struct process *process) {
	*streams = (struct streams){{-1, -1}, {-1, -1}, {-1, -1}};
	if (process->reader >= 0) streams->in[0] = process->reader, streams->in[1] = process->input;
	else if (pipe2(streams->in, O_CLOEXEC) < 0) return 0;
	if (pipe2(streams->out, O_CLOEXEC) < 0) return 0;
	if (!process->is_joined) return pipe2(streams->err, O_CLOEXEC) == 0;
	streams->err[1] = fcntl(streams->out[1], F_DUPFD_CLOEXEC, 0);
	return streams->err[1] >= 0;
}

static void close_streams(const struct streams *streams, const struct process *process) {
	const int ends[] = {streams->out[0], streams->out[1], streams->err[0], streams->err[1], streams->in[0], streams->in[1]};
	for (int at = 0; at < (process->reader < 0 ? 6 : 4); at++)
		if (ends[at] >= 0) close(ends[at]);
}

static void stop_listening(void) {
	if (console >= 0) close(console);
	console = -1;
}

/* Starts a program that starts the process and ends (a container runtime): the process is then ours, as all whose parents have ended are. Without success the reason is in `not_started`. */
static int start(struct process *process, struct command command) {
	char **argv = command.argv;
	struct streams streams;
	int program = sealed(argv[0]), can_start = open_streams(&streams, process) && (command.console == NULL || listen_at(command.console));
	pid_t starter = can_start ? fork() : -1;
	if (starter < 0) { /* apps have taken all that the machine has of something */
		snprintf(not_started, sizeof not_started, "%s cannot be started: %s", argv[0], strerror(errno));
		close_streams(&streams, process);
		stop_listening();
		return 0;
	}
	int *in = streams.in, *out = streams.out, *err = streams.err;
	if (starter == 0) {
		if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0 || dup2(err[1], 2) < 0) _exit(126);
		lead_nowhere(command.nowhere);
		take_oom_score();
		become(program, argv);
	}
	close(out[1]);
	close(err[1]);
	for (int at = 0; at < 3; at++) make_nonblocking((int[]){in[1], out[0], err[0]}[at]);
	int status, late = end_if_late(starter);
	while (waitpid(starter, &status, 0) < 0)
		if (errno != EINTR) fail("wait: %s", strerror(errno));
	process->itself = command;
	process->input = in[1];
	/* What it has not read is for the next. */
	process->reader = command.again == NULL ? -1 : in[0];
	if (command.again == NULL) close(in[0]);
	if (status != 0) {
		char said[900] = "";
		ssize_t length = read(err[0] < 0 ? out[0] : err[0], said, sizeof said - 1);
		while (length > 0 && said[length - 1] == '\n') said[--length] = '\0';
		close(out[0]);
		if (err[0] >= 0) close(err[0]);
		stop_listening();
		snprintf(not_started, sizeof not_started, "%s: %s", argv[0], length > 0 ? said : late ? "has not ended in time" : "failed");
		return 0;
	}
	process->state = RUNNING;
	process->has_terminal = 0;
	process->pid = read_pid(command.pid_file);
	process->out.fd = out[0];
	process->err.fd = err[0];
	if (process->pid <= 0) die("%s", command.pid_file);
	if (console >= 0) have_terminal(process);
	return 1;
}

static void launch(struct process *process, struct command command) {
	if (!start(process, command)) {
		close(process->input);
		fail("%s", not_started);
	}
}

static struct process *new_process(int id) {
	struct process *process = &processes[id];
	if (process->state != ABSENT) fail("process %d cannot be started", id);
	*process = (struct process){
	    .input = -1,
	    .reader = -1,
	    .out = {.fd = -1, .credit = WINDOW},
	    .err = {.fd = -1, .credit = WINDOW},
	    .entered = entering >= 0,
	    .size = process->size,
	    .is_joined = process->is_joined,
	    .script = process->script,
	};
	return process;
}

/* Of the pod's script, which stays. */
static char **keep(char **fields) {
	size_t count = 0;
	while (fields[count] != NULL) count++;
	char **argv = calloc(count + 1, sizeof *argv);
	if (argv == NULL) die("memory");
	memcpy(argv, fields, count * sizeof *argv);
	return argv;
}

/* What it is told has no input but what waits for the process itself. */
static int start_handler(struct process *process, struct command command) {
	if (!start(process, command)) return 0;
	close(process->input);
	process->input = -1;
	process->is_handler = 1;
	return 1;
}

static void do_before(int id, const char *pid_file, char **argv) {
	if (!start_handler(new_process(id), (struct command){.pid_file = pid_file, .argv = argv})) fail("%s", not_started);
}

static void do_start(int id, const char *pid_file, char **argv) {
	struct command command = {.pid_file = pid_file, .console = console_path, .nowhere = nowhere, .argv = entering < 0 ? keep(argv) : argv, .again = again};
	console_path = nowhere = NULL;
	again = NULL;
	if (processes[id].is_handler) {
		processes[id].next = command;
		waiting++;
		return;
	}
	launch(new_process(id), command);
}

static void do_after(int id, const char *pid_file, char **argv) {
	if (processes[id].state == ABSENT || processes[id].last.argv != NULL) fail("process %d has no such end", id);
	processes[id].last = (struct command){.pid_file = pid_file, .argv = keep(argv)};
}

static void do_save(int id, char **fields) {
	if (processes[id].state == ABSENT) fail("process %d is not there", id);
	processes[id].saving = (struct saving){.image = fields[0], .upper = fields[1], .mounts = fields[2], .argv = keep(fields + 3)};
}

static void tell_started(void) {
	if (script_is_done && waiting == 0) send_frame(FRAME_STARTED, 0, NULL, 0);
}

#define MAX_FIELDS 64

/* What joins an app has been given its number. */
static int number_of(const char *field) {
	int id = entering < 0 ? atoi(field) : entering;
	if (id < 0 || id >= MAX_PROCESSES) fail("there is no process %d", id);
	return id;
}

/* Lines of fields, separated by tabs; after `write` comes the content, after `present` a path, after `write-line` and `write-sized` a line that is the content. */
static void run_script(struct script *script) {
	char *end = script->text + script->length;
	for (char *line = script->text; line < end;) {
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
		} else if (strcmp(fields[0], "present") == 0 && count == 3) {
			size_t size = strtoul(fields[2], NULL, 10);
			if (size > (size_t)(end - next)) fail("the script ends within a path");
			need_present(fields[1], next, size);
			next += size;
		} else if ((strcmp(fields[0], "write-line") == 0 && count == 2) || (strcmp(fields[0], "write-sized") == 0 && count == 3)) {
			newline = memchr(next, '\n', end - next);
			if (newline == NULL) fail("the script ends within a file");
			if (count == 3) put_size(next, newline - next, processes[number_of(fields[1])].size);
			do_write(fields[count - 1], next, newline - next);
			next = newline + 1;
		} else if (strcmp(fields[0], "mkdir") == 0 && count == 2) {
			make_parents(fields[1]);
			if (mkdir(fields[1], 0755) < 0) fail("mkdir %s: %s", fields[1], strerror(errno));
		} else if (strcmp(fields[0], "mkdir-like") == 0 && count == 3) {
			do_mkdir_like(fields[1], fields[2]);
		} else if (strcmp(fields[0], "mount") == 0 && count == 6) {
			const char *source = strncmp(fields[2], "disk:", 5) == 0 ? disk(fields[2] + 5) : fields[2];
			if (strcmp(fields[1], "9p") == 0) attach_trees();
			if (mount(source, fields[3], fields[1], mount_flags(fields[4]), fields[5]) < 0)
				fail("mount %s: %s", fields[3], strerror(errno));
		} else if (strcmp(fields[0], "room") == 0 && count == 2) {
			make_room(fields[1]);
		} else if (strcmp(fields[0], "card") == 0 && count == 4) {
			do_card(fields[1], fields[2], strtoul(fields[3], NULL, 10));
		} else if (strcmp(fields[0], "address") == 0 && count == 3) {
			do_address(fields[1], fields[2]);
		} else if (strcmp(fields[0], "route") == 0 && count == 4) {
			do_route(fields[1], fields[2], fields[3]);
		} else if (strcmp(fields[0], "hostname") == 0 && count == 2) {
			if (sethostname(fields[1], strlen(fields[1])) < 0) fail("hostname: %s", strerror(errno));
		} else if (strcmp(fields[0], "oom-score") == 0 && count == 2) {
			oom_score = fields[1];
		} else if (strcmp(fields[0], "console") == 0 && count == 2) {
			console_path = fields[1];
		} else if (strcmp(fields[0], "again") == 0 && count >= 2 && entering < 0) {
			again = keep(fields + 1);
		} else if (strcmp(fields[0], "nowhere") == 0 && count == 2 && fields[1][strspn(fields[1], "012")] == '\0') {
			nowhere = fields[1];
		} else if (strcmp(fields[0], "before") == 0 && count >= 4 && entering < 0) {
			do_before(number_of(fields[1]), fields[2], fields + 3);
		} else if (strcmp(fields[0], "after") == 0 && count >= 4 && entering < 0) {
			do_after(number_of(fields[1]), fields[2], fields + 3);
		} else if (strcmp(fields[0], "save") == 0 && count >= 6 && entering < 0) {
			do_save(number_of(fields[1]), fields + 2);
		} else if (strcmp(fields[0], "start") == 0 && count >= 4) {
			do_start(number_of(fields[1]), fields[2], fields + 3);
			oom_score = NULL;
		} else {
			fail("no such line in a script: %s", fields[0]);
		}
		line = next;
	}
}

static void add_to_script(struct script *script, const char *part, size_t length) {
	script->text = realloc(script->text, script->length + length);
	if (script->text == NULL) die("memory");
	memcpy(script->text + script->length, part, length);
	script->length += length;
}

/* In a directory of its own: what it writes there has the same names as what others do. */
static void run_entering_script(int id) {
	char directory[64];
	snprintf(directory, sizeof directory, "/run/entered/%d", id);
	entering = id;
	if (setjmp(abandoned) == 0) {
		if (processes[id].state != ABSENT) fail("process %d cannot be started", id);
		make_parents(directory);
		if ((mkdir(directory, 0700) < 0 && errno != EEXIST) || chdir(directory) < 0) fail("%s: %s", directory, strerror(errno));
		run_script(&processes[id].script);
	}
	entering = -1;
	oom_score = console_path = nowhere = NULL;
	stop_listening();
	if (chdir("/") < 0) die("/");
	free(processes[id].script.text);
	processes[id].script = (struct script){0};
	processes[id].is_joined = 0;
}

/* ---- processes ---- */

static void close_input(struct process *process) {
	if (process->input >= 0) close(process->input);
	process->input = -1;
	free(process->pending);
	process->pending = NULL;
	process->pending_length = 0;
}

static void close_output(struct output *output) {
	if (output->fd >= 0) close(output->fd);
	output->fd = -1;
	output->owed = 0;
}

static void grant(int id, uint32_t bytes) {
	struct process *process = &processes[id];
	process->ungranted += bytes;
	if (process->ungranted < GRANTED) return;
	struct credit credit = {.stream = FRAME_INPUT, .bytes = process->ungranted};
	process->ungranted = 0;
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

/* A terminal whose other end has been closed tells those who are on it. */
static void hang_up(struct process *process) {
	close_input(process);
	close_output(&process->out);
}

static void keep_input(struct process *process, const char *data, uint32_t length) {
	if (process->pending_length + length > WINDOW) die("more input than was granted");
	process->pending = realloc(process->pending, process->pending_length + length);
	if (process->pending == NULL) die("memory");
	memcpy(process->pending + process->pending_length, data, length);
	process->pending_length += length;
}

/* Whether it has ended, and may be started again. */
static int may_come_again(const struct process *process) {
	return process->state == ENDED && process->itself.again != NULL;
}

static void take_input(int id, const char *data, uint32_t length) {
	struct process *process = &processes[id];
	if (process->next.argv != NULL || may_come_again(process)) {
		if (length == 0) process->input_ends = 1;
		else keep_input(process, data, length);
		return;
	}
	if (process->state != RUNNING) return; /* sent before its end was known */
	if (length == 0 && process->has_terminal) {
		hang_up(process);
		return;
	}
	if (length == 0) {
		process->input_ends = 1;
	} else if (process->input < 0) {
		grant(id, length);
		return;
	} else {
		keep_input(process, data, length);
	}
	if (process->input >= 0) feed(id);
}

/* What a terminal has got is not counted yet; more than it holds is of others. */
static int unread(const struct process *process, int fd) {
	int bytes = 0;
	if (process->has_terminal) return fd < 0 ? 0 : WINDOW;
	return fd >= 0 && ioctl(fd, FIONREAD, &bytes) == 0 ? bytes : 0;
}

/* The driver of the port takes 32 KiB at a time: two of them, with the head. */
#define MAX_READ (65536u - sizeof(struct frame))

static void pass_output(int id, struct output *output, enum frame_type type) {
	ssize_t length = read(output->fd, message.payload, output->credit < MAX_READ ? output->credit : MAX_READ);
	if (length < 0 && (errno == EAGAIN || errno == EINTR)) {
		output->owed = 0; /* somebody in the guest has read it */
		return;
	}
	if (length <= 0) {
		close_output(output);
		send_frame(type, id, NULL, 0);
		return;
	}
	output->credit -= length;
	output->owed -= length < output->owed ? length : output->owed;
	send_frame(type, id, message.payload, length);
}

/* To the process's own standard error, as far as somebody reads that. */
static void tell_reason(int id) {
	char text[sizeof not_started + 8];
	uint32_t length = snprintf(text, sizeof text, "rkt: %s\n", not_started);
	struct output *err = &processes[id].err;
	if (length > err->credit) length = err->credit;
	if (length == 0) return;
	err->credit -= length;
	send_frame(FRAME_ERROR, id, text, length);
}

/* Whether something comes after what has ended. A handler that fails before the process is the end of that. */
static int go_on(int id) {
	struct process *process = &processes[id];
	struct command next = process->next, last = process->last;
	int was_handler = process->is_handler;
	process->next = (struct command){0};
	if (was_handler && next.argv != NULL && process->status == 0) {
		close_output(&process->out);
		close_output(&process->err);
		process->is_handler = 0;
		launch(process, next);
		waiting--;
		tell_started();
		feed(id);
		return 1;
	}
	if (was_handler || last.argv == NULL) return 0;
	hang_up(process);
	close_output(&process->err);
	process->last = (struct command){0};
	process->status_of_process = process->status;
	process->ended_before = 1;
	if (start_handler(process, last)) return 1;
	close_input(process);
	tell_reason(id);
	return 0;
}

/* Once what it had written has been passed on. What it has left behind may write on, if it was an app. */
static void tell_end(int id) {
	struct process *process = &processes[id];
	if (process->state != ENDED || process->told) return;
	while (process->out.owed > 0 && process->out.credit > 0) pass_output(id, &process->out, FRAME_OUTPUT);
	while (process->err.owed > 0 && process->err.credit > 0) pass_output(id, &process->err, FRAME_ERROR);
	if (process->out.owed > 0 || process->err.owed > 0) return;
	if (may_come_again(process)) {
		uint32_t status = process->status;
		if (process->has_terminal && process->input >= 0) close(process->input), process->input = -1;
		process->told = 1;
		send_frame(FRAME_ENDED, id, &status, sizeof status);
		return;
	}
	if (go_on(id)) return;
	uint32_t word = process->ended_before ? process->status_of_process : process->status;
	send_frame(FRAME_EXIT, id, &word, sizeof word);
	process->told = 1;
	if (!process->entered) return;
	close_input(process);
	close_output(&process->out);
	close_output(&process->err);
	process->state = ABSENT;
}

/* What cannot be started again has ended by that once more. */
#define CANNOT_START (126 << 8)

static void start_again(int id) {
	struct process *process = &processes[id];
	if (!may_come_again(process) || !process->told) return;
	run_to_end(process->itself.again);
	close_output(&process->out);
	close_output(&process->err);
	process->told = 0;
	if (start(process, process->itself)) {
		if (process->has_terminal) set_size(process);
		if (process->input >= 0) feed(id);
		return;
	}
	tell_reason(id);
	process->status = CANNOT_START;
	tell_end(id);
}

static void start_no_more(int id) {
	struct process *process = &processes[id];
	if (!may_come_again(process) || !process->told) return;
	process->itself.again = NULL;
	if (process->reader >= 0) close(process->reader);
	process->reader = -1;
	process->told = 0;
	tell_end(id);
}

/* ---- what an app has written ---- */

/* Of a list of paths, each of which ends with a newline: one is this, or is below it. */
struct place {
	int is_mounted_over, is_above;
};

static struct place place_of(const char *list, const char *path) {
	struct place place = {0};
	size_t length = strlen(path);
	for (const char *at = list; *at != '\0'; at = strchr(at, '\n') + 1) {
		if (strncmp(at, path, length) != 0) continue;
		if (at[length] == '\n') place.is_mounted_over = 1;
		if (at[length] == '/') place.is_above = 1;
	}
	return place;
}

static int is_as(const struct stat *file, mode_t mode, uid_t owner, gid_t group) {
	return file->st_mode == mode && file->st_uid == owner && file->st_gid == group;
}

/* Whether an app has put anything into its root file system, or taken anything away: what a container runtime mounts over it makes there, and the directories above. */
static int has_written(int upper, int image, const char *list, char *path, size_t length) {
	DIR *directory = fdopendir(upper);
	struct dirent *entry;
	int found = directory == NULL;
	while (!found && (entry = readdir(directory)) != NULL) {
		struct stat own, below;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
		int added = snprintf(path + length, PATH_MAX - length, "/%s", entry->d_name);
		found = 1;
		if (length + added >= PATH_MAX || fstatat(upper, entry->d_name, &own, AT_SYMLINK_NOFOLLOW) < 0) break;
		struct place place = place_of(list, path);
		if (place.is_mounted_over && S_ISREG(own.st_mode)) {
			found = own.st_size > 0;
			continue;
		}
		if (!S_ISDIR(own.st_mode) || !(place.is_mounted_over || place.is_above)) break;
		int is_new = image < 0 || fstatat(image, entry->d_name, &below, AT_SYMLINK_NOFOLLOW) < 0;
		if (is_new ? !place.is_mounted_over && !is_as(&own, S_IFDIR | 0755, 0, 0) : !is_as(&own, below.st_mode, below.st_uid, below.st_gid)) break;
		int next = openat(upper, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int next_image = is_new ? -1 : openat(image, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		found = next < 0 || has_written(next, next_image, list, path, length + added);
		if (next_image >= 0) close(next_image);
	}
	if (directory != NULL) closedir(directory);
	return found;
}

static int has_changes(const struct saving *saving) {
	static char list[65536];
	char path[PATH_MAX] = "";
	struct stat root, below;
	int file = open(saving->mounts, O_RDONLY | O_CLOEXEC), upper = open(saving->upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int image = open(saving->image, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ssize_t length = file < 0 ? -1 : read(file, list, sizeof list - 1);
	int is_known = length >= 0 && length < (ssize_t)sizeof list - 1 && upper >= 0 && image >= 0 && fstat(upper, &root) == 0 && fstat(image, &below) == 0 &&
		       is_as(&root, below.st_mode, below.st_uid, below.st_gid);
	if (is_known) list[length] = '\0';
	int found = !is_known || has_written(upper, image, list, path, 0);
	if (file >= 0) close(file);
	if (image >= 0) close(image);
	if (!is_known && upper >= 0) close(upper);
	return found;
}

/* In the place of the process, which has ended, with its output. Nobody is to change what is read: whatever is left of any app ends. */
static void save(int id) {
	struct process *process = &processes[id];
	int out[2];
	if (process->state != ENDED || process->saving.argv == NULL) die("frame");
	kill(-1, SIGKILL);
	close_output(&process->out);
	close_output(&process->err);
	process->out.credit = WINDOW;
	send_frame(FRAME_SAVE, id, NULL, 0);
	process->ended_before = process->is_handler = process->has_terminal = process->told = 0;
	if (!has_changes(&process->saving)) {
		process->status = 0;
		tell_end(id);
		return;
	}
	process->status = CANNOT_START;
	process->pid = pipe2(out, O_CLOEXEC) < 0 ? -1 : fork();
	if (process->pid < 0) {
		tell_end(id);
		return;
	}
	if (process->pid == 0) {
		lead_nowhere("0");
		if (dup2(out[1], 1) < 0) _exit(126);
		become(-1, process->saving.argv);
	}
	close(out[1]);
	make_nonblocking(out[0]);
	process->out.fd = out[0];
	process->state = RUNNING;
}

static void reap(void) {
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int id = 0; id < MAX_PROCESSES; id++) {
			struct process *process = &processes[id];
			if (process->state != RUNNING || process->pid != pid) continue;
			process->state = ENDED;
			process->status = status;
			process->out.owed = unread(process, process->out.fd);
			process->err.owed = unread(process, process->err.fd);
			tell_end(id);
		}
	}
}

/* ---- frames ---- */

/* What the machine shares with all that go on from where it was saved: random numbers to come, and the time. */
static void renew(const struct renewal *renewal) {
	struct {
		struct rand_pool_info head;
		uint8_t seed[sizeof renewal->seed];
	} entropy = {.head = {.entropy_count = 8 * sizeof renewal->seed, .buf_size = sizeof renewal->seed}};
	memcpy(entropy.seed, renewal->seed, sizeof entropy.seed);
	int file = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
	if (file < 0 || ioctl(file, RNDADDENTROPY, &entropy) < 0 || ioctl(file, RNDRESEEDCRNG) < 0) die("/dev/urandom");
	close(file);
	explicit_bzero(&entropy, sizeof entropy);
	struct timespec now = {.tv_sec = renewal->seconds, .tv_nsec = renewal->nanoseconds};
	if (clock_settime(CLOCK_REALTIME, &now) < 0) die("clock");
}

static struct script script;

static void take_frame(struct frame frame, char *payload) {
	int id = frame.process % MAX_PROCESSES;
	struct process *process = &processes[id];
	switch (frame.type) {
	case FRAME_SCRIPT:
		if (frame.length > 0) {
			add_to_script(&script, payload, frame.length);
			return;
		}
		run_script(&script);
		script_is_done = 1;
		tell_started();
		return;
	case FRAME_ENTER:
		if (frame.length > 0) add_to_script(&process->script, payload, frame.length);
		else run_entering_script(id);
		return;
	case FRAME_INPUT:
		take_input(id, payload, frame.length);
		return;
	case FRAME_CLOSE:
		if (frame.length != 1) die("frame");
		if (process->state == ABSENT) return;
		if (process->has_terminal) hang_up(process);
		else close_output(payload[0] == FRAME_OUTPUT ? &process->out : &process->err);
		tell_end(id);
		return;
	case FRAME_SIGNAL: {
		uint32_t number;
		if (frame.length != sizeof number) die("frame");
		memcpy(&number, payload, sizeof number);
		/* What comes after the process is not asked to end, it is told. */
		if (process->state == RUNNING && (!process->ended_before || number == SIGKILL)) kill(process->pid, number);
		return;
	}
	case FRAME_CREDIT: {
		struct credit credit;
		if (frame.length != sizeof credit) die("frame");
		memcpy(&credit, payload, sizeof credit);
		(credit.stream == FRAME_OUTPUT ? &process->out : &process->err)->credit += credit.bytes;
		tell_end(id);
		return;
	}
	case FRAME_AGAIN:
		start_again(id);
		return;
	case FRAME_LAST:
		start_no_more(id);
		return;
	case FRAME_SAVE:
		save(id);
		return;
	case FRAME_JOIN:
		process->is_joined = 1;
		return;
	case FRAME_SIZE:
		if (frame.length != sizeof process->size) die("frame");
		memcpy(&process->size, payload, sizeof process->size);
		if (process->state == RUNNING && process->has_terminal) set_size(process);
		return;
	case FRAME_RENEW: {
		struct renewal renewal;
		if (frame.length != sizeof renewal) die("frame");
		memcpy(&renewal, payload, sizeof renewal);
		renew(&renewal);
		explicit_bzero(&renewal, sizeof renewal);
		explicit_bzero(payload, frame.length);
		send_frame(FRAME_READY, 0, NULL, 0);
		return;
	}
	case FRAME_HALT:
		sync();
		send_frame(FRAME_HALTED, 0, NULL, 0);
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
	keep_console();
	load_modules();
	raise_loopback();
	signal(SIGPIPE, SIG_IGN);
	sigset_t children;
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	int ended = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
	if (ended < 0) die("signalfd");
	open_port();
	attach_present();
	sealed(RUNTIME);
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
			else if (polled[at].fd == process->err.fd) pass_output(owner[at], &process->err, FRAME_ERROR);
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
