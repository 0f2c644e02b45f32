/** What is about cgroups, and what holds only as long as they are right. Each names the test files whose path contains it. */
export const defaultFiles: readonly string[] = [
  'kernel/linux/cgroups.',
  'test/service/limits.',
  'test/conformance/isolators.',
  'test/nspawn/isolators.',
  'test/nspawn/pods.',
  'test/nspawn/state.',
  'test/nspawn/restart.',
  'test/nspawn/supervision.',
  'test/pod/life-cycle.',
  'kernel/pod/running-pod.',
  'kernel/executor/perform-stop.',
  'kernel/executor/enter.',
];
