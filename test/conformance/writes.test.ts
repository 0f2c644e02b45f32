import {mkdirSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import type {ImageSpec} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/*
 * S34: what a flavor has written into a rootfs stays there (class of CVE-2025-24965, where the handler of a runtime wrote its own file through a symlink of
 * the image). No flavor writes by itself; here every place of a rootfs that one has written to leads to a directory of the host.
 */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());

const decoy = path.join(host.directory, 'decoy');
const CONTENT = 'of the host\n';
mkdirSync(path.join(decoy, 'systemd'), {recursive: true});
for (const name of ['console', 'resolv.conf', 'hosts', 'hostname', 'null', 'systemd/incoming'])
  writeFileSync(path.join(decoy, name), CONTENT);
const look = () =>
  readdirSync(decoy, {recursive: true, encoding: 'utf8'})
    .sort()
    .map((name) => {
      const file = path.join(decoy, name);
      const {ino, mode, uid, gid} = statSync(file);
      return [name, ino, mode, uid, gid, statSync(file).isFile() ? readFileSync(file, 'utf8') : ''];
    });

const DIRECTORIES = ['/dev', '/dev/pts', '/dev/shm', '/etc', '/proc', '/root', '/run', '/run/systemd', '/sys', '/var'];
const FILES = ['/etc/resolv.conf', '/etc/hosts', '/etc/hostname', '/dev/console', '/dev/null', '/run/systemd/incoming'];
const upwards = `${'../'.repeat(20)}${decoy.slice(1)}`;

const images: Readonly<Record<string, NonNullable<ImageSpec['files']>>> = Object.fromEntries([
  ...DIRECTORIES.flatMap((place) => [
    [`${place} is a symlink to a directory of the host`, {[place]: {symlink: decoy}}],
    [`${place} is a symlink upwards`, {[place]: {symlink: upwards}}],
  ]),
  ...FILES.map((place) => [
    `${place} is a symlink to a file of the host`,
    {[place]: {symlink: path.join(decoy, path.basename(place))}},
  ]),
]);

for (const [what, files] of Object.entries(images)) {
  kernelTest(`S34 nothing is written to the host where ${what}`, async (t) => {
    const before = look();
    const {exitCode, error, stderr} = await host.sh('true', {
      image: {files},
      pod: ['--dns=192.0.2.9', '--hosts-entry=192.0.2.9=one'],
    });
    t.deepEqual(look(), before);
    // Where the pod's systemd cannot make an app its namespace, it says no more than that (226); rkt itself says what is wrong.
    t.true(exitCode === 0 || exitCode === 226 || /^RKT_/.test(error?.code ?? ''), `${exitCode}: ${stderr}`);
    t.not(error?.code, 'RKT_INTERNAL', stderr);
  });
}
