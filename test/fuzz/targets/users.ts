import {strictEqual} from 'node:assert/strict';
import {resolveIdentity} from '../../../core/src/appc/compile/users.ts';
import {ODD} from '../mutate.ts';
import type {Random} from '../random.ts';
import type {Target} from '../target.ts';

const NAMES = ['root', 'web', 'Web', 'w', '0', '1000', '007'];
const WORDS = [...NAMES, 'x', ...ODD];

const fileOf = (random: Random): string | undefined =>
  random.once(8)
    ? undefined
    : random
        .list(9, () => {
          const name = random.once(8) ? random.text(ODD, 3) : random.pick(NAMES);
          const id = random.once(4) ? random.pick(WORDS) : String(random.below(70_000));
          return random.once(12) ? random.text([':', ...WORDS], 9) : [name, 'x', id, id, '', '/', '/bin/sh'].join(':');
        })
        .join(random.once(10) ? '\r\n' : '\n');

/** As whom an app runs is what its name or its number says, and never another user because a line was read in another way (S16, S33). */
export const users: Target = {
  name: 'users',
  run(random) {
    const name = () => (random.once(8) ? random.pick(WORDS) : random.once(8) ? '/' : random.pick(NAMES));
    const [user, group] = [name(), name()];
    const [passwd, groups] = [fileOf(random), fileOf(random)];
    const stat = (file: string) => (file === '/' ? {uid: 5, gid: 6} : undefined);
    const {uid, gid} = resolveIdentity({user, group}, {passwd, group: groups, stat});
    strictEqual(String(uid), expected(user, passwd, '5'));
    strictEqual(String(gid), expected(group, groups, '6'));
  },
};

const expected = (name: string, content: string | undefined, owner: string): string | undefined => {
  if (name === '/') return owner;
  if (/^\d+$/.test(name)) return String(Number(name));
  const lines = (content ?? '').split('\n').map((line) => line.split(':'));
  const found = lines.find(([first, ...rest]) => first === name && rest.length > 0);
  return found === undefined ? (name === 'root' ? '0' : undefined) : found[2];
};
