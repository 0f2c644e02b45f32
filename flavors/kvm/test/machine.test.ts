import test from 'ava';
import type {App, AppName, HostFacts, HostPath, Pod, PodPath, RootfsPath} from '../../../core/src/contract/index.ts';
import {BUILDERS} from '../../../core/src/image/sandbox.ts';
import {END, FIRST} from '../../../core/src/pod/state/id-ranges.ts';
import {app, hostFacts, pod} from '../../../core/test/support/fixtures.ts';
import {bundle} from '../src/bundle.ts';
import {filterOf} from '../src/calls-of-crun.ts';
import {enterLaunch} from '../src/enter.ts';
import flavor from '../src/index.ts';
import {
  accelerators,
  coresOf,
  isOfTemplate,
  memoryOf,
  monitorWords,
  qemuCommand,
  templateArguments,
  templateCommand,
} from '../src/machine.ts';
import {optionValue} from '../src/option-value.ts';
import {userOf} from '../src/places.ts';
import {REVISION} from '../src/revision.ts';
import {podScript} from '../src/script.ts';
import {bindVolumes} from '../src/volumes.ts';

const MEBIBYTE = 1024 * 1024;
const second = 'second' as AppName;
const IDENTITY = {pid: 1, startTime: 1};

test('the machine has the memory of its apps and its own need, and no less than one that says nothing', (t) => {
  t.is(memoryOf(pod({apps: [app({limits: {memoryMax: 64 * MEBIBYTE}})]})), 384 * MEBIBYTE);
  t.is(memoryOf(pod()), 384 * MEBIBYTE);
  t.is(memoryOf(pod({apps: [app({limits: {memoryMax: 300 * MEBIBYTE}})]})), 428 * MEBIBYTE);
  const bounded = (...own: (number | undefined)[]) =>
    memoryOf(
      pod({
        limits: {memoryMax: 512 * MEBIBYTE},
        apps: own.map((memoryMax) => app({limits: memoryMax === undefined ? {} : {memoryMax}})),
      }),
    );
  t.is(bounded(undefined), 640 * MEBIBYTE);
  t.is(bounded(undefined, 64 * MEBIBYTE), 640 * MEBIBYTE);
  t.is(bounded(64 * MEBIBYTE, 300 * MEBIBYTE), 492 * MEBIBYTE);
  t.is(memoryOf(pod({apps: [app({limits: {memoryMax: 64 * MEBIBYTE}}), app({name: second})]})), 448 * MEBIBYTE);
});

test('the users of pods, of machines and of who compiles a kernel are others, and none is negative to anybody', (t) => {
  const ofMachine = (digits: string) => userOf(pod({uuid: `${digits}-0000-4000-8000-000000000000` as Pod['uuid']}));
  const ranges = [
    [FIRST, END - 1],
    [ofMachine('00000000'), ofMachine('ffffffff')],
    [BUILDERS.first, BUILDERS.first + BUILDERS.count - 1],
  ];
  const bounds = ranges.flat();
  t.deepEqual(
    bounds,
    [...bounds].sort((a, b) => a - b),
  );
  t.is(new Set(bounds).size, 6);
  t.true(bounds.every((id) => id < 2 ** 31));
});

test('the machine has the cores that its apps may use, and never more than the host', (t) => {
  const cores = (cpuMax: number | undefined, cpus = 4) =>
    coresOf(pod({apps: [app({limits: cpuMax === undefined ? {} : {cpuMax}})]}), {cpus});
  t.deepEqual([cores(undefined), cores(200), cores(1001), cores(9000)], [1, 1, 2, 4]);
  const bounded = (cpuMax?: number) =>
    coresOf(pod({limits: {cpuMax: 2000}, apps: [app({limits: cpuMax === undefined ? {} : {cpuMax}})]}), {cpus: 4});
  t.deepEqual([bounded(), bounded(500), bounded(3500)], [2, 1, 2]);
});

test('EX-31 what limits the pod is of a cgroup above those of its apps, and its share of the host of that of QEMU', (t) => {
  const limited = pod({limits: {memoryMax: 1024, cpuMax: 250, pidsMax: 9, cpuShares: 77, memoryLow: 512}});
  const lines = podScript(limited, hostFacts()).split('\n');
  const at = lines.indexOf('write\t/sys/fs/cgroup/cgroup.subtree_control\t18');
  t.deepEqual(lines.slice(at + 1, at + 2), ['+memory +cpu +pidswrite\t/sys/fs/cgroup/pod/memory.max\t4']);
  t.deepEqual(lines.slice(at + 2, at + 4), [
    '1024write\t/sys/fs/cgroup/pod/cpu.max\t12',
    '25000 100000write\t/sys/fs/cgroup/pod/pids.max\t1',
  ]);
  t.regex(podScript(limited, hostFacts()), /"cgroupsPath":"\/pod\/main"/);
  t.regex(podScript(pod(), hostFacts()), /"cgroupsPath":"\/main"/);
  const cgroup = flavor.environment(limited, hostFacts()).find((step) => step.do === 'cgroup');
  t.deepEqual(cgroup?.limits, {cpuShares: 77, memoryLow: 512});
});

