import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {testIf} from '../../../../test/helpers/skip.ts';
import type {HostPath, SeccompFilter} from '../../../src/contract/index.ts';
import {compiledFilter, isProgramLength} from '../../../src/linux/compiled-filter.ts';
import {type Call, runFilter} from '../../../src/linux/run-filter.ts';
import {compileFilter, seccompVersion} from '../../../src/linux/seccomp.ts';
import {syscallNumber} from '../../../src/linux/syscall-numbers.ts';
import {RktError} from '../../../src/rkt-error.ts';

const missing = (): string | undefined => {
  try {
    seccompVersion();
    return undefined;
  } catch {
    return 'libseccomp.so.2 is not installed';
  }
};
const seccompTest = testIf(missing());

const arm = process.arch === 'arm64';
const ARCH = arm ? 0xc00000b7 : 0xc000003e;
const OTHER_ARCH = arm ? 0x40000028 : 0x40000003;
const NUMBERS = arm
  ? {read: 63, write: 64, execve: 221, mount: 40, personality: 92}
  : {read: 0, write: 1, execve: 59, mount: 165, personality: 135};
const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const errno = (number: number) => 0x50000 + number;

/** Of a call with all its arguments. */
const runBpf = (program: Buffer, call: Call): number | undefined => {
  const [answer] = runFilter(program, {args: [], ...call});
  return answer;
};
const verdict = (filter: SeccompFilter, name: keyof typeof NUMBERS, ...args: bigint[]): number | undefined =>
  runBpf(compileFilter(filter), {arch: ARCH, number: NUMBERS[name], args});

const ALLOW_READ: SeccompFilter = {
  default: {action: 'kill'},
  rules: [{syscalls: ['read', 'execve'], outcome: {action: 'allow'}}],
};

seccompTest('EX-39 a retain set allows what it names and nothing else', (t) => {
  t.is(verdict(ALLOW_READ, 'read'), ALLOW);
  t.is(verdict(ALLOW_READ, 'execve'), ALLOW);
  t.is(verdict(ALLOW_READ, 'write'), KILL);
});

seccompTest('a remove set denies what it names, by the number asked for', (t) => {
  const filter: SeccompFilter = {
    default: {action: 'allow'},
    rules: [
      {syscalls: ['mount'], outcome: {action: 'errno', errno: 38}},
      {syscalls: ['write'], outcome: {action: 'kill'}},
    ],
  };
  t.is(verdict(filter, 'mount'), errno(38));
  t.is(verdict(filter, 'write'), KILL);
  t.is(verdict(filter, 'read'), ALLOW);
});

seccompTest('calls by another ABI kill, whatever the filter allows', (t) => {
  const program = compileFilter({default: {action: 'allow'}, rules: []});
  t.is(runBpf(program, {arch: OTHER_ARCH, number: 1}), KILL);
  if (!arm) t.is(runBpf(program, {arch: ARCH, number: 0x4000_0000 + NUMBERS.write}), KILL);
  t.is(runBpf(program, {arch: ARCH, number: NUMBERS.write}), ALLOW);
});

seccompTest('the first rule that names a call decides', (t) => {
  const filter: SeccompFilter = {
    default: {action: 'allow'},
    rules: [
      {syscalls: ['read', 'read'], outcome: {action: 'errno', errno: 1}},
      {syscalls: ['read', 'write'], outcome: {action: 'kill'}},
    ],
  };
  t.is(verdict(filter, 'read'), errno(1));
  t.is(verdict(filter, 'write'), KILL);
  const redundant: SeccompFilter = {
    default: {action: 'allow'},
    rules: [
      {syscalls: ['read'], outcome: {action: 'allow'}},
      {syscalls: ['read'], outcome: {action: 'kill'}},
    ],
  };
  t.is(verdict(redundant, 'read'), ALLOW);
});

const ifFirst = (op: 'eq' | 'ne', value: number, outcome: SeccompFilter['default']) => ({
  syscalls: ['personality'],
  outcome,
  args: [{index: 0, op, value}],
});

seccompTest('a rule with a condition applies where it holds, several ones where any does', (t) => {
  const filter: SeccompFilter = {
    default: {action: 'errno', errno: 5},
    rules: [ifFirst('eq', 0, {action: 'allow'}), ifFirst('eq', 8, {action: 'allow'})],
  };
  t.is(verdict(filter, 'personality', 0n), ALLOW);
  t.is(verdict(filter, 'personality', 8n), ALLOW);
  t.is(verdict(filter, 'personality', 1n), errno(5));
  t.is(verdict(filter, 'personality', 2n ** 32n), errno(5));
  const masked: SeccompFilter = {
    default: {action: 'kill'},
    rules: [
      {
        syscalls: ['write'],
        outcome: {action: 'allow'},
        args: [{index: 1, op: 'masked-eq', mask: 0x7e02_0000, value: 0}],
      },
    ],
  };
  t.is(verdict(masked, 'write', 0n, 0x11n), ALLOW);
  t.is(verdict(masked, 'write', 0n, 0x1002_0000n), KILL);
});

