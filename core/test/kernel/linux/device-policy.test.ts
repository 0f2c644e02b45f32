import {spawnSync} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {constants} from 'node:fs';
import test from 'ava';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {STANDARD_DEVICES} from '../../../src/appc/compile/devices.ts';
import {attachDeviceProgram, deviceProgramTags, loadDeviceProgram} from '../../../src/linux/bpf.ts';
import type {CgroupFacts} from '../../../src/linux/cgroup-hierarchies.ts';
import {cgroupPath, directoryOf} from '../../../src/linux/cgroup-paths.ts';
import {createCgroup} from '../../../src/linux/create-cgroup.ts';
import {readDevicePolicy, setDevicePolicy} from '../../../src/linux/device-policy.ts';
import {deviceProgram} from '../../../src/linux/device-program.ts';
import {openHost} from '../../../src/linux/openat2.ts';
import {removeCgroup} from '../../../src/linux/remove-cgroup.ts';
import {RktError} from '../../../src/rkt-error.ts';
import {gatherHostFacts} from '../../../src/stage1/facts/host-facts.ts';

const {cgroup: facts} = gatherHostFacts();
const hasController = facts.controllers.includes('devices');
const mechanisms = {
  program: testIf(
    lacks('root', 'cgroups') ?? (facts.devicePolicy === 'program' ? undefined : 'no programs of cgroup v2'),
  ),
  controller: testIf(lacks('root', 'cgroups') ?? (hasController ? undefined : 'no controller of cgroup v1')),
} as const;

const hierarchyOf = (of: CgroupFacts) => {
  const found = of.hierarchies.find(({version, controllers}) =>
    of.devicePolicy === 'program' ? version === 2 : controllers.includes('devices'),
  );
  if (found === undefined) throw new Error('no hierarchy');
  return found;
};

/** A cgroup of its own, and what a shell in it says. */
const open = (t: {teardown: (action: () => void) => void}, of: CgroupFacts) => {
  const hierarchy = hierarchyOf(of);
  const path = cgroupPath(of, `test-${randomUUID()}`);
  const only = {hierarchies: [hierarchy]};
  t.teardown(() => removeCgroup({...of, ...only}, path));
  createCgroup(only, path);
  const directory = directoryOf(hierarchy, path);
  const inside = (script: string) =>
    spawnSync('/bin/sh', ['-c', `echo $$ >${directory}/cgroup.procs; ${script}`], {encoding: 'utf8'}).stdout;
  return {path, directory, inside};
};

/** /proc/self/cgroup of a process in it. */
const membership = (of: CgroupFacts, path: string) => {
  const {version, controllers} = hierarchyOf(of);
  return [{hierarchy: version === 2 ? 0 : 7, controllers: version === 2 ? [] : controllers, path}];
};

const ATTEMPTS = `
  attempt() { "$@" 2>/dev/null && echo "$*" || echo "not $*"; }
  attempt sh -c ': >/dev/null'
  attempt sh -c ': </dev/urandom'
  attempt sh -c ': </dev/mem'
`;

for (const [mechanism, policyTest] of Object.entries(mechanisms) as [
  keyof typeof mechanisms,
  typeof mechanisms.program,
][]) {
  const of: CgroupFacts = {...facts, devicePolicy: mechanism};

  policyTest(`S29 a cgroup uses the devices of its policy and no other, by ${mechanism}`, (t) => {
    const {path, inside} = open(t, of);
    setDevicePolicy(of, path, STANDARD_DEVICES);
    t.is(inside(ATTEMPTS), 'sh -c : >/dev/null\nsh -c : </dev/urandom\nnot sh -c : </dev/mem\n');
    t.true(readDevicePolicy(of, membership(of, path), path, STANDARD_DEVICES).holds);
    t.true(readDevicePolicy(of, membership(of, path), path, STANDARD_DEVICES).expected.includes('c 136:* rw'));
  });

  policyTest(`S29 access counts: what may be read may not be written, by ${mechanism}`, (t) => {
    const {path, inside} = open(t, of);
    setDevicePolicy(of, path, [
      {type: 'char', major: 1, minor: 3, access: 'rw'},
      {type: 'char', major: 1, minor: 5, access: 'r'},
    ]);
    const script =
      '(exec 3</dev/zero) && echo read; (exec 3>/dev/zero) || echo not written; (exec 3<>/dev/zero) || echo not both';
    t.is(inside(`{ ${script}; } 2>/dev/null`), 'read\nnot written\nnot both\n');
  });

  policyTest(`S29 a policy that is another one, or that the process is not under, is seen, by ${mechanism}`, (t) => {
    const {path} = open(t, of);
    setDevicePolicy(of, path, STANDARD_DEVICES);
    const narrower = STANDARD_DEVICES.slice(1, 3);
    t.false(readDevicePolicy(of, membership(of, path), path, narrower).holds);
    t.false(readDevicePolicy(of, membership(of, '/'), path, STANDARD_DEVICES).holds);
    const bare = open(t, of);
    t.false(readDevicePolicy(of, membership(of, bare.path), bare.path, STANDARD_DEVICES).holds);
  });
}

mechanisms.program('S29 a further program of the pod does not take the place of the policy', (t) => {
  const of: CgroupFacts = {...facts, devicePolicy: 'program'};
  const {path, directory, inside} = open(t, of);
  setDevicePolicy(of, path, STANDARD_DEVICES);
  using cgroup = openHost(directory as never, constants.O_RDONLY);
  using program = loadDeviceProgram(deviceProgram([{type: 'char', major: 1, minor: null, access: 'rwm'}]));
  attachDeviceProgram(cgroup, program);
  t.is(deviceProgramTags(cgroup).length, 2);
  t.is(inside('(exec 3</dev/mem) 2>/dev/null || echo refused'), 'refused\n');
  t.true(readDevicePolicy(of, membership(of, path), path, STANDARD_DEVICES).holds);
});

test('S29 without any mechanism a policy is an error', (t) => {
  const {devicePolicy: _, ...none} = facts;
  const error = t.throws(() => setDevicePolicy(none, '/none', STANDARD_DEVICES), {instanceOf: RktError});
  t.is(error.code, 'RKT_DEVICE_POLICY_NOT_HELD');
});
