import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import test from 'ava';
import {chooseKernel} from '../../../src/artifact/choose-kernel.ts';
import {refuseUnknown} from '../../../src/artifact/guest/compile-kernel.ts';
import {givenKernel} from '../../../src/artifact/guest/given-kernel.ts';
import {kernelRelease} from '../../../src/artifact/guest/kernel-release.ts';
import {missingKernelTools} from '../../../src/artifact/guest/kernel-tools.ts';
import {parseListed} from '../../../src/artifact/guest/listed-package.ts';
import {kernelKey, kernelsDirectory, presentSmallKernel} from '../../../src/artifact/guest/small-kernel.ts';
import {takePackage} from '../../../src/artifact/guest/take-package.ts';
import type {HostPath} from '../../../src/contract/names.ts';
import {scratch} from '../../pod/helpers.ts';

const VMLINUX = Buffer.concat([
  Buffer.from('\x7fELF\0Linux version %s (%s)\0', 'latin1'),
  Buffer.from('Linux version 6.1.192-rkt (rkt@rkt) (gcc) #1 SMP\n\0'),
]);

test('a kernel says its release, after what it prints it by', (t) => {
  t.is(kernelRelease(VMLINUX), '6.1.192-rkt');
  t.is(kernelRelease(Buffer.from('Linux version ')), undefined);
  t.is(kernelRelease(Buffer.alloc(100)), undefined);
});

test('a kernel that the operator gives is taken as it is, compressed or not, with an archive before ours', async (t) => {
  const directory = scratch(t);
  const [kernel, archive] = [join(directory, 'kernel'), join(directory, 'archive')];
  writeFileSync(kernel, gzipSync(VMLINUX));
  writeFileSync(archive, '070701..');
  t.deepEqual(await givenKernel(kernel), {
    vmlinux: VMLINUX,
    about: {kind: 'given', release: '6.1.192-rkt', from: kernel},
  });
  writeFileSync(archive, '070701...');
  const {initramfs} = await givenKernel(kernel, archive);
  t.deepEqual(initramfs, Buffer.from('070701...\0\0\0'));
});

for (const [what, content] of [
  ['is not there', undefined],
  ['is a directory', null],
  ['says no version', '\x7fELF'],
] as const)
  test(`a kernel that ${what} is refused by its path`, async (t) => {
    const directory = scratch(t);
    const kernel = join(directory, 'kernel');
    if (content === null) mkdirSync(kernel);
    else if (content !== undefined) writeFileSync(kernel, content, 'latin1');
    await t.throwsAsync(givenKernel(kernel), {
      code: 'RKT_GUEST_KERNEL_UNUSABLE',
      message: new RegExp(kernel),
    });
  });

test('a kernel that is larger than any is refused without being read to its end', async (t) => {
  const kernel = join(scratch(t), 'kernel');
  writeFileSync(kernel, '\x7fELF', 'latin1');
  truncateSync(kernel, 3 * 2 ** 30);
  await t.throwsAsync(givenKernel(kernel), {code: 'RKT_GUEST_KERNEL_UNUSABLE', message: /more than \d+ bytes/});
});

test('S36 only the package of the lists is taken from who has downloaded it, and nothing that stands for it', (t) => {
  const directory = scratch(t);
  const [file, taken] = [join(directory, 'archive.deb'), join(directory, 'taken.deb')];
  const sha256 = createHash('sha256').update('a package').digest('hex');
  const listed = {name: 'linux-source-6.1', version: '6.1.192-3', sha256, bytes: 9};
  const take = () => takePackage(file, taken, listed, 'the package');
  for (const [make, message] of [
    [() => writeFileSync(file, 'another!!'), new RegExp(sha256)],
    [() => writeFileSync(file, 'a package, and more'), /has 9 bytes, and what was downloaded 19/],
    // Neither waits for who would write there, nor reads what is root's.
    [() => execFileSync('mkfifo', [file]), /no regular file/],
    [() => mkdirSync(file), /no regular file/],
    [() => symlinkSync('/dev/zero', file), /archive\.deb/],
    [() => undefined, /does not exist/],
  ] as const) {
    make();
    t.throws(take, {code: 'RKT_GUEST_KERNEL_FAILED', message});
    for (const path of [file, taken]) rmSync(path, {recursive: true, force: true});
  }
  writeFileSync(file, 'a package');
  take();
  t.is(readFileSync(taken, 'utf8'), 'a package');
});

