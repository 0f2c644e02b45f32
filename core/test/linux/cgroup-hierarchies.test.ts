import test from 'ava';
import {findHierarchies} from '../../src/linux/cgroup-hierarchies.ts';
import {parseMountinfo} from '../../src/linux/mountinfo.ts';
import {parseProcCgroup} from '../../src/linux/proc-cgroup.ts';

const find = (mountinfo: string, cgroup: string, v2Controllers = '', takesPods = (_: string) => true) =>
  findHierarchies({mounts: parseMountinfo(mountinfo), own: parseProcCgroup(cgroup), v2Controllers, takesPods});

const V1 = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
36 31 0:33 / /sys/fs/cgroup/devices ro,relatime - cgroup cgroup rw,devices
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
`;
const V1_OWN = `5:cpu,cpuacct:/user.slice
4:memory:/user.slice
3:devices:/
2:hugetlb:/
1:name=systemd:/user.slice/session-1.scope
`;

test('v1: hierarchies as they are mounted together; one that is not mounted does not count', (t) => {
  const facts = find(V1, V1_OWN);
  t.is(facts.mode, 'v1');
  t.deepEqual(
    facts.hierarchies.map(({version, mountPoint, controllers, own}) => [version, String(mountPoint), controllers, own]),
    [
      [1, '/sys/fs/cgroup/cpu,cpuacct', ['cpu', 'cpuacct'], '/user.slice'],
      [1, '/sys/fs/cgroup/memory', ['memory'], '/user.slice'],
      [1, '/sys/fs/cgroup/devices', ['devices'], '/'],
      [1, '/sys/fs/cgroup/systemd', ['name=systemd'], '/user.slice/session-1.scope'],
    ],
  );
});

test('a hierarchy that is mounted read-only, and one without controllers, can hold no limit', (t) => {
  t.deepEqual(find(V1, V1_OWN).controllers, ['cpu', 'cpuacct', 'memory']);
});

test('hybrid: v2 beside v1', (t) => {
  const facts = find(`${V1}41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n`, `${V1_OWN}0::/\n`);
  t.is(facts.mode, 'hybrid');
  t.deepEqual(facts.hierarchies.at(-1)?.controllers, []);
  t.is(facts.hierarchies.at(-1)?.version, 2);
});

const V2 = '30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n';

test('v2: the controllers of its root', (t) => {
  const facts = find(V2, '0::/user.slice/user-0.slice/session-3.scope\n', 'cpuset cpu io memory pids\n');
  t.is(facts.mode, 'v2');
  t.deepEqual(facts.controllers, ['cpuset', 'cpu', 'io', 'memory', 'pids']);
  t.is(facts.parent, '/rkt');
});

test('no cgroups: a mode of its own, not an error', (t) => {
  t.deepEqual(find('', ''), {mode: 'none', hierarchies: [], controllers: [], parent: '/rkt'});
});

test('pods belong to the service that rkt was started by', (t) => {
  t.is(find(V2, '0::/system.slice/web.service\n').parent, '/system.slice/web.service');
  t.is(find(V1, V1_OWN.replace('session-1.scope', 'web.service')).parent, '/user.slice/web.service');
  t.is(find(V1, V1_OWN.replace('4:memory:/user.slice', '4:memory:/x.service')).parent, '/rkt');
});

test('a part of a service is the service, a scope below one is none', (t) => {
  const parentIn = (own: string) => find(V2, `0::${own}\n`).parent;
  t.is(parentIn('/system.slice/web.service/main'), '/system.slice/web.service');
  t.is(parentIn('/system.slice/web.service/a.b/c'), '/system.slice/web.service');
  t.is(
    parentIn('/user.slice/user@0.service/app.slice/web.service'),
    '/user.slice/user@0.service/app.slice/web.service',
  );
  for (const own of [
    '/user.slice/user@0.service/init.scope',
    '/user.slice/user@0.service/app.slice/x',
    '/service',
    '/',
  ])
    t.is(parentIn(own), '/rkt', own);
});

test('v2: a service that runs more than rkt has no pods below it, because it could not limit them', (t) => {
  const asked: string[] = [];
  const busy = (directory: string) => {
    asked.push(directory);
    return false;
  };
  t.is(find(V2, '0::/system.slice/cron.service\n', '', busy).parent, '/rkt');
  t.deepEqual(asked, ['/sys/fs/cgroup/system.slice/cron.service']);
  // Hierarchies of v1 have no such rule.
  const hybrid = `${V1}41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n`;
  const own = `${V1_OWN.replace('session-1.scope', 'cron.service')}0::/user.slice/cron.service\n`;
  t.is(find(hybrid, own, '', busy).parent, '/user.slice/cron.service');
  t.is(asked.length, 1);
});

test('paths are relative to what is mounted, not to the whole hierarchy', (t) => {
  const facts = find(V2.replace(' / /sys', ' /docker/abc /sys'), '0::/docker/abc/inner\n');
  t.is(facts.hierarchies[0]?.own, '/inner');
  const top = find(V2.replace(' / /sys', ' /docker/abc /sys'), '0::/docker/abc\n');
  t.is(top.hierarchies[0]?.own, '/');
});

test('of two mounts of one hierarchy the one that can be written to counts', (t) => {
  const readOnly = V2.replace(' rw,nosuid', ' ro,nosuid').replace('/sys/fs/cgroup', '/other');
  const facts = find(`${readOnly}${V2}`, '0::/\n', 'memory');
  t.deepEqual(
    facts.hierarchies.map(({mountPoint}) => String(mountPoint)),
    ['/sys/fs/cgroup'],
  );
  t.deepEqual(facts.controllers, ['memory']);
});

test('a path of /proc/PID/cgroup may contain colons', (t) => {
  t.deepEqual(parseProcCgroup('1:name=systemd:/a:b\n0::/c\n'), [
    {hierarchy: 1, controllers: ['name=systemd'], path: '/a:b'},
    {hierarchy: 0, controllers: [], path: '/c'},
  ]);
});
