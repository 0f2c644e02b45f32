/*
 * Preloaded into QEMU, which opens a file that it maps privately for writing all the same, and may not write to the template of other machines: it reads that.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_it(const char *path, int flags, int mode) {
	if (strcmp(path, "/pod/template/memory") == 0) flags = (flags & ~O_ACCMODE) | O_RDONLY;
	return syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

int open64(const char *path, int flags, ...) {
	va_list arguments;
	va_start(arguments, flags);
	int mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, int) : 0;
	va_end(arguments);
	return open_it(path, flags, mode);
}

/* Called by what is compiled with _FORTIFY_SOURCE. */
int __open64_2(const char *path, int flags);
int __open64_2(const char *path, int flags) {
	return open_it(path, flags, 0);
}