test('what a machine may use of the host is the same for all of its apps', (t) => {
  const limits = (...own: App['limits'][]) => {
    const apps = own.map((each, index) => app({name: `a${index}` as AppName, limits: each}));
    const steps = flavor.environment(pod({limits: {ioBandwidth: 9}, apps}), hostFacts());
    return steps.find((step) => step.do === 'cgroup')?.limits;
  };
  t.deepEqual(limits({cpus: [0, 2], memoryNodes: [1], ioOperations: 5}), {
    ...{cpus: [0, 2], memoryNodes: [1], ioBandwidth: 9, ioOperations: 5},
  });
  t.deepEqual(limits({cpus: [1], ioBandwidth: 9}, {cpus: [1]}), {cpus: [1], ioBandwidth: 9});
  const refused = (isolator: string) => ({code: 'RKT_MACHINE_APPS_DIFFER', fields: {isolator, apps: ['a0', 'a2']}});
  t.like(
    t.throws(() => limits({cpus: [1]}, {cpus: [1]}, {})),
    refused('os/linux/cpuset-cpus'),
  );
  t.like(
    t.throws(() => limits({}, {ioBandwidth: 9}, {ioBandwidth: 8})),
    refused('resource/block-bandwidth'),
  );
});

test('a machine with more memory than the host is refused, with the numbers', (t) => {
  const large = pod({apps: [app({limits: {memoryMax: 2 ** 30}})]});
  const launch = (memoryBytes: number) => () => qemuCommand(large, hostFacts({memoryBytes}));
  const needed = 2 ** 30 + 128 * MEBIBYTE;
  t.notThrows(launch(needed));
  const error = t.throws(launch(needed - 1), {message: /1152 MiB .* 1151 MiB/});
  t.like(error, {code: 'RKT_MACHINE_TOO_LARGE', fields: {needed, there: needed - 1}});
});

test('whoever has not made the image is told so once, and whoever has one without a kernel is told to make it again', (t) => {
  const have = (...names: string[]) =>
    flavor.probe(
      hostFacts({programs: Object.fromEntries(names.map((name) => [name, {path: name as HostPath, version: ''}]))}),
    );
  const qemu = '/usr/bin/qemu-system-x86_64';
  t.deepEqual(
    have(qemu).map(({fix}) => fix),
    ['make it: rkt flavor build kvm'],
  );
  const own = [
    ...['monitor', 'enter', 'save', 'own-memory.so', 'give-back.so'].map((name) => `/usr/lib/rkt/${REVISION}/${name}`),
    '/usr/bin/setpriv',
  ];
  const [broken, ...more] = have(qemu, ...own, '/boot/initramfs');
  t.deepEqual([broken?.fix, more.length], ['make it again: rkt flavor build kvm', 0]);
  t.regex(broken?.what ?? '', /\/boot\/vmlinux$/);
  t.deepEqual(have(qemu, ...own, '/boot/initramfs', '/boot/vmlinux'), []);
  const before = own.map((name) => name.replace(REVISION, 'ba5eba11ba5e'));
  t.deepEqual(have(qemu, ...before, '/boot/initramfs', '/boot/vmlinux'), [
    {
      severity: 'missing',
      what: 'its image is of another version of this flavor',
      fix: 'make it again: rkt flavor build kvm',
    },
  ]);
});

test('a machine is started with what has been proved, and then with what always works, unless the operator wants one', (t) => {
  const started = (accelerator?: HostFacts['accelerator']) =>
    accelerators(accelerator === undefined ? {} : {accelerator});
  const [kvm, tcg] = [
    ['accelerator', 'kvm', 'host'],
    ['accelerator', 'tcg,tb-size=256', 'max,erms=off'],
  ];
  t.deepEqual(started(), tcg);
  t.deepEqual(started({name: 'tcg', because: 'x'}), tcg);
  t.deepEqual(started({name: 'kvm', because: 'x'}), [...kvm, ...tcg]);
  t.deepEqual(started({name: 'kvm', because: 'x', forced: true}), kvm);
});

test('S21 what a guest has QEMU keep for it is bounded, and grows with what its machine has', (t) => {
  const bounds = [{}, {memoryMax: 1024 * MEBIBYTE}, {cpuMax: 2000}].map(
    (limits) => flavor.launch(pod({apps: [app({limits})]}), hostFacts({cpus: 2})).process.rlimits,
  );
  const bound = (mebibytes: number) => {
    const bytes = (mebibytes + 256 + 1024) * MEBIBYTE;
    return [{name: 'data', soft: bytes, hard: bytes}];
  };
  t.deepEqual(bounds, [bound(384 + 16), bound(1024 + 128 + 16), bound(384 + 32)]);
  const less = flavor.launch(pod(), hostFacts({hardLimits: {data: 7}})).process.rlimits;
  t.deepEqual(less, [{name: 'data', soft: 7, hard: 7}]);
});

