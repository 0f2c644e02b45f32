/*
 * What the monitor on the host and the agent in the guest say to each other over one virtio-serial port: frames of a type, the number of a
 * process, and a payload. Integers are little-endian, as both machines are. Apps have the first numbers; a process that joins one has a number until its end.
 *
 * `rkt enter` says FRAME_ENTER, FRAME_JOIN, FRAME_SIZE and FRAME_SIGNAL to the monitor, and hears FRAME_READY once it has a number, and at last FRAME_EXIT or FRAME_FAILED, each a message of a socket. The first message carries the ends of three pipes, which
 * are standard input, output and error.
 */
#ifndef RKT_FRAME_H
#define RKT_FRAME_H

#include <signal.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

enum frame_type {
	/* host to guest */
	FRAME_SCRIPT = 'S', /* a part of the script; the part of length 0 ends it */
	FRAME_INPUT = 'I',  /* of standard input; length 0: its end */
	FRAME_SIGNAL = 'K', /* u32: to the process */
	FRAME_ENTER = 'N',  /* a part of the script of a process that joins an app; the part of length 0 ends it */
	FRAME_CLOSE = 'D',  /* u8, the type of a stream's frames: nobody reads it any more */
	FRAME_HALT = 'H',   /* power off, after FRAME_HALTED */
	FRAME_JOIN = 'J',   /* standard error of the process that is to be started goes where its output goes */
	FRAME_SIZE = 'W',   /* struct size: of the terminal that the process has, or is to have */
	FRAME_AGAIN = 'A',  /* start the process again, which has ended */
	FRAME_LAST = 'L',   /* it is not started again: what comes after it, if there is something, and then FRAME_EXIT */
	FRAME_RENEW = 'T',  /* struct renewal: the machine goes on where another was saved; it is ready once it is another */
	/* guest to host */
	FRAME_READY = 'R',  /* the agent takes a script */
	FRAME_STARTED = 'G', /* the script has been done */
	FRAME_OUTPUT = 'O', /* of standard output */
	FRAME_ERROR = 'E',  /* of standard error */
	FRAME_EXIT = 'X',   /* u32: status as of wait(2), after all that it has written */
	FRAME_ENDED = 'Z',  /* the same of a process that may be started again; FRAME_AGAIN or FRAME_LAST is the answer */
	FRAME_HALTED = 'P', /* all that apps have written is with the host, and the machine of no use any more */
	FRAME_FAILED = 'F', /* text: what of the script cannot be done; of a process that was to join an app, that alone */
	/* both: once all apps have ended. An archive of what the process has written to its root file system is to be its output, and, as the answer, is all that comes from here on, or nothing if it has written nothing; FRAME_EXIT is its end */
	FRAME_SAVE = 'V',
	/* both: u32 more bytes of a stream may be sent; the first byte of the payload is the type of their frames */
	FRAME_CREDIT = 'C',
};

struct frame {
	uint8_t type;
	uint8_t process;
	uint16_t unused;
	uint32_t length;
};

#define MAX_PAYLOAD 65536u
/* What may be on its way of one stream: a reader that is slow stops its own stream and no other. */
#define WINDOW 262144u
/* So much of what has been taken is granted anew at once: else all frames become as small as what the reader takes at a time, and each frame takes time in the guest. */
#define GRANTED (WINDOW / 4)
#define MAX_PROCESSES 64

struct renewal {
	uint64_t seconds; /* since 1970 */
	uint32_t nanoseconds;
	uint8_t seed[64];
	uint8_t unused[4];
};

struct credit {
	uint8_t stream;
	uint8_t unused[3];
	uint32_t bytes;
};

/* Of a terminal, in characters. */
struct size {
	uint16_t rows, columns;
};

/* Whether output and error of the caller go to the same place, where they are to come in the order in which they were written. */
static inline int is_one_output(void) {
	struct stat output, error;
	return fstat(STDOUT_FILENO, &output) == 0 && fstat(STDERR_FILENO, &error) == 0 && output.st_dev == error.st_dev && output.st_ino == error.st_ino;
}

/* Whether it is what wait(2) says of a process that has ended. Whoever took the signal of another for its own end could be stopped by it. */
static inline int is_end(uint32_t status) {
	uint32_t number = status & 0x7f;
	if (number == 0) return status <= 0xff00;
	return status <= 0xff && number <= 64 && number != SIGSTOP && number != SIGTSTP && number != SIGTTIN && number != SIGTTOU;
}

#endif
