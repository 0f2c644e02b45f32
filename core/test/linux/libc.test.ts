import {mkdtempSync, readlinkSync, rmSync} from 'node:fs';
import {constants, tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {attemptSyscall, syscall} from '../../src/linux/libc.ts';

const AT_FDCWD = -100;

const readlink = (link: string): string => {
  const target = Buffer.alloc(256);
  return target.toString('utf8', 0, syscall('readlinkat', [AT_FDCWD, link, target, target.length]));
};

test('a string reaches the kernel whole, whatever was passed before it', (t) => {
  t.throws(() => readlink('/nowhere/with/a/long/name'), {code: 'ENOENT'});
  t.is(readlink('/proc/self'), String(process.pid));
});

test('strings of one call do not overwrite each other', (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-libc-'));
  t.teardown(() => rmSync(directory, {recursive: true}));
  for (const to of ['é€😀 to', 'to', 't'.repeat(4000)]) {
    const link = path.join(directory, `é€😀 ${to.length}`);
    syscall('symlinkat', [to, AT_FDCWD, link]);
    t.is(readlinkSync(link), to);
  }
});

test('a string that is longer than what is kept for them is passed all the same', (t) => {
  const long = `/${'a'.repeat(20_000)}`;
  t.throws(() => readlink(long), {code: 'ENAMETOOLONG'});
  t.is(readlink('/proc/self'), String(process.pid));
});

test('S05 a string with a NUL is refused, not cut', (t) => {
  t.throws(() => readlink('/proc/self\0'), {instanceOf: TypeError, message: /NUL/});
  t.throws(() => attemptSyscall('readlinkat', [AT_FDCWD, `/proc/self\0${'a'.repeat(20_000)}`, Buffer.alloc(1), 1]), {
    instanceOf: TypeError,
  });
});

test('a call that is attempted gives its errno instead of an error', (t) => {
  t.is(attemptSyscall('readlinkat', [AT_FDCWD, '/nowhere', Buffer.alloc(1), 1]), -constants.errno.ENOENT);
  t.true(attemptSyscall('readlinkat', [AT_FDCWD, '/proc/self', Buffer.alloc(16), 16]) > 0);
});
