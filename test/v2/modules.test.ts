import test from 'ava';
import {moduleOrder} from './modules.ts';

const DEP = `kernel/a/virtio.ko:
kernel/a/virtio_ring.ko: kernel/a/virtio.ko
kernel/a/virtio_pci.ko: kernel/a/virtio_ring.ko kernel/a/virtio.ko
kernel/b/virtio_blk.ko: kernel/a/virtio_ring.ko kernel/a/virtio.ko
kernel/b/other.ko: kernel/a/virtio.ko
`;

test('modules come after those that they need, each once, and nothing for what is in the kernel', (t) => {
  t.deepEqual(moduleOrder(DEP, ['virtio_blk', 'virtio_pci', 'ext4']), [
    'kernel/a/virtio.ko',
    'kernel/a/virtio_ring.ko',
    'kernel/b/virtio_blk.ko',
    'kernel/a/virtio_pci.ko',
  ]);
});