test('a package has to be in the lists with what it is told by', (t) => {
  const text = 'Package: linux-image-6.1\nVersion: 6.1.192-1\nSize: 12\nSHA256: ab\nDescription: SHA256: cd\n';
  t.deepEqual(parseListed('linux-image-6.1', text, 'it'), {
    name: 'linux-image-6.1',
    version: '6.1.192-1',
    sha256: 'ab',
    bytes: 12,
  });
  // What dpkg knows of an installed package has no digest.
  const installed = text.replace(/^(Size|SHA256):.*\n/gm, '');
  t.throws(() => parseListed('linux-image-6.1', installed, 'it'), {code: 'RKT_GUEST_KERNEL_FAILED'});
});

test('an archive that is none is refused, and so is one without a kernel of its own', async (t) => {
  const directory = scratch(t);
  const [kernel, archive] = [join(directory, 'kernel'), join(directory, 'archive')];
  writeFileSync(kernel, VMLINUX);
  writeFileSync(archive, 'text');
  const refused = {code: 'RKT_GUEST_KERNEL_UNUSABLE', message: /archive/};
  await t.throwsAsync(givenKernel(kernel, archive), refused);
  const options = {flavor: 'x', dataDir: directory as HostPath, note: t.log};
  for (const wanted of [{}, {kernel: 'small'}, {kernel: 'distribution'}])
    await t.throwsAsync(chooseKernel({...wanted, initramfs: archive}, options), refused);
  await t.throwsAsync(chooseKernel({kernel: 'small'}, options), {code: 'RKT_KERNEL_NOT_OF_FLAVOR'});
});

test('what a kernel is compiled with is missing by the names of its packages', (t) => {
  t.deepEqual(
    missingKernelTools(() => true),
    [],
  );
  t.deepEqual(
    missingKernelTools((tool) => !['flex', 'ld', '/usr/include/libelf.h'].includes(tool)),
    ['binutils', 'flex', 'libelf-dev'],
  );
});

test('a kernel is found again by all that its bytes depend on', (t) => {
  const source = {name: 'linux-source-6.1', version: '6.1.192-3', sha256: 'a'};
  const key = kernelKey(source, 'CONFIG_A=y', 'gcc 12; ld 2');
  t.is(kernelKey({...source}, 'CONFIG_A=y', 'gcc 12; ld 2'), key);
  const others = [
    kernelKey({...source, version: '6.1.192-4'}, 'CONFIG_A=y', 'gcc 12; ld 2'),
    kernelKey({...source, sha256: 'b'}, 'CONFIG_A=y', 'gcc 12; ld 2'),
    kernelKey(source, 'CONFIG_B=y', 'gcc 12; ld 2'),
    kernelKey(source, 'CONFIG_A=y', 'gcc 13; ld 2'),
  ];
  t.is(new Set([key, ...others]).size, 5);
});

test('what is left of a kernel, or has become another, is none', async (t) => {
  const dataDir = scratch(t) as HostPath;
  const config = join(dataDir, 'config');
  writeFileSync(config, 'CONFIG_A=y\n');
  const where = {dataDir, config, note: t.log};
  t.is(await presentSmallKernel(where), undefined);
  const directory = join(kernelsDirectory(dataDir), 'key');
  mkdirSync(directory, {recursive: true});
  writeFileSync(join(directory, 'vmlinux'), VMLINUX);
  t.is(await presentSmallKernel(where), undefined);
  writeFileSync(join(directory, 'record.json'), JSON.stringify({sha256: '0'.repeat(64)}));
  t.is(await presentSmallKernel(where), undefined);
});

const isRoot = process.geteuid?.() === 0;
(isRoot ? test.serial : test.skip)('who may not read the kernels of root has none, and is told so', async (t) => {
  const dataDir = scratch(t) as HostPath;
  const config = '/etc/passwd'; // everybody may read it
  mkdirSync(join(kernelsDirectory(dataDir), 'key'), {recursive: true, mode: 0o700});
  const notes: string[] = [];
  process.seteuid?.(65_534);
  try {
    t.is(await presentSmallKernel({dataDir, config, note: (text) => notes.push(text)}), undefined);
  } finally {
    process.seteuid?.(0);
  }
  t.regex(notes.join('\n'), new RegExp(`^[^\n]*${kernelsDirectory(dataDir)}$`));
});

test('an option that a source does not have is named', (t) => {
  const made = 'CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_S="x"\n';
  t.notThrows(() => refuseUnknown('# a comment of CONFIG_X\nCONFIG_A=y\n# CONFIG_B is not set\nCONFIG_S="x"\n', made));
  for (const line of ['CONFIG_C=y', 'CONFIG_B=y', '# CONFIG_A is not set', 'CONFIG_S="y"'])
    t.throws(() => refuseUnknown(`${line}\n`, made), {
      code: 'RKT_KERNEL_BUILD_FAILED',
      message: new RegExp(line.replace('"', '.')),
    });
});
