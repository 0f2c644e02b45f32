import {strict as assert} from 'node:assert';
import {type Declaration, type Feature, isolatorNames, type ReadBack, type Support} from '@rkt/core/contract';
import {byHostKernel, readBack} from '../../read-back.ts';
import {enforced} from '../../support.ts';
import type {Case} from '../case.ts';
import {link, read} from '../outside.ts';
import {hasOwnKernel, type World} from '../world.ts';

/* What a declaration says of itself: EX-33. */

/** Where the kernel of this host shows a feature. */
const FEATURES: Readonly<Partial<Record<Feature, ReadBack>>> = {
  'devices/policy': readBack.devices,
  'ipc/host': readBack.hostNamespace('ipc'),
  'ipc/private': readBack.ownNamespace('ipc'),
  'kernel-paths/masked': readBack.mounts,
  'network/host': readBack.hostNamespace('net'),
  'network/none': readBack.ownNamespace('net'),
  'pid/private': readBack.ownNamespace('pid'),
  'rootfs/overlay': readBack.mounts,
  'rootfs/read-only': readBack.mounts,
  'user-namespace': readBack.ownNamespace('user'),
  'volume/device': readBack.mounts,
  'volume/empty': readBack.mounts,
  'volume/host': readBack.mounts,
};

const isolators = byHostKernel(
  Object.fromEntries(isolatorNames.map((name) => [name, enforced('')])) as Declaration['isolators'], // all of them
);

const readBackOf = (support: Support | undefined): ReadBack | undefined =>
  support !== undefined && 'readBack' in support ? support.readBack : undefined;

const SHOWN: readonly (readonly [name: string, shown: ReadBack | undefined])[] = [
  ...Object.entries<Support>(isolators).map(([name, support]) => [name, readBackOf(support)] as const),
  ...Object.entries(FEATURES),
];

const declaredBy = ({declaration}: World): Readonly<Record<string, Support>> => ({
  ...declaration.isolators,
  ...declaration.features,
});

/** What is asked of every pod, or changes what it may do: that nothing is lost without it can be true in another kernel alone. */
const NEVER_NOTHING: readonly string[] = [...isolatorNames, 'devices/policy', 'kernel-paths/masked', 'processes/apart'];

const KINDS = [
  ['ipc', 'ipc'],
  ['network', 'net'],
  ['pid', 'pid'],
] as const;

/** When a kernel was started, in seconds; it says so a little earlier or later each time. There are container managers that replace its boot_id. */
const startOf = (text: string): number => Number(/^btime (\d+)$/m.exec(text)?.[1]);

export const declarationCases: readonly Case[] = [
  {
    id: 'EX-33/read-back',
    title: 'a promise that the kernel of this host shows says where, so that it is compared',
    needs: ['run'],
    attempt: async (world) => {
      if (hasOwnKernel(world)) return;
      const declared = declaredBy(world);
      const missing = SHOWN.flatMap(([name, shown]) => {
        const support = declared[name];
        if (shown === undefined || support?.level !== 'enforced') return [];
        return JSON.stringify(support.readBack) === JSON.stringify(shown) ? [] : [name];
      });
      assert.deepEqual(missing, [], `without the readBack that shows it: ${missing.join(', ')}`);
    },
  },
  {
    id: 'EX-33/nothing-lost',
    title: 'what limits an app is not called not applicable by a flavor whose apps run on the kernel of this host',
    needs: ['run'],
    attempt: async (world) => {
      if (hasOwnKernel(world)) return;
      const declared = declaredBy(world);
      const lost = NEVER_NOTHING.filter((name) => declared[name]?.level === 'not-applicable');
      assert.deepEqual(lost, [], `something is lost without them: ${lost.join(', ')}`);
    },
  },
  {
    id: 'EX-33/properties',
    title: 'the properties of the flavor are those of its pods',
    needs: ['run'],
    attempt: async (world) => {
      const {properties} = world.declaration;
      const script = `grep ^btime /proc/stat; for n in ${KINDS.map(([, file]) => file).join(' ')}; do readlink /proc/self/ns/$n; done`;
      const {stdout, stderr, status} = await world.run({script});
      assert.equal(status, 0, stderr);
      const [boot = '', ...links] = stdout.trim().split('\n');
      const isOwnKernel = !(Math.abs(startOf(boot) - startOf(read('/proc/stat'))) <= 2);
      const wrong = KINDS.flatMap(([kind, file], index) => {
        // Two kernels give their namespaces the same numbers.
        const isShared = !isOwnKernel && links[index] === link(`/proc/self/ns/${file}`);
        // A pod of an ordinary user may have more of its own than one of root, and never less.
        if (!isShared && process.geteuid?.() !== 0) return [];
        return properties.filter((property) => property === (isShared ? `own-${kind}` : `host-${kind}`));
      });
      if (properties.includes('own-kernel') !== isOwnKernel) wrong.push('own-kernel');
      assert.deepEqual(wrong, [], `not so in a pod: ${wrong.join(', ')}`);
    },
  },
];
