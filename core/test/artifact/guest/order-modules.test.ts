import {mkdirSync, mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {zstdCompressSync} from 'node:zlib';
import test from 'ava';
import {orderModules} from '../../../src/artifact/guest/order-modules.ts';

/** A file as far as it is read: what a module says about itself. */
const module = (...info: string[]): Buffer => Buffer.from(`\x7fELF\0\0${info.map((line) => `${line}\0`).join('')}`);

const tree = (modules: Readonly<Record<string, Buffer>>, builtIn = ''): string => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-modules-'));
  for (const [file, content] of Object.entries(modules)) {
    mkdirSync(path.dirname(path.join(directory, file)), {recursive: true});
    writeFileSync(path.join(directory, file), content);
  }
  writeFileSync(path.join(directory, 'modules.builtin'), builtIn);
  return directory;
};

test('modules come after those that they need, each once, and none that the kernel has built in', async (t) => {
  const directory = tree(
    {
      'kernel/a/virtio.ko': module('depends=virtio_ring'),
      'kernel/a/virtio_ring.ko': module('depends='),
      'kernel/b/virtio-blk.ko': module('depends=virtio,inside', 'softdep=pre: crc32c absent post: later'),
      'kernel/b/crc32c.ko': module('depends='),
      'kernel/b/later.ko': module('depends='),
    },
    'kernel/c/inside.ko\n',
  );
  const order = await orderModules(directory, ['virtio', 'virtio_blk']);
  t.deepEqual(
    order.map(({name}) => name),
    ['virtio_ring', 'virtio', 'crc32c', 'virtio_blk'],
  );
});

test('a compressed module is decompressed', async (t) => {
  const content = module('depends=');
  const directory = tree({'kernel/erofs.ko.zst': zstdCompressSync(content)});
  t.deepEqual(await orderModules(directory, ['erofs']), [{name: 'erofs', content}]);
});

test('a module that is not there is an error that names it', async (t) => {
  const directory = tree({'kernel/a.ko': module('depends=gone')});
  await t.throwsAsync(orderModules(directory, ['a']), {code: 'RKT_GUEST_KERNEL_FAILED', message: /gone/});
});
