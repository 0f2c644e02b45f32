import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import type {ExecutionContext} from 'ava';
import {until} from '../../../test/helpers/until.ts';
import type {ProcessIdentity} from '../../src/contract/index.ts';
import {hasNoMemory, identify} from '../../src/linux/process-identity.ts';

const CAT = '/bin/cat';

const childOf = async (pid: number | undefined): Promise<number> => {
  const children = () => readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  await until(() => children() !== '');
  return Number(children());
};

/**
 * A process in the middle of its end, where it stays until the test is over: the first of a pid namespace waits for all others there (pid_namespaces(7)), and the parent of one of these, outside, is stopped.
 */
export const endingProcess = async (t: ExecutionContext): Promise<ProcessIdentity> => {
  const start = (program: string, ...args: string[]) => {
    const child = spawn(program, [...args, CAT], {stdio: ['pipe', 'ignore', 'inherit']});
    const ended = once(child, 'exit');
    t.teardown(() => {
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      return ended;
    });
    return child;
  };
  const first = await childOf(start('unshare', '--pid', '--fork', '--kill-child').pid);
  const outside = start('nsenter', `--target=${first}`, '--pid');
  await childOf(outside.pid);
  outside.kill('SIGSTOP');
  await until(() => /\) T /.test(readFileSync(`/proc/${outside.pid}/stat`, 'latin1')));
  const identity = identify(first);
  if (identity === undefined) throw new Error('it has ended');
  process.kill(first, 'SIGKILL');
  await until(() => hasNoMemory(first));
  return identity;
};
