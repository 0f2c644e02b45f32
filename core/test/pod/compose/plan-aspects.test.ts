import test from 'ava';
import type {Declaration, HostFacts, Launch, Pod, Step} from '../../../src/contract/index.ts';
import {measuredAspects, planAspects} from '../../../src/pod/compose/plan-aspects.ts';
import type {FoundFlavor} from '../../../src/stage1/load/find.ts';
import {app, declaration, hostFacts, pod} from '../../support/fixtures.ts';

/** What a pod costs besides its apps, by what is launched. */
const costs = (launch: Launch, properties: Declaration['properties'] = [], changes: Partial<Pod> = {}) => {
  const found = {flavor: {declaration: declaration({properties})}} as FoundFlavor; // no more is looked at
  const frozen = pod(changes);
  const plan = {
    pod: frozen.uuid,
    contract: '1.1.0',
    flavor: {name: 'test', version: '1.0.0', digest: ''},
    filesystem: [],
    environment: [],
    launch,
  };
  const aspects = planAspects({
    ...{pod: frozen, plan, found, facts: hostFacts()},
    report: {flavor: 'test', entries: []},
  });
  const told = (name: string) => aspects.find(({about, what}) => about === 'costs' && what === name)?.value;
  return [told('processes besides the apps'), told('memory besides the apps'), told('start')];
};

test('the cgroup of a pod is told in whichever stage it is made', (t) => {
  const frozen = pod();
  const cgroup: Step = {...{id: 'cgroup', do: 'cgroup', stage: 'filesystem'}, ...{path: 'pod', join: true, limits: {}}};
  const found = {flavor: {declaration: declaration({})}} as FoundFlavor; // no more is looked at
  const toldOf = (filesystem: Step[], environment: Step[]) => {
    const rest = {pod: frozen.uuid, contract: '1.1.0', flavor: {name: 'test', version: '1.0.0', digest: ''}};
    const plan = {...rest, filesystem, environment, launch: intoRootfs};
    const report = {flavor: 'test', entries: []};
    const aspects = planAspects({pod: frozen, plan, found, facts: hostFacts(), report});
    return aspects.find(({what}) => what === 'cgroup')?.value;
  };
  t.is(toldOf([cgroup], []), toldOf([], [cgroup]));
  t.not(toldOf([cgroup], []), toldOf([], []));
});

const common = {process: app().process, passSockets: false};
const root = {in: 'pod', path: app().mountPoint} as const;
const intoRootfs: Launch = {...common, into: 'rootfs', root};
const START = '0 steps, of which 0 mount something, then ';

test('an app that takes the place of rkt has nothing besides it', (t) => {
  t.deepEqual(costs(intoRootfs), ["none: the app takes rkt's place", 'none', `${START}the app`]);
});

test('what is launched into a rootfs by a flavor with a kernel of its own is no app', (t) => {
  const monitor: Launch = {...intoRootfs, process: app({process: {argv: ['/monitor', 'x']}}).process};
  const all = '/monitor, and what it starts';
  t.deepEqual(costs(monitor, ['own-kernel']), [all, `that of ${all}`, `${START}/monitor`]);
});

test('rkt stays before the terminal of an interactive pod, and of no other', (t) => {
  const onTerminal: Launch = {...intoRootfs, terminal: root};
  const all = 'rkt, which stays before the terminal';
  t.deepEqual(costs(onTerminal, [], {interactive: true}), [all, `that of ${all}`, `${START}the app`]);
  t.deepEqual(costs(onTerminal), costs(intoRootfs));
  t.deepEqual(costs(intoRootfs, [], {interactive: true}), costs(intoRootfs));
});

test('what has been measured has its date, and says of which version it is when that is another one now', (t) => {
  const measured = {
    flavor: {name: 'test', version: '1.0.0', digest: 'sha256-1'},
    measuredAt: Date.UTC(2026, 0, 2),
    milliseconds: 120,
    runs: 5,
    processes: 1,
    memoryBytes: 3 * 2 ** 19,
  };
  const told = (digest: string) => measuredAspects(measured, digest).map(({value}) => value);
  t.deepEqual(told('sha256-1'), [
    '120 ms from the start of rkt to the end of an app that does nothing, the median of 5, on 2026-01-02',
    '1.5 MiB in 1 process besides the app, on 2026-01-02',
  ]);
  for (const value of told('sha256-2')) t.regex(value, /, as test was then, 1\.0\.0$/);
});

test('the pod of an ordinary user has what its plan gives it, and no cgroup', (t) => {
  const frozen = pod();
  const tell = (facts: HostFacts, unshare: ('mount' | 'ipc' | 'pid')[]) => {
    const aspects = planAspects({
      pod: frozen,
      plan: {
        pod: frozen.uuid,
        contract: '1.1.0',
        flavor: {name: 'test', version: '1.0.0', digest: ''},
        filesystem: [{id: 'namespace', do: 'namespace', unshare}],
        environment: [{id: 'cgroup', do: 'cgroup', path: frozen.cgroup, limits: {}, join: true}],
        launch: intoRootfs,
      },
      report: {flavor: 'test', entries: []},
      found: {flavor: {declaration: declaration({properties: ['host-pid', 'host-ipc']})}} as FoundFlavor, // no more is looked at
      facts,
    });
    return Object.fromEntries(aspects.map(({what, value}) => [what, value]));
  };
  const facts = hostFacts();
  const roots = tell(facts, ['mount']);
  t.like(roots, {'user ids': 'none', cgroup: 'one, by which it is limited, counted and killed'});
  t.regex(roots.processes ?? '', /^the host's/);
  t.regex(roots.ipc ?? '', /^the host's/);
  t.regex(roots.users ?? '', /of the host/);
  const users = tell(
    {
      ...facts,
      rootless: {users: 65_537, groups: 65_537, changesGroups: true},
      cgroup: {mode: 'none', hierarchies: [], controllers: [], parent: '/'},
    },
    ['mount', 'ipc', 'pid'],
  );
  t.like(users, {processes: "the pod's own", ipc: "the pod's own", cgroup: 'none'});
  t.regex(users.users ?? '', /^to the host, root is the user who runs rkt/);
  t.regex(users['user ids'] ?? '', /^65537 of the user/);
});
