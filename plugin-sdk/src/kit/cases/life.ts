import {strict as assert} from 'node:assert';
import {once} from 'node:events';
import {readFileSync, writeFileSync} from 'node:fs';
import {type AddressInfo, connect, createServer, type Socket} from 'node:net';
import type {Plan} from '@rkt/core/contract';
import type {Case, Need} from '../case.ts';
import {descriptorOf} from '../descriptor-of.ts';
import {expectEnd, STAYS, type Verification, withPod} from '../forms.ts';
import {difference, type Scope, snapshot} from '../left-behind.ts';
import {processesOf, processesSaying} from '../outside.ts';
import {receiveNotifications} from '../receive-notifications.ts';
import {until} from '../until.ts';
import type {PodSpec, World} from '../world.ts';

/* The verbs: prepare, run, ready, stop, logs, gc; what is left, crashes, many at once, and what is not declared. */

/** A pod that has ended is removed, as soon as its last process has gone. */
const removed = (world: World, uuid: string): Promise<void> =>
  until('the pod is removed', async () => {
    const {status, code} = await world.rkt(['--format=json', 'rm', uuid]);
    if (status === 0 || code === 'RKT_POD_UNKNOWN') return true;
    await world.rkt(['gc', '--mark-only']);
    return false;
  });

/** What the kernel does after a process has gone may take it a while. */
const nothingLeft = async ({data}: World, ...uuids: readonly string[]): Promise<void> => {
  const scope: Scope = {
    directories: uuids.map((uuid) => `/${uuid}`),
    pods: new Set(uuids),
    among: [`${data}/pods`],
  };
  const nothing = {mounts: [], cgroups: [], networks: [], processes: [], files: []};
  const left = () => difference(nothing, snapshot(scope));
  await until('nothing of it is left', () => Object.keys(left()).length === 0).catch(() =>
    assert.deepEqual(left(), {}),
  );
};

/** With a volume of each kind that the flavor has. */
const withVolumes = (world: World): {readonly pod: readonly string[]; readonly app: readonly string[]} => {
  const volumes = [
    ...(world.has('volume/empty') ? [['a', 'kind=empty']] : []),
    ...(world.has('volume/host') ? [['b', `kind=host,source=${world.volume({file: 'x\n'})}`]] : []),
  ];
  return {
    pod: volumes.map(([name, what]) => `--volume=${name},${what}`),
    app: volumes.map(([name]) => `--mount=volume=${name},target=/${name}`),
  };
};

/** Ends a pod in some way and has gc remove it: the host is as it was. */
const leavesNothing = (
  id: string,
  title: string,
  needs: readonly Need[],
  end: (world: World, spec: PodSpec) => Promise<string>,
): Case => ({
  id,
  title,
  needs,
  attempt: async (world) => {
    const uuid = await end(world, withVolumes(world));
    await removed(world, uuid);
    await nothingLeft(world, uuid);
  },
});

const leftovers: readonly Case[] = [
  leavesNothing(
    'gc/ended',
    'a pod that has ended leaves nothing: no mount, cgroup, process or file',
    ['gc'],
    async (world, spec) => {
      const pod = await world.start({...spec, script: STAYS});
      pod.child.stdin.end();
      expectEnd(await pod.ended, {});
      return pod.uuid;
    },
  ),
  leavesNothing(
    'gc/stopped',
    'nor does one that is ended by force, with processes of its own',
    ['gc', 'stop'],
    async (world, spec) => {
      const pod = await world.start({
        ...spec,
        script: `mkfifo /tmp/never; (trap '' HUP TERM; exec <>/tmp/never; while read -r line; do :; done) & ${STAYS}`,
      });
      await pod.end();
      return pod.uuid;
    },
  ),
  leavesNothing('gc/killed', 'nor does one whose rkt process is killed', ['gc'], async (world, spec) => {
    const pod = await world.start({...spec, script: STAYS});
    pod.child.kill('SIGKILL');
    await pod.ended;
    await until('no process of the app is left', () => processesOf(world, pod).length === 0);
    return pod.uuid;
  }),
  leavesNothing('gc/refused', 'nor does one whose program is not there', ['gc'], async (world, spec) => {
    const file = `${world.volume()}/uuid`;
    const app = [...(spec.app ?? []), '--exec=/nowhere'];
    const {status} = await world.run({...spec, app, pod: [...(spec.pod ?? []), `--uuid-file-save=${file}`]});
    assert.equal(status, 127);
    return readFileSync(file, 'utf8').trim();
  }),
];

