import type {HostPath} from '../contract/names.ts';
import {requireProgram} from './programs.ts';

/**
 * For setpriv. The kernel forgets that at an execve whose real user is another than its effective one: what keeps others from looking into
 * it is that it has every capability of rkt.
 */
export const UNTIL_WE_END = ['--pdeathsig=KILL', '--ruid=0', '--rgid=0', '--keep-groups'] as const;

/** Where whoever starts it has a pipe, to be read: `stdio: [stdin, stdout, stderr, 'pipe']`. Of a process that has ended, nobody takes what is written, and nothing is started. */
const SCRIPT = 'echo >&3 || exit; exec 3>&-; unset PWD; "$@"; exit $?';

/**
 * A program that is waited for at once (`spawnSync`), so that nothing can be done meanwhile, in a form that ends when this process does, however that ends: a stranger's may have no end, and nobody else
 * would know of it. Where it is started in isolation (isolated.ts), the first process of its pid namespace is a shell of the host, with whose end the kernel ends all others. Killed by a signal it has the
 * status of a shell: 128 and its number.
 */
export const untilWeEnd = (program: string, args: readonly string[]): {file: HostPath; args: string[]} => ({
  file: requireProgram('setpriv'),
  args: [...UNTIL_WE_END, '--', requireProgram('sh'), '-c', SCRIPT, 'sh', program, ...args],
});
