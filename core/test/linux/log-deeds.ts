import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {chmodSync, closeSync, copyFileSync, openSync} from 'node:fs';
import type {ExecutionContext} from 'ava';
import {said} from '../../../test/helpers/said.ts';
import {syscall} from '../../src/linux/libc.ts';
import {isErrno} from '../../src/linux/syscall-error.ts';

/** linux/fcntl.h */
const F_SETLEASE = 1024;
const F_WRLCK = 1;
const F_UNLCK = 2;

/** A write lease, as whoever owns a file and has it open alone can take; given back when the kernel asks for it, and taken again at once. */
export const lease = (t: ExecutionContext, file: string): void => {
  const opened = openSync(file, 'a+');
  const set = (kind: number) => syscall('fcntl', [opened, F_SETLEASE, kind], file);
  const renew = () => {
    set(F_UNLCK);
    try {
      set(F_WRLCK);
    } catch (error) {
      // Somebody else has the file open by now.
      if (!isErrno(error, 'EAGAIN')) throw error;
    }
  };
  process.on('SIGIO', renew);
  set(F_WRLCK);
  t.teardown(() => {
    process.off('SIGIO', renew);
    closeSync(opened);
  });
};

/** Runs a file as a program until the test ends. */
export const runAsProgram = async (t: ExecutionContext, file: string): Promise<void> => {
  copyFileSync('/bin/cat', file);
  chmodSync(file, 0o755);
  const child = spawn(file, {stdio: ['pipe', 'pipe', 'inherit']});
  const ended = once(child, 'close');
  t.teardown(async () => {
    child.stdin.end();
    await ended;
  });
  child.stdin.write('ready');
  await said(child);
};
