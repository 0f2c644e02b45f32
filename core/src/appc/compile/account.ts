import {parseId} from './name-file.ts';

/** What a login would tell a process about its user. */
export interface Account {
  readonly name: string;
  readonly home: string;
  readonly loginShell: string;
}

/** Of a user that the image says nothing about, as rkt had it for all. */
export const ROOT: Account = {name: 'root', home: '/root', loginShell: '/bin/sh'};

const MAX_NAME = 256;
const MAX_PATH = 4095;

const isName = (text: string): boolean =>
  text !== '' && Buffer.byteLength(text) <= MAX_NAME && !/[\s\p{Cc}]/u.test(text);
const isPath = (text: string): boolean =>
  text.startsWith('/') && Buffer.byteLength(text) <= MAX_PATH && !/\p{Cc}/u.test(text);

/**
 * The account of an app's user in its image's /etc/passwd: the line of the name that was asked for, else the first one of the number. What there cannot be a
 * name or a path is as if it were not there.
 */
export const findAccount = (user: string, uid: number, passwd: string | undefined): Account => {
  const own = (passwd ?? '').split('\n').filter((line) => parseId(line.split(':', 3)[2] ?? '') === uid);
  const line = own.find((candidate) => candidate.startsWith(`${user}:`)) ?? own[0];
  const [name = '', , , , , home = '', shell = ''] = line?.split(':') ?? [];
  const unknown = uid === 0 ? ROOT : {...ROOT, name: String(uid), home: '/'};
  return {
    name: isName(name) ? name : unknown.name,
    home: isPath(home) ? home : unknown.home,
    loginShell: isPath(shell) ? shell : unknown.loginShell,
  };
};
