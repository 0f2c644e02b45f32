import test from 'ava';
import {declaration, hostFacts, pod} from '../../core/test/support/fixtures.ts';
import {defineFlavor, hostPath, launcherProcess, podPath, programOf, rootfsPath, unsupported} from '../src/index.ts';

const hooks = {probe: () => [], filesystem: () => [], environment: () => [], launch: () => ({}) as never};

test('every function of a definition is a hook, a misspelt one too, so that rkt refuses it by name', (t) => {
  const {contract: _, ...declared} = declaration();
  const misspelt = {...declared, ...hooks, entre: () => ({}) as never, stop: undefined};
  const flavor = defineFlavor(misspelt as never);
  t.deepEqual(Object.keys(flavor).sort(), ['declaration', 'entre', 'environment', 'filesystem', 'launch', 'probe']);
  t.deepEqual(flavor.declaration, {...declared, contract: flavor.declaration.contract});
});

test('a declaration that promises nothing names everything', (t) => {
  const {isolators, features, verbs} = declaration();
  const rest = unsupported('because');
  for (const [all, declared] of [
    [rest.isolators, isolators],
    [rest.features, features],
    [rest.verbs, verbs],
  ]) {
    t.deepEqual(Object.keys(all ?? {}), Object.keys(declared ?? {}));
    for (const support of Object.values(all ?? {})) t.deepEqual(support, {level: 'impossible', consequence: 'because'});
  }
});

test('paths are checked where they are made', (t) => {
  t.is(hostPath('/usr/bin/bwrap') as string, '/usr/bin/bwrap');
  t.is(rootfsPath('/') as string, '/');
  t.is(podPath('stage1/x') as string, 'stage1/x');
  for (const wrong of ['usr', '', '/a\0b', `/${'x'.repeat(4096)}`]) {
    t.throws(() => hostPath(wrong), {instanceOf: TypeError});
    t.throws(() => rootfsPath(wrong), {instanceOf: TypeError});
  }
  for (const wrong of ['/x', '..', 'a/../b', './a', '', 'x'.repeat(1025)])
    t.throws(() => podPath(wrong), {instanceOf: TypeError});
});

test('a launcher has what rkt has, and none of what is for the app', (t) => {
  const host = hostFacts({programs: {bwrap: {path: hostPath('/usr/bin/bwrap'), version: '1'}, other: null}});
  t.is(programOf(host, 'bwrap') as string, '/usr/bin/bwrap');
  for (const absent of ['other', 'unknown']) t.throws(() => programOf(host, absent));
  const launcher = launcherProcess(host, ['bwrap', '--version']);
  t.like(launcher, {argv: ['bwrap', '--version'], uid: 0, cwd: '/', seccomp: null});
  t.deepEqual(launcher.capabilities.effective, host.capabilities);
  t.notDeepEqual(launcher.capabilities, pod().apps[0]?.process.capabilities);
});
