import test, {type ExecutionContext} from 'ava';
import type {Flavor, Launch, Pod, Step} from '../../../src/contract/index.ts';
import {RktError} from '../../../src/rkt-error.ts';
import {declaration, hostFacts, pod} from '../../support/fixtures.ts';
import {makePlan} from '../../support/make-plan.ts';

const launch = (of: Pod): Launch => {
  const [first] = of.apps;
  if (first === undefined) throw new Error('no app');
  return {
    into: 'rootfs',
    root: {in: 'rootfs', app: first.name, path: '/' as never},
    process: first.process,
    passSockets: false,
  };
};
const found = (changes: Partial<Flavor> = {}) => ({
  flavor: {
    declaration: declaration(),
    probe: () => [],
    filesystem: () => [{id: 'namespace', do: 'namespace', unshare: ['mount']}] satisfies Step[],
    environment: () => [],
    launch,
    ...changes,
  } as Flavor,
  digest: 'sha256-0',
  source: '/flavor.js',
});
const failing = (changes: Partial<Flavor>) => (t: ExecutionContext) =>
  t.throws(() => makePlan(found(changes), pod(), hostFacts()), {instanceOf: RktError});

test('a plan has the stages, the flavor and its digest', (t) => {
  const plan = makePlan(found(), pod(), hostFacts());
  t.deepEqual(plan.flavor, {name: 'test', version: '1.0.0', digest: 'sha256-0'});
  t.is(plan.filesystem.length, 1);
  t.true(Object.isFrozen(plan.launch.process.argv));
});

test('an unknown kind of step is refused with its place', (t) => {
  const error = failing({environment: () => [{id: 'x', do: 'format-disk'}] as never})(t);
  t.is(error.code, 'RKT_FLAVOR_PLAN_INVALID');
  t.is(error.fields.where, '.environment[0].do');
});

test('an unknown field of a step is refused', (t) => {
  const error = failing({environment: () => [{id: 'x', do: 'hostname', name: 'a', nmae: 'b'}] as never})(t);
  t.is(error.code, 'RKT_FLAVOR_PLAN_INVALID');
});

test('two steps of one name are refused', (t) => {
  const error = failing({environment: () => [{id: 'namespace', do: 'hostname', name: 'a'}]})(t);
  t.is(error.fields.where, 'namespace');
});

test('nothing is mounted before the mount namespace of the host has been left', (t) => {
  const mount = {
    ...{id: 'mount', do: 'mount', type: 'tmpfs', target: {in: 'pod', path: 'a' as never}, flags: [], options: {}},
  } satisfies Step;
  const namespace = {id: 'namespace', do: 'namespace', unshare: ['mount']} satisfies Step;
  t.is(failing({filesystem: () => [mount, namespace]})(t).fields.where, 'mount');
  t.is(
    failing({filesystem: () => [{...namespace, unshare: ['ipc']}], environment: () => [mount]})(t).fields.where,
    'mount',
  );
  t.is(failing({filesystem: () => []})(t).fields.where, 'launch');
  t.notThrows(() => makePlan(found({environment: () => [mount]}), pod(), hostFacts()));
});

test('a path of the pod cannot leave it', (t) => {
  for (const path of ['../x', 'a/../../x', '/x', 'a/./b', '']) {
    const step = {id: 'x', do: 'mkdir', target: {in: 'pod', path}, mode: 0o755, uid: 0, gid: 0} as never;
    t.is(failing({environment: () => [step]})(t).code, 'RKT_FLAVOR_PLAN_INVALID', path);
  }
});

test('a hook that throws is named', (t) => {
  const error = failing({
    launch: () => {
      throw new TypeError('oops');
    },
  })(t);
  t.is(error.code, 'RKT_FLAVOR_FAILED');
  t.is(error.fields.hook, 'launch');
  t.true(error.cause instanceof TypeError);
});

test('a flavor cannot change the pod', (t) => {
  const error = failing({
    filesystem: (given) => {
      (given as {hostname: string | null}).hostname = 'mine';
      return [];
    },
  })(t);
  t.is(error.code, 'RKT_FLAVOR_FAILED');
});

test('a file of a plan has at most 1 MiB, counted in bytes', (t) => {
  const writing = (content: string) => ({
    environment: (): Step[] => [
      {id: 'file', do: 'write', target: {in: 'pod', path: 'file' as never}, content, mode: 0o644, uid: 0, gid: 0},
    ],
  });
  t.notThrows(() => makePlan(found(writing('x'.repeat(2 ** 20))), pod(), hostFacts()));
  for (const content of ['x'.repeat(2 ** 20 + 1), 'é'.repeat(2 ** 19 + 1)]) {
    const error = failing(writing(content))(t);
    t.is(error.code, 'RKT_FLAVOR_PLAN_TOO_LARGE');
    t.is(error.fields.where, '.environment[0].content');
  }
});
