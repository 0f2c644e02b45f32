import test from 'ava';
import {STANDARD_DEVICES} from '../../../src/appc/compile/devices.ts';
import {CAPABILITIES, type Capability, type HostFacts} from '../../../src/contract/index.ts';
import {RktError} from '../../../src/rkt-error.ts';
import {negotiate, type Problem} from '../../../src/stage1/negotiation/negotiate.ts';
import {app, declaration, hostFacts, pod} from '../../support/fixtures.ts';

const DEFAULT: readonly Capability[] = ['CAP_CHOWN', 'CAP_KILL', 'CAP_MKNOD'];
const having = (bounding: readonly Capability[], isolators = {}) =>
  pod({
    devices: [...STANDARD_DEVICES],
    apps: [app({process: {capabilities: {bounding: [...bounding], effective: [...bounding], ambient: []}}, isolators})],
  });
const retaining = (...set: Capability[]) => having(set, {'os/linux/capabilities-retain-set': {set}});
const run = (
  asked: ReturnType<typeof pod>,
  host: HostFacts,
  allowDegraded: readonly string[] = [],
  flavor = declaration(),
) => negotiate({declaration: flavor, findings: [], pod: asked, host, allowDegraded});
const features = Object.fromEntries(
  Object.entries(declaration().features).map(([name, support]) => [
    name,
    name === 'devices/policy'
      ? ({level: 'enforced', mechanism: 'test', requires: ['device-policy']} as const)
      : support,
  ]),
) as ReturnType<typeof declaration>['features'];
const flavor = declaration({features});
const {devicePolicy: _, ...cgroup} = hostFacts().cgroup;
const unlimited = hostFacts({cgroup});
const policyOf = ({report}: ReturnType<typeof run>) => report.entries.find(({name}) => name === 'devices/policy');

test('S29 where devices are limited, CAP_MKNOD stays, and the report has the devices', (t) => {
  const result = run(having(DEFAULT), hostFacts(), [], flavor);
  t.deepEqual(result.pod.apps[0]?.process.capabilities.bounding, DEFAULT as Capability[]);
  t.like(policyOf(result), {verdict: 'enforced', origin: 'default', app: null});
  t.true(String(policyOf(result)?.value).includes('c 136:* rw'));
});

test('S29 where nothing limits devices, no app has CAP_MKNOD, which the report says', (t) => {
  const result = run(having(DEFAULT), unlimited, [], flavor);
  t.deepEqual(result.pod.apps[0]?.process.capabilities, {
    bounding: ['CAP_CHOWN', 'CAP_KILL'],
    effective: ['CAP_CHOWN', 'CAP_KILL'],
    ambient: [],
  });
  t.is(result.pod.devices, undefined);
  t.is(policyOf(result)?.verdict, 'modified');
  const capabilities = result.report.entries.find(({name}) => name.includes('capabilities'));
  t.deepEqual(capabilities?.value, {set: ['CAP_CHOWN', 'CAP_KILL']});
});

test('S29 where nothing limits devices, an app that asks for CAP_MKNOD is refused, or runs without the policy if allowed', (t) => {
  const asked = retaining('CAP_MKNOD');
  const error = t.throws(() => run(asked, unlimited, [], flavor), {instanceOf: RktError});
  t.is(error.code, 'RKT_FLAVOR_CANNOT');
  t.like((error.fields.problems as Problem[])[0], {name: 'devices/policy', app: null, degradable: true});
  const result = run(asked, unlimited, ['devices/policy'], flavor);
  t.deepEqual(result.pod.apps[0]?.process.capabilities.bounding, ['CAP_MKNOD']);
  t.is(policyOf(result)?.verdict, 'ignored');
  t.deepEqual(
    run(having(DEFAULT), unlimited, ['devices/policy'], flavor).pod.apps[0]?.process.capabilities.bounding,
    DEFAULT as Capability[],
  );
});

test('S29 a flavor that knows no policy gives no CAP_MKNOD either', (t) => {
  const {'devices/policy': _policy, ...older} = features;
  const result = run(having(DEFAULT), hostFacts(), [], declaration({features: older as typeof features}));
  t.false(result.pod.apps[0]?.process.capabilities.bounding.includes('CAP_MKNOD'));
});

test('EX-48 a capability that was asked for and that the host has not is refused, and never dropped in silence', (t) => {
  const host = hostFacts({capabilities: CAPABILITIES.filter((name) => name !== 'CAP_SYS_TIME')});
  for (const allowed of [[], ['os/linux/capabilities-retain-set']]) {
    const error = t.throws(() => run(retaining('CAP_KILL', 'CAP_SYS_TIME'), host, allowed), {instanceOf: RktError});
    t.is(error.code, 'RKT_CAPABILITIES_MISSING');
    t.deepEqual(error.fields.capabilities, ['CAP_SYS_TIME']);
  }
  t.notThrows(() => run(retaining('CAP_KILL'), host));
});

test('EX-48 of the default set an app has what the host has, and the report says no more', (t) => {
  const host = hostFacts({capabilities: ['CAP_CHOWN']});
  const {pod: result, report} = run(having(DEFAULT), host);
  t.deepEqual(result.apps[0]?.process.capabilities, {bounding: ['CAP_CHOWN'], effective: ['CAP_CHOWN'], ambient: []});
  t.deepEqual(report.entries.find(({name}) => name.includes('capabilities'))?.value, {set: ['CAP_CHOWN']});
});

test('EX-48 capabilities of the host say nothing to a user who only asks for a plan, nor where the pod has a kernel of its own', (t) => {
  const asked = retaining('CAP_SYS_TIME');
  t.notThrows(() => run(asked, hostFacts({uid: 1000, capabilities: []})));
  t.notThrows(() => run(asked, hostFacts({capabilities: []}), [], declaration({properties: ['own-kernel']})));
});
