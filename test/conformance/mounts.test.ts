import {spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';

/* What is mounted on the host is the host's: no pod, and nothing that stays beside one, keeps it. */

const host = openHost();
test.after.always(() => host.close());

const call = (t: ExecutionContext, file: string, ...args: string[]): string => {
  const {status, stdout, stderr} = spawnSync(file, args, {encoding: 'utf8'});
  if (status !== 0) t.fail(`${file} ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
};

/** A disk that is a file, mounted in a directory. `unmount` returns whether the disk is free, and the kernel forgets it. */
const disk = (t: ExecutionContext, name: string) => {
  const [file, directory] = [`${name}.disk`, name].map((entry) => path.join(host.directory, entry)) as [string, string];
  writeFileSync(file, '');
  mkdirSync(directory);
  call(t, 'truncate', '--size=4M', file);
  call(t, 'mkfs.ext4', '-q', '-O', '^has_journal', file);
  const device = call(t, 'losetup', '--find', '--show', file);
  call(t, 'mount', device, directory);
  const backing = `/sys/block/${path.basename(device)}/loop/backing_file`;
  const isFree = () => !existsSync(backing) || readFileSync(backing, 'utf8').trim() !== file;
  t.teardown(() => {
    spawnSync('umount', [directory]);
    if (!isFree()) spawnSync('losetup', ['--detach', device]);
  });
  return {
    directory,
    release: async () => {
      call(t, 'umount', directory);
      // Of a disk in use the kernel lets go later.
      call(t, 'losetup', '--detach', device);
      await until(isFree);
    },
  };
};

testIf(lacksPods('program/losetup', 'program/mkfs.ext4'))(
  'a disk that is unmounted while pods run is free, whether it was mounted before they started or after',
  async (t) => {
    const before = disk(t, 'before');
    const pods = [
      await host.start('echo ready; cat'),
      await host.start('echo ready; cat', {app: ['--stdin=stream', '--stderr=log']}),
      // Something carries what is written to a file.
      await host.start('echo ready; cat', {through: ['/bin/sh', '-c', 'exec "$@" 2>>output', 'sh']}),
    ];
    const after = disk(t, 'after');
    await t.notThrowsAsync(before.release());
    await t.notThrowsAsync(after.release());
    for (const {uuid, end} of pods) {
      t.is((await host.enter(uuid, 'exit 3')).exitCode, 3);
      await end();
    }
  },
);