test('a template is of the processor with which machines go on from it', (t) => {
  const [, ...ofPods] = accelerators({});
  t.deepEqual(templateCommand(pod(), hostFacts()).slice(2, 4), ofPods);
});

test('QEMU has the device of its accelerator, and what limits its devices allows it', (t) => {
  const limited = pod({devices: []});
  const plan = (accelerator: HostFacts['accelerator']) => flavor.environment(limited, hostFacts({accelerator}));
  const fact = {name: 'kvm', because: 'x', device: {major: 10, minor: 232}} as const;
  const steps = plan(fact);
  t.like(
    steps.find(({id}) => id === 'device.kvm'),
    {major: 10, minor: 232, mode: 0o600, uid: userOf(limited)},
  );
  t.like(
    steps.find(({id}) => id === 'cgroup'),
    {devices: [{type: 'char', major: 10, minor: 232, access: 'rw'}]},
  );
  const place = (wanted: string) => steps.findIndex(({id}) => id === wanted);
  t.true(place('device.kvm') < place('cgroup'));
  const emulated = plan({name: 'tcg', because: 'x'});
  t.is(
    emulated.find(({id}) => id === 'device.kvm'),
    undefined,
  );
  t.like(
    emulated.find(({id}) => id === 'cgroup'),
    {devices: []},
  );
});

test('the flavor says which accelerator it is, and lacks one that is wanted and not there', (t) => {
  const programs = Object.fromEntries(
    flavor.declaration.programs?.map((name) => [name, {path: name as HostPath, version: ''}]) ?? [],
  );
  const findings = (accelerator: HostFacts['accelerator']) => flavor.probe(hostFacts({programs, accelerator}));
  t.like(findings({name: 'tcg', because: 'no device'}), [
    {severity: 'note', what: 'machines are emulated (tcg): no device'},
  ]);
  t.like(findings({name: 'kvm', because: 'it ran', device: {major: 10, minor: 232}}), [
    {severity: 'note', what: 'machines run on the processor itself (kvm): it ran'},
  ]);
  t.like(findings({name: 'kvm', because: 'wanted', forced: true}), [{severity: 'missing'}]);
});

test('a small machine goes on from a template, in which it finds what it has itself, in the same order', (t) => {
  const apps = ['a', 'b'].map((name) => app({name: name as AppName, limits: {memoryMax: 64 * MEBIBYTE}}));
  const two = pod({apps});
  const facts = hostFacts();
  const stage1 = {image: {id: `sha512-${'0'.repeat(128)}`, name: 'x'}, tree: '/tree'} as unknown as Pod['stage1'];
  const step = flavor.filesystem({...two, stage1}, facts).find(({id}) => id === 'template');
  t.like(step, {do: 'template', tree: '/tree', files: ['memory', 'state'], target: 'stage1/rootfs/rkt/template'});
  const devices = (command: readonly string[]) => command.filter((_, index) => command[index - 1] === '-device');
  const [own, ofTemplate] = [qemuCommand(two, facts), templateCommand(two, facts)].map(devices);
  t.deepEqual(own, ofTemplate);
  t.is(own?.length, 6);
  const served = [true, false].map((readOnly) => {
    const made = pod({volumes: [hostVolume('data', readOnly)], apps: [mounted(['data', '/data'])]});
    t.is(devices(qemuCommand(made, facts)).length, 8);
    t.deepEqual(devices(qemuCommand(made, facts)), devices(templateCommand(made, facts)));
    return templateCommand(made, facts);
  });
  t.deepEqual(served[0], served[1]);
  const drives = qemuCommand(two, facts).filter((word) => word.startsWith('if=none'));
  t.deepEqual(
    drives.map((word) => word.includes('null-co')),
    [false, false, true, true],
  );
  const [, ...further] = templateArguments(two, facts);
  t.true(further.some((word) => word.endsWith(',mem-path=/pod/template/memory,share=off')));
});

