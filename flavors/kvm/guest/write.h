/* Writing to what somebody else may have filled meanwhile, and whose mode is its owner's: without ever waiting for who reads it. */
#ifndef RKT_WRITE_H
#define RKT_WRITE_H

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* A pipe that can be written to takes so much without making us wait. */
#define PORTION 4096

/* As much as is taken at once: how much that was, or -1 if nothing can be written any more. */
static inline ssize_t write_at_once(int fd, const char *data, size_t length) {
	size_t done = 0;
	while (done < length) {
		struct pollfd place = {fd, POLLOUT, 0};
		if (poll(&place, 1, 0) != 1) break;
		size_t rest = length - done;
		ssize_t written = write(fd, data + done, rest < PORTION ? rest : PORTION);
		if (written < 0 && done == 0 && errno != EINTR && errno != EAGAIN) return -1;
		if (written < 0) break;
		done += written;
	}
	return done;
}

#endif
