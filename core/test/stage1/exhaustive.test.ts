import test from 'ava';
import {isolatorDefinitions} from '../../src/appc/isolators/definitions.ts';
import {CAPABILITIES, FEATURES, isolatorNames, type NamespaceKind, type ReadBack} from '../../src/contract/index.ts';
import {RktError} from '../../src/rkt-error.ts';
import {degrade, isDegradable} from '../../src/stage1/negotiation/degrade.ts';
import {checkFlavor} from '../support/check-flavor.ts';
import {app, declaration, pod} from '../support/fixtures.ts';

test('a namespace of a kind that cannot be read back is no promise, for the compiler and at load', (t) => {
  // @ts-expect-error the kernel's time namespace is none of the contract
  const readBack: ReadBack = {from: 'namespace', kind: 'time', is: 'own'};
  const kinds: readonly NamespaceKind[] = ['mount', 'uts', 'ipc', 'net', 'cgroup'];
  const flavor = (given: ReadBack) => {
    const {features, ...rest} = declaration();
    const support = {level: 'enforced', mechanism: 'by a test', readBack: given} as const;
    const hooks = {probe: () => [], filesystem: () => [], environment: () => [], launch: () => ({})};
    return {declaration: {...rest, features: {...features, 'pid/private': support}}, ...hooks};
  };
  for (const kind of kinds) t.notThrows(() => checkFlavor(flavor({from: 'namespace', kind, is: 'own'}), 'here'));
  const error = t.throws(() => checkFlavor(flavor(readBack), 'here'), {instanceOf: RktError});
  t.is(error.code, 'RKT_FLAVOR_DECLARATION_INVALID');
});

test('every isolator can be left out, and is gone from the app then', (t) => {
  for (const name of isolatorNames) {
    const [app] = pod().apps;
    const asking = {...pod(), apps: pod().apps.map((one) => ({...one, isolators: {[name]: {}}}))};
    t.true(isDegradable('isolator', name), name);
    t.deepEqual(degrade(asking, 'isolator', name, app?.name ?? null).apps[0]?.isolators, {}, name);
  }
});

test('what an isolator decides is as the kernel gives it without', (t) => {
  const restricted = {
    process: {
      capabilities: {bounding: ['CAP_CHOWN' as const], effective: [], ambient: []},
      apparmorProfile: 'web',
      selinuxContext: 'u:r:t:s0',
      noNewPrivileges: true,
      oomScoreAdj: 5,
      rlimits: [{name: 'nofile' as const, soft: 1, hard: 1}],
      seccomp: {default: {action: 'kill' as const}, rules: []},
    },
    limits: {
      memoryMax: 1,
      memoryLow: 1,
      memorySwapMax: 0,
      cpuMax: 1,
      cpuShares: 2,
      cpus: [1],
      memoryNodes: [1],
      hugepages: {2097152: 0},
      pidsMax: 1,
      ioBandwidth: 1,
      ioOperations: 1,
    },
  };
  const asking = pod({apps: [app(restricted)]});
  const every = {bounding: [...CAPABILITIES], effective: [...CAPABILITIES], ambient: []};
  const none = {apparmorProfile: undefined, selinuxContext: undefined};
  const open = {...none, capabilities: every, noNewPrivileges: false, oomScoreAdj: null, rlimits: [], seccomp: null};
  for (const [name, {decides}] of Object.entries(isolatorDefinitions)) {
    const [left] = degrade(asking, 'isolator', name, 'main').apps;
    const process = Object.fromEntries((decides.process ?? []).map((field) => [field, open[field]]));
    const limits = Object.entries(restricted.limits).filter(([limit]) => !decides.limits?.some((own) => own === limit));
    t.like(left, {process: {...asking.apps[0]?.process, ...process}}, name);
    t.deepEqual(left?.limits, Object.fromEntries(limits), name);
  }
});

test('features that a pod can be without are told from those that make it another one', (t) => {
  const degradable = FEATURES.filter((name) => isDegradable('feature', name));
  t.deepEqual(degradable.toSorted(), [
    ...[
      'devices/policy',
      'dns',
      'event-handlers',
      'hostname',
      'ipc/private',
      'kernel-paths/masked',
      'ports',
      'processes/apart',
      'processes/closed',
      'restart',
    ],
    ...['rootfs/read-only', 'user-namespace', 'watchdog'],
  ]);
  t.false(isDegradable('feature', 'toString'));
});
