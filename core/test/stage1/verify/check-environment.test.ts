import test from 'ava';
import {checkEnvironment} from '../../../src/stage1/verify/check-environment.ts';
import {app} from '../../support/fixtures.ts';

const process = {...app().process, argv: ['/bin/server', '-x'], env: [{name: 'A', value: '1'}]};
const asked = app({process});
type Read = NonNullable<Parameters<typeof checkEnvironment>[1]>;

/** The check of a process that shows these one after the other, the last one for ever. */
const check = (...looks: readonly (readonly [cmdline: string[], environ: string[], again?: string[]])[]) => {
  const left = looks.flatMap(([cmdline, environ, again = cmdline]) => [cmdline, environ, again]);
  const last = left.slice(-3);
  const read: Read = () => {
    if (left.length === 0) left.push(...last);
    return left.shift() ?? [];
  };
  return checkEnvironment({app: asked, pid: 0}, read);
};
const program = ['/bin/server', '-x'];
const isFine = {name: 'environment', expected: '1 variables', actual: '1 variables', holds: true};

test('EX-33 an environment is that of a program, not of two', (t) => {
  t.deepEqual(check([program, ['A=1']]), [isFine]);
  t.deepEqual(check([program, ['B=2'], ['/bin/sh']], [program, ['A=1']]), [isFine]);
  t.deepEqual(check([[], ['A=1']], [program, [], []], [program, []], [program, ['A=1']]), [isFine]);
});

test('EX-33 PWD may be there when it is the working directory', (t) => {
  t.deepEqual(check([program, ['A=1', `PWD=${process.cwd}`]]), [isFine]);
});

test('EX-33 what differs for good is a difference', (t) => {
  t.like(check([program, ['B=2']])[0], {holds: false, actual: 'without A, besides B'});
  t.like(check([program, []])[0], {holds: false, actual: 'without A'});
  t.like(check([program, ['A=1', 'PWD=/elsewhere']])[0], {holds: false, actual: 'besides PWD'});
});

test('EX-33 what cannot be seen is told', (t) => {
  t.like(check([[], []])[0], {holds: false});
  t.like(check([program, ['A=1'], []])[0], {holds: false});
  const because = 'permission denied';
  t.like(checkEnvironment({app: asked, pid: 0}, () => ({because}))[0], {
    holds: false,
    actual: `not verified: ${because}`,
  });
  const closed: Read = (_, file) => (file === 'environ' ? {because} : program);
  t.like(checkEnvironment({app: asked, pid: 0}, closed)[0], {holds: false, actual: `not verified: ${because}`});
  t.like(check([['/bin/other'], ['B=2']])[0], {
    holds: true,
    unseen: true,
    actual: 'not verified: the app has become another program',
  });
});
