import {execFileSync} from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {AppName} from '../../../src/contract/names.ts';
import {punchHole} from '../../../src/linux/holes.ts';
import {openHost} from '../../../src/linux/openat2.ts';
import {appPaths, type LogStream} from '../../../src/pod/state/layout.ts';
import type {Log} from '../../../src/pod/streams/find-logs.ts';
import {type ReadLogs, readLogs} from '../../../src/pod/streams/read-logs.ts';
import type {RktError} from '../../../src/rkt-error.ts';
import {lease, runAsProgram} from '../../linux/log-deeds.ts';
import {scratch, uuidOf} from '../helpers.ts';

const uuid = uuidOf('a');
const logOf = (app: string, stream: LogStream): Log => {
  const name = app as AppName;
  return {app: name, stream, path: appPaths(name).log(stream)};
};
const out = logOf('web', 'stdout');

/** A pod's directory with a place for logs, and a reader of it. */
const podOf = (t: ExecutionContext) => {
  const directory = scratch(t);
  const file = path.join(directory, out.path);
  mkdirSync(path.dirname(file), {recursive: true});
  const pod = openHost(directory, 0);
  t.teardown(() => pod.close());
  const read = async (more: Partial<ReadLogs> = {}): Promise<string> => {
    let text = '';
    const taker = {
      take: (_log: Log, bytes: Buffer) => {
        text += bytes.toString('latin1');
      },
      wants: () => true,
      end: () => {},
    };
    await readLogs({uuid, pod, logs: [out], tail: undefined, isOver: () => true, taker, ...more});
    return text;
  };
  return {directory, file, read};
};

/** Is over at the last of these steps, each of which is made before a look. */
const overAfter = (...steps: readonly (() => void)[]) => {
  let made = 0;
  return () => {
    steps[made++]?.();
    return made >= steps.length;
  };
};
const nothing = () => {};

test('a log is read in pieces, one log after the other', async (t) => {
  const {directory, file, read} = podOf(t);
  const err = logOf('web', 'stderr');
  writeFileSync(file, Buffer.alloc(150_000, 'x'));
  writeFileSync(path.join(directory, err.path), 'error');
  const taken: [LogStream, number | 'end'][] = [];
  const taker = {
    take: ({stream}: Log, {length}: Buffer) => taken.push([stream, length]),
    wants: () => true,
    end: ({stream}: Log) => taken.push([stream, 'end']),
  };
  await read({logs: [out, err], taker});
  t.deepEqual(taken, [
    ['stdout', 65_536],
    ['stdout', 65_536],
    ['stdout', 18_928],
    ['stdout', 'end'],
    ['stderr', 5],
    ['stderr', 'end'],
  ]);
});

test('a log that does not exist yet is empty', async (t) => {
  const {directory, read} = podOf(t);
  t.is(await read(), '');
  rmSync(path.join(directory, 'stage1'), {recursive: true});
  t.is(await read(), '');
});

test('S16 what is no regular file of the pod is not read', async (t) => {
  const {directory, file, read} = podOf(t);
  const logs = path.dirname(file);
  const put: Readonly<Record<string, () => void>> = {
    'a symlink': () => symlinkSync('/etc/passwd', file),
    'a directory': () => mkdirSync(file),
    'a pipe that nobody writes': () => void execFileSync('/usr/bin/mkfifo', [file]),
    'a symlink on the way': () => {
      rmSync(logs, {recursive: true});
      mkdirSync(path.join(directory, 'elsewhere'));
      writeFileSync(path.join(directory, 'elsewhere', path.basename(file)), 'secret');
      symlinkSync(path.join(directory, 'elsewhere'), logs);
    },
    'a file on the way': () => {
      rmSync(logs);
      writeFileSync(logs, '');
    },
  };
  for (const [what, make] of Object.entries(put)) {
    make();
    const error = await t.throwsAsync<RktError>(read(), {code: 'RKT_POD_LOG_UNUSABLE'}, what);
    t.like(error?.fields, {uuid, app: 'web', stream: 'stdout'});
    rmSync(file, {recursive: true, force: true});
  }
});

test('S10 nobody waits for a log that somebody has a lease on', async (t) => {
  const {file, read} = podOf(t);
  writeFileSync(file, 'one\n');
  lease(t, file);
  const error = await t.throwsAsync<RktError>(read());
  t.deepEqual([error?.code, error?.fields.stream], ['RKT_POD_LOG_UNUSABLE', 'stdout']);
});

test('S35 a log that the app runs as a program is read', async (t) => {
  const {file, read} = podOf(t);
  await runAsProgram(t, file);
  t.is(await read(), readFileSync(file, 'latin1'));
});

