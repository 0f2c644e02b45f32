import {mkdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import type {Host, RunOptions} from '../../helpers/host.ts';
import {buildImage} from '../../helpers/image.ts';

/** A round of everything that unpacks, packs or walks through images and pods, beside a pod that stays. */
export const imageRounds = async (
  t: ExecutionContext,
  host: Host,
  {count, stays, options}: {count: number; stays: string; options: RunOptions},
): Promise<void> => {
  const files = {'/watcher': '', '/var/lib/large': Buffer.alloc(8 * 2 ** 20, 'large').toString()};
  const aci = buildImage({name: 'example.com/watched', files});
  const work = path.join(host.directory, `rounds-${stays}`);
  const rootfs = path.join(work, 'built');
  mkdirSync(rootfs, {recursive: true});
  writeFileSync(path.join(rootfs, 'large'), Buffer.alloc(8 * 2 ** 20));
  const run = async (args: readonly string[]) => {
    const {exitCode, stderr} = await host.rkt(args);
    t.is(exitCode, 0, `${args.join(' ')}: ${stderr}`);
  };
  for (let round = 0; round < count; round++) {
    const out = path.join(work, `out-${round}`);
    await run(['--insecure-options=image', 'fetch', aci]);
    await run(['image', 'build', rootfs, '--name=example.com/built', '-o', `${out}.aci`]);
    await run(['image', 'build', '--from-host', 'sh', '--name=example.com/of-host', '-o', `${out}-host.aci`]);
    await run(['image', 'export', 'example.com/watched', `${out}-exported.aci`]);
    await run(['image', 'extract', 'example.com/watched', `${out}-extracted`]);
    await run(['image', 'render', 'example.com/watched', `${out}-rendered`]);
    await run(['image', 'verify', 'example.com/watched']);
    await run(['status', '--verify', stays]);
    const {exitCode, stderr} = await host.sh('echo logged', {image: aci, ...options});
    t.is(exitCode, 0, stderr);
    const uuid = host.podDirectories().run?.find((one) => one !== stays) ?? '';
    await run(['logs', uuid]);
    await run(['export', uuid, `${out}-pod.aci`]);
    await run(['gc', '--grace-period=0s']);
    await run(['image', 'gc', '--grace-period=0s']);
  }
};
