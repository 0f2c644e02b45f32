import {spawnSync} from 'node:child_process';
import {mkdirSync, readdirSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* S29: the devices that a pod can use are those of every pod and its volumes, whatever it makes or its image and volumes have. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());

interface Node {
  readonly type: 'b' | 'c';
  readonly number: string;
}

/** Disks, and what a driver reads or makes for whoever opens it: to open none of them does anything to this host. */
const devices: readonly Node[] = [
  ...readdirSync('/sys/dev/block').map((number): Node => ({type: 'b', number})),
  // mem, kmsg, console, loop-control, fuse, tun, kvm
  ...['1:1', '1:11', '5:1', '10:237', '10:229', '10:200', '10:232'].map((number): Node => ({type: 'c', number})),
].filter(({type, number}) => {
  const [major, minor] = number.split(':');
  const file = path.join(host.directory, `probe-${type}-${number}`);
  spawnSync('mknod', [file, type, major ?? '', minor ?? '']);
  return spawnSync('/bin/sh', ['-c', `exec <"${file}"`]).status === 0;
});

const OPEN = `
  try() { [ -e "$1" ] && (exec <"$1") 2>/dev/null && echo "opened $2"; }
`;

kernelTest('S29 an app opens no device by a node of its image or of a volume that is no device', async (t) => {
  const directory = path.join(host.directory, 'volume');
  mkdirSync(directory);
  const [disk = {type: 'b', number: '7:0'}] = devices;
  const zero: Node = {type: 'c', number: '1:5'};
  const nodes: Readonly<Record<string, Node>> = {disk, zero};
  for (const [name, {type, number}] of Object.entries(nodes)) {
    spawnSync('mknod', [path.join(directory, name), type, ...number.split(':')]);
  }
  // Of images only such nodes are taken at all.
  const files = {'/nodes/zero': {device: ['c', 1, 5]}} as const;
  const look = (place: string) => Object.keys(nodes).map((name) => `try ${place}/${name} ${place}/${name}`);
  for (const pod of [[], ['--no-overlay']]) {
    const {stdout, stderr, exitCode} = await host.sh(
      `${OPEN}${[...look('/nodes'), ...look('/volume')].join('\n')}\n:`,
      {
        image: {files},
        pod: [...pod, `--volume=volume,kind=host,source=${directory}`],
        app: ['--mount=volume=volume,target=/volume'],
      },
    );
    t.is(exitCode, 0, stderr);
    t.is(stdout, '');
  }
});

kernelTest('S29 the policy is in the plan, in the report, and read back from the kernel', async (t) => {
  const {uuid, end} = await host.start('echo ready; mkfifo /tmp/never; exec cat /tmp/never');
  try {
    const {stdout, stderr} = await host.rkt(['status', '--verify', '--format=json', uuid]);
    t.is(stderr, '');
    const {enforcement, verification} = JSON.parse(stdout);
    const policy = enforcement.find(({name}: {name: string}) => name === 'devices/policy');
    t.like(policy, {verdict: 'enforced', origin: 'default', readBack: {from: 'devices'}});
    t.true(policy.value.includes('c 1:3 rwm'));
    t.false(policy.value.some((rule: string) => rule.startsWith('b ')));
    t.like(
      verification.find(({name}: {name: string}) => name === 'devices/policy'),
      {holds: true},
    );
  } finally {
    await end();
  }
});

const CONTROL: Node = {type: 'c', number: '10:237'};
const controlTest = devices.some(({number}) => number === CONTROL.number)
  ? kernelTest
  : testIf('this host has no loop devices');

controlTest('S29 a device that is only mounted read-only can only be read', async (t) => {
  const device = path.join(host.directory, 'device');
  spawnSync('mknod', [device, CONTROL.type, ...CONTROL.number.split(':')]);
  for (const [flag, opened] of [
    ['', 'read\nwritten\n'],
    [',readOnly=true', 'read\n'],
  ] as const) {
    const {stdout, stderr, exitCode} = await host.sh(
      '{ (exec </given) && echo read; (exec <>/given) && echo written; } 2>/dev/null; :',
      {pod: [`--volume=given,kind=host,source=${device}${flag}`], app: ['--mount=volume=given,target=/given']},
    );
    t.is(exitCode, 0, stderr);
    t.is(stdout, opened);
  }
});
