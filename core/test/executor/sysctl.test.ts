import test from 'ava';
import {sysctlNamespace} from '../../src/executor/steps/sysctl.ts';

for (const [key, namespace] of [
  ['net.core.somaxconn', 'net'],
  ['net/ipv4/ip_forward', 'net'],
  ['kernel.hostname', 'uts'],
  ['kernel.domainname', 'uts'],
  ['kernel.shmmax', 'ipc'],
  ['kernel.msgmnb', 'ipc'],
  ['kernel.sem', 'ipc'],
  ['fs.mqueue.msg_max', 'ipc'],
] as const) {
  test(`${key} belongs to the ${namespace} namespace`, (t) => {
    t.is(sysctlNamespace(key), namespace);
  });
}

for (const key of [
  'kernel.core_pattern',
  'vm.overcommit_memory',
  'fs.file-max',
  'kernel.shmmax.x',
  'kernel.shmmaxx',
  'netx.core',
  'net',
  '',
  'net/../kernel/core_pattern',
  'net..core',
  'net/./core/somaxconn',
  'net.//.kernel',
  '/net/core/somaxconn',
]) {
  test(`S07 ${JSON.stringify(key)} is no parameter of a namespace`, (t) => {
    t.is(sysctlNamespace(key), undefined);
  });
}
