import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {text} from 'node:stream/consumers';
import test from 'ava';
import type {HostPath, Uuid} from '../../../src/contract/names.ts';
import {
  claimRange,
  collectRanges,
  freeRange,
  keepRange,
  likelyRange,
  RANGE,
  rangesIn,
  releaseRange,
} from '../../../src/pod/state/id-ranges.ts';

const dataDirectory = (t: {teardown: (action: () => void) => void}): HostPath => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-ids-'));
  t.teardown(() => rmSync(directory, {recursive: true, force: true}));
  return directory as HostPath;
};
const uuid = (number: number, first = number) =>
  `${first.toString(16).padStart(8, '0')}-0000-4000-8000-${number.toString(16).padStart(12, '0')}` as Uuid;
const names = (data: string) => readdirSync(`${data}/id-ranges`);
const HOUR = 3_600_000;

test('S24 two pods that want the same range get two', (t) => {
  const data = dataDirectory(t);
  const [a, b] = [claimRange(data, uuid(1, 7)), claimRange(data, uuid(2, 7))];
  t.is(a.count, RANGE);
  t.is(Math.abs(a.base - b.base) % RANGE, 0);
  t.not(a.base, b.base);
  t.is(a.base % RANGE, 0);
});

test('S24 a range is given back by the pod that has it, and by no other', (t) => {
  const data = dataDirectory(t);
  const map = claimRange(data, uuid(1));
  releaseRange(data, uuid(2), map);
  t.deepEqual(names(data), [String(map.base)]);
  releaseRange(data, uuid(1), map);
  t.deepEqual(names(data), []);
  releaseRange(data, uuid(1), map);
});

test('S24 a prepared pod keeps its range, and is told when another has it', (t) => {
  const data = dataDirectory(t);
  const map = claimRange(data, uuid(1));
  keepRange(data, uuid(1), map);
  t.throws(() => keepRange(data, uuid(2), map), {code: 'RKT_POD_ID_RANGE_TAKEN'});
  releaseRange(data, uuid(1), map);
  keepRange(data, uuid(1), map);
  t.deepEqual(names(data), [String(map.base)]);
});

test('S24 a range that has been given back is had again while nobody has it, and another one else', (t) => {
  const data = dataDirectory(t);
  const map = claimRange(data, uuid(1, 7));
  t.deepEqual(freeRange(data, uuid(1, 7), map), map);
  releaseRange(data, uuid(1, 7), map);
  t.deepEqual(freeRange(data, uuid(1, 7), map), map);
  t.deepEqual(claimRange(data, uuid(2, 7)), map);
  const other = freeRange(data, uuid(1, 7), map);
  t.not(other.base, map.base);
  t.deepEqual(names(data), [String(map.base)]);
  keepRange(data, uuid(1, 7), other);
});

test('S24 a range whose pod is not there is collected after an hour, one of a pod or a young one is not', (t) => {
  const data = dataDirectory(t);
  mkdirSync(`${data}/pods/prepared/${uuid(1)}`, {recursive: true});
  const [kept, lost] = [claimRange(data, uuid(1)), claimRange(data, uuid(2))];
  symlinkSync('nobody', `${data}/id-ranges/strange`);
  collectRanges(data);
  t.is(names(data).length, 3);
  collectRanges(data, Date.now() + 2 * HOUR);
  t.deepEqual(names(data), [String(kept.base)]);
  t.not(kept.base, lost.base);
});

test('S24 nothing to collect where no pod ever had a range', (t) => {
  t.notThrows(() => collectRanges(dataDirectory(t)));
});

test("ids of users of the host are nobody else's", (t) => {
  const subordinate = (fields: readonly string[]) => [Number(fields[1]), Number(fields[2])];
  t.deepEqual(rangesIn('a:100000:65536\n', subordinate), []);
  t.deepEqual(rangesIn('a:524288:65536\n\n#x\nb:600000:1\nc:0x10:7\nd:589824:-1', subordinate), [524_288, 589_824]);
  t.deepEqual(rangesIn('a:500000:65536', subordinate), [524_288]);
});

test('plan names a range without taking it', (t) => {
  const {base, count} = likelyRange(uuid(3));
  t.deepEqual([base, count], [0x8_0000 + 3 * RANGE, RANGE]);
});

const CLAIM = `
import {claimRange} from '${new URL('../../../src/pod/state/id-ranges.ts', import.meta.url)}';
const [, , data, first, count] = process.argv;
console.log('ready');
await new Promise((resolve) => process.stdin.resume().once('end', resolve));
const bases = [];
for (let n = Number(first); n < Number(first) + Number(count); n++) {
  // Each place is wanted by two of the processes.
  const uuid = \`\${((n % 5000) * 5).toString(16).padStart(8, '0')}-0000-4000-8000-\${n.toString(16).padStart(12, '0')}\`;
  bases.push(claimRange(data, uuid).base);
}
console.log(JSON.stringify(bases));
`;

/** Of each process. */
const CLAIMS = process.env.RKT_TEST_LONG ? 2500 : 500;

test('S24 thousands of ranges taken by four processes at once do not overlap', async (t) => {
  const data = dataDirectory(t);
  const script = path.join(data, 'claim.ts');
  writeFileSync(script, CLAIM);
  const flags = ['--conditions=source', '--disable-warning=ExperimentalWarning'];
  const claimers = [0, 2500, 5000, 7500].map((first) =>
    spawn(process.execPath, [...flags, script, data, String(first), String(CLAIMS)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  t.teardown(() => {
    for (const claimer of claimers) claimer.kill('SIGKILL');
  });
  await Promise.all(claimers.map((claimer) => Promise.race([once(claimer.stdout, 'data'), once(claimer, 'exit')])));
  const outputs = claimers.map(({stdout}) => text(stdout));
  for (const {stdin} of claimers) stdin.end();
  const bases = (await Promise.all(outputs)).flatMap((output) => JSON.parse(output) as number[]);
  t.is(bases.length, 4 * CLAIMS);
  t.is(new Set(bases).size, 4 * CLAIMS);
  t.true(bases.every((base) => base % RANGE === 0 && base >= 0x8_0000 && base < 0x6fff_0000));
});
