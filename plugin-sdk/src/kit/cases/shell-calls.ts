/** What a shell and a few small programs need to print, fork, execute and wait, whichever C library they have, on either architecture; and nothing that makes a directory. */
export const SHELL_CALLS: readonly string[] = [
  ...['access', 'alarm', 'arch_prctl', 'brk', 'capget', 'chdir', 'chmod', 'clock_getres', 'clock_gettime', 'clone'],
  ...['clone3', 'close', 'close_range', 'dup', 'dup2', 'dup3', 'execve', 'exit', 'exit_group', 'faccessat'],
  ...['faccessat2', 'fadvise64', 'fchmod', 'fchmodat', 'fchmodat2', 'fcntl', 'fork', 'fstat', 'fstatfs', 'futex'],
  ...['getcwd', 'getdents64', 'getegid', 'geteuid', 'getgid', 'getgroups', 'getpgid', 'getpgrp', 'getpid', 'getppid'],
  ...['getrandom', 'getrlimit', 'gettid', 'gettimeofday', 'getuid', 'getxattr', 'ioctl', 'kill', 'lgetxattr', 'lseek'],
  ...['lstat', 'madvise', 'membarrier', 'mmap', 'mprotect', 'mremap', 'munmap', 'nanosleep', 'newfstatat', 'open'],
  ...['openat', 'pipe', 'pipe2', 'poll', 'ppoll', 'prctl', 'pread64', 'prlimit64', 'pselect6', 'read', 'readlink'],
  ...['readlinkat', 'restart_syscall', 'rseq', 'rt_sigaction', 'rt_sigpending', 'rt_sigprocmask', 'rt_sigreturn'],
  ...['rt_sigsuspend', 'sched_getaffinity', 'sched_yield', 'select', 'sendfile', 'set_robust_list', 'set_tid_address'],
  ...['setgid', 'setpgid', 'setuid', 'sigaltstack', 'stat', 'statfs', 'statx', 'sysinfo', 'tgkill', 'time', 'umask'],
  ...['uname', 'vfork', 'wait4', 'waitid', 'write', 'writev'],
];
