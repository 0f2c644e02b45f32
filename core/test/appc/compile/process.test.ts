import test from 'ava';
import {compileProcess, type ProcessInput} from '../../../src/appc/compile/process.ts';
import {normalizeIsolators} from '../../../src/appc/isolators/normalize.ts';
import {parseImageManifest} from '../../../src/appc/parse-image-manifest.ts';
import {CAPABILITIES} from '../../../src/contract/kernel-names.ts';
import {process as processSchema} from '../../../src/contract/process.ts';
import {refused, sample} from '../support.ts';

const app = {exec: ['/bin/a', '--x'], user: '0', group: '0'};
const input = (changes: Partial<ProcessInput> = {}): ProcessInput => ({
  appName: 'main',
  app,
  isolators: {},
  identity: {uid: 0, gid: 0},
  insecure: new Set(),
  ...changes,
});
const enabled = (value: boolean) => ({'os/linux/no-new-privileges': {enabled: value}});
const user = {uid: 1000, gid: 1000};

test('EX-30 defaults: root directory, no groups, umask 022, nothing of the kernel changed', (t) => {
  t.like(compileProcess(input()), {
    argv: ['/bin/a', '--x'],
    cwd: '/',
    uid: 0,
    gid: 0,
    groups: [],
    umask: 0o022,
    noNewPrivileges: false,
    rlimits: [],
    oomScoreAdj: null,
  });
});

test('S01 a whole manifest is compiled into one description, which fits the contract', (t) => {
  const manifest = parseImageManifest(sample('image-full.json'));
  const effective = manifest.app;
  if (effective == null) return t.fail();
  const isolators = normalizeIsolators(effective.isolators, 'app');
  const result = compileProcess(input({appName: 'cart', app: effective, isolators, identity: {uid: 1000, gid: 44}}));
  t.deepEqual(processSchema.parse(result), result);
  t.like(result, {
    argv: ['/usr/bin/cart', '--listen', ':8080'],
    cwd: '/srv/cart',
    uid: 1000,
    gid: 44,
    groups: [20],
    noNewPrivileges: true,
    oomScoreAdj: -100,
    rlimits: [
      {name: 'core', soft: null, hard: null},
      {name: 'nofile', soft: 1024, hard: 4000},
    ],
    capabilities: {bounding: ['CAP_NET_BIND_SERVICE'], effective: [], ambient: []},
  });
  t.deepEqual(result.seccomp?.default, {action: 'allow'});
  t.deepEqual(result.env.find(({name}) => name === 'cart.retries-max')?.value, '$HOME is not replaced');
  t.true(Object.hasOwn(isolators, 'example.org/quantum'));
});

test('S01 the same input gives the same description', (t) => {
  t.deepEqual(JSON.stringify(compileProcess(input())), JSON.stringify(compileProcess(input())));
});

test('IM-15 no program is refused', (t) => {
  for (const exec of [undefined, null, [], ['']]) {
    const {exec: _, ...rest} = app;
    const nothing = exec === undefined ? rest : {...rest, exec};
    t.is(refused(t, 'RKT_APP_EXEC_MISSING', () => compileProcess(input({app: nothing}))).app, 'main');
  }
});

test('IM-17 supplementary groups are given once and without the primary one', (t) => {
  t.deepEqual(compileProcess(input({app: {...app, supplementaryGIDs: [5, 0, 5, 7]}})).groups, [5, 7]);
});

const noNewPrivileges: readonly (readonly [string, Partial<ProcessInput>, boolean])[] = [
  ['root', {}, false],
  ['root who asks', {isolators: enabled(true)}, true],
  ['another user', {identity: user}, true],
  ['another user who says no but has a filter', {identity: user, isolators: enabled(false)}, true],
  ['another user without filter', {identity: user, insecure: new Set(['seccomp'])}, true],
  [
    'another user without filter who says no',
    {identity: user, insecure: new Set(['seccomp']), isolators: enabled(false)},
    false,
  ],
];
for (const [who, changes, expected] of noNewPrivileges) {
  test(`EX-49 ${who}: no-new-privileges is ${expected}`, (t) => {
    t.is(compileProcess(input(changes)).noNewPrivileges, expected);
  });
}

test('EX-43 EX-48 insecure options leave the filter out and the capabilities in', (t) => {
  t.is(compileProcess(input({insecure: new Set(['seccomp'])})).seccomp, null);
  const all = compileProcess(input({insecure: new Set(['capabilities'])}));
  t.deepEqual(all.capabilities.bounding, [...CAPABILITIES]);
  t.true(all.seccomp?.rules[0]?.syscalls.includes('mount'));
});