test('what no template can give is booted', (t) => {
  const fits = (made: Pod, host: HostFacts = hostFacts()) => isOfTemplate(made, host);
  const limited = (limits: object) => pod({apps: [app({limits})]});
  const many = (count: number) =>
    pod({apps: Array.from({length: count}, (_, index) => app({name: `a${index}` as AppName, limits: {memoryMax: 1}}))});
  t.deepEqual(
    [
      fits(pod()),
      fits(many(4)),
      fits(many(5)),
      fits(limited({memoryMax: 300 * MEBIBYTE})),
      fits(limited({cpuMax: 2000}), hostFacts({cpus: 4})),
      fits(pod({volumes: [hostVolume('data')], apps: [mounted(['data', '/data'])]})),
      fits(pod({volumes: [empty('scratch')], apps: [mounted(['scratch', '/tmp'])]})),
      fits(pod(), hostFacts({accelerator: {name: 'kvm', because: 'x'}})),
      fits(pod(), hostFacts({noTemplates: true})),
    ],
    [true, true, false, false, false, true, true, false, false],
  );
  const booted = hostFacts({noTemplates: true});
  t.false(monitorWords(pod(), booted).includes('template'));
  t.deepEqual(templateArguments(pod(), booted), []);
});

const SMALL = {kind: 'small', release: '6.1.192-rkt', from: 'linux-source-6.1 6.1.192-3'} as const;
const withSmall = (changes: Partial<HostFacts> = {}) => hostFacts({guestKernel: SMALL, ...changes});

test('the flavor says which kernel it is, and how there may be a smaller one', (t) => {
  const programs = Object.fromEntries(
    flavor.declaration.programs?.map((name) => [name, {path: name as HostPath, version: ''}]) ?? [],
  );
  const findings = (guestKernel: HostFacts['guestKernel']) => flavor.probe(hostFacts({programs, guestKernel}));
  t.deepEqual(findings(SMALL), [
    {
      severity: 'note',
      what: 'machines start with Linux 6.1.192-rkt, the small kernel (linux-source-6.1 6.1.192-3)',
    },
  ]);
  t.regex(findings({...SMALL, kind: 'distribution'})[0]?.fix ?? '', /--kernel=small/);
  t.is(findings({...SMALL, kind: 'given'})[0]?.fix, undefined);
  t.deepEqual(findings(undefined), []);
});

test('the small kernel is told where devices may be, in a template and in what goes on from it, which has no more than its own', (t) => {
  const [own, made] = [qemuCommand(pod(), withSmall()), templateCommand(pod(), withSmall())];
  for (const command of [own, made]) {
    t.true(command.includes('microvm,acpi=off,auto-kernel-cmdline=off'));
    const places = command.find((word) => word.startsWith('console='))?.match(/virtio_mmio\.device=\S+/g) ?? [];
    t.is(places.length, 8);
    // The kernel numbers devices by their places, and the agent knows its port by that.
    t.true(command.includes('virtio-serial-device,bus=virtio-mmio-bus.0'));
    t.deepEqual(
      [places[0], places[7]],
      ['virtio_mmio.device=512@0xfeb00000:5', 'virtio_mmio.device=512@0xfeb00e00:12'],
    );
  }
  const disks = (command: readonly string[]) => command.filter((word) => word.startsWith('virtio-blk-device')).length;
  // An app has one in any case.
  t.deepEqual([disks(own), disks(made)], [1, 1]);
  const [, ofTwo] = [many(1), many(2)].map((one) => disks(qemuCommand(one, withSmall())));
  t.is(ofTwo, 2);
  t.false(qemuCommand(pod(), hostFacts()).some((word) => word.includes('acpi=off')));
});

const many = (count: number): Pod =>
  pod({apps: Array.from({length: count}, (_, index) => app({name: `a${index}` as AppName, limits: {memoryMax: 1}}))});
const carded = (count: number): Pod => ({...many(count), network: networked(pod().uuid).network});

test('with the small kernel a template gives what has a place in the machine', (t) => {
  const served = pod({volumes: [hostVolume('data')], apps: [mounted(['data', '/data'])]});
  t.deepEqual(
    [many(7), many(8), served].map((made) => isOfTemplate(made, withSmall())),
    [true, false, true],
  );
  t.false(isOfTemplate(pod(), withSmall({noTemplates: true})));
  // Cards have places, too.
  t.deepEqual(
    [carded(1), carded(5)].map((made) => isOfTemplate(made, withSmall())),
    [false, false],
  );
});

test('a pod that needs more devices than a machine has places for is refused', (t) => {
  const served = pod({volumes: [hostVolume('data')], apps: [mounted(['data', '/data'])]});
  const eight = {...carded(5), ...served, apps: [...many(4).apps, ...served.apps], network: carded(5).network};
  const refused: [HostFacts, number, Pod[]][] = [
    [hostFacts(), 22, [many(23), carded(21)]],
    [withSmall(), 7, [many(8), carded(6), eight]],
  ];
  for (const [host, places, pods] of refused) {
    t.notThrows(() => qemuCommand(many(places), host));
    t.notThrows(() => qemuCommand(carded(places - 2), host));
    for (const made of pods)
      t.like(
        t.throws(() => qemuCommand(made, host)),
        {code: 'RKT_MACHINE_FULL', fields: {devices: places + 1, places}},
      );
  }
});

