import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {compileLimits} from '../../../src/appc/compile/limits.ts';
import {compileProcess} from '../../../src/appc/compile/process.ts';
import {normalizeIsolators} from '../../../src/appc/isolators/normalize.ts';
import type {HostPath} from '../../../src/contract/index.ts';
import {askedByImage} from '../../../src/pod/compose/asked-by-image.ts';
import {imageIsolators} from '../../../src/pod/compose/image-isolators.ts';
import {notAccepted} from '../../../src/pod/compose/not-accepted.ts';
import {imageIsolatorRefused} from '../../../src/pod/errors.ts';
import type {Settings} from '../../../src/settings.ts';
import {app} from '../../support/fixtures.ts';

type List = readonly {readonly name: string; readonly value: unknown}[];
interface Options {
  readonly user?: number;
  readonly insecure?: readonly string[];
  readonly oomScoreAdj?: number;
}

/** What an image with these isolators asks for. */
const asked = (list: List, {user = 0, insecure = [], oomScoreAdj = 0}: Options = {}) => {
  const isolators = normalizeIsolators(list, 'app');
  const section = {exec: ['/bin/true'], user: String(user), group: '0'};
  const process = compileProcess({
    appName: 'main',
    app: section,
    isolators,
    identity: {uid: user, gid: 0},
    insecure: new Set(insecure),
  });
  const limits = compileLimits(isolators);
  return askedByImage({app: section}, app({isolators, process, limits}), new Set(list.map(({name}) => name)), {
    insecure: new Set(insecure),
    hardLimits: {nofile: 1000, core: null, nice: 0},
    oomScoreAdj,
  });
};
const widens = (name: string, value: unknown, options?: Options) =>
  asked([{name, value}], options).find((isolator) => isolator.name === name)?.widens ?? [];

const CAPABILITIES = 'os/linux/capabilities-retain-set';

for (const [name, value, options] of [
  [CAPABILITIES, {set: ['CAP_CHOWN', 'CAP_SYS_ADMIN']}, {}],
  [CAPABILITIES, {set: ['CAP_SYS_PTRACE']}, {user: 1000}],
  ['os/linux/seccomp-remove-set', {set: ['reboot']}, {}],
  ['os/linux/seccomp-retain-set', {set: ['@appc.io/all']}, {}],
  ['os/linux/seccomp-retain-set', {set: ['read', 'io_uring_setup']}, {user: 1000}],
  ['os/linux/oom-score-adj', -1, {}],
  ['os/linux/no-new-privileges', false, {user: 1000, insecure: ['seccomp']}],
  ['os/unix/rlimits', {nofile: {soft: '10', hard: '1001'}}, {}],
  ['os/unix/rlimits', {nofile: {hard: 'unlimited'}}, {}],
  ['os/unix/rlimits', {nice: {hard: '1'}}, {}],
  ['os/linux/oom-score-adj', 499, {oomScoreAdj: 500}],
  ['os/linux/cpu-shares', 1025, {}],
  ['resource/cpu', {request: '1001m', limit: '2'}, {}],
  ['resource/memory', {request: '1', limit: '64Mi'}, {}],
  ['os/linux/apparmor-profile', {profile: 'unconfined'}, {}],
  ['os/linux/selinux-context', {user: 'u', role: 'r', type: 'unconfined_t', level: 's0'}, {}],
] as const)
  test(`S31 more than the defaults: ${name} ${JSON.stringify(value)}`, (t) => {
    t.not(widens(name, value, options).length, 0);
  });

for (const [name, value, options] of [
  [CAPABILITIES, {set: ['CAP_CHOWN']}, {}],
  ['os/linux/capabilities-remove-set', {set: ['CAP_CHOWN', 'CAP_SYS_ADMIN']}, {}],
  ['os/linux/seccomp-retain-set', {set: ['read', 'write']}, {}],
  ['os/linux/seccomp-remove-set', {set: ['@appc.io/empty']}, {}],
  ['os/linux/oom-score-adj', 0, {}],
  ['os/linux/oom-score-adj', 500, {}],
  ['os/linux/no-new-privileges', true, {}],
  ['os/linux/no-new-privileges', false, {}],
  ['os/linux/no-new-privileges', false, {user: 1000}],
  ['os/unix/rlimits', {nofile: {soft: '10', hard: '1000'}, core: {hard: 'unlimited'}}, {}],
  ['os/linux/cpu-shares', 1024, {}],
  ['resource/cpu', {request: '1', limit: '2'}, {}],
  ['resource/memory', {request: '0', limit: '64Mi'}, {}],
  ['resource/block-bandwidth', {default: true, limit: '1G'}, {}],
  ['resource/block-iops', {default: true, limit: '1G'}, {}],
  ['resource/network-bandwidth', {default: true, limit: '1G'}, {}],
  ['resource/pids', {limit: '64'}, {}],
  ['os/linux/cpuset-cpus', '0', {}],
  ['os/linux/cpuset-mems', '0', {}],
  ['resource/hugepages', {'2Mi': '64Mi'}, {}],
] as const)
  test(`S31 within the defaults: ${name} ${JSON.stringify(value)} ${JSON.stringify(options)}`, (t) => {
    t.deepEqual(widens(name, value, options), []);
  });

