import {createRequire} from 'node:module';
import test from 'ava';
import {isSyscall} from '../../src/appc/compile/syscalls.ts';
import {cString} from '../../src/linux/libc.ts';
import {syscallNames, syscallNumber} from '../../src/linux/syscall-numbers.ts';

const resolver = () => {
  const {DynamicLibrary} = createRequire(import.meta.url)('node:ffi') as typeof import('node:ffi');
  const library = new DynamicLibrary('libseccomp.so.2');
  const resolve = library.getFunction('seccomp_syscall_resolve_name', {return: 'i32', arguments: ['pointer']});
  return (name: string): number => Number(resolve(cString(name)));
};

test('the numbers are those that libseccomp has, where it has any', (t) => {
  let resolve: ReturnType<typeof resolver>;
  try {
    resolve = resolver();
  } catch {
    t.pass('libseccomp.so.2 is not installed');
    return;
  }
  let compared = 0;
  for (const name of syscallNames()) {
    const theirs = resolve(name);
    if (theirs < 0) continue;
    compared++;
    t.is(syscallNumber(name), theirs, name);
  }
  t.true(compared > 250);
});

test('every call of this machine is a name that an isolator may have', (t) => {
  t.deepEqual(
    syscallNames().filter((name) => !isSyscall(name)),
    [],
  );
});

test('EX-37 the newest calls have the numbers that all architectures share', (t) => {
  t.deepEqual(
    [
      'pidfd_send_signal',
      'io_uring_setup',
      'clone3',
      'cachestat',
      'mseal',
      'setxattrat',
      'file_setattr',
      'rseq_slice_yield',
    ].map(syscallNumber),
    [424, 425, 435, 451, 462, 463, 469, 471],
  );
  t.is(syscallNumber('arm_fadvise64_64'), undefined);
});
