/**
 * System calls that the libseccomp of the oldest systemd that rkt runs with does not know (2.5.3). systemd leaves such a name out of a list and only logs that, so
 * it would deny nothing.
 */
export const NEWER_CALLS: ReadonlySet<string> = new Set([
  'cachestat',
  'fchmodat2',
  'file_getattr',
  'file_setattr',
  'futex_requeue',
  'futex_wait',
  'futex_waitv',
  'futex_wake',
  'getxattrat',
  'listmount',
  'listns',
  'listxattrat',
  'lsm_get_self_attr',
  'lsm_list_modules',
  'lsm_set_self_attr',
  'map_shadow_stack',
  'mseal',
  'open_tree_attr',
  'removexattrat',
  'rseq_slice_yield',
  'set_mempolicy_home_node',
  'setxattrat',
  'statmount',
  'uprobe',
  'uretprobe',
]);