/** The first step of each kind that a plan has, and the parts of the launch: a run that `RKT_FAULT` tells to can be killed before each. */
const placesIn = ({filesystem, environment}: Plan): string[] => {
  const steps = [...filesystem, ...environment];
  const firsts = steps.filter(({do: kind}, index) => steps.findIndex((step) => step.do === kind) === index);
  return [...firsts.map(({id}) => id), ...['prepare', 'root', 'credentials', 'exec'].map((part) => `launch.${part}`)];
};

const killedAtSteps: Case = {
  id: 'S20/killed-at-steps',
  title: 'a run that is killed before a step of any kind, or while it launches, leaves nothing that gc does not remove',
  needs: ['gc'],
  attempt: async (world) => {
    const place = world.volume();
    const script = `: ${place}/; cat`;
    const {pod, app} = withVolumes(world);
    const planned = await world.rkt(await world.arguments('plan', {script, pod, app}));
    expectEnd(planned, {});
    const {plan} = JSON.parse(planned.stdout) as {readonly plan: Plan};
    const uuids: string[] = [];
    for (const [index, at] of placesIn(plan).entries()) {
      const file = `${place}/${index}`;
      const args = await world.arguments('run', {script, app, pod: [...pod, `--uuid-file-save=${file}`]});
      const {signal, stderr} = await world.rkt(args, {env: {RKT_FAULT: `${at}:kill`}});
      assert.equal(signal, 'SIGKILL', `it does not come to ${at}: ${stderr}`);
      uuids.push(readFileSync(file, 'utf8').trim());
    }
    await until('no process of the pods is left', () => processesSaying(`${place}/`).length === 0);
    await Promise.all(uuids.map((uuid) => removed(world, uuid)));
    await nothingLeft(world, ...uuids);
  },
};

/** Milliseconds after its start at which rkt is killed: some of its time, and some of the launched program's. */
const MOMENTS = [110, 300];

const killedAfter = MOMENTS.map(
  (moment): Case => ({
    id: `S20/killed-after-${moment}`,
    title: `a run that is killed about ${moment} ms after its start leaves nothing that gc does not remove`,
    needs: ['gc'],
    attempt: async (world) => {
      const file = `${world.volume()}/uuid`;
      const text = `echo started; : ${file}; cat`;
      const args = await world.arguments('run', {script: text, pod: [`--uuid-file-save=${file}`]});
      // The shell is replaced: what is killed is rkt, wherever it has come to.
      const through = ['/bin/sh', '-c', `(sleep ${moment / 1000}; kill -KILL $$) >/dev/null 2>&1 & exec "$@"`, 'sh'];
      await world.rkt(args, {through});
      await until('no process of the app is left', () => processesSaying(text).length === 0);
      let uuid = '';
      try {
        uuid = readFileSync(file, 'utf8').trim();
      } catch {
        // It had no name yet.
      }
      if (uuid === '') return;
      await until('no process of the pod is left', () => processesOf(world, {uuid, script: text}).length === 0);
      await removed(world, uuid);
      await nothingLeft(world, uuid);
    },
  }),
);

const propagated = (how: string): PodSpec => ({
  pod: [`--volume=a,kind=host,source=/etc,propagation=${how}`],
  app: ['--mount=volume=a,target=/a'],
});

