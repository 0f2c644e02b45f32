import test from 'ava';
import {findAccount, ROOT} from '../../../src/appc/compile/account.ts';

const PASSWD = `root:x:0:0:root:/of-root:/bin/ash
second:x:100:100::/second:
first:x:100:100::/first:/bin/first
other:x:101:101::relative:sh
`;

for (const [user, uid, expected] of [
  ['root', 0, {name: 'root', home: '/of-root', loginShell: '/bin/ash'}],
  ['first', 100, {name: 'first', home: '/first', loginShell: '/bin/first'}],
  ['100', 100, {name: 'second', home: '/second', loginShell: '/bin/sh'}],
  ['/owned', 100, {name: 'second', home: '/second', loginShell: '/bin/sh'}],
  ['other', 101, {name: 'other', home: '/', loginShell: '/bin/sh'}],
  ['4321', 4321, {name: '4321', home: '/', loginShell: '/bin/sh'}],
  // A name that has another number there is somebody else.
  ['first', 101, {name: 'other', home: '/', loginShell: '/bin/sh'}],
] as const)
  test(`EX-29 the account of ${user} with the number ${uid}`, (t) => {
    t.deepEqual(findAccount(user, uid, PASSWD), expected);
  });

test('EX-29 an image that says nothing about root has rkt’s', (t) => {
  for (const passwd of [undefined, '', 'x:x:5:5::/x:/bin/x\n']) t.deepEqual(findAccount('0', 0, passwd), ROOT);
});

test('S16 what cannot be a name or a path is none', (t) => {
  for (const [name, home] of [
    ['a b', '/a\tb'],
    ['', '/\u001b[31m'],
    ['x'.repeat(257), `/${'x'.repeat(4095)}`],
    ['a\0', '/\0'],
  ]) {
    t.deepEqual(findAccount('7', 7, `${name}:x:7:7::${home}:${home}\n`), {name: '7', home: '/', loginShell: '/bin/sh'});
  }
  t.deepEqual(findAccount('7', 7, 'a:x:007:7::/x:/x\nb:x:0x7:7::/x:/x\n'), {
    name: '7',
    home: '/',
    loginShell: '/bin/sh',
  });
});
