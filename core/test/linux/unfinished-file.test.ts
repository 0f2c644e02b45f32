import {mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, writeSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {startFile} from '../../src/linux/unfinished-file.ts';

const directory = (t: {teardown: (action: () => void) => void}) => {
  // On disk: not every temporary file system knows files without a name.
  const made = mkdtempSync(path.join(tmpdir(), 'rkt-unfinished-'));
  t.teardown(() => rmSync(made, {recursive: true, force: true}));
  return made;
};

test('nothing is there before a file is whole, nor ever when it does not become so', (t) => {
  const place = directory(t);
  {
    using file = startFile(path.join(place, 'file'));
    writeSync(file.number, 'half');
    t.deepEqual(readdirSync(place), []);
  }
  t.deepEqual(readdirSync(place), []);
});

test('where no file can be without a name, one with a name is made', (t) => {
  // Where none can be made at all: that is what is told.
  const error = t.throws<NodeJS.ErrnoException>(() => startFile('/proc/file'));
  t.regex(error?.code ?? '', /^(ENOENT|EACCES)$/);
});

for (const overwrite of [false, true])
  test(`a file that ${overwrite ? 'may replace' : 'keeps'} what has its name`, (t) => {
    const place = directory(t);
    const name = path.join(place, 'file');
    writeFileSync(name, 'old');
    using file = startFile(name);
    writeSync(file.number, 'new');
    const appear = () => file.appear(0o640, {overwrite});
    if (overwrite) appear();
    else t.throws(appear, {code: 'EEXIST'});
    t.is(readFileSync(name, 'utf8'), overwrite ? 'new' : 'old');
    if (overwrite) t.is(statSync(name).mode & 0o7777, 0o640);
    t.deepEqual(readdirSync(place), ['file']);
  });