/** How a pod asks for what a flavor may not have. */
const ASKING: Readonly<Partial<Record<Need, PodSpec>>> = {
  'apps/many': {app: ['--name=one'], script: 'true', more: [{name: 'two', script: 'true'}]},
  'event-handlers': {image: {app: {eventHandlers: [{name: 'pre-start', exec: ['/bin/true']}]}}},
  hostname: {pod: ['--hostname=kit']},
  'ipc/private': {pod: ['--ipc=private']},
  'network/none': {pod: ['--net=none']},
  'os/unix/sysctl': {isolators: [{name: 'os/unix/sysctl', value: {'net.ipv4.ip_forward': '1'}}]},
  restart: {app: ['--restart=always']},
  'rootfs/read-only': {app: ['--readonly-rootfs']},
  'stdio/journal': {app: ['--stdout=journal']},
  'stdio/log': {app: ['--stdout=log']},
  'user-namespace': {pod: ['--private-users']},
  'volume/empty': {pod: ['--volume=a,kind=empty'], app: ['--mount=volume=a,target=/a']},
  'volume/shared': propagated('shared'),
  'volume/slave': propagated('slave'),
  watchdog: {app: ['--watchdog=30s', '--annotation=appc.io/executor/supports-systemd-notify=true']},
};

const refused = Object.entries(ASKING).map(([name, spec]): Case => {
  const asked = name as Need;
  return {
    id: `EX-33/refused-${name.replace('/', '-').replace('/', '-')}`,
    title: `a pod that asks for ${name} is refused before anything is there, since the flavor does not have it`,
    needs: ['run'],
    without: [asked],
    attempt: async (world) => {
      const {status, code, fields} = await world.rkt(await world.arguments('run', spec));
      assert.deepEqual([status, code], [254, 'RKT_FLAVOR_CANNOT']);
      assert.match(JSON.stringify(fields), new RegExp(`"${name}"`));
    },
  };
});

