import test from 'ava';
import type {ReportEntry} from '../../../src/contract/plan.ts';
import type {NamespaceKind} from '../../../src/contract/step.ts';
import {comparePlans, type Planned} from '../../../src/pod/compose/compare-plans.ts';

const entry = (name: string, verdict: ReportEntry['verdict'], app: string | null = null): ReportEntry => ({
  kind: 'feature',
  name,
  app,
  origin: 'default',
  verdict,
  value: true,
  how: `how ${name} is ${verdict}`,
});

const planned = (
  name: string,
  properties: Planned['properties'],
  entries: ReportEntry[],
  pod: Planned['pod'] = {ipc: 'auto', network: {mode: 'host', names: []}},
  unshare: readonly NamespaceKind[] = [],
): Planned => ({
  properties,
  pod,
  report: {flavor: name, entries},
  plan: {
    flavor: {name, version: '1.0.0', digest: ''},
    filesystem: [{id: 'namespace', do: 'namespace', unshare: [...unshare]}],
    environment: [],
  },
});

const AUTO = {ipc: 'auto'} as const;
const names = (named: readonly {readonly name: string}[]) => named.map(({name}) => name);

test('a kernel of its own is more than namespaces', (t) => {
  const namespaces = planned('a', ['own-pid', 'own-ipc'], [entry('user-namespace', 'enforced')]);
  const machine = planned('b', ['own-kernel'], []);
  const up = comparePlans(namespaces, machine, AUTO);
  t.deepEqual([names(up.losses), up.gains], [[], ['own-kernel']]);
  const down = comparePlans(machine, namespaces, AUTO);
  t.deepEqual([names(down.losses), down.gains], [['own-kernel'], []]);
});

test('what was enforced and is somebody’s word, or nothing, is a loss; what was only a word is none', (t) => {
  const before = planned(
    'a',
    [],
    [entry('devices/policy', 'enforced'), entry('processes/apart', 'modified', 'web'), entry('dns', 'unproved')],
  );
  const after = planned(
    'b',
    [],
    [entry('devices/policy', 'unproved'), entry('processes/apart', 'ignored', 'web'), entry('dns', 'ignored')],
  );
  const {losses, promises} = comparePlans(before, after, AUTO);
  t.deepEqual(names(losses), ['devices/policy', 'processes/apart']);
  t.regex(losses[1]?.because ?? '', /^app "web": ignored: how/);
  t.deepEqual(names(promises), ['devices/policy', 'processes/apart', 'dns']);
  t.deepEqual(comparePlans(before, before, AUTO).promises, []);
});

test('a network and ipc that a flag asks for are no loss', (t) => {
  const alone: Planned['pod'] = {ipc: 'private', network: {mode: 'none', names: []}};
  const before = planned('a', [], [entry('network/none', 'enforced'), entry('ipc/private', 'enforced')], alone);
  const shared = planned('b', [], [entry('network/host', 'enforced')], {
    ipc: 'host',
    network: {mode: 'host', names: []},
  });
  t.deepEqual(names(comparePlans(before, shared, AUTO).losses), ['no-shared-ipc', 'no-shared-network']);
  t.deepEqual(comparePlans(before, shared, {net: 'host', ipc: 'parent'}).losses, []);
  // Asked for, and not given.
  const lost = planned('b', [], [entry('network/none', 'ignored')], alone);
  t.deepEqual(names(comparePlans(before, lost, AUTO).losses), ['no-shared-ipc', 'no-shared-network', 'network/none']);
});

test('the pids and ipc that a plan makes for a pod are its own, whatever the flavor declares', (t) => {
  const users = planned('a', ['host-pid', 'host-ipc'], [], undefined, ['mount', 'ipc', 'pid']);
  const shared = planned('b', ['host-pid', 'host-ipc'], [], undefined, ['mount']);
  t.deepEqual(names(comparePlans(users, shared, AUTO).losses), ['no-shared-pid', 'no-shared-ipc']);
  t.deepEqual(comparePlans(shared, users, AUTO).gains, ['no-shared-pid', 'no-shared-ipc']);
});
