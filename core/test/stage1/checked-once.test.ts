import {mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {checkedOnce} from '../../src/stage1/checked-once.ts';

const place = mkdtempSync(path.join(tmpdir(), 'rkt-checked-'));
test.after.always(() => rmSync(place, {recursive: true, force: true}));

/** How often the check ran. */
const check = async (directory: string, kind: string, text: string, fail = false): Promise<number> => {
  let runs = 0;
  await checkedOnce(directory, kind, text, async () => {
    runs++;
    if (fail) throw new Error('not right');
  });
  return runs;
};

test('a text that was found right is not checked again; another one, or as something else, is', async (t) => {
  const directory = path.join(place, 'a');
  t.is(await check(directory, 'plan', '{"a":1}'), 1);
  t.is(await check(directory, 'plan', '{"a":1}'), 0);
  t.is(await check(directory, 'plan', '{"a":2}'), 1);
  t.is(await check(directory, 'launch', '{"a":1}'), 1);
});

test('a text that was found wrong is checked again', async (t) => {
  const directory = path.join(place, 'b');
  await t.throwsAsync(check(directory, 'plan', 'x', true), {message: 'not right'});
  t.is(await check(directory, 'plan', 'x'), 1);
});

test('a memory that was tampered with is not believed', async (t) => {
  const directory = path.join(place, 'c');
  await check(directory, 'plan', 'x');
  for (const name of readdirSync(directory)) writeFileSync(path.join(directory, name), 'plan\nx');
  t.is(await check(directory, 'plan', 'x'), 1);
});

test('what is remembered does not grow without bound', async (t) => {
  const directory = path.join(place, 'd');
  for (let index = 0; index < 600; index++) await check(directory, 'plan', `text ${index}`);
  t.true(readdirSync(directory).length <= 256);
});