const verbs: readonly Case[] = [
  {
    id: 'run/prepared',
    title: 'a prepared pod runs as one that is run at once, and only once',
    needs: ['run'],
    attempt: async (world) => {
      const prepared = await world.rkt(await world.arguments('prepare', {script: 'echo ran; exit 4'}));
      assert.equal(prepared.status, 0, prepared.stderr);
      const {uuid} = JSON.parse(prepared.stdout) as {readonly uuid: string};
      expectEnd(await world.rkt(['run-prepared', uuid]), {status: 4, stdout: 'ran\n'});
      assert.equal((await world.rkt(['run-prepared', uuid])).status, 254);
      assert.equal((await world.rkt(['rm', uuid])).status, 0);
    },
  },
  {
    id: 'EX-33/again',
    title: 'asked again, the flavor makes the same plan of a pod that is prepared, and of one that runs',
    needs: ['run'],
    attempt: async (world) => {
      const shown = async (uuid: string) => {
        const {stdout, stderr} = await world.rkt(['--format=json', 'status', '--verify', uuid]);
        if (stdout === '') assert.fail(`status --verify: ${stderr}`);
        const {verification} = JSON.parse(stdout) as Verification;
        const plan = verification.find(({name}) => name === 'plan');
        assert.equal(plan?.holds, true, `asked for the plan again, it makes ${plan?.actual}`);
        assert.equal(stderr, '');
      };
      const spec = {pod: ['--set-env=A=b c'], app: ['--working-dir=/tmp']};
      const prepared = await world.rkt(await world.arguments('prepare', {...spec, script: 'exit 0'}));
      expectEnd(prepared, {});
      const {uuid} = JSON.parse(prepared.stdout) as {readonly uuid: string};
      await shown(uuid);
      await withPod(world, {...spec, script: STAYS}, (pod) => shown(pod.uuid));
    },
  },
  {
    id: 'ready/said',
    title: 'a pod is ready when its app has been started',
    needs: ['ready'],
    attempt: (world) =>
      withPod(world, {script: STAYS}, async ({uuid}) => {
        assert.equal((await world.rkt(['status', '--wait-ready=60s', uuid])).status, 0);
      }),
  },
  {
    id: 'ready/not-before',
    title: 'a pod is not ready while what comes before its app goes on',
    needs: ['ready', 'event-handlers', 'volume/host'],
    idles: true,
    attempt: async (world) => {
      const place = world.volume();
      const handler = 'echo ready; until [ -e /gate/open ]; do :; done';
      const pod = await world.start({
        script: 'exit 3',
        image: {app: {eventHandlers: [{name: 'pre-start', exec: ['/bin/sh', '-c', handler]}]}},
        pod: [`--volume=gate,kind=host,source=${place}`],
        app: ['--mount=volume=gate,target=/gate'],
      });
      try {
        const waited = await world.rkt(['--format=json', 'status', '--wait-ready=1s', pod.uuid], {idles: true});
        expectEnd(waited, {status: 254, code: 'RKT_WAIT_EXPIRED'});
      } finally {
        writeFileSync(`${place}/open`, '');
      }
      expectEnd(await pod.ended, {status: 3});
    },
  },
  {
    id: 'notify/ready',
    title: 'whoever started rkt is told once that the pod is ready, and the app knows nothing of it',
    needs: ['notify'],
    attempt: async (world) => {
      const name = `${world.volume()}/notify`;
      await using told = await receiveNotifications(name);
      const script = `echo "<$NOTIFY_SOCKET>"; ${STAYS}`;
      await withPod(world, {script, env: {NOTIFY_SOCKET: name}}, async (pod) => {
        await until('it is told', () => told.ready().length > 0);
        assert.match(pod.output(), /^<>$/m);
      });
      assert.equal(told.ready().length, 1);
    },
  },
  {
    id: 'notify/own',
    title: 'an app that says by itself when it is ready has a socket for that, and nobody says so before it',
    needs: ['notify'],
    attempt: async (world) => {
      const name = `${world.volume()}/notify`;
      await using told = await receiveNotifications(name);
      const script = `[ -S "$NOTIFY_SOCKET" ] && [ -w "$NOTIFY_SOCKET" ] && echo there; ${STAYS}`;
      const app = ['--annotation=appc.io/executor/supports-systemd-notify=true'];
      await withPod(world, {script, app, env: {NOTIFY_SOCKET: name}}, async (pod) => {
        assert.match(pod.output(), /^there$/m);
        assert.deepEqual(told.ready(), []);
      });
    },
  },
  {
    id: 'run/plan-same',
    title: 'the same question has the same plan, byte for byte',
    needs: ['run'],
    attempt: async (world) => {
      const args = await world.arguments('plan', {
        script: 'exit 0',
        pod: ['--dns=192.0.2.1'],
        app: world.has('rootfs/read-only') ? ['--readonly-rootfs'] : [],
      });
      const [first, second] = [await world.rkt(args), await world.rkt(args)];
      for (const asked of [first, second]) expectEnd(asked, {});
      assert.equal(first.stdout, second.stdout, 'another plan of the same pod');
    },
  },
  {
    id: 'S20/at-once',
    title: 'pods that start at once do not know of each other, and each has its own status',
    needs: ['run'],
    attempt: async (world) => {
      const wanted = [1, 2, 3, 4, 5, 6];
      const ended = await Promise.all(
        wanted.map((status) => world.run({script: `ls /mine; touch /mine; exit ${status}`})),
      );
      assert.deepEqual(
        ended.map(({status, stdout}) => [status, stdout]),
        wanted.map((status) => [status, '']),
      );
    },
  },
  {
    id: 'IM-18/handlers',
    title: 'pre-start ends before the app starts, and post-stop comes after it',
    needs: ['event-handlers', 'volume/host'],
    attempt: async (world) => {
      const place = world.volume();
      const says = (text: string) => ['/bin/sh', '-c', `echo ${text} >>/data/told`];
      const app = {
        eventHandlers: [
          {name: 'pre-start', exec: says('before')},
          {name: 'post-stop', exec: says('after')},
        ],
      };
      const ended = await world.run({
        script: 'echo app >>/data/told; exit 3',
        image: {app},
        pod: [`--volume=data,kind=host,source=${place}`],
        app: ['--mount=volume=data,target=/data'],
      });
      expectEnd(ended, {status: 3});
      assert.equal(readFileSync(`${place}/told`, 'utf8'), 'before\napp\nafter\n');
    },
  },
  {
    id: 'restart/always',
    title: 'an app that is to be restarted starts again, until the pod is stopped',
    needs: ['restart', 'stop', 'volume/host'],
    attempt: async (world) => {
      const place = world.volume();
      const told = () => readFileSync(`${place}/told`, 'utf8').split('\n').length - 1;
      const pod = await world.start({
        script: 'echo x >>/data/told; echo ready; exit 0',
        pod: [`--volume=data,kind=host,source=${place}`],
        app: ['--restart=always', '--mount=volume=data,target=/data'],
      });
      await until('it has been started twice', () => told() >= 2);
      assert.equal((await world.rkt(['stop', pod.uuid])).status, 0);
      await pod.ended;
    },
  },
  {
    id: 'IM-24/none',
    title: 'an app for which no sockets were passed is told of none',
    needs: ['socket-activation'],
    attempt: async (world) => expectEnd(await world.run({script: 'echo "<$LISTEN_FDS$LISTEN_PID>"'}), {stdout: '<>\n'}),
  },
];

