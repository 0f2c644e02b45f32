import type {App, Pod, Process} from '@rkt/plugin-sdk';
import {userOf} from './places.ts';

/** A program beside QEMU, and QEMU itself: the pod's own user, who may nothing. */
export const launchedProcess = (pod: Pod, argv: string[]): Process => ({
  argv,
  env: [],
  cwd: '/' as App['process']['cwd'],
  uid: userOf(pod),
  gid: userOf(pod),
  groups: [],
  umask: 0o022,
  capabilities: {bounding: [], effective: [], ambient: []},
  noNewPrivileges: true,
  seccomp: null,
  rlimits: [],
  oomScoreAdj: null,
});
