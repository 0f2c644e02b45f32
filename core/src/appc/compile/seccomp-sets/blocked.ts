/**
 * `@docker/default-blacklist` and `@rkt/default-blacklist`: what Docker documents as blocked, with what the kernel has got since.
 */
export const BLOCKED = `
  _sysctl acct add_key bpf clock_settime clock_settime64 create_module delete_module fanotify_init finit_module
  fsconfig fsmount fsopen fspick get_kernel_syms get_mempolicy init_module io_uring_enter io_uring_register
  io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mbind mount mount_setattr
  move_mount move_pages nfsservctl open_by_handle_at open_tree open_tree_attr perf_event_open pivot_root
  query_module quotactl quotactl_fd reboot request_key set_mempolicy setns settimeofday stime swapoff swapon sysfs
  umount umount2 unshare uselib userfaultfd ustat vm86 vm86old
`;