const passed: Case = {
  id: 'IM-24/passed',
  title: 'a socket that was passed to rkt is that of the app whose port it is, as descriptor 3, and works',
  needs: ['socket-activation'],
  attempt: async (world) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const {port} = server.address() as AddressInfo;
    let client: Socket | undefined;
    try {
      const ports = [{name: 'web', port, protocol: 'tcp', socketActivated: true}];
      const ended = world.run({
        script: 'echo "$LISTEN_FDS"; [ "$LISTEN_PID" = $$ ] && echo mine; readlink /proc/$$/fd/3 | cut -d: -f1',
        image: {app: {ports}},
        descriptor: descriptorOf(server),
        // It has to be the number of the process that becomes rkt.
        through: ['/bin/sh', '-c', 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', 'sh'],
      });
      // There are flavors that start an app when somebody asks for it.
      client = connect(port, '127.0.0.1').on('error', () => {});
      expectEnd(await ended, {stdout: '1\nmine\nsocket\n'});
    } finally {
      client?.destroy();
      server.close();
    }
  },
};

const onHost: Case = {
  id: 'EX-15/host',
  title: 'a plan makes nothing on the host outside of the pod',
  needs: ['run'],
  attempt: async (world) => {
    const args = await world.arguments('plan', {
      script: 'exit 0',
      pod: world.has('volume/empty') ? ['--volume=a,kind=empty'] : [],
      app: world.has('resource/memory') ? ['--memory=64Mi'] : [],
    });
    const planned = await world.rkt(args);
    expectEnd(planned, {});
    const {plan} = JSON.parse(planned.stdout) as {readonly plan: Plan};
    const steps = [...plan.filesystem, ...plan.environment];
    const outside = steps.filter(
      (step) =>
        (['device', 'mkdir', 'symlink', 'write'].includes(step.do) && JSON.stringify(step).includes('"in":"host"')) ||
        (step.do === 'cgroup' && !`${step.path}/`.startsWith(`rkt-${plan.pod}/`)),
    );
    assert.deepEqual(outside, [], `steps outside of the pod: ${outside.map(({id}) => id).join(' ')}`);
  },
};

export const lifeCases: readonly Case[] = [
  ...verbs,
  passed,
  onHost,
  ...leftovers,
  killedAtSteps,
  ...killedAfter,
  ...refused,
];
