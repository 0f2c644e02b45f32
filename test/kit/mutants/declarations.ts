import {spawnSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import type {Step} from '@rkt/plugin-sdk';
import {add, all, boasts, both, change, declared, drop, inApp, says, silent, steps} from './edit.ts';
import type {Mutant} from './mutant.ts';

/* Declarations that say more than is done, and hooks that do more than they may. */

const FLY = ['fly'] as const;

const boast = (
  kind: 'features' | 'isolators' | 'verbs',
  name: string,
  cases: readonly string[],
  says: RegExp = /./,
): Mutant => ({
  name: `boasts-of-${name.replaceAll('/', '-')}`,
  breaks: `${name} is kept where it is declared`,
  flavors: FLY,
  cases,
  says,
  mutate: boasts(kind, name),
});

const note = (content: () => string) =>
  add((app): Step[] => [
    {id: 'note', do: 'write', target: inApp(app, '/dev/note'), content: content(), mode: 0o644, uid: 0, gid: 0},
  ]);

let calls = 0;

export const declarationMutants: readonly Mutant[] = [
  {...boast('features', 'hostname', ['PO-01/hostname'], /stdout/), sample: true},
  boast('features', 'network/none', ['EX-22/none'], /net namespace|network\/none/),
  boast('features', 'pid/private', ['PO-01/pid'], /pid namespace/),
  boast('features', 'user-namespace', ['S24/ids'], /user namespace|status/),
  boast('features', 'apps/many', ['PO-01/apps', 'apps/first-failing']),
  boast('features', 'event-handlers', ['IM-18/handlers'], /before/),
  boast('features', 'restart', ['restart/always']),
  boast('features', 'stdio/journal', ['EX-24/journal-stdout']),
  boast('features', 'processes/closed', ['S28/closed'], /root of/),
  boast('features', 'machine/unique', ['S32/unique'], /boot_id of two machines is the same/),
  boast('isolators', 'os/unix/sysctl', ['EX-55/sysctl'], /stdout|4444/),
  boast('verbs', 'exit-status', ['exit-status/recorded'], /app-/),
  boast('verbs', 'ready', ['ready/said']),
  {
    name: 'no-private-ipc',
    breaks: '--ipc=private: an ipc namespace of its own',
    flavors: FLY,
    cases: ['PO-01/ipc-private'],
    says: /ipc namespace/,
    sample: true,
    mutate: change('namespace', (step) => ({...step, unshare: step.unshare.filter((kind) => kind !== 'ipc')})),
  },
  {
    name: 'no-host-ipc',
    breaks: "--ipc=parent: the host's ipc namespace",
    flavors: FLY,
    cases: ['PO-01/ipc-host'],
    says: /ipc namespace/,
    mutate: change('namespace', (step) => ({...step, unshare: [...new Set([...step.unshare, 'ipc' as const])]})),
  },
  {
    name: 'no-host-network',
    breaks: "the host's network namespace by default",
    flavors: FLY,
    cases: ['EX-22/host', 'EX-33/properties'],
    says: /net(work)? namespace|host-network/,
    mutate: change('namespace', (step) => ({...step, unshare: [...step.unshare, 'net']})),
  },
  {
    name: 'property-own-network',
    breaks: 'the properties of a flavor are those of its pods',
    flavors: FLY,
    cases: ['EX-33/properties'],
    says: /own-network/,
    mutate: declared(() => ({properties: ['host-ipc', 'own-network', 'host-pid']})),
  },
  {
    name: 'property-own-pid',
    breaks: 'the properties of a flavor are those of its pods',
    flavors: FLY,
    cases: ['EX-33/properties'],
    says: /own-pid/,
    mutate: declared(() => ({properties: ['host-ipc', 'host-network', 'own-pid']})),
  },
  {
    name: 'property-own-kernel',
    breaks: 'the properties of a flavor are those of its pods',
    flavors: ['fly', 'nspawn'],
    cases: ['EX-33/properties'],
    says: /own-kernel/,
    mutate: declared(({properties}) => ({properties: [...properties, 'own-kernel']})),
  },
  {
    name: 'silent-about-capabilities',
    breaks: 'what the kernel shows of a promise is compared with it',
    flavors: ['fly', 'nspawn'],
    cases: ['EX-33/read-back'],
    says: /os\/linux\/capabilities-retain-set/,
    sample: true,
    mutate: silent('isolators', 'os/linux/capabilities-retain-set'),
  },
  {
    name: 'silent-about-filter',
    breaks: 'what the kernel shows of a promise is compared with it, and so a call that the filter lets pass',
    flavors: FLY,
    cases: ['EX-33/read-back'],
    says: /os\/linux\/seccomp-retain-set/,
    mutate: all(
      silent('isolators', 'os/linux/seccomp-retain-set'),
      both(({seccomp}) => ({
        seccomp: seccomp && {
          ...seccomp,
          rules: seccomp.rules.map((rule) => ({...rule, syscalls: [...rule.syscalls].slice(0, -1)})),
        },
      })),
    ),
  },
  {
    name: 'silent-about-masks',
    breaks: 'what the kernel shows of a promise is compared with it, and so a path that is not hidden',
    flavors: FLY,
    cases: ['EX-33/read-back'],
    says: /kernel-paths\/masked/,
    mutate: all(
      silent('features', 'kernel-paths/masked'),
      change('mask', (step) => ({...step, paths: step.paths.filter((path) => path !== '/proc/acpi')})),
    ),
  },
  {
    name: 'looks-elsewhere-for-memory',
    breaks: 'a promise is compared with what the kernel shows of it, not of something else',
    flavors: FLY,
    cases: ['EX-33/read-back'],
    says: /resource\/memory/,
    mutate: says('isolators', 'resource/memory', (support) => ({...support, readBack: {from: 'limits'}}) as never),
  },
  {
    name: 'looks-at-own-network',
    breaks: 'what is read back is what was promised',
    flavors: FLY,
    cases: ['EX-22/host', 'EX-33/read-back'],
    says: /network\/host/,
    mutate: says(
      'features',
      'network/host',
      (support) => ({...support, readBack: {from: 'namespace', kind: 'net', is: 'own'}}) as never,
    ),
  },
  {
    name: 'limit-not-applicable',
    breaks: 'nothing is lost of what is called not applicable',
    flavors: FLY,
    cases: ['EX-33/nothing-lost'],
    says: /resource\/memory/,
    mutate: all(
      says('isolators', 'resource/memory', {level: 'not-applicable', consequence: 'memory is cheap'}),
      change('cgroup', (step) => ({...step, limits: {}})),
    ),
  },
  {
    name: 'filter-not-applicable',
    breaks: 'nothing is lost of what is called not applicable',
    flavors: FLY,
    cases: ['EX-33/nothing-lost'],
    says: /os\/linux\/seccomp-retain-set/,
    mutate: all(
      says('isolators', 'os/linux/seccomp-retain-set', {level: 'not-applicable', consequence: 'apps behave'}),
      both(() => ({seccomp: null})),
    ),
  },
  {
    name: 'mask-not-applicable',
    breaks: 'nothing is lost of what is called not applicable',
    flavors: FLY,
    cases: ['EX-33/nothing-lost'],
    says: /kernel-paths\/masked/,
    mutate: all(
      says('features', 'kernel-paths/masked', {level: 'not-applicable', consequence: 'nobody looks'}),
      drop(/^mask\./),
    ),
  },
  {
    name: 'random',
    breaks: 'the same question has the same plan',
    flavors: ['fly', 'nspawn'],
    cases: ['run/plan-same'],
    says: /RKT_FLAVOR_IMPURE/,
    sample: true,
    mutate: note(() => String(Math.random())),
  },
  {
    name: 'counts',
    breaks: 'a hook remembers nothing',
    flavors: FLY,
    cases: ['run/plan-same'],
    says: /RKT_FLAVOR_IMPURE/,
    mutate: note(() => String(++calls)),
  },
  {
    name: 'clock',
    breaks: 'a hook knows no time',
    flavors: FLY,
    cases: ['run/plan-same'],
    says: /RKT_FLAVOR_IMPURE|plan/,
    mutate: note(() => String(Math.floor(Date.now() / 50))),
  },
  {
    name: 'writes-a-file',
    breaks: 'a hook writes nothing',
    flavors: FLY,
    cases: ['run/plan-same'],
    says: /RKT_FLAVOR_DENIED/,
    sample: true,
    mutate: note(() => {
      writeFileSync('/tmp/rkt-liar', '');
      return '';
    }),
  },
  {
    name: 'reads-the-host',
    breaks: 'a hook reads nothing of the host',
    flavors: FLY,
    cases: ['run/plan-same'],
    says: /RKT_FLAVOR_DENIED/,
    mutate: note(() => String(readFileSync('/proc/uptime', 'utf8').length)),
  },
  {
    name: 'starts-a-program',
    breaks: 'a hook starts nothing',
    flavors: FLY,
    cases: ['run/plan-same'],
    says: /RKT_FLAVOR_DENIED/,
    mutate: note(() => String(spawnSync('/bin/true').status)),
  },
  {
    name: 'order-by-chance',
    breaks: 'the same question has the same plan, in the same order',
    flavors: FLY,
    cases: ['run/plan-same'],
    says: /RKT_FLAVOR_IMPURE/,
    mutate: steps((made) =>
      made.length % 2 === ++calls % 2 ? [...made] : [...made.slice(0, -2), ...made.slice(-2).reverse()],
    ),
  },
  {
    name: 'changes-the-pod',
    breaks: 'a hook changes nothing that it was given',
    flavors: FLY,
    cases: ['run/living'],
    says: /RKT_FLAVOR_FAILED/,
    mutate: steps((made, pod) => {
      (pod as {cgroup: string}).cgroup = 'elsewhere';
      return [...made];
    }),
  },
  {
    name: 'two-steps-of-one-name',
    breaks: 'steps are told from each other by their names',
    flavors: FLY,
    cases: ['run/living'],
    says: /RKT_FLAVOR_PLAN_INVALID/,
    mutate: steps((made) => [...made, ...made.slice(-1)]),
  },
];
