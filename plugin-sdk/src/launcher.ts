import type {HostFacts, HostPath, Process} from '@rkt/core/contract';
import {hostPath, rootfsPath} from './paths.ts';

/**
 * The path of a program that the declaration names in `programs`. That it is there is for a requirement to see (`run: enforced('…', {requires: ['program/NAME']})`): without it no hook is
 * asked for a plan.
 */
export const programOf = (host: HostFacts, name: string): HostPath => {
  const program = host.programs[name];
  if (program == null) throw new Error(`${name} is not installed, or not among the programs of the declaration`);
  return hostPath(program.path);
};

/**
 * The process of a launcher on the host (`into: 'host'`): root of rkt's caller, with all that rkt has. `App.process` is not what it has to be, but what it has to make of the app: that one's `argv`
 * and `cwd` are of the app's rootfs, and its capabilities and filter would keep a launcher from its work.
 */
export const launcherProcess = (host: HostFacts, argv: readonly string[], env: Process['env'] = []): Process => ({
  argv: [...argv],
  env: [{name: 'PATH', value: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'}, ...env],
  cwd: rootfsPath('/'),
  uid: 0,
  gid: 0,
  groups: [],
  umask: 0o022,
  capabilities: {bounding: host.capabilities, effective: host.capabilities, ambient: []},
  noNewPrivileges: false,
  seccomp: null,
  rlimits: [],
  oomScoreAdj: null,
});
