import test from 'ava';
import {parseMountinfo} from '../../src/linux/mountinfo.ts';
import {showsAllOfProc} from '../../src/linux/shows-all-of-proc.ts';

const ROOT = '1 0 0:1 / / rw - ext4 /dev/root rw';
const PROC = '2 1 0:2 / /proc rw,nosuid - proc proc rw';

const shows = (...lines: readonly string[]): boolean => showsAllOfProc(parseMountinfo(lines.join('\n')));

test('the proc of a host is whole, also where what is for other file systems has them', (t) => {
  t.true(shows(ROOT, PROC));
  t.true(
    shows(
      ROOT,
      PROC,
      '3 2 0:3 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw',
      '4 2 0:4 / /proc/fs/nfsd rw - nfsd nfsd rw',
    ),
  );
});

test('what hides something of it counts, whatever it is, and one that is whole is enough', (t) => {
  const masks = [
    '3 2 0:3 / /proc/irq ro - tmpfs tmpfs ro',
    '3 2 0:4 /null /proc/kcore rw - devtmpfs udev rw',
    '3 2 0:2 /sys /proc/sys ro - proc proc rw',
  ];
  for (const mask of masks) {
    t.false(shows(ROOT, PROC, mask), mask);
    t.true(shows(ROOT, PROC, mask, '9 1 0:2 / /mnt/proc rw - proc proc rw'), mask);
  }
  t.false(shows(ROOT));
  t.false(shows(ROOT, '2 1 0:2 / /proc ro - proc proc rw'));
  t.false(shows(ROOT, '2 1 0:2 /sys /proc/sys rw - proc proc rw'));
});
