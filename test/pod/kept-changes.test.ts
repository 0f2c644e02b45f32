import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* What apps have written to their root file systems, where a flavor keeps that as an archive: here another has run the pod, and the archive is made by hand. */

/** What overlayfs has of an app, as GNU tar archives it. */
const IN_UPPER =
  'rm /bin/wc; mkdir /opaque/more; rm -r /opaque; mkdir -p /opaque/sub; echo own >/opaque/sub/own; echo new >/etc/new; chmod 4711 /bin/busybox';
const LOOK = 'find /opaque | sort; cat /etc/new; stat -c %a /bin/busybox; ls /bin/wc; stat -c %Y /far';

testIf(lacksPods('program/python3'))(
  'IM-04 S27 an archive that a flavor has kept of what an app has written is taken with what is removed, and for hostile',
  async (t) => {
    const host = openHost();
    t.teardown(() => host.close());
    const image = {files: {'/opaque/sub/of-image': 'of the image\n', '/opaque/of-image': 'of the image\n'}};
    const file = path.join(host.directory, 'uuid');
    const ran = await host.sh(IN_UPPER, {stage1: 'fly', image, pod: [`--uuid-file-save=${file}`]});
    t.is(ran.exitCode, 0, ran.stderr);
    const pod = path.join(host.data, 'pods/run', (await host.pods())[0]?.name ?? '');
    const uuid = path.basename(pod);
    const changes = path.join(pod, 'stage1/rootfs/rkt/changes');
    mkdirSync(changes, {recursive: true});
    const output = path.join(host.directory, 'out.aci');
    const exported = async () => {
      rmSync(output, {force: true});
      return host.rkt(['--format=json', 'export', uuid, output]);
    };
    /** What root of a guest, or whoever has taken its emulator over, says that an app has written. */
    const codeOf = async (make: (place: string) => void): Promise<string | undefined> => {
      rmSync(path.join(changes, 'test'), {force: true});
      make(path.join(changes, 'test'));
      const {error} = await exported();
      t.is(existsSync(output), error === undefined);
      return error?.code;
    };
    const archive =
      (...entries: readonly string[]) =>
      (place: string): void => {
        execFileSync('python3', ['-c', MAKE, place, ...entries]);
      };

    // As it is on this host, what the kernel has there is what a guest's has.
    const [app = ''] = readdirSync(path.join(pod, 'overlay'));
    const tar = [
      '--create',
      '--format=posix',
      '--sparse',
      '--xattrs',
      '--numeric-owner',
      '--transform=s/^upper/rootfs/',
    ];
    execFileSync('touch', ['-d', '@99999999999', path.join(pod, 'overlay', app, 'upper/far')]);
    const kept = (place: string): void => {
      execFileSync('tar', [...tar, '--file', place, '-C', path.join(pod, 'overlay', app), 'upper']);
    };
    const asItIs = await exported();
    t.is(asItIs.error?.code, 'RKT_POD_CHANGES_NOT_KEPT');
    t.is(await codeOf(kept), undefined);
    const again = await host.sh(LOOK, {image: output, stage1: 'fly'});
    t.is(again.stdout, '/opaque\n/opaque/sub\n/opaque/sub/own\nnew\n4711\n15032385535\n', again.stderr);
    t.is(await codeOf((place) => writeFileSync(place, '')), undefined);

    const secret = path.join(host.directory, 'secret');
    writeFileSync(secret, 'of the host');
    t.is(await codeOf((place) => execFileSync('mkfifo', [place])), 'RKT_POD_CHANGES_NOT_KEPT');
    t.is(await codeOf((place) => symlinkSync(secret, place)), 'RKT_PATH_UNUSABLE');
    t.is(await codeOf((place) => writeFileSync(place, 'rootfs garbage')), 'RKT_IMAGE_TRUNCATED');
    t.is(await codeOf(archive('rootfs/sda 3 8 0')), 'RKT_IMAGE_DEVICE_REFUSED');
    t.is(await codeOf(archive('rootfs/sda 4 0 0')), 'RKT_IMAGE_DEVICE_REFUSED');
    t.is(await codeOf(archive('rootfs/../../out 0')), 'RKT_IMAGE_ENTRY_REFUSED');
    t.is(await codeOf(archive('rootfs/link 2 /', 'rootfs/link/etc/out 0')), 'RKT_IMAGE_ENTRY_REFUSED');
    t.is(await codeOf(archive(`rootfs/link 1 ${secret}`)), 'RKT_IMAGE_ENTRY_REFUSED');
    t.is(await codeOf(archive('elsewhere 5')), 'RKT_IMAGE_LAYOUT_INVALID');
    t.is(await codeOf(archive()), undefined);
    t.deepEqual(readdirSync(path.join(host.data, 'cas/tmp')), []);
  },
);

/** Writes an archive of entries of no bytes: NAME TYPE, and the target of a link or the numbers of a device. */
const MAKE = `import sys, tarfile
with tarfile.open(sys.argv[1], 'w') as archive:
  for text in ['rootfs 5', *sys.argv[2:]]:
    name, kind, *more = text.split(' ')
    entry = tarfile.TarInfo(name)
    entry.type = kind.encode()
    if kind in '34': entry.devmajor, entry.devminor = map(int, more)
    elif more: entry.linkname = more[0]
    archive.addfile(entry)`;
