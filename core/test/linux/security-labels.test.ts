import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {confinement, confineNextProgram} from '../../src/linux/security-labels.ts';
import {RktError} from '../../src/rkt-error.ts';

/* What is written, not what it does: that takes a kernel with these modules. */

const attributes = (t: ExecutionContext, ...files: readonly string[]): string => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-attr-'));
  t.teardown(() => rmSync(directory, {recursive: true}));
  for (const file of files) {
    mkdirSync(path.dirname(path.join(directory, file)), {recursive: true});
    writeFileSync(path.join(directory, file), '');
  }
  return directory;
};

test('EX-47 AppArmor is told of the next program in its own directory, or in the common one', (t) => {
  const both = attributes(t, 'exec', 'apparmor/exec');
  confineNextProgram({apparmorProfile: 'web'}, both);
  t.is(readFileSync(path.join(both, 'apparmor/exec'), 'utf8'), 'exec web');
  t.is(readFileSync(path.join(both, 'exec'), 'utf8'), '');
  const old = attributes(t, 'exec');
  confineNextProgram({apparmorProfile: 'web'}, old);
  t.is(readFileSync(path.join(old, 'exec'), 'utf8'), 'exec web');
});

test('EX-46 SELinux is told the context of the next program', (t) => {
  const directory = attributes(t, 'exec', 'apparmor/exec');
  confineNextProgram({selinuxContext: 'u:r:t:s0:c1'}, directory);
  t.is(readFileSync(path.join(directory, 'exec'), 'utf8'), 'u:r:t:s0:c1');
});

test('what a module refuses is an error with its name and what was asked for', (t) => {
  const error = t.throws(() => confineNextProgram({selinuxContext: 'u:r:t:s0'}, attributes(t)), {instanceOf: RktError});
  t.like(error, {code: 'RKT_LABEL_REFUSED', fields: {module: 'SELinux', label: 'u:r:t:s0'}});
});

test('S15 EX-46 EX-47 what a module would read as another label, or as none, is refused before it is told', (t) => {
  const directory = attributes(t, 'exec', 'apparmor/exec');
  const long = 'x'.repeat(4001);
  for (const label of [
    '',
    ' web',
    'web ',
    'web\t',
    'web\n',
    '\nu:r:t:s0',
    'web\0other',
    'a\u0085b',
    long,
    'é'.repeat(2001),
  ])
    for (const labels of [{apparmorProfile: label}, {selinuxContext: label}]) {
      const [what, {code}] = [JSON.stringify(labels), {code: 'RKT_LABEL_REFUSED'}];
      t.throws(() => confineNextProgram(labels, directory), {code} as never, what);
      t.throws(() => confinement(labels), {code} as never, what);
    }
  for (const label of ['unconfined', 'a//&b', ':ns:name', 'a b', 'x'.repeat(4000)])
    t.notThrows(() => confineNextProgram({apparmorProfile: label}, directory), label);
});
