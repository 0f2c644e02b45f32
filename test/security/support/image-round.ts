import {spawn, spawnSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import type {Host, RunOptions} from '../../helpers/host.ts';
import {buildImage} from '../../helpers/image.ts';
import {openTerminal} from '../../helpers/terminal.ts';
import {until} from '../../helpers/until.ts';

/** A program on a terminal, which stays until somebody has looked. */
const onTerminal = async (t: ExecutionContext, looked: () => Promise<void>, command: readonly string[]) => {
  const terminal = openTerminal([...command, '-c', 'test -t 0 && echo there; read -r line']);
  t.teardown(() => terminal.close());
  await terminal.see(/there/);
  await looked();
  terminal.type('go on\n');
  const {status, text} = await terminal.ended;
  t.is(status, 0, text);
};

interface Rounds {
  readonly count: number;
  readonly stays: string;
  readonly options: RunOptions;
  /** What is made of programs of the host, and pods of other flavors, too. */
  readonly flavors: boolean;
  /** Resolves when all that is there now has been looked at. */
  readonly looked: () => Promise<void>;
}

/** A round of everything that unpacks, packs or walks through images and pods, beside a pod that stays. */
export const imageRounds = async (
  t: ExecutionContext,
  host: Host,
  {count, stays, options, flavors, looked}: Rounds,
): Promise<void> => {
  const files = {'/watcher': '', '/var/lib/large': Buffer.alloc(8 * 2 ** 20, 'large').toString()};
  const aci = buildImage({name: 'example.com/watched', files});
  const work = path.join(host.directory, `rounds-${stays}`);
  const run = async (args: readonly string[]) => {
    const {exitCode, stderr} = await host.rkt(args);
    t.is(exitCode, 0, `${args.join(' ')}: ${stderr}`);
  };
  for (let round = 0; round < count; round++) {
    const out = path.join(work, 'out');
    const rootfs = path.join(work, 'built');
    mkdirSync(rootfs, {recursive: true});
    writeFileSync(path.join(rootfs, 'large'), Buffer.alloc(8 * 2 ** 20));
    await run(['--insecure-options=image', 'fetch', aci]);
    await run(['image', 'build', rootfs, '--name=example.com/built', '-o', `${out}.aci`]);
    await run(['image', 'build', '--from-host', 'sh', '--name=example.com/of-host', '-o', `${out}-host.aci`]);
    await run(['image', 'export', 'example.com/watched', `${out}-exported.aci`]);
    await run(['image', 'extract', 'example.com/watched', `${out}-extracted`]);
    await run(['image', 'render', 'example.com/watched', `${out}-rendered`]);
    await run(['image', 'verify', 'example.com/watched']);
    await run(['status', '--verify', stays]);
    t.is((await host.enter(stays, 'echo in')).stdout, 'in\n');
    const other = await host.start('echo ready; exec cat', {image: aci, stage1: options.stage1 ?? 'fly'});
    t.is((await host.enter(other.uuid, 'echo in')).stdout, 'in\n');
    // What stays before a terminal is a process of rkt's, too.
    await onTerminal(t, looked, host.command('enter', stays, '/bin/sh'));
    await run(['stop', other.uuid]);
    await other.ended;
    await run(['rm', other.uuid]);
    const {exitCode, stderr} = await host.sh('echo logged', {image: aci, ...options});
    t.is(exitCode, 0, stderr);
    const uuid = host.podDirectories().run?.find((one) => one !== stays) ?? '';
    await run(['logs', uuid]);
    await onTerminal(
      t,
      looked,
      host.command(
        ...['--insecure-options=image', 'run', '--stage1=fly', '--interactive', aci, '--exec=/bin/sh', '--'],
      ),
    );
    await run(['plan', '--insecure-options=image', `--stage1=${options.stage1 ?? 'fly'}`, aci]);
    if (flavors) {
      await run(['flavor', 'build', 'nspawn', '-o', `${out}-stage1.aci`]);
      await run(['flavor', 'test', 'fly', '--case=S35/signals']);
      const others = host.podDirectories().run ?? [];
      const journal = await host.sh('echo journaled', {image: aci, stage1: 'nspawn', app: ['--stdout=journal']});
      t.is(journal.exitCode, 0, journal.stderr);
      for (const one of host.podDirectories().run ?? []) if (!others.includes(one)) await run(['logs', one]);
    }
    await run(['export', uuid, `${out}-pod.aci`]);
    await run(['gc', '--grace-period=0s']);
    await run(['image', 'gc', '--grace-period=0s']);
    rmSync(work, {recursive: true});
  }
};

/** A fetch that waits for the rest of its archive, with all of its helpers, until `meanwhile` is done. */
export const fetchThatWaits = async (
  t: ExecutionContext,
  host: Host,
  meanwhile: () => Promise<void>,
): Promise<void> => {
  const rootfs = path.join(host.directory, 'waits');
  const aci = path.join(host.directory, 'waits.aci');
  mkdirSync(rootfs);
  writeFileSync(path.join(rootfs, 'large'), randomBytes(4 * 2 ** 20));
  t.is((await host.rkt(['image', 'build', rootfs, '--name=example.com/waits', '-o', aci])).exitCode, 0);
  const archive = readFileSync(aci);
  const fifo = path.join(host.directory, 'fifo.aci');
  spawnSync('mkfifo', [fifo]);
  const fetched = host.rkt(['--insecure-options=image', 'fetch', fifo]);
  const feed = spawn('sh', ['-c', `cat > ${fifo}`], {stdio: ['pipe', 'ignore', 'ignore']});
  feed.stdin.write(archive.subarray(0, archive.length / 2));
  await until(() => readdirSync(path.join(host.data, 'cas/tmp')).length > 0);
  await meanwhile();
  feed.stdin.end(archive.subarray(archive.length / 2));
  const {exitCode, stderr} = await fetched;
  t.is(exitCode, 0, stderr);
};