test('a pod whose apps are given more than fits into a step of a plan is refused with the numbers', (t) => {
  const given = (bytes: number) => {
    const env = Array.from({length: 16}, (_, index) => ({name: `v${index}`, value: 'x'.repeat(bytes / 16)}));
    return pod({apps: [app({process: {env}})]});
  };
  const plan = (made: Pod) => flavor.environment(made, hostFacts());
  t.notThrows(() => plan(given(1_000_000)));
  t.like(
    t.throws(() => plan(given(1_100_000))),
    {code: 'RKT_MACHINE_SCRIPT_TOO_LONG', fields: {most: 1024 * 1024}},
  );
});

test('S14 a comma in an option of QEMU is two', (t) => {
  t.is(optionValue('/a,readonly=off,b'), '/a,,readonly=off,,b');
});

/** As the agent reads it: fields of each line; the content of a file in the place of its length, or at the end. */
const LINES = ['write-line', 'write-sized'];
const linesOf = (script: string): string[][] => {
  const lines: string[][] = [];
  for (let rest = Buffer.from(script); rest.length > 0; ) {
    const end = rest.indexOf('\n');
    if (end < 0) throw new Error('the script ends within a line');
    const fields = rest.toString('utf8', 0, end).split('\t');
    rest = rest.subarray(end + 1);
    const [word = ''] = fields;
    const isSized = word === 'write' || word === 'present';
    if (!isSized && !LINES.includes(word)) {
      lines.push(fields);
      continue;
    }
    const length = isSized ? Number(fields.pop()) : rest.indexOf('\n');
    lines.push([...fields, rest.toString('utf8', 0, length)]);
    rest = rest.subarray(isSized ? length : length + 1);
  }
  return lines;
};

test('S14 S15 nothing of an image is in the command line of QEMU, nor in a line of the script', (t) => {
  const hostile = 'x\nstart\t9\t/run/x\t/bin/sh,readonly=off';
  const evil = app({});
  const made = pod({
    apps: [{...evil, process: {...evil.process, argv: [hostile], env: [{name: hostile, value: hostile}]}}],
  });
  t.false(qemuCommand(made, hostFacts()).some((word) => word.includes('readonly=off')));
  const lines = linesOf(podScript(made, hostFacts()));
  t.is(lines.filter(([word]) => word === 'start').length, 1);
  const [, , content = ''] = lines.find(([, name]) => name?.endsWith('/config.json')) ?? [];
  t.deepEqual(JSON.parse(content).process.args, [hostile]);
});

test('what an app writes is kept once it is over, and nothing of one that cannot write; what is mounted over its files is no such thing', (t) => {
  const made = pod({apps: [app({}), app({name: second, readOnlyRootfs: true})]});
  const argv = flavor.launch(made, hostFacts()).process.argv.join(' ');
  t.regex(argv, /app main \S+ \S+ \S+ changes \d+ app second \S+ \S+ \S+ libraries /);
  const lines = linesOf(podScript(made, hostFacts()));
  t.deepEqual(
    lines.filter(([word]) => word === 'save').map((line) => line.slice(0, 6)),
    [['save', '0', '/images/main', '/own/main/rootfs', '/own/main/mounts', '/usr/bin/tar']],
  );
  const [, , mounts = ''] = lines.find(([, name]) => name === '/own/main/mounts') ?? [];
  t.true(mounts.startsWith('/proc\n/dev\n'), mounts);
});

test('the monitor has the rule of restarts, and the agent what is done before one', (t) => {
  const apps = [
    app({restart: 'always', restartLimit: {times: 5, seconds: 600}}),
    app({name: second, restart: 'on-failure'}),
    app({name: 'third' as AppName, restart: 'no'}),
  ];
  const made = pod({apps});
  const argv = flavor.launch(made, hostFacts()).process.argv.join(' ');
  t.regex(
    argv,
    /app main \S+ \S+ \S+ restart always 5 600 changes \d+ app second \S+ \S+ \S+ restart on-failure 0 0 changes \d+ app third/,
  );
  const words = linesOf(podScript(made, hostFacts())).filter(([word = '']) => ['again', 'start'].includes(word));
  t.deepEqual(
    words.map(([word, ...rest]) => [word, rest.at(-1)]),
    [
      ['again', 'main'],
      ['start', 'main'],
      ['again', 'second'],
      ['start', 'second'],
      ['start', 'third'],
    ],
  );
});

const networked = (uuid: string, mac = '02:00:00:00:00:01'): Pod =>
  pod({
    uuid: uuid as Pod['uuid'],
    network: {
      mode: 'prepared',
      names: [],
      prepared: {
        namespace: '/run/netns/x,script=/bin/sh' as HostPath,
        interfaces: [
          {
            ...{tap: 'tap,up=yes', name: 'eth0', mtu: 1400, addresses: ['10.1.2.3/24', 'fd00::3/64']},
            routes: [{to: '0.0.0.0/0', via: '10.1.2.1'}, {to: '10.9.0.0/16'}],
          },
          {tap: 'tap1', name: 'eth1', mac, addresses: [], routes: []},
        ],
      },
    },
  });

