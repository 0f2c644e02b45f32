import {execFileSync, spawn, spawnSync} from 'node:child_process';
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {callImage} from '../helpers/call-image.ts';
import {openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacks, lacksPods} from '../helpers/lacks.ts';
import {appProcess} from '../helpers/nspawn.ts';
import {serialTestIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';

/*
 * What keeps rkt from doing its work, by accident or on purpose, is said, and keeps nobody else from it.
 */

const host = openHost();
test.after.always(() => host.close());

for (const flavor of ['fly', 'nspawn'] as const) {
  const more = flavor === 'nspawn' ? (['program/systemd-nspawn'] as const) : [];
  serialTestIf(lacksPods('program/chattr', 'capability/9', ...more))(
    `S20 ${flavor}: a pod whose empty volume nobody may change is removed`,
    async (t) => {
      const saved = path.join(host.directory, `uuid-${flavor}`);
      const pod = ['--volume=data,kind=empty', '--mount=volume=data,target=/data', `--uuid-file-save=${saved}`];
      const {exitCode, stderr} = await host.sh('echo x > /data/f', {stage1: flavor, pod});
      t.is(exitCode, 0, stderr);
      const [uuid = ''] = host.podDirectories().run ?? [];
      const volume = path.join(host.data, 'pods/run', uuid, 'volumes/data');
      execFileSync('chattr', ['+i', path.join(volume, 'f'), volume]);
      const removed = await host.rkt(['rm', uuid]);
      t.is(removed.exitCode, 0, removed.stderr);
      t.deepEqual(host.podDirectories(), {});
    },
  );
}

serialTestIf(lacksPods())('S10 rkt run of a fifo that nobody feeds keeps nobody from the images', async (t) => {
  const fifo = path.join(host.directory, 'image.aci');
  spawnSync('mkfifo', [fifo]);
  await host.fetch();
  const [program, ...args] = host.command('--insecure-options=image', 'run', '--stage1=fly', fifo);
  const waiting = spawn(program, args, {stdio: 'ignore'});
  const ended = new Promise((resolve) => waiting.once('exit', resolve));
  // To open the other end waits for who reads.
  const feed = openSync(fifo, 'w');
  try {
    // It has begun to read, and has a place for what it reads.
    writeSync(feed, Buffer.alloc(16));
    await until(() => readdirSync(path.join(host.data, 'cas/tmp')).length > 0);
    const {exitCode, stderr} = await host.rkt(['image', 'gc', '--grace-period=0s'], {timeout: 300_000});
    t.is(exitCode, 0, stderr);
  } finally {
    closeSync(feed);
    waiting.kill('SIGKILL');
    await ended;
  }
});

serialTestIf(lacks('root', 'program/bsdtar', 'program/busybox'))(
  'S10 a full disk is told as such, and image gc makes space on it',
  async (t) => {
    const small = path.join(host.directory, 'small');
    mkdirSync(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=755', 'tmpfs', small]);
    try {
      const rkt = (...args: string[]) =>
        host.rkt([`--dir=${small}`, '--format=json', '--insecure-options=image', ...args]);
      const first = buildImage({name: 'example.com/first', files: {'/large': 'x'.repeat(4 * 2 ** 20)}});
      const second = buildImage({name: 'example.com/second'});
      t.is((await rkt('fetch', first)).exitCode, 0);
      const filler = openSync(path.join(small, 'filler'), 'w');
      t.throws(() => {
        for (;;) writeSync(filler, Buffer.alloc(65_536));
      });
      t.true(fstatSync(filler).size > 0);
      closeSync(filler);
      // With no space for a byte.
      const {exitCode, error} = await rkt('fetch', second);
      t.is(exitCode, 254);
      t.is(error?.code, 'RKT_NO_SPACE');
      const run = await rkt('run', '--stage1=fly', 'example.com/first', '--exec=/bin/true');
      t.not(run.error?.code, 'RKT_INTERNAL');
      const {exitCode: collected, stdout, stderr} = await rkt('image', 'gc', '--grace-period=0s');
      t.is(collected, 0, stderr);
      t.is((JSON.parse(stdout) as {images: string[]}).images.length, 1);
      t.deepEqual(readdirSync(path.join(small, 'cas/images')), []);
      t.deepEqual(readdirSync(path.join(small, 'cas/tmp')), []);
      t.is((await rkt('fetch', second)).exitCode, 0);
      t.true(existsSync(path.join(small, 'filler')));
    } finally {
      execFileSync('umount', ['-l', small]);
      rmSync(small, {recursive: true});
    }
  },
);

serialTestIf(lacks('root', 'program/bsdtar', 'program/busybox'))(
  'S10 a file system on which no further file can be made is told as full',
  async (t) => {
    const small = path.join(host.directory, 'few-inodes');
    mkdirSync(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=755', 'tmpfs', small]);
    try {
      const rkt = (...args: string[]) =>
        host.rkt([`--dir=${small}`, '--format=json', '--insecure-options=image', ...args]);
      const image = buildImage({name: 'example.com/first'});
      const [id = ''] = /sha512-[0-9a-f]+/.exec((await rkt('fetch', '--full', image)).stdout) ?? [];
      const used = Number(execFileSync('df', ['--output=iused', small], {encoding: 'utf8'}).split('\n')[1]);
      execFileSync('mount', ['-o', `remount,nr_inodes=${used}`, small]);
      for (const args of [
        ['fetch', buildImage({name: 'example.com/second'})],
        ['fetch', image],
      ]) {
        const {exitCode, error} = await rkt(...args);
        t.deepEqual([exitCode, error?.code], [254, 'RKT_NO_SPACE'], args.join(' '));
      }
      const list = await rkt('image', 'list');
      t.is(list.exitCode, 0, list.stderr);
      // The index has no room for its journal.
      rmSync(path.join(small, 'cas/index.db'));
      const filler = openSync(path.join(small, 'filler'), 'w');
      closeSync(filler);
      const again = await rkt('image', 'list');
      t.is(again.exitCode, 0, again.stderr);
      t.true(again.stdout.includes(id));
      const removed = await rkt('image', 'rm', id);
      t.is(removed.exitCode, 0, removed.stderr);
    } finally {
      execFileSync('umount', ['-l', small]);
      rmSync(small, {recursive: true});
    }
  },
);

serialTestIf(lacks('root', 'program/bsdtar', 'program/busybox'))(
  'S10 a disk that gives nothing back is told as such, with the file, be it of an image, of the store or of a pod',
  async (t) => {
    // Nothing is at the beginning of a process's memory, and the kernel says of it what it says of such a disk.
    const unreadable = `/proc/${process.pid}/mem`;
    const fetched = await host.rkt(['--format=json', '--insecure-options=image', 'fetch', unreadable]);
    t.is(fetched.error?.code, 'RKT_DISK_FAILED');
    t.is(fetched.error?.fields.path, unreadable);
    const id = await host.fetch();
    const prepared = await host.rkt(['prepare', '--quiet', '--stage1=fly', id, '--exec=/bin/true']);
    const uuid = prepared.stdout.trim();
    for (const [file, ...args] of [
      [`pods/prepared/${uuid}/pod`, 'cat-manifest', uuid],
      [`cas/images/${id}/tar-split.zst`, 'image', 'verify', id],
    ] as const) {
      const full = path.join(host.data, file);
      execFileSync('mount', ['--bind', unreadable, full]);
      try {
        const {error} = await host.rkt(['--format=json', ...args]);
        t.is(error?.code, 'RKT_DISK_FAILED', args.join(' '));
        t.is(error?.fields.path, full, args.join(' '));
      } finally {
        execFileSync('umount', [full]);
      }
    }
    t.is((await host.rkt(['rm', uuid])).exitCode, 0);
  },
);

for (const stage1 of ['fly', 'nspawn'] as const) {
  const more = stage1 === 'nspawn' ? (['program/systemd-nspawn'] as const) : [];
  serialTestIf(lacksPods(...more))(
    `S10 ${stage1}: on a full disk whoever comes to clean up gets into a pod, and what only looks works`,
    async (t) => {
      const other = openHost();
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m,mode=755', 'tmpfs', other.data]);
      try {
        const pod = await other.start('echo ready; cat', {stage1});
        const image = await other.fetch();
        // Whatever is remembered of the start of the pod, and would have to be again.
        for (const cache of ['checked', 'flavors', 'seccomp', 'index.db']) {
          rmSync(path.join(other.data, 'cas', cache), {recursive: true, force: true});
        }
        const filler = openSync(path.join(other.data, 'filler'), 'w');
        t.throws(() => {
          for (;;) writeSync(filler, Buffer.alloc(4096));
        });
        const entered = await other.enter(pod.uuid, 'echo inside');
        t.deepEqual([entered.exitCode, entered.stdout], [0, 'inside\n'], entered.stderr);
        const images = await other.rkt(['image', 'list', '--format=json']);
        t.is(images.exitCode, 0, images.stderr);
        t.true(images.stdout.includes(image));
        for (const args of [['list'], ['status', '--verify', pod.uuid], ['stop', '--force', pod.uuid]]) {
          const {exitCode, stderr} = await other.rkt(args);
          t.is(exitCode, 0, `${args.join(' ')}: ${stderr}`);
        }
        await pod.ended;
        closeSync(filler);
      } finally {
        rmSync(path.join(other.data, 'filler'), {force: true});
        await other.rkt(['gc', '--grace-period=0s']);
        await other.rkt(['gc', '--grace-period=0s']);
        execFileSync('umount', ['-l', other.data]);
        await other.close();
      }
    },
  );
}

/** linux/sched.h */
const CLONE_VM = 0x100;
const CLONE_VFORK = 0x4000;
const SIGCHLD = 17;

serialTestIf(lacksPods('program/systemd-nspawn'))(
  'S10 nspawn: who enters a pod whose app waits uninterruptibly gets in, and the app goes on as before',
  async (t) => {
    // Who has made a child by vfork(2) waits so until that has ended: here until its standard input has.
    const image = callImage([
      {name: 'clone', args: [CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0], parent: 'wait'},
      {name: 'read', args: [0, Buffer.alloc(1), 1]},
    ]);
    const pod = await host.start('echo ready; exec /calls', {stage1: 'nspawn', image});
    const pid = await appProcess(pod.uuid, 'test');
    const status = () => readFileSync(`/proc/${pid}/status`, 'utf8');
    await until(() => /^State:\tD/m.test(status()));
    const entered = await host.enter(pod.uuid, 'echo in');
    t.deepEqual([entered.exitCode, entered.stdout], [0, 'in\n'], entered.stderr);
    t.regex(status(), /^TracerPid:\t0$/m);
    pod.child.stdin?.end();
    t.is((await pod.ended).exitCode, 0);
  },
);

serialTestIf(lacksPods('program/cp'))('S10 a disk that a copy of an image fills is told as full', async (t) => {
  const small = path.join(host.directory, 'small-copy');
  mkdirSync(small);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=755', 'tmpfs', small]);
  try {
    const rkt = (...args: string[]) =>
      host.rkt([`--dir=${small}`, '--format=json', '--insecure-options=image', ...args]);
    const large = buildImage({name: 'example.com/large', files: {'/large': 'x'.repeat(4 * 2 ** 20)}});
    t.is((await rkt('fetch', large)).exitCode, 0);
    const filler = openSync(path.join(small, 'filler'), 'w');
    t.throws(() => {
      for (;;) writeSync(filler, Buffer.alloc(65_536));
    });
    // Enough for all but the content.
    ftruncateSync(filler, fstatSync(filler).size - 2 * 2 ** 20);
    closeSync(filler);
    for (const args of [
      ['image', 'render', 'example.com/large', path.join(small, 'rendered')],
      ['run', '--stage1=fly', '--no-overlay', 'example.com/large', '--exec=/bin/true'],
    ]) {
      const {exitCode, error} = await rkt(...args);
      t.is(exitCode, 254);
      t.is(error?.code, 'RKT_NO_SPACE', args.join(' '));
    }
    t.deepEqual(
      readdirSync(small).filter((name) => name.includes('rendered')),
      [],
    );
  } finally {
    execFileSync('umount', ['-l', small]);
    rmSync(small, {recursive: true});
  }
});

serialTestIf(lacksPods())(
  'S10 a disk that fills up while a pod starts is told as full, whichever step it is',
  async (t) => {
    const small = path.join(host.directory, 'small-inodes');
    mkdirSync(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m,nr_inodes=1200,mode=755', 'tmpfs', small]);
    try {
      const rkt = (...args: string[]) =>
        host.rkt([`--dir=${small}`, '--format=json', '--insecure-options=image', ...args]);
      const codes = new Set<string | undefined>();
      t.is((await rkt('fetch', buildImage())).exitCode, 0);
      for (let free = 1; free <= 8; free++) {
        const prepared = await rkt('prepare', '--quiet', '--stage1=fly', 'example.com/test', '--exec=/bin/true');
        t.is(prepared.exitCode, 0, prepared.stderr);
        let made = 0;
        t.throws(() => {
          for (;;) {
            closeSync(openSync(path.join(small, `filler-${made}`), 'w'));
            made++;
          }
        });
        for (let index = 0; index < free; index++) rmSync(path.join(small, `filler-${index}`));
        const [uuid = ''] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(prepared.stdout) ?? [];
        const {exitCode, error} = await rkt('run-prepared', uuid);
        if (exitCode !== 0) codes.add(error?.code);
        for (let index = free; index < made; index++) rmSync(path.join(small, `filler-${index}`));
        t.is((await rkt('gc', '--grace-period=0s')).exitCode, 0);
        t.is((await rkt('gc', '--grace-period=0s')).exitCode, 0);
      }
      t.deepEqual([...codes], ['RKT_NO_SPACE']);
    } finally {
      execFileSync('umount', ['-l', small]);
      rmSync(small, {recursive: true});
    }
  },
);

serialTestIf(lacksPods())("S10 a limit of rkt's caller that is too low is told as such", async (t) => {
  const image = await host.fetch();
  for (const limit of ['-f 0', '-n 24']) {
    const through = ['/bin/sh', '-c', `ulimit ${limit}; exec "$@"`, 'sh'];
    const {exitCode, error, stderr} = await host.sh('true', {stage1: 'fly', image, through});
    t.deepEqual([exitCode, error?.code], [254, 'RKT_LIMIT_TOO_LOW'], `${limit}: ${stderr}`);
  }
});

serialTestIf(lacksPods())('S36 what is in the environment for another Node.js is not for the one of rkt', async (t) => {
  const written = path.join(host.directory, 'written');
  const env = {NODE_CHANNEL_FD: '0', NODE_DEBUG: '*', NODE_V8_COVERAGE: written, NODE_REDIRECT_WARNINGS: written};
  const {exitCode, stdout, stderr} = await host.rkt(['list', '--format=json'], {env});
  t.is(exitCode, 0, stderr);
  t.notThrows(() => JSON.parse(stdout));
  t.is(stderr, '');
  t.false(existsSync(written));
});
