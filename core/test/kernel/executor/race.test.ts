import {execFileSync} from 'node:child_process';
import {mkdirSync, readdirSync} from 'node:fs';
import {dirname} from 'node:path';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {hostFacts} from '../../support/fixtures.ts';
import {builtFixture} from './built-fixture.ts';
import {bind, inRootfs, mount, podOf, sandbox} from './perform-in-child.ts';

testIf(lacks('root'))('S05 a directory that is swapped with a symlink during the start leads nowhere outside', (t) => {
  const box = sandbox(t);
  mkdirSync(`${box.directory}/copy`);
  mkdirSync(`${box.directory}/volume`);
  mkdirSync(box.rootfs, {recursive: true});
  const owner = {mode: 0o755, uid: 0, gid: 0};
  const steps = [
    {id: 'namespace', do: 'namespace', unshare: ['mount']},
    bind('', '', {source: {in: 'pod', path: 'copy'}, target: {in: 'pod', path: 'stage1/main'}}),
    bind('', '/swapped/sub', {source: {in: 'pod', path: 'volume'}}),
    bind('', '/swapped', {source: {in: 'pod', path: 'volume'}}),
    {id: 'dir', do: 'mkdir', target: inRootfs('/swapped/a/b'), ...owner},
    {id: 'file', do: 'write', target: inRootfs('/swapped/file'), content: 'x', ...owner},
    {id: 'link', do: 'symlink', target: inRootfs('/swapped/link'), to: 'x'},
    mount('tmpfs', '/swapped/tmp'),
  ];
  const output = execFileSync(
    process.execPath,
    [...builtFixture(new URL('fixtures/race.ts', import.meta.url)), `${box.directory}/copy`],
    {input: JSON.stringify({pod: podOf(box), facts: hostFacts(), steps, looks: []}), encoding: 'utf8'},
  );
  const {endings, mounts} = JSON.parse(output) as {endings: string[]; mounts: string[]};
  t.true(endings.includes('done'));
  const base = dirname(box.directory);
  t.deepEqual(
    mounts.filter((path) => path.startsWith(base) && path !== box.rootfs && !path.startsWith(`${box.rootfs}/`)),
    [],
  );
  t.deepEqual(readdirSync(box.outside), []);
  t.deepEqual(box.hostMounts(), []);
});
