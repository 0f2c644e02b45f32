import {gzipSync, zstdCompressSync} from 'node:zlib';
import test from 'ava';
import {extractVmlinux} from '../../../src/artifact/guest/extract-vmlinux.ts';

const KERNEL = Buffer.concat([Buffer.from('\x7fELF', 'latin1'), Buffer.alloc(1000, 'k')]);

/** A bzImage with two sectors of set-up. */
const image = (payload: Buffer, {offset = 64, beyond = 0} = {}): Buffer => {
  const data = Buffer.alloc(3 * 512 + offset + payload.length + 4);
  data[0x1f1] = 2;
  data.write('HdrS', 0x202, 'latin1');
  data.writeUInt32LE(offset, 0x248);
  data.writeUInt32LE(payload.length + 4 + beyond, 0x24c);
  payload.copy(data, 3 * 512 + offset);
  return data;
};

test('the kernel comes out of its image, however it is compressed', async (t) => {
  t.deepEqual(await extractVmlinux(image(gzipSync(KERNEL)), 'x'), KERNEL);
  t.deepEqual(await extractVmlinux(image(zstdCompressSync(KERNEL)), 'x'), KERNEL);
  t.deepEqual(await extractVmlinux(image(KERNEL), 'x'), KERNEL);
});

for (const [what, data] of [
  ['an empty file', Buffer.alloc(0)],
  ['no kernel', Buffer.alloc(4096, 'x')],
  ['a payload beyond the end', image(gzipSync(KERNEL), {beyond: 1000})],
  ['a payload that is no program', image(gzipSync(Buffer.from('text')))],
  ['a payload cut short', image(gzipSync(KERNEL).subarray(0, 30))],
] as const) {
  test(`${what} is refused`, async (t) => {
    await t.throwsAsync(extractVmlinux(data, 'x'), {code: 'RKT_GUEST_KERNEL_FAILED'});
  });
}
