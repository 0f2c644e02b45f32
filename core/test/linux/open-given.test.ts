import {spawn, spawnSync} from 'node:child_process';
import {closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {openGiven} from '../../src/linux/open-given.ts';
import {pipe} from '../../src/linux/pipe.ts';

const fifoIn = (t: ExecutionContext): string => {
  const place = mkdtempSync(path.join(tmpdir(), 'rkt-open-given-'));
  t.teardown(() => rmSync(place, {recursive: true}));
  const fifo = path.join(place, 'fifo');
  t.is(spawnSync('mkfifo', [fifo]).status, 0);
  return fifo;
};

const read = (file: string, patience?: number): string => {
  using opened = openGiven(file, patience);
  return readFileSync(opened.number, 'utf8');
};

test('a fifo to which nobody writes is an error, and one to which somebody writes is read to its end', (t) => {
  const fifo = fifoIn(t);
  t.throws(() => read(fifo, 1), {code: 'ENXIO'});
  const writer = spawn('sh', ['-c', 'exec > "$0"; printf begin; printf end', fifo]);
  t.teardown(() => writer.kill());
  t.is(read(fifo), 'beginend');
});

test('what is left in a fifo that is standard input is read, though who wrote it has gone', (t) => {
  const fifo = fifoIn(t);
  const input = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  t.teardown(() => closeSync(input));
  writeFileSync(fifo, 'left');
  t.is(read(`/proc/self/fd/${input}`), 'left');
});

test('a pipe that is inherited may be silent for as long as it likes', (t) => {
  const {read: from, write: to} = pipe();
  spawn('sleep', ['0.1'], {stdio: ['ignore', to.number, 'ignore']});
  to.close();
  t.is(read(from.path, 1), '');
  from.close();
});
