import {spawnSync} from 'node:child_process';
import {closeSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {isReadOnce} from '../../src/linux/read-once.ts';

test('a fifo and a descriptor can be read once, a file again and again; what is neither is for its reader', (t) => {
  const place = mkdtempSync(path.join(tmpdir(), 'rkt-read-once-'));
  t.teardown(() => rmSync(place, {recursive: true}));
  const [file, fifo, loop] = ['file', 'fifo', 'loop'].map((name) => path.join(place, name)) as [string, string, string];
  symlinkSync('loop', loop);
  writeFileSync(file, 'x');
  t.is(spawnSync('mkfifo', [fifo]).status, 0);
  const open = openSync(file, 'r');
  t.teardown(() => closeSync(open));
  const found = [file, fifo, `/dev/fd/${open}`, `/proc/self/fd/${open}`, place, path.join(place, 'none'), loop].map(
    isReadOnce,
  );
  t.deepEqual(found, [false, true, true, true, false, false, false]);
});
