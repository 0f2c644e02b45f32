import {execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import {appendFileSync, copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {env} from 'node:process';
import test from 'ava';
import {rktEnvironment} from '../helpers/command.ts';
import {openHost} from '../helpers/host.ts';
import {lacksMachines} from '../helpers/kvm.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {serialTestIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';

/* The small kernel is compiled, which takes some eight minutes of a processor each time: with RKT_TEST_LONG=1 alone. */

const host = openHost();
test.after.always(() => host.close());

const lacks =
  lacksMachines() ??
  lacksPods('program/bc', 'program/bison', 'program/flex', 'program/gcc', 'program/make') ??
  (existsSync('/usr/include/libelf.h') ? undefined : 'libelf-dev is not installed');
const HOURS = 3 * 60 * 60_000;
const pods = {stage1: 'kvm', timeout: 600_000} as const;
const kernels = path.join(host.data, 'cas/kernels');
const spools = path.join(host.data, 'cas/tmp');
const kernelOf = (name: string) => path.join(kernels, name, 'vmlinux');

if (env.RKT_TEST_LONG === '1') {
  const kernelTest = serialTestIf(lacks);

  kernelTest(
    'a build of the small kernel that is killed leaves none, and nothing that the next does not remove',
    async (t) => {
      t.timeout(HOURS);
      const [program = '', ...args] = host.command('flavor', 'build', '--kernel=small', 'kvm');
      const child = spawn(program, args, {env: rktEnvironment, stdio: ['ignore', 'ignore', 'pipe']});
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      await until(() => said.includes('compiling the kernel'), HOURS);
      const ended = once(child, 'close');
      child.kill('SIGKILL');
      await ended;
      t.deepEqual(readdirSync(kernels), []);
      t.is(readdirSync(spools).length, 1);
    },
  );

  kernelTest('the small kernel is compiled once, is the same each time, and runs pods', async (t) => {
    t.timeout(HOURS);
    const build = () => host.rkt(['flavor', 'build', '--kernel=small', 'kvm'], {timeout: HOURS});
    const first = await build();
    t.is(first.exitCode, 0, first.stderr);
    t.regex(first.stderr, /compiled \d+ files/);
    t.deepEqual(readdirSync(spools), []);
    const again = await build();
    t.deepEqual([again.exitCode, again.stdout], [0, first.stdout], again.stderr);
    t.notRegex(again.stderr, /compil/);
    // It is taken by itself from now on.
    const plain = await host.rkt(['flavor', 'build', 'kvm'], {timeout: HOURS});
    t.deepEqual([plain.exitCode, plain.stdout], [0, first.stdout], plain.stderr);
    const {stdout} = await host.rkt(['flavor', 'doctor', 'kvm']);
    t.regex(stdout, /machines start with Linux \S+-rkt, the small kernel \(linux-source-\S+ \S+\)/);

    const data = path.join(host.directory, 'volume');
    mkdirSync(data);
    writeFileSync(path.join(data, 'file'), 'of the host\n');
    const pod = await host.sh('uname -r; cat /data/file; echo made >/data/made', {
      ...pods,
      pod: [`--volume=data,kind=host,source=${data}`],
      app: ['--mount=volume=data,target=/data'],
    });
    t.is(pod.exitCode, 0, pod.stderr);
    t.regex(pod.stdout, /^\S+-rkt\nof the host\n$/);
    t.true(existsSync(path.join(data, 'made')));

    const [name = ''] = readdirSync(kernels);
    // A part of it is none.
    writeFileSync(kernelOf(name), 'x');
    const anew = await build();
    t.deepEqual([anew.exitCode, anew.stdout], [0, first.stdout], anew.stderr);
    t.regex(anew.stderr, /damaged: it is made again[\s\S]*compiled \d+ files/);
  });

  serialTestIf(lacksMachines())('any kernel and modules that the configuration names start machines', async (t) => {
    t.timeout(HOURS);
    const build = () => host.rkt(['flavor', 'build', 'kvm'], {timeout: HOURS});
    const distribution = await host.rkt(['flavor', 'build', '--kernel=distribution', 'kvm'], {timeout: HOURS});
    t.is(distribution.exitCode, 0, distribution.stderr);
    const files = path.join(host.data, 'cas/images', distribution.stdout.trim(), 'rootfs/boot');
    for (const file of ['vmlinux', 'initramfs']) copyFileSync(path.join(files, file), path.join(host.directory, file));
    mkdirSync(path.join(host.directory, 'etc/stage1.d'), {recursive: true});
    const [kernel, initramfs] = ['vmlinux', 'initramfs'].map((file) => path.join(host.directory, file));
    writeFileSync(
      path.join(host.directory, 'etc/stage1.d/kernel.json'),
      JSON.stringify({rktVersion: 'v1', rktKind: 'stage1', kernel, initramfs}),
    );
    const given = await build();
    t.is(given.exitCode, 0, given.stderr);
    t.not(given.stdout, distribution.stdout);
    t.regex(
      (await host.rkt(['flavor', 'doctor', 'kvm'])).stdout,
      /a kernel that the operator has given \(.*\/vmlinux\)/,
    );
    t.is((await host.sh('exit 9', pods)).exitCode, 9);

    // One that has no driver of disks: an archive after another has the last word.
    const order = path.join(host.directory, 'modules/order');
    mkdirSync(path.dirname(order));
    const known = execFileSync('bsdtar', ['-xOf', initramfs ?? '', 'modules/order'], {encoding: 'utf8'});
    writeFileSync(order, known.replace(/^virtio_blk.*\n/m, ''));
    const further = ['--format=newc', '-cf', '-', '-C', host.directory, 'modules/order'];
    appendFileSync(initramfs ?? '', execFileSync('bsdtar', further));
    const poor = await build();
    t.is(poor.exitCode, 0, poor.stderr);
    const refused = await host.sh('exit 9', pods);
    t.is(refused.exitCode, 254);
    t.regex(refused.stderr, /RKT_MACHINE_REFUSED: .*disk rootfs-0: .* virtio-blk$/m);
  });
}

serialTestIf(lacksMachines())('a file that is no kernel is refused before anything is made', async (t) => {
  const empty = openHost();
  t.teardown(() => empty.close());
  const {error, exitCode} = await empty.rkt(['--format=json', 'flavor', 'build', '--kernel=/etc/hostname', 'kvm']);
  t.deepEqual([exitCode, error?.code], [254, 'RKT_GUEST_KERNEL_FAILED']);
  t.false(existsSync(path.join(empty.data, 'cas/images')));
});