test('S31 the filter that comes with a capability is no further reason, nor does one hide behind the other', (t) => {
  const both = asked([
    {name: CAPABILITIES, value: {set: ['CAP_SYS_ADMIN']}},
    {name: 'os/linux/seccomp-retain-set', value: {set: ['@rkt/default-whitelist', 'io_uring_setup']}},
  ]);
  t.deepEqual(
    both.map(({name, widens: [first]}) => [name, first]),
    [
      [CAPABILITIES, 'CAP_SYS_ADMIN'],
      ['os/linux/seccomp-retain-set', 'io_uring_setup'],
    ],
  );
});

const wide = asked([{name: CAPABILITIES, value: {set: ['CAP_SYS_ADMIN']}}]);

/** A configuration that accepts this for these prefixes. */
const contextWith = (
  t: {teardown: (action: () => void) => void},
  prefixes: readonly string[],
  accept: readonly string[],
) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-accept-'));
  t.teardown(() => rmSync(directory, {recursive: true}));
  mkdirSync(path.join(directory, 'image.d'));
  const content = {rktVersion: 'v1', rktKind: 'image', prefixes, accept};
  if (prefixes.length > 0) writeFileSync(path.join(directory, 'image.d/a.json'), JSON.stringify(content));
  // As much of a context as the configuration needs.
  return {systemConfig: '/nowhere', localConfig: directory as HostPath, userConfig: undefined} as unknown as Settings;
};
const request = (forAll: readonly string[], forApp: readonly string[]) =>
  ({acceptImage: forAll, apps: [{acceptImage: forApp}]}) as unknown as Parameters<typeof notAccepted>[1];

test('S31 a request of processor time has no weight beside one that the operator gave', (t) => {
  const both = asked([
    {name: 'os/linux/cpu-shares', value: 10},
    {name: 'resource/cpu', value: {request: '4', limit: '8'}},
  ]);
  t.deepEqual(
    both.map(({widens}) => widens),
    [[], []],
  );
});

test('S31 what is more than the defaults is refused with its isolator and the flag', async (t) => {
  const context = contextWith(t, [], []);
  const {code, fields, hint} = imageIsolatorRefused(wide);
  t.is(code, 'RKT_IMAGE_ISOLATOR_REFUSED');
  t.deepEqual(fields.refused, wide);
  t.true(hint?.includes(`--accept-image=${CAPABILITIES}`));
  const left = (...accepted: Parameters<typeof request>) => notAccepted(context, request(...accepted), [wide]);
  t.deepEqual(await left([], []), wide);
  t.deepEqual(await left(['os/linux/oom-score-adj'], []), wide);
  t.deepEqual(await left([CAPABILITIES], []), []);
  t.deepEqual(await left([], [CAPABILITIES]), []);
  const narrow = asked([{name: 'resource/pids', value: {limit: 1}}]);
  t.deepEqual(await notAccepted(context, request([], []), [narrow]), []);
});

for (const [prefix, accept, holds] of [
  ['example.com/main', [CAPABILITIES], true],
  ['example.com', [CAPABILITIES], true],
  ['example.com/', [CAPABILITIES], true],
  ['example.com/ma', [CAPABILITIES], false],
  ['example.co', [CAPABILITIES], false],
  ['example.com/main/x', [CAPABILITIES], false],
  ['example.com', ['os/linux/oom-score-adj'], false],
] as const)
  test(`S31 the configuration accepts ${accept} of ${prefix}: ${holds}`, async (t) => {
    const left = await notAccepted(contextWith(t, [prefix], accept), request([], []), [wide]);
    t.deepEqual(left, holds ? [] : wide);
  });

test('S31 an unknown isolator in the configuration is an error', async (t) => {
  const context = contextWith(t, ['example.com'], ['os/linux/capabilities']);
  t.like(await t.throwsAsync(notAccepted(context, request([], []), [wide])), {code: 'RKT_CONFIG_FIELD_INVALID'});
});

test('S31 an isolator is of the image unless a flag or a pod manifest has replaced it', async (t) => {
  const isolators = [
    {name: CAPABILITIES, value: {set: ['CAP_SYS_ADMIN']}},
    {name: 'resource/pids', value: {limit: 5}},
  ];
  const images = [{manifest: {app: {isolators}}}] as unknown as Parameters<typeof imageIsolators>[1];
  const of = async (flags: List, manifest?: object) => {
    const text = manifest === undefined ? {} : {manifest: JSON.stringify(manifest)};
    const [names = new Set()] = await imageIsolators({apps: [{isolators: flags}], ...text} as never, images);
    return [...names];
  };
  t.deepEqual(await of([]), [CAPABILITIES, 'resource/pids']);
  t.deepEqual(await of([{name: 'os/linux/capabilities-remove-set', value: {set: ['CAP_CHOWN']}}]), ['resource/pids']);
  const pod = (section: object) => ({
    acVersion: '0.8.11',
    acKind: 'PodManifest',
    apps: [{name: 'main', image: {id: `sha512-${'a'.repeat(128)}`}, ...section}],
  });
  t.deepEqual(await of([], pod({})), [CAPABILITIES, 'resource/pids']);
  t.deepEqual(await of([], pod({app: {exec: ['/bin/true'], user: '0', group: '0'}})), []);
});
