import {openSync, readFileSync} from 'node:fs';
import test from 'ava';
import {toRktError} from '../../src/cli/report-error.ts';
import {Fd} from '../../src/linux/fd.ts';
import {readChunks} from '../../src/linux/read-chunks.ts';
import {SyscallError} from '../../src/linux/syscall-error.ts';

const thrownBy = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
};

// There is nothing at the beginning of a process's memory, and the kernel says of it what it says of a disk that cannot be read.
const UNREADABLE = '/proc/self/mem';

test('a disk that cannot be read is told as such, with the file', (t) => {
  using file = new Fd(openSync(UNREADABLE, 'r'));
  const error = toRktError(thrownBy(() => [...readChunks(file)]));
  t.is(error.code, 'RKT_DISK_FAILED');
  t.is(error.fields.path, `/proc/${process.pid}/mem`);
});

test('it is without the file, too, where nobody knows it', (t) => {
  const error = toRktError(thrownBy(() => readFileSync(UNREADABLE)));
  t.is(error.code, 'RKT_DISK_FAILED');
  t.false('path' in error.fields);
});

const unknownToNode = (errno: number) =>
  Object.assign(new Error(`Unknown system error ${-errno}`), {
    ...{errno: -errno, code: `Unknown system error ${-errno}`, syscall: 'open', path: '/there'},
  });

for (const [name, errno] of Object.entries({EBADMSG: 74, ESTALE: 116, EUCLEAN: 117}))
  test(`so is ${name}, which Node.js has no name for`, (t) => {
    for (const thrown of [new SyscallError('openat2', errno, '/there'), unknownToNode(errno)]) {
      const error = toRktError(thrown);
      t.like(error, {code: 'RKT_DISK_FAILED', fields: {path: '/there'}});
    }
  });

test('a file system that has become read-only fails; one that is mounted so refuses', (t) => {
  const written = Object.assign(new Error('write'), {errno: -30, code: 'EROFS', syscall: 'write'});
  t.is(toRktError(written).code, 'RKT_DISK_FAILED');
  t.is(toRktError(Object.assign(written, {path: '/there'})).code, 'RKT_PATH_UNUSABLE');
});
