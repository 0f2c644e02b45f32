/** Names of system calls, of any architecture, that no other table here has. */
export const OTHERS = `
  arc_gettls arc_settls arc_usr_cmpxchg atomic_barrier atomic_cmpxchg_32 cachectl dipc exec_with_loader
  execv file_getattr file_setattr getdomainname getdtablesize gethostname getpagesize getxgid getxpid getxuid
  kern_features listns memory_ordering multiplexer old_adjtimex oldumount or1k_atomic osf_fstat osf_fstatfs
  osf_fstatfs64 osf_getdirentries osf_getdomainname osf_getitimer osf_getrusage osf_getsysinfo osf_gettimeofday
  osf_lstat osf_mount osf_proplist_syscall osf_select osf_set_program_attributes osf_setitimer osf_setsysinfo
  osf_settimeofday osf_shmat osf_sigprocmask osf_sigstack osf_stat osf_statfs osf_statfs64 osf_swapon osf_syscall
  osf_sysinfo osf_usleep_thread osf_utimes osf_utsname osf_wait4 perfctr rseq_slice_yield s390_guarded_storage
  s390_sthyi sched_get_affinity sched_set_affinity sethae setpgrp spu_create spu_run syscall sysmips timerfd
  utrap_install
`;
