import {spawnSync} from 'node:child_process';
import {randomFillSync} from 'node:crypto';
import {closeSync, mkdirSync, mkdtempSync, openSync, statfsSync, statSync, writeFileSync, writeSync} from 'node:fs';
import path from 'node:path';
import {imageManifest} from '../helpers/image.ts';
import {program} from '../runner/packages.ts';
import {cleanEnvironment, interleave} from './measure.ts';
import {podman} from './peers.ts';
import {mib, ms, printTable} from './table.ts';
import {atLeast, atMost, type Target} from './target.ts';
import {removeTree, type World} from './world.ts';

const RUNS = 15;
const FILES = 3400;
const BYTES = 200e6;

/** A rootfs of 200 MB in files of all sizes, about as compressible as programs are. */
const makeTree = (directory: string) => {
  const noise = Buffer.alloc(1 << 20);
  randomFillSync(noise);
  // A third of every KiB stays random.
  for (let at = 0; at < noise.length; at += 1024) noise.fill('abcdefgh', at + 341, at + 1024);
  let left = BYTES;
  for (let index = 0; index < FILES; index++) {
    const place = path.join(directory, 'usr/lib', `d${index % 50}`);
    mkdirSync(place, {recursive: true});
    const size = Math.min(left, Math.floor((BYTES / FILES) * (index % 20 === 0 ? 11 : 0.47)));
    const file = openSync(path.join(place, `f${index}`), 'w');
    for (let done = 0; done < size; done += noise.length)
      writeSync(file, noise, 0, Math.min(noise.length, size - done));
    closeSync(file);
    left -= size;
  }
};

const roomy = (directory: string): boolean => {
  try {
    const {bavail, bsize} = statfsSync(directory);
    return bavail * bsize > 2e9;
  } catch {
    return false;
  }
};

const pipe = (command: string, output: string) => {
  const {status, stderr} = spawnSync(program('bash') ?? '/bin/sh', ['-c', command], {
    env: cleanEnvironment,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${output}: ${stderr}`);
  return output;
};

/** Import of a 200 MB ACI, hash and extraction included, against the plain tools and podman. */
export const bench = (world: World): Target[] => {
  // In memory, where there is room: what is measured is the engine, not the disk.
  const work = roomy('/dev/shm') ? mkdtempSync('/dev/shm/rkt-bench-') : path.join(world.directory, 'import');
  try {
    return measure(world, work);
  } finally {
    removeTree(work);
  }
};

const measure = (world: World, work: string): Target[] => {
  mkdirSync(path.join(work, 'rootfs'), {recursive: true});
  makeTree(path.join(work, 'rootfs'));
  writeFileSync(path.join(work, 'manifest'), JSON.stringify(imageManifest({name: 'example.com/large'})));
  const plain = pipe(`tar -C ${work} -cf ${work}/plain.aci manifest rootfs`, `${work}/plain.aci`);
  const gzip = pipe(`gzip -c ${plain} > ${work}/gzip.aci`, `${work}/gzip.aci`);
  const zstd = program('zstd') && pipe(`zstd -q -c ${plain} > ${work}/zstd.aci`, `${work}/zstd.aci`);
  const size = statSync(plain).size / 1e6;

  const out = path.join(work, 'out');
  const fresh = () => {
    removeTree(out);
    mkdirSync(out);
  };
  const fetch = (name: string, file: string | undefined) =>
    file ? [{name, before: fresh, command: () => world.rkt(`--dir=${out}`, 'fetch', file)}] : [];
  const podmanFile = program('podman');
  const shell = program('bash') ?? '/bin/sh';
  const measured = interleave(
    [
      {
        name: 'sha512sum and tar -x',
        before: fresh,
        command: [shell, '-c', `sha512sum ${plain} && tar -C ${out} -xf ${plain}`],
      },
      ...fetch('rkt fetch, plain', plain),
      ...fetch('rkt fetch, gzip', gzip),
      ...fetch('rkt fetch, zstd', zstd),
      ...(podmanFile
        ? [
            {
              name: 'podman import',
              before: fresh,
              command: () => [...podman(podmanFile, out), 'import', plain, 'localhost/large'],
              noPeak: true,
            },
          ]
        : []),
    ],
    RUNS,
  );
  printTable(
    ['import of 200 MB', 'wall ms', 'MB/s', 'CPU ms', 'peak MiB', ''],
    measured.map(({name, wall, cpu, peak, problem}) => [
      name,
      ms(wall),
      ms((size / wall) * 1e3),
      ms(cpu),
      mib(peak),
      problem ?? '',
    ]),
  );
  const speed = (name: string) => (size / (measured.find((entry) => entry.name === name)?.wall ?? Number.NaN)) * 1e3;
  const peak = Math.max(
    ...measured.filter(({name}) => name.startsWith('rkt')).map((entry) => entry.peak ?? Number.NaN),
  );
  return [
    atLeast('import, plain', speed('rkt fetch, plain'), 350, 'MB/s'),
    atLeast('import, zstd', speed('rkt fetch, zstd'), 350, 'MB/s'),
    atLeast('import, gzip', speed('rkt fetch, gzip'), 220, 'MB/s'),
    atLeast('import, plain / podman', speed('rkt fetch, plain') / speed('podman import'), 6, '×'),
    atMost('import, peak memory', peak, 100, 'MiB'),
  ];
};
