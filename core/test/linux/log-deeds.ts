import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {chmodSync, closeSync, copyFileSync, openSync} from 'node:fs';
import type {ExecutionContext} from 'ava';
import {syscall} from '../../src/linux/libc.ts';

/** linux/fcntl.h */
const F_SETLEASE = 1024;
const F_WRLCK = 1;

/** A write lease, as whoever owns a file and has it open alone can take. */
export const lease = (t: ExecutionContext, file: string): void => {
  const ignore = () => {};
  // The kernel asks for it back by a signal that ends whoever does not expect it.
  process.on('SIGIO', ignore);
  const opened = openSync(file, 'a+');
  syscall('fcntl', [opened, F_SETLEASE, F_WRLCK], file);
  t.teardown(() => {
    closeSync(opened);
    process.off('SIGIO', ignore);
  });
};

/** Runs a file as a program until the test ends. */
export const runAsProgram = async (t: ExecutionContext, file: string): Promise<void> => {
  copyFileSync('/bin/cat', file);
  chmodSync(file, 0o755);
  const child = spawn(file, {stdio: ['pipe', 'pipe', 'inherit']});
  t.teardown(async () => {
    const ended = once(child, 'close');
    child.stdin.end();
    await ended;
  });
  child.stdin.write('ready');
  await once(child.stdout, 'data');
};
