import test from 'ava';
import {encodeDevice} from '../../src/linux/device.ts';
import {parseEntries} from '../../src/linux/list-directory.ts';
import {encodeMountAttr} from '../../src/linux/mount.ts';
import {encodeOpenHow} from '../../src/linux/openat2.ts';

const words = (buffer: Buffer) =>
  Array.from({length: buffer.length / 8}, (_, index) => buffer.readBigUInt64LE(index * 8));

test('struct open_how is flags, mode, resolve', (t) => {
  t.deepEqual(words(encodeOpenHow(0o12000000, 0o644, 0x12)), [0o12000000n, 0o644n, 0x12n]);
});

test('struct mount_attr is attr_set, attr_clr, propagation, userns_fd', (t) => {
  t.deepEqual(words(encodeMountAttr({flags: ['ro', 'nosuid', 'nodev', 'noexec']})), [0xfn, 0n, 0n, 0n]);
  t.deepEqual(words(encodeMountAttr({propagation: 'private'})), [0n, 0n, 0x40000n, 0n]);
  t.deepEqual(words(encodeMountAttr({propagation: 'slave'})), [0n, 0n, 0x80000n, 0n]);
});

test('noatime clears the other access time modes', (t) => {
  t.deepEqual(words(encodeMountAttr({flags: ['noatime']})), [0x10n, 0x70n, 0n, 0n]);
});

test('device numbers are as the kernel encodes them', (t) => {
  t.is(encodeDevice({major: 1, minor: 3}), 0x103);
  t.is(encodeDevice({major: 259, minor: 300}), 0x11032c);
  t.is(encodeDevice({major: 0xfff, minor: 0xfffff}), 0xffffffff);
});

const entry = (name: Buffer, type: number): Buffer => {
  const length = Math.ceil((19 + name.length + 1) / 8) * 8;
  const buffer = Buffer.alloc(length);
  buffer.writeUInt16LE(length, 16);
  buffer.writeUInt8(type, 18);
  name.copy(buffer, 19);
  return buffer;
};

test('directory entries keep names that are not UTF-8, and leave out . and ..', (t) => {
  const odd = Buffer.from([0xff, 0xfe, 0x2e]);
  const listing = Buffer.concat([
    entry(Buffer.from('.'), 4),
    entry(odd, 4),
    entry(Buffer.from('..'), 4),
    entry(Buffer.from('...'), 10),
    entry(Buffer.from('x'), 0),
    entry(Buffer.from('f'), 8),
  ]);
  t.deepEqual(parseEntries(listing), [
    {name: odd, type: 'directory'},
    {name: Buffer.from('...'), type: 'symlink'},
    {name: Buffer.from('x'), type: 'unknown'},
    {name: Buffer.from('f'), type: 'other'},
  ]);
});