test('S14 a network reaches QEMU as descriptors and addresses of cards, which no other pod has', (t) => {
  const uuids = ['11111111-1111-4111-8111-f23456789abc', '11111111-1111-4111-8111-f23456789abd'];
  const [made, other] = uuids.map((uuid) => networked(uuid));
  if (made === undefined || other === undefined) throw new Error('two pods');
  const command = qemuCommand(made, hostFacts());
  t.false(command.some((word) => /netns|tap,up|eth0|10\.1/.test(word)));
  t.deepEqual(
    command.filter((word) => /^tap,|^virtio-net/.test(word)),
    [
      'tap,id=card-0,fd=7',
      'virtio-net-device,netdev=card-0,mac=c2:34:56:78:9a:bc',
      'tap,id=card-1,fd=8',
      'virtio-net-device,netdev=card-1,mac=02:00:00:00:00:01',
    ],
  );
  t.true(qemuCommand(other, hostFacts()).includes('virtio-net-device,netdev=card-0,mac=c2:34:56:78:9a:bd'));
  const hostile = qemuCommand(networked(other.uuid, '02:00:00:00:00:01,romfile=/pod/script'), hostFacts());
  t.true(hostile.includes('virtio-net-device,netdev=card-1,mac=02:00:00:00:00:01,,romfile=/pod/script'));
  const lines = linesOf(podScript(made, hostFacts()));
  const words = ['card', 'address', 'route'];
  t.deepEqual(
    lines.filter(([word = '']) => words.includes(word)),
    [
      ['card', 'eth0', 'c2:34:56:78:9a:bc', '1400'],
      ['address', 'eth0', '10.1.2.3/24'],
      ['address', 'eth0', 'fd00::3/64'],
      ['route', 'eth0', '0.0.0.0/0', '10.1.2.1'],
      ['route', 'eth0', '10.9.0.0/16', ''],
      ['card', 'eth1', '02:00:00:00:00:01', '0'],
    ],
  );
  const steps = flavor.environment(made, hostFacts());
  t.like(steps[0], {do: 'tap', namespace: '/run/netns/x,script=/bin/sh', device: 'tap,up=yes'});
  t.like(flavor.launch(made, hostFacts()), {keepTaps: true});
  t.false(isOfTemplate(made, hostFacts()));
  t.false('keepTaps' in flavor.launch(pod(), hostFacts()));
});

test('S14 S15 what enters an app has its compiled process, in the environment alone, however long it is', (t) => {
  const main = app({});
  const secret = `\u{1f512}\n\t${'x'.repeat(200_000)}`;
  const withSecret = {...main, process: {...main.process, env: [{name: 'SECRET', value: secret}]}};
  const running = {...pod({apps: [withSecret]}), supervisor: IDENTITY, appProcesses: {main: IDENTITY}};
  const hostile = 'x\nstart\t9\t/run/x\t/bin/sh';
  const {process} = enterLaunch(running, withSecret, ['/bin/echo', hostile], hostFacts());
  t.deepEqual(process.argv, [`/usr/lib/rkt/${REVISION}/enter`, '/pod/control/socket']);
  t.true(process.env.every(({value}) => Buffer.byteLength(value) < 128 * 1024 - 32));
  t.deepEqual(
    process.env.map(({name}) => name),
    process.env.map((_, index) => `RKT_SCRIPT_${index}`),
  );
  const lines = linesOf(process.env.map(({value}) => value).join(''));
  t.deepEqual(
    lines.map(([word]) => word),
    ['write-line', 'start'],
  );
  t.is(lines[1]?.at(-1), 'main');
  t.deepEqual(JSON.parse(lines[0]?.[2] ?? ''), {
    ...bundle(running, withSecret).process,
    args: ['/bin/echo', hostile],
  });
});

test('what goes nowhere is told to the agent: no app waits for an input that nobody has', (t) => {
  const streams = (...stdios: App['stdio'][]) => {
    const apps = stdios.map((one, index) => app({name: `a${index}` as AppName, stdio: one}));
    return linesOf(podScript(pod({apps}), hostFacts())).filter(([word]) => word === 'nowhere');
  };
  const stdio = {stdin: 'inherit', stdout: 'inherit', stderr: 'inherit'} as const;
  t.deepEqual(streams(stdio), []);
  t.deepEqual(streams({stdin: 'null', stdout: 'null', stderr: 'null'}), [['nowhere', '012']]);
  t.deepEqual(streams({...stdio, stdin: 'stream'}, {...stdio, stderr: 'null'}), [['nowhere', '02']]);
  const restarted = app({restart: 'always', restartLimit: {times: 5, seconds: 600}, stdio: {...stdio, stdout: 'null'}});
  t.deepEqual(
    linesOf(podScript(pod({apps: [restarted]}), hostFacts())).filter(([word]) => word === 'nowhere'),
    [['nowhere', '1']],
  );
});

