import test from 'ava';
import {
  parseAbout,
  parseFilesystems,
  parseMemTotal,
  parseProcessors,
  parseRelease,
} from '../../../src/stage1/facts/parse-facts.ts';

test('kernel releases of x86-64 and arm64', (t) => {
  t.deepEqual(parseRelease('6.1.0-18-arm64'), {release: '6.1.0-18-arm64', major: 6, minor: 1});
  t.deepEqual(parseRelease('5.15.0-1053-aws'), {release: '5.15.0-1053-aws', major: 5, minor: 15});
  t.deepEqual(parseRelease('unknown'), {release: 'unknown', major: 0, minor: 0});
});

test('file systems with and without a device', (t) => {
  t.deepEqual(parseFilesystems('nodev\tsysfs\nnodev\toverlay\n\text4\n'), ['sysfs', 'overlay', 'ext4']);
  t.deepEqual(parseFilesystems(''), []);
});

test('memory in bytes', (t) => {
  t.is(parseMemTotal('MemTotal:       24684092 kB\nMemFree: 1 kB\n'), 24_684_092 * 1024);
  t.is(parseMemTotal(''), 0);
});

test('processors, with holes between them', (t) => {
  t.deepEqual(['0\n', '0-3\n', '0-3,8\n', ''].map(parseProcessors), [1, 4, 9, 0]);
});

test('versions and features as programs print them', (t) => {
  const version = (text: string) => parseAbout(text).version;
  t.is(version('systemd 252 (252.39-1~deb12u1)'), '252.39');
  t.is(version('QEMU emulator version 7.2.9 (Debian 1:7.2+dfsg-7)'), '7.2.9');
  t.is(version('iptables v1.8.9 (nf_tables)'), '1.8.9');
  t.is(version('less 590'), '590');
  t.is(version('no number\n1.2'), '');
  t.deepEqual(parseAbout('systemd 252 (252.39)\n+PAM +AUDIT -SELINUX +APPARMOR default-hierarchy=unified'), {
    version: '252.39',
    features: ['PAM', 'AUDIT', 'APPARMOR'],
  });
  t.deepEqual(parseAbout('gcc 12.2 +x'), {version: '12.2'});
});
