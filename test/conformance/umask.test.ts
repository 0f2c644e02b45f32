import {lstatSync, mkdirSync, readdirSync, rmdirSync, statSync} from 'node:fs';
import path from 'node:path';
import {flavor, openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* What rkt makes has the modes that its code says, whatever umask it was called with. */

const kernelTest = testIf(lacksPods());

/** Every mode below a directory; what differs from one host to the other has no name. */
const modesIn = (directory: string): string[] => {
  const modes = new Set<string>();
  const walk = (file: string): void => {
    const stats = lstatSync(file);
    const name = path
      .relative(directory, file)
      .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32,}|\b\d+\b/g, '*');
    modes.add(`${(stats.mode & 0o7777).toString(8)} ${name}`);
    if (stats.isDirectory()) for (const entry of readdirSync(file)) walk(path.join(file, entry));
  };
  walk(directory);
  return [...modes].sort();
};

kernelTest('an umask that takes nothing, and one that takes everything', async (t) => {
  const made: string[][] = [];
  for (const [umask, mode] of [
    ['0000', 0o644],
    ['0777', 0o600],
  ] as const) {
    const host = openHost();
    t.teardown(() => host.close());
    rmdirSync(host.data);
    const through = ['/bin/sh', '-c', `umask ${umask}; exec "$@"`, 'sh'];
    const rkt = async (...args: string[]) => {
      const {stdout, stderr, exitCode} = await host.rkt(['--insecure-options=image', ...args], {through});
      t.is(exitCode, 0, `${args.join(' ')}: ${stderr}`);
      return stdout.trim();
    };
    await rkt('fetch', buildImage());
    const [image, ...app] = ['example.com/test', '--exec=/bin/sh', '--', '-c', 'umask; >/tmp/file'];
    const uuid = await rkt('prepare', `--stage1=${flavor}`, image ?? '', ...app);
    t.is(await rkt('run-prepared', uuid), '0022');
    t.is(await rkt('run', `--stage1=${flavor}`, image ?? '', ...app), '0022');
    made.push(modesIn(host.data));
    mkdirSync(path.join(host.directory, 'tree'));
    await rkt('image', 'build', 'tree', '--name=example.com/built', '-o', 'built.aci');
    // The caller's own file: what the umask says, but for the caller.
    t.is(statSync(path.join(host.directory, 'built.aci')).mode & 0o7777, mode);
  }
  t.deepEqual(made[0], made[1]);
});