test('S29 the devices of a pod are those of an app in the machine', (t) => {
  const devices = [
    {type: 'char', major: 1, minor: 3, access: 'rwm'},
    {type: 'char', major: 136, minor: null, access: 'rw'},
  ] as const;
  const rulesOf = (made: Pod) => bundle(made, app({})).linux.resources.devices;
  t.deepEqual(rulesOf(pod({devices: [...devices]})), [
    {allow: false, access: 'rwm'},
    {allow: true, type: 'c', major: 1, minor: 3, access: 'rwm'},
    {allow: true, type: 'c', major: 136, access: 'rw'},
  ]);
  const {devices: _, ...unruled} = pod();
  t.is(rulesOf(unruled), undefined);
});

const TERMINALS = ['stdin', 'stdout', 'stderr'] as const;

test('an app has a terminal of the machine if it and its caller have nothing but one', (t) => {
  const stdio = {stdin: 'inherit', stdout: 'inherit', stderr: 'inherit'} as const;
  const inputOf = (more: object, terminals: HostFacts['terminals'], interactive = true) => {
    const made = pod({interactive, apps: [app({stdio: {...stdio, ...more}})]});
    const host = hostFacts(terminals === undefined ? {} : {terminals});
    const words = flavor.launch(made, host).process.argv;
    const [start] = linesOf(podScript(made, host)).filter(([word]) => word === 'start');
    return [words[words.indexOf('app') + 2], start?.includes('--console-socket')];
  };
  t.deepEqual(inputOf({}, [...TERMINALS]), ['tty', true]);
  t.deepEqual(inputOf({stdin: 'tty'}, [...TERMINALS]), ['tty', true]);
  t.deepEqual(inputOf({}, [...TERMINALS], false), ['-', false]);
  t.deepEqual(inputOf({}, ['stdin', 'stderr']), ['-', false]);
  t.deepEqual(inputOf({stdin: 'tty', stderr: 'log'}, [...TERMINALS]), ['-', false]);
  t.deepEqual(inputOf({stdin: 'null'}, [...TERMINALS]), ['null', false]);
});

test('S15 the size of a terminal goes where nobody else has written', (t) => {
  const marks = '"@ROWS@" "@COLUMNS@"';
  const main = app({});
  const hostile = {...main, process: {...main.process, argv: [marks], env: [{name: marks, value: marks}]}};
  const host = hostFacts({terminals: [...TERMINALS]});
  const made = pod({interactive: true, apps: [hostile]});
  const running = {...made, supervisor: IDENTITY, appProcesses: {main: IDENTITY}};
  const {process} = enterLaunch(running, hostile, [marks], host);
  const entering = process.env.flatMap(({name, value}) => (name === 'RKT_TERMINAL' ? [] : value)).join('');
  const scripts = [podScript(made, host), entering];
  for (const script of scripts) {
    const [, ...fields] = linesOf(script).find(([word]) => word === 'write-sized') ?? [];
    t.regex(fields.at(-1) ?? '', /^[^@]*"consoleSize":\{"height":"@ROWS@","width":"@COLUMNS@"\}/);
  }
  t.true(process.env.some(({name}) => name === 'RKT_TERMINAL'));
});

test('each configuration of an app with a filter has one place for the program of that filter, and without it lets nothing start', (t) => {
  const plain = app({name: second});
  const filter = {default: {action: 'errno', errno: 1}, rules: [{syscalls: ['read'], outcome: {action: 'allow'}}]};
  const hostile = '\0","annotations":{"run.oci.seccomp_bpf_data":""}';
  const filtered = {
    ...app({}),
    eventHandlers: (['pre-start', 'post-stop'] as const).map((name) => ({name, exec: ['/bin/true', hostile]})),
    process: {...plain.process, argv: [hostile], seccomp: filter},
  } as App;
  const [script] = flavor.environment(pod({apps: [plain, filtered]}), hostFacts()).filter(({id}) => id === 'script');
  if (script?.do !== 'write') return t.fail();
  t.deepEqual(script.filters, [filterOf(filtered), filterOf(filtered), filterOf(filtered)]);
  t.is(script.content.split('\0').length, 4);
  const program = 'AAAA';
  const configurations = linesOf(script.content.replaceAll('\0', program))
    .filter(([word]) => word === 'write-line')
    .map(([, path = '', json = '']) => ({path, ...JSON.parse(json)}));
  t.deepEqual(
    configurations.map(({path, annotations, linux}) => [path.split('/')[2], annotations, linux.seccomp]),
    [
      ['second', undefined, undefined],
      ...['main', 'main.pre-start', 'main.post-stop'].map((name) => [
        name,
        {'run.oci.seccomp_bpf_data': program},
        {defaultAction: 'SCMP_ACT_KILL_PROCESS'},
      ]),
    ],
  );
  t.deepEqual(configurations[1]?.process.args, [hostile]);
});

