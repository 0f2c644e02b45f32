import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {lacks} from './lacks.ts';
import {said} from './said.ts';

/** Why this host has no taps. */
export const lacksTaps = (): string | undefined =>
  existsSync('/dev/net/tun') ? lacks('root', 'program/ip', 'program/unshare') : 'there is no /dev/net/tun';

/** A network namespace of its own, as a script of shell makes it, from which nothing leads anywhere. It is there until it is closed, with what the script has started. */
export const openNetwork = async (script: string): Promise<{namespace: string; close: () => Promise<unknown>}> => {
  const child = spawn('unshare', ['--net', '/bin/sh', '-ec', `${script}\necho ready; exec sleep infinity`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const {pid = 0} = child;
  const ended = once(child, 'exit');
  await said(child);
  return {
    namespace: `/proc/${pid}/ns/net`,
    close: () => {
      process.kill(-pid, 'SIGKILL');
      return ended;
    },
  };
};
