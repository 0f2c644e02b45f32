import test from 'ava';
import type {Flavor, Launch, Pod, Step} from '../../../src/contract/index.ts';
import {draftPlan} from '../../../src/stage1/negotiation/draft-plan.ts';
import {planAgain} from '../../../src/stage1/verify/plan-again.ts';
import {declaration, hostFacts, pod} from '../../support/fixtures.ts';

const launch = ({apps: [app]}: Pod): Launch => {
  if (app === undefined) throw new Error('no app');
  const root = {in: 'rootfs', app: app.name, path: '/' as never} as const;
  return {into: 'rootfs', root, process: app.process, passSockets: false};
};
const hostname = (id: string, name: string): Step => ({id, do: 'hostname', name});

/** A flavor that makes one plan, and then another. */
const changing = (later: Partial<Flavor>) => {
  const first = {
    declaration: declaration(),
    probe: () => [],
    filesystem: () => [hostname('a', 'one'), hostname('b', 'two')],
    environment: () => [],
    launch,
  } as unknown as Flavor;
  const given = {pod: pod(), facts: hostFacts()};
  const plan = draftPlan({flavor: first, digest: 'sha256-0'}, given.pod, given.facts);
  return planAgain(
    {flavor: {...first, ...later}, digest: 'sha256-0'},
    {...given, plan: JSON.parse(JSON.stringify(plan))},
  );
};

test('the same flavor makes the same plan again', (t) => {
  t.like(changing({}), {name: 'plan', app: null, holds: true});
});

const changes: Readonly<Record<string, {later: Partial<Flavor>; place: RegExp}>> = {
  'a step that is another': {
    later: {filesystem: () => [hostname('a', 'other'), hostname('b', 'two')]},
    place: /^another: filesystem\.a$/,
  },
  'a step less': {later: {filesystem: () => [hostname('a', 'one')]}, place: /^another: filesystem\.b$/},
  'a step more': {later: {environment: () => [hostname('c', 'three')]}, place: /^another: environment\.c$/},
  'another order': {
    later: {filesystem: () => [hostname('b', 'two'), hostname('a', 'one')]},
    place: /^another: filesystem: the order of its steps$/,
  },
  'another process, without its secrets': {
    later: {
      launch: (given) => {
        const made = launch(given);
        return {...made, process: {...made.process, env: [{name: 'SECRET', value: 'x'}], umask: 0}};
      },
    },
    place: /^another: launch\.process\.env, launch\.process\.umask$/,
  },
  'a field less': {
    later: {launch: (given) => ({...launch(given), passSockets: true})},
    place: /^another: launch\.passSockets$/,
  },
};
for (const [what, {later, place}] of Object.entries(changes)) {
  test(`another plan is told by where it differs: ${what}`, (t) => {
    const {holds, actual} = changing(later);
    t.false(holds);
    t.regex(actual, place);
  });
}