test('following goes on until it is over, and misses nothing', async (t) => {
  const {file, read} = podOf(t);
  const isOver = overAfter(
    nothing,
    () => writeFileSync(file, 'one\ntw'),
    () => appendFileSync(file, 'o\n'),
    () => truncateSync(file),
    () => appendFileSync(file, 'x\n'),
    // Between the look before and the end.
    () => appendFileSync(file, 'last'),
  );
  t.is(await read({isOver}), 'one\ntwo\nx\nlast');
});

test('a log that is removed is read to its end', async (t) => {
  const {file, read} = podOf(t);
  writeFileSync(file, 'one\n');
  const isOver = overAfter(nothing, () => {
    appendFileSync(file, 'two\n');
    rmSync(file);
  });
  t.is(await read({isOver}), 'one\ntwo\n');
});

test('the tail is of what is there at first', async (t) => {
  const {file, read} = podOf(t);
  writeFileSync(file, 'one\ntwo\nthree\n');
  t.is(await read({tail: 2}), 'two\nthree\n');
  const more = overAfter(nothing, () => appendFileSync(file, 'four\nfive\nsix\n'));
  t.is(await read({tail: 1, isOver: more}), 'three\nfour\nfive\nsix\n');
  rmSync(file);
  const late = overAfter(nothing, () => writeFileSync(file, 'one\ntwo\n'));
  t.is(await read({tail: 0, isOver: late}), 'one\ntwo\n');
});

test('following ends when nobody wants more', async (t) => {
  const {file, read} = podOf(t);
  writeFileSync(file, 'x'.repeat(100_000));
  let pieces = 0;
  const taker = {take: () => ++pieces, wants: () => pieces < 1, end: () => t.fail()};
  await read({isOver: () => false, taker});
  t.is(pieces, 1);
  t.is(readFileSync(file, 'latin1').length, 100_000);
});

/** The oldest part is given back to the disk, in the middle of a line. */
const forget = (file: string, length: number) => {
  const opened = openSync(file, 'r+');
  punchHole(opened, length, () => false);
  closeSync(opened);
};
const numbered = (from: number, to: number) =>
  Array.from({length: to - from}, (_, index) => `${String(from + index).padStart(9, '0')}\n`).join('');

test('after a hole comes the next whole line', async (t) => {
  const {file, read} = podOf(t);
  writeFileSync(file, numbered(0, 30_000));
  forget(file, 65_536);
  t.true((await read()) === numbered(6554, 30_000));
  t.is(await read({tail: 2}), numbered(29_998, 30_000));
  t.true((await read({tail: 29_000})) === numbered(6554, 30_000));
});

test('a line that goes on beyond a piece after a hole is left out, too', async (t) => {
  const {file, read} = podOf(t);
  writeFileSync(file, `${'x'.repeat(300_000)}\nlast\n`);
  forget(file, 65_536);
  t.is(await read(), 'last\n');
});

test('a hole that is made while somebody follows: the line that was begun ends', async (t) => {
  const {file, read} = podOf(t);
  const isOver = overAfter(
    nothing,
    () => writeFileSync(file, 'begun'),
    nothing,
    () => {
      appendFileSync(file, `${'x'.repeat(200_000)}\nnext\n`);
      forget(file, 131_072);
    },
  );
  t.is(await read({isOver}), 'begun\nnext\n');
});

test('a hole that is made while somebody follows takes whole lines from one that is being written', async (t) => {
  const {file, read} = podOf(t);
  const isOver = overAfter(
    nothing,
    () => writeFileSync(file, 'one\ntw'),
    () => {
      appendFileSync(file, `o\n${'x'.repeat(200_000)}\nnext\n`);
      forget(file, 131_072);
    },
  );
  t.is(await read({isOver}), 'one\nnext\n');
});

test('what waits for the rest of its line is taken when it has waited for a look', async (t) => {
  const {file, read} = podOf(t);
  const taken: string[] = [];
  const taker = {
    take: (_log: Log, bytes: Buffer) => taken.push(bytes.toString('latin1')),
    wants: () => true,
    end: () => {},
  };
  const isOver = overAfter(
    nothing,
    () => writeFileSync(file, 'question? '),
    () => t.deepEqual(taken, []),
    () => t.deepEqual(taken, ['question? ']),
    () => appendFileSync(file, 'answer\n'),
  );
  await read({isOver, taker});
  t.deepEqual(taken, ['question? ', 'answer\n']);
});

test('a log that becomes shorter: the line that was begun ends', async (t) => {
  const {file, read} = podOf(t);
  const isOver = overAfter(
    nothing,
    () => writeFileSync(file, 'begun'),
    nothing,
    () => writeFileSync(file, 'new'),
  );
  t.is(await read({isOver}), 'begun\nnew');
});

test('a log of eight tebibytes that nobody has written is not read', async (t) => {
  const {file, read} = podOf(t);
  writeFileSync(file, 'one\n');
  truncateSync(file, 8 * 2 ** 40);
  t.is((await read()).replace(/\0+\n$/, ''), 'one\n');
  t.is((await read({tail: 3})).length, 0);
});