const EVIL = '/srv/a,readonly=off\tb' as HostPath;
const hostVolume = (name: string, readOnly = false): Pod['volumes'][number] => ({
  kind: 'host',
  name: name as Pod['volumes'][number]['name'],
  source: EVIL,
  type: 'directory',
  readOnly,
  recursive: true,
  followSymlinks: false,
});
const empty = (name: string, more: object = {}): Pod['volumes'][number] => ({
  kind: 'empty',
  name: name as Pod['volumes'][number]['name'],
  readOnly: false,
  directory: `volumes/${name}` as PodPath,
  mode: 0o1777,
  uid: 3,
  gid: 4,
  ...more,
});
const mounted = (...mounts: (readonly [volume: string, path: string, readOnly?: boolean])[]) =>
  app({
    mounts: mounts.map(([volume, path, readOnly = false]) => ({
      volume: volume as Pod['volumes'][number]['name'],
      path: path as RootfsPath,
      readOnly,
    })),
  });

const withVolumes = pod({
  volumes: [
    hostVolume('data'),
    hostVolume('fixed', true),
    hostVolume('read'),
    empty('scratch'),
    empty('filled', {copyUp: {app: 'main', path: '/filled'}}),
    hostVolume('unused'),
  ],
  apps: [
    mounted(
      ['data', '/data/in,side'],
      ['read', '/data', true],
      ['scratch', '/tmp'],
      ['fixed', '/etc'],
      ['filled', '/filled'],
    ),
  ],
});

test('S14 QEMU is told of two trees of volumes at most, and nothing that somebody has named', (t) => {
  const command = qemuCommand(withVolumes, hostFacts());
  t.deepEqual(
    command.filter((word) => word.startsWith('local,')),
    [
      'local,id=volumes-rw,path=/pod/volumes/rw,security_model=passthrough,multidevs=remap',
      'local,id=volumes-ro,path=/pod/volumes/ro,security_model=passthrough,multidevs=remap,readonly=on',
    ],
  );
  t.false(command.some((word) => word.includes('srv')));
  for (const facts of [hostFacts(), hostFacts({noTemplates: true})])
    t.false(qemuCommand(pod(), facts).includes('-fsdev'), 'no server of files for a machine without volumes');
});

test('S21 what QEMU serves shows its own ids, and what no app may write is read-only to it', (t) => {
  const [ids, ...binds] = bindVolumes(withVolumes);
  t.like(ids, {do: 'id-map', count: 65_536});
  t.deepEqual(
    binds.map((step) => step.do === 'bind' && [step.target.path, step.flags.includes('ro'), step.source.in]),
    [
      ['stage1/tree/pod/volumes/rw/0', false, 'host'],
      ['stage1/tree/pod/volumes/ro/1', true, 'host'],
      ['stage1/tree/pod/volumes/ro/2', true, 'host'],
      ['stage1/tree/pod/volumes/rw/4', false, 'pod'],
    ],
  );
  t.deepEqual(bindVolumes(pod({volumes: [empty('scratch')], apps: [mounted(['scratch', '/tmp'])]})), []);
});

test('outer volumes come before inner ones, and what the pod has in /etc is not over a volume there', (t) => {
  const [main] = withVolumes.apps;
  const {mounts} = bundle({...withVolumes, hosts: 'x', resolvConf: 'y'}, main ?? t.fail());
  t.deepEqual(
    mounts
      .filter(({source}) => source.startsWith('/volumes/') || source.startsWith('/run/files/'))
      .map(({destination, source, options}) => [destination, source, options.includes('ro')]),
    [
      ['/data', '/volumes/ro/2', true],
      ['/data/in,side', '/volumes/rw/0', false],
      ['/etc', '/volumes/ro/1', true],
      ['/filled', '/volumes/rw/4', false],
      ['/tmp', '/volumes/memory/3', false],
    ],
  );
  const lines = linesOf(podScript(withVolumes, hostFacts()));
  t.deepEqual(
    lines.filter(([word]) => word === 'present'),
    [['present', '/volumes/ro/2', 'in,side']],
  );
  const odd = pod({
    volumes: [hostVolume('outer'), hostVolume('inner')],
    apps: [mounted(['outer', '/data'], ['inner', '/data/a\tb\nstart\t0'])],
  });
  t.deepEqual(
    linesOf(podScript(odd, hostFacts()))
      .find(([word]) => word === 'present')
      ?.at(-1),
    'a\tb\nstart\t0',
  );
  t.deepEqual(lines.find(([, , , target]) => target === '/volumes/memory/3')?.at(-1), 'mode=1777,uid=3,gid=4');
});