seccompTest('rules of one call that libseccomp cannot keep apart are refused', (t) => {
  const rules = (first: SeccompFilter['default'], second: SeccompFilter['default']): SeccompFilter => ({
    default: {action: 'kill'},
    rules: [ifFirst('eq', 0, first), {syscalls: ['personality'], outcome: second}],
  });
  const error = t.throws(() => compileFilter(rules({action: 'kill'}, {action: 'allow'})), {instanceOf: RktError});
  t.is(error?.code, 'RKT_SECCOMP_FILTER_FAILED');
  t.is(verdict(rules({action: 'allow'}, {action: 'allow'}), 'personality', 8n), ALLOW);
});

seccompTest('EX-37 what libseccomp does not know is denied too, names of other architectures mean nothing', (t) => {
  const names = ['mseal', 'setxattrat', 'file_setattr', 'listns', 'uretprobe'];
  const program = compileFilter({
    default: {action: 'allow'},
    rules: [{syscalls: [...names, 'arm_fadvise64_64', 'chown32'], outcome: {action: 'errno', errno: 1}}],
  });
  const outcomes = names.flatMap((name) => {
    const number = syscallNumber(name);
    return number === undefined ? [] : [runBpf(program, {arch: ARCH, number, args: []})];
  });
  t.true(outcomes.length >= 4);
  t.deepEqual(new Set(outcomes), new Set([0x0005_0001]));
});

const cache = (t: {teardown: (action: () => void) => void}): HostPath => {
  const directory = mkdtempSync(join(tmpdir(), 'rkt-linux-seccomp-'));
  t.teardown(() => rmSync(directory, {recursive: true, force: true}));
  return join(directory, 'cache') as HostPath;
};
const only = (directory: string): string => join(directory, readdirSync(directory)[0] ?? '');

seccompTest('a compiled filter is kept, closed to others, and found again', (t) => {
  const directory = cache(t);
  const program = compiledFilter(ALLOW_READ, directory);
  t.is(statSync(directory).mode & 0o777, 0o700);
  t.is(statSync(only(directory)).mode & 0o777, 0o600);
  const {ino} = statSync(only(directory));
  const shuffled: SeccompFilter = {...ALLOW_READ, rules: [{syscalls: ['execve', 'read'], outcome: {action: 'allow'}}]};
  t.deepEqual(compiledFilter(shuffled, directory), program);
  t.is(statSync(only(directory)).ino, ino);
  t.deepEqual(program, compileFilter(ALLOW_READ));
});

seccompTest('filters that differ in any part are kept apart', (t) => {
  const directory = cache(t);
  const filters: SeccompFilter[] = [
    ALLOW_READ,
    {...ALLOW_READ, default: {action: 'errno', errno: 1}},
    {...ALLOW_READ, default: {action: 'errno', errno: 2}},
    {...ALLOW_READ, rules: [{syscalls: ['read'], outcome: {action: 'allow'}}]},
    {...ALLOW_READ, rules: [{syscalls: ['read'], outcome: {action: 'errno', errno: 3}}]},
    {
      ...ALLOW_READ,
      rules: [{syscalls: ['read'], outcome: {action: 'allow'}, args: [{index: 0, op: 'eq', value: 1}]}],
    },
  ];
  for (const filter of filters) compiledFilter(filter, directory);
  t.is(readdirSync(directory).length, filters.length);
  for (const filter of filters) t.deepEqual(compiledFilter(filter, directory), compileFilter(filter));
});

seccompTest('S12 a cached filter that is damaged, open to others or replaced by a link is made again', (t) => {
  const directory = cache(t);
  const program = compiledFilter(ALLOW_READ, directory);
  const file = only(directory);
  const whole = readFileSync(file);
  const flipped = Buffer.from(whole);
  flipped.writeUInt8(flipped.readUInt8(flipped.length - 3) ^ 1, flipped.length - 3);
  const damages: (() => void)[] = [
    () => writeFileSync(file, ''),
    () => writeFileSync(file, whole.subarray(0, whole.length - 8)),
    () => writeFileSync(file, whole.subarray(8)),
    () => writeFileSync(file, flipped),
    () => writeFileSync(file, Buffer.concat([whole, Buffer.alloc(8)])),
    () => chmodSync(file, 0o666),
  ];
  for (const damage of damages) {
    damage();
    t.deepEqual(compiledFilter(ALLOW_READ, directory), program);
    t.deepEqual(readFileSync(file), whole);
    t.is(statSync(file).mode & 0o777, 0o600);
  }
  rmSync(file);
  symlinkSync('/dev/null', file);
  t.deepEqual(compiledFilter(ALLOW_READ, directory), program);
  t.deepEqual(readFileSync(file), whole);
  t.true(lstatSync(file).isFile());
});

seccompTest('a program is a number of whole instructions that the kernel takes', (t) => {
  t.deepEqual([0, 7, 8, 12, 4096 * 8, 4097 * 8].map(isProgramLength), [false, false, true, false, true, false]);
});
