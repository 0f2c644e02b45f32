import {readFileSync} from 'node:fs';
import {hostname} from 'node:os';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {begin, mount, sandbox} from './perform-in-child.ts';

const kernelTest = testIf(lacks('root', 'overlay'));
const sysctl = (key: string, value: string) => ({id: `sysctl.${key}`, do: 'sysctl', key, value});
const setHostname = {id: 'hostname', do: 'hostname', name: 'inside'};

kernelTest("a host name and parameters are set in the pod's own namespaces only", (t) => {
  const box = sandbox(t);
  const before = hostname();
  const shmmax = readFileSync('/proc/sys/kernel/shmmax', 'utf8');
  const [, ...rest] = begin(box);
  const {error, seen} = box.perform(
    [
      {id: 'namespace', do: 'namespace', unshare: ['mount', 'uts', 'ipc', 'net']},
      ...rest,
      setHostname,
      sysctl('kernel.shmmax', '65536'),
      sysctl('net.ipv4.ip_forward', '1'),
      mount('proc', '/proc'),
    ],
    [
      {path: '/proc/sys/kernel/hostname', what: 'read'},
      {path: '/proc/sys/kernel/shmmax', what: 'read'},
      {path: '/proc/sys/net/ipv4/ip_forward', what: 'read'},
    ],
  );
  t.is(error, undefined);
  t.deepEqual(seen, [{text: 'inside\n'}, {text: '65536\n'}, {text: '1\n'}]);
  t.is(hostname(), before);
  t.is(readFileSync('/proc/sys/kernel/shmmax', 'utf8'), shmmax);
});

kernelTest("the host's own name and parameters are refused", (t) => {
  const box = sandbox(t);
  const [, , ...steps] = begin(box);
  const own = {id: 'namespace', do: 'namespace', unshare: ['mount']};
  const refused = (step: object) => box.perform([own, ...steps, step]).error;
  t.like(refused(setHostname), {code: 'RKT_NAMESPACE_SHARED', fields: {namespace: 'uts'}});
  t.like(refused(sysctl('net.ipv4.ip_forward', '1')), {code: 'RKT_NAMESPACE_SHARED', fields: {namespace: 'net'}});
  t.like(refused(sysctl('kernel.shmmax', '1')), {code: 'RKT_NAMESPACE_SHARED', fields: {namespace: 'ipc'}});
  t.like(refused(sysctl('kernel.core_pattern', '|/x')), {
    code: 'RKT_SYSCTL_NOT_NAMESPACED',
    fields: {key: 'kernel.core_pattern'},
  });
});

kernelTest('every mount is private in the pod, and the host sees none of them', (t) => {
  const box = sandbox(t);
  const {mounts, mountsAfterUndo} = box.perform([...begin(box), mount('tmpfs', '/run'), mount('proc', '/proc')]);
  t.deepEqual(
    mounts.map(({mountPoint, propagation}) => ({mountPoint, propagation})),
    ['', '/run', '/proc'].map((path) => ({mountPoint: `/stage1/main${path}`, propagation: []})),
  );
  t.deepEqual(mountsAfterUndo, []);
  t.deepEqual(box.hostMounts(), []);
});

kernelTest('a fault stops at its step, before it has any effect', (t) => {
  const box = sandbox(t);
  const steps = [...begin(box), mount('tmpfs', '/run')];
  const {error, mounts, mountsAfterUndo} = box.perform(steps, [], {RKT_FAULT: 'mount.main./run:error'});
  t.like(error, {code: 'RKT_FAULT_INJECTED', fields: {step: 'mount.main./run'}});
  t.deepEqual(
    mounts.map(({mountPoint}) => mountPoint),
    ['/stage1/main'],
  );
  t.deepEqual(mountsAfterUndo, []);
  const killed = t.throws(() => box.perform(steps, [], {RKT_FAULT: 'mount.main./run:kill'}));
  t.like(killed, {signal: 'SIGKILL'});
  t.deepEqual(box.hostMounts(), []);
});
