import test from 'ava';
import type {AppName} from '../../../core/src/contract/index.ts';
import {app, hostFacts, pod} from '../../../core/test/support/fixtures.ts';
import {bundle} from '../src/bundle.ts';
import {coresOf, memoryOf, optionValue, qemuCommand} from '../src/machine.ts';
import {podScript} from '../src/script.ts';

const MEBIBYTE = 1024 * 1024;
const second = 'second' as AppName;

test('the machine has the memory of its apps and its own need', (t) => {
  t.is(memoryOf(pod({apps: [app({limits: {memoryMax: 64 * MEBIBYTE}})]})), 192 * MEBIBYTE);
  t.is(memoryOf(pod({apps: [app({limits: {memoryMax: 64 * MEBIBYTE}}), app({name: second})]})), 448 * MEBIBYTE);
});

test('the machine has the cores that its apps may use, and never more than the host', (t) => {
  const cores = (cpuMax: number | undefined, cpus = 4) =>
    coresOf(pod({apps: [app({limits: cpuMax === undefined ? {} : {cpuMax}})]}), {cpus});
  t.deepEqual([cores(undefined), cores(200), cores(1001), cores(9000)], [1, 1, 2, 4]);
});

test('S14 a comma in an option of QEMU is two', (t) => {
  t.is(optionValue('/a,readonly=off,b'), '/a,,readonly=off,,b');
});

/** As the agent reads it: fields of each line; the content of a file in the place of its length. */
const linesOf = (script: string): string[][] => {
  const lines: string[][] = [];
  for (let rest = Buffer.from(script); rest.length > 0; ) {
    const end = rest.indexOf('\n');
    const fields = rest.toString('utf8', 0, end).split('\t');
    const length = fields[0] === 'write' ? Number(fields[2]) : 0;
    const content = rest.toString('utf8', end + 1, end + 1 + length);
    lines.push(fields[0] === 'write' ? [...fields.slice(0, 2), content] : fields);
    rest = rest.subarray(end + 1 + length);
  }
  return lines;
};

test('S14 S15 nothing of an image is in the command line of QEMU, nor in a line of the script', (t) => {
  const hostile = 'x\nstart\t9\t/run/x\t/bin/sh,readonly=off';
  const evil = app({});
  const made = pod({
    apps: [{...evil, process: {...evil.process, argv: [hostile], env: [{name: hostile, value: hostile}]}}],
  });
  t.false(qemuCommand(made, hostFacts()).some((word) => word.includes('readonly=off')));
  const lines = linesOf(podScript(made));
  t.is(lines.filter(([word]) => word === 'start').length, 1);
  const [, , content = ''] = lines.find(([, name]) => name?.endsWith('/config.json')) ?? [];
  t.deepEqual(JSON.parse(content).process.args, [hostile]);
});

test('the filter of an app is the compiled one, in words of the OCI specification', (t) => {
  const plain = app({});
  const filtered = {
    ...plain,
    process: {
      ...plain.process,
      seccomp: {
        default: {action: 'errno', errno: 1},
        rules: [
          {syscalls: ['read'], outcome: {action: 'allow'}},
          {
            syscalls: ['ioctl'],
            outcome: {action: 'kill'},
            args: [{index: 1, op: 'masked-eq', value: 5, mask: 255}],
          },
        ],
      },
    },
  } as typeof plain;
  t.deepEqual(bundle(pod(), filtered).linux.seccomp, {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 1,
    architectures: ['SCMP_ARCH_X86_64'],
    syscalls: [
      {names: ['read'], action: 'SCMP_ACT_ALLOW'},
      {
        names: ['ioctl'],
        action: 'SCMP_ACT_KILL_PROCESS',
        args: [{index: 1, op: 'SCMP_CMP_MASKED_EQ', value: 255, valueTwo: 5}],
      },
    ],
  });
});
