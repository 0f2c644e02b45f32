import type {HostPath} from '../contract/names.ts';
import {requireProgram} from './programs.ts';
import {UNTIL_WE_END} from './until-we-end.ts';

const NAMESPACES = ['--net', '--ipc', '--pid'] as const;

const SCRIPT = 'unset PWD; "$@"; exit $?';

/**
 * A program, for whoever is root of a user namespace: without a network, with nobody's System V IPC, and without other processes than its own. There is no way back out of such namespaces into those of the host, so that
 * a child leaves for them, and not this process itself (isolated.ts). All ends with this process: the first process there is a shell of the host, which is told of the death of its parent by the
 * kernel, and with whose end the kernel ends all others. What the kernel tells is forgotten by a program that becomes another user. Killed by a signal it has the status of a shell: 128 and its number.
 */
export const inOwnNamespaces = (program: string, args: readonly string[]): {file: HostPath; args: string[]} => ({
  file: requireProgram('setpriv'),
  args: [
    ...[...UNTIL_WE_END, '--', requireProgram('unshare'), ...NAMESPACES, '--fork', '--kill-child', '--'],
    ...[requireProgram('sh'), '-c', SCRIPT, 'sh', program, ...args],
  ],
});
