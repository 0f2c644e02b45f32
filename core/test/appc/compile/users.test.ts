import test from 'ava';
import {findId, MAX_NAME_FILE, parseId} from '../../../src/appc/compile/name-file.ts';
import {type IdentitySources, resolveIdentity} from '../../../src/appc/compile/users.ts';
import {refused} from '../support.ts';

const passwd = `root:x:0:0:root:/root:/bin/sh
app:x:1000:1001::/srv:/bin/false
app:x:0:0:second:/:/bin/sh
007:x:77:77:::
1234:x:4321:1:::
1000:x:1000:1:::
2000:x:0:0:::
negative:x:-1:0:::
huge:x:4294967296:0:::
none:x:4294967295:0:::
hex:x:0x0:0:::
empty:x::0:::
octal:x:010:0:::
space:x: 5:0:::
short
`;
const group = 'root:x:0:\nstaff:x:50:app\n1001:x:9:\n';
const files: Record<string, {uid: number; gid: number}> = {
  '/usr/bin/ping': {uid: 12, gid: 34},
  '/odd': {uid: 0xffff_ffff, gid: 0},
};
const sources: IdentitySources = {passwd, group, stat: (path) => files[path]};
const bare: IdentitySources = {passwd: undefined, group: undefined, stat: () => undefined};
const resolve = (user: string, groupName = '0', from = sources) => resolveIdentity({user, group: groupName}, from);

const found: readonly (readonly [user: string, group: string, uid: number, gid: number])[] = [
  ['root', 'root', 0, 0],
  ['app', 'staff', 1000, 50],
  ['0', '0', 0, 0],
  ['1000', '1000', 1000, 1000],
  ['4294967294', '4294967294', 4294967294, 4294967294],
  ['/usr/bin/ping', '/usr/bin/ping', 12, 34],
  ['app', '/usr/bin/ping', 1000, 34],
];
for (const [user, groupName, uid, gid] of found) {
  test(`IM-16 ${user}:${groupName} is ${uid}:${gid}`, (t) => {
    t.deepEqual(resolve(user, groupName), {uid, gid});
  });
}

for (const text of [
  '4294967296',
  '4294967295',
  '-1',
  '+1',
  '0x0',
  '0b0',
  '00',
  '010',
  '',
  ' ',
  ' 0',
  '0 ',
  '1e3',
  '0.0',
  '٠',
  'nobody',
  'short',
  'negative',
  'huge',
  'none',
  'hex',
  'empty',
  'octal',
  'space',
  '/none',
  '/odd',
  'app:x',
  'x\nroot',
  '\0',
  '9'.repeat(30),
  'Root',
]) {
  test(`S16 the user ${JSON.stringify(text)} is nobody, and not root by accident`, (t) => {
    t.is(refused(t, 'RKT_USER_UNKNOWN', () => resolve(text)).user, text);
  });
}

for (const text of ['1234', '2000', '007']) {
  test(`S33 the number ${text} is not a user that the image calls so`, (t) => {
    t.is(refused(t, 'RKT_USER_UNKNOWN', () => resolve(text)).user, text);
  });
}

test('S33 the number 1001 is not a group that the image calls so', (t) => {
  t.is(refused(t, 'RKT_GROUP_UNKNOWN', () => resolve('0', '1001')).group, '1001');
});

test('S16 the same holds for groups', (t) => {
  for (const text of ['4294967296', '-1', '007', '0x0', '', 'wheel', '/none']) {
    t.is(refused(t, 'RKT_GROUP_UNKNOWN', () => resolve('0', text), text).group, text);
  }
});

test('IM-16 an image without passwd knows numbers and root', (t) => {
  t.deepEqual(resolve('1', '2', bare), {uid: 1, gid: 2});
  t.deepEqual(resolve('root', 'root', bare), {uid: 0, gid: 0});
  refused(t, 'RKT_USER_UNKNOWN', () => resolve('app', '0', bare));
  refused(t, 'RKT_USER_UNKNOWN', () => resolve('007', '0', bare));
});

test('IM-16 the image says who root is', (t) => {
  t.is(resolve('root', '0', {...sources, passwd: 'root:x:5:5:::'}).uid, 5);
});

test('S16 passwd files: one byte below the limit, at it, above it', (t) => {
  const ofSize = (size: number) => `a:x:7:7:::\n${'#'.repeat(size - 11)}`;
  t.is(findId('/etc/passwd', ofSize(MAX_NAME_FILE - 1), 'a'), 7);
  t.is(findId('/etc/passwd', ofSize(MAX_NAME_FILE), 'a'), 7);
  t.like(
    refused(t, 'RKT_NAME_FILE_TOO_LARGE', () => findId('/etc/passwd', ofSize(MAX_NAME_FILE + 1), 'a')),
    {file: '/etc/passwd', limit: MAX_NAME_FILE},
  );
});

test('S16 a passwd file of a megabyte of anything is decided', (t) => {
  for (const piece of [':', '\n', 'a:', 'a\n', ':\n', '\0']) {
    t.is(findId('/etc/passwd', piece.repeat(MAX_NAME_FILE / piece.length), 'app'), undefined, JSON.stringify(piece));
  }
});

test('S16 a number has one form', (t) => {
  t.deepEqual(['0', '1', '4294967294'].map(parseId), [0, 1, 4294967294]);
  for (const text of ['', '-0', '01', '1 ', '4294967295', '99999999999']) t.is(parseId(text), undefined, text);
});

/** Names that are numbers, as an image may have them in either file, and what somebody may type. */
const NUMERIC = ['0', '00', '007', '1', '1000', '+1', '-1', '0x0', '0X10', '4294967295', '4294967296'] as const;
const IDS = [0, 1, 7, 16, 1000, 4294967294] as const;
for (const name of NUMERIC) {
  test(`S33 "${name}" as a name of the image is no other number, for users and groups`, (t) => {
    for (const id of IDS) {
      const lines = `${name}:x:${id}:${id}:::\nother:x:5:5:::\n`;
      const from: IdentitySources = {passwd: lines, group: lines, stat: () => undefined};
      const same = Number(name) === id;
      if (same) t.deepEqual(resolve(name, name, from), {uid: id, gid: id});
      else {
        refused(t, 'RKT_USER_UNKNOWN', () => resolve(name, 'other', from));
        refused(t, 'RKT_GROUP_UNKNOWN', () => resolve('other', name, from));
      }
    }
  });
}

test('S33 a name that only looks a little like a number may have any', (t) => {
  for (const name of ['1e3', 'u1000', '10.5', 'face', '1000-1']) {
    const from: IdentitySources = {passwd: `${name}:x:12:34:::\n`, group: undefined, stat: () => undefined};
    t.is(resolve(name, '0', from).uid, 12);
  }
});
