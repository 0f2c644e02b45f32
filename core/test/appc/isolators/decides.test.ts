import test from 'ava';
import {compileLimits} from '../../../src/appc/compile/limits.ts';
import {compileProcess} from '../../../src/appc/compile/process.ts';
import {isolatorDefinitions} from '../../../src/appc/isolators/definitions.ts';
import type {IsolatorMap, Isolators} from '../../../src/contract/isolators.ts';

/** Of each isolator a value that is none of the defaults. */
const values: IsolatorMap = {
  'os/linux/apparmor-profile': {profile: 'x'},
  'os/linux/capabilities-remove-set': {set: ['CAP_CHOWN']},
  'os/linux/capabilities-retain-set': {set: ['CAP_KILL']},
  'os/linux/cpu-shares': {shares: 2},
  'os/linux/cpuset-cpus': {cpus: [1]},
  'os/linux/cpuset-mems': {nodes: [1]},
  'os/linux/no-new-privileges': {enabled: true},
  'os/linux/oom-score-adj': {score: 5},
  'os/linux/seccomp-remove-set': {set: ['reboot']},
  'os/linux/seccomp-retain-set': {set: ['read']},
  'os/linux/selinux-context': {user: 'u', role: 'r', type: 't', level: 's0'},
  'os/unix/rlimits': {limits: {nofile: {soft: 1, hard: 2}}},
  'os/unix/sysctl': {values: {'kernel.sem': '1'}},
  'resource/block-bandwidth': {limit: 1},
  'resource/block-iops': {limit: 1},
  'resource/cpu': {request: 100, limit: 200},
  'resource/hugepages': {limits: {'2097152': 0}},
  'resource/memory': {request: 2 ** 20, limit: 2 ** 21},
  'resource/network-bandwidth': {limit: 1},
  'resource/pids': {limit: 1},
};

const processOf = (isolators: Isolators): Readonly<Record<string, unknown>> => ({
  ...compileProcess({
    appName: 'main',
    app: {exec: ['/bin/true'], user: '0', group: '0'},
    isolators,
    identity: {uid: 0, gid: 0},
    insecure: new Set(),
  }),
});

for (const [name, {decides}] of Object.entries(isolatorDefinitions))
  test(`EX-33 ${name} decides what its definition says, and nothing else`, (t) => {
    const isolators = {[name]: values[name as keyof IsolatorMap]};
    const [without, having] = [processOf({}), processOf(isolators)];
    const changed = Object.keys({...without, ...having}).filter(
      (field) => JSON.stringify(having[field]) !== JSON.stringify(without[field]),
    );
    // The filter follows the capabilities.
    const follows = decides.process?.includes('capabilities') ? ['seccomp'] : [];
    t.deepEqual(changed.filter((field) => !follows.includes(field)).sort(), [...(decides.process ?? [])].sort());
    t.deepEqual(Object.keys(compileLimits(isolators)).sort(), [...(decides.limits ?? [])].sort());
  });
