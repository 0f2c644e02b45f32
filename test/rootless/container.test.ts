import {execFile} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import {promisify} from 'node:util';
import {asReader} from '../helpers/as-nobody.ts';
import {rktCommand, rktEnvironment, root} from '../helpers/command.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {slowly} from '../helpers/slowly.ts';
import {until} from '../helpers/until.ts';
import {makeHome} from '../helpers/user.ts';
import {cleanUp} from '../runner/clean-up.ts';

/* What root of a container can do with rkt that is nobody of the host: all is the container's own, ids, cgroups, network and processes. */

const FIRST = 1_400_000;

const hierarchy = (): string | undefined =>
  readFileSync('/proc/self/mounts', 'latin1')
    .split('\n')
    .map((line) => line.split(' '))
    .find(([, , type, options]) => type === 'cgroup2' && options?.split(',').includes('rw'))?.[1];

/** $1: ids, $2: a cgroup, $3: what to do inside. */
const OUTSIDE = `mount --bind "$1" /etc/subuid && mount --bind "$1" /etc/subgid && echo 0 >"$2/cgroup.procs" &&
  exec unshare --user --map-users=${FIRST},0,65536 --map-groups=${FIRST},0,65536 --setuid=0 --setgid=0 \\
    --mount --propagation=private --net --ipc --pid --cgroup --fork sh "$3"`;

/** In a root directory of the container's own. */
const inside = (rkt: string, directory: string): string => `
  mount -t tmpfs -o mode=755 none /mnt && mkdir /mnt/proc || exit
  for place in /bin /dev /etc /lib /lib64 /sys /usr ${root} ${directory}; do
    [ -L $place ] && cp -P $place /mnt$place && continue
    [ ! -e $place ] || { mkdir -p /mnt$place && mount --rbind $place /mnt$place; } || exit
  done
  mount -t proc proc /mnt/proc && cd /mnt && pivot_root . . && umount -l . && cd / || exit
  mount -t cgroup2 none /sys/fs/cgroup || exit
  rkt() { ${rkt} --dir=${directory}/data --insecure-options=image "$@"; }
  rkt fetch ${directory}/image.aci >/dev/null || exit
  rkt run --stage1=fly --uuid-file-save=${directory}/uuid example.com/test --exec=/bin/sh -- \\
    -c 'id -u; cat /proc/self/cgroup; setsid sleep 100; true' </dev/null >${directory}/out &
  until grep -s "^0::" ${directory}/out; do sleep 0.1; done
  cat ${directory}/out
  rkt list --no-legend
  rkt rm --uuid-file=${directory}/uuid; echo "rm $?"
  rkt stop --force --uuid-file=${directory}/uuid; echo "stop $?"
  rkt list --no-legend
  rkt gc --grace-period=0s; echo "gc $?"`;

testIf(
  lacksPods('program/setpriv', 'program/newuidmap', 'overlay') ??
    (existsSync('/etc/subuid') && existsSync('/etc/subgid') ? undefined : 'no /etc/subuid') ??
    (hierarchy() === undefined ? 'no cgroup v2' : undefined),
)('S05 root of a container has the cgroups of the container, by which a pod is known', async (t) => {
  const directory = makeHome('rkt-container-', FIRST);
  const cgroup = path.join(hierarchy() ?? '', `rkt-container-${randomUUID()}`);
  mkdirSync(cgroup);
  t.teardown(async () => {
    if (existsSync(`${cgroup}/cgroup.kill`)) writeFileSync(`${cgroup}/cgroup.kill`, '1');
    await until(() => readFileSync(`${cgroup}/cgroup.events`, 'latin1').includes('populated 0'));
    for (const below of ['rkt', '']) if (existsSync(path.join(cgroup, below))) rmdirSync(path.join(cgroup, below));
    const problem = cleanUp(directory);
    if (problem !== undefined) throw new Error(problem);
  });
  for (const file of ['', 'cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads'])
    chownSync(path.join(cgroup, file), FIRST, FIRST);
  const [ids, image, script] = ['ids', 'image.aci', 'inside'].map((name) => path.join(directory, name));
  writeFileSync(ids ?? '', `root:${FIRST}:65536\n`);
  copyFileSync(buildImage(), image ?? '');
  writeFileSync(script ?? '', inside(rktCommand.join(' '), directory));
  for (const file of [image, script]) chmodSync(file ?? '', 0o644);
  const [program = '', ...args] = [
    ...asReader(),
    ...['unshare', '--mount', '--propagation=private', 'sh', '-c', OUTSIDE, 'sh', ids ?? '', cgroup, script ?? ''],
  ];
  const {stdout, stderr} = await promisify(execFile)(program, args, {env: rktEnvironment, timeout: slowly(180_000)});
  const uuid = readFileSync(path.join(directory, 'uuid'), 'utf8').trim();
  const lines = stdout.split('\n').map((line) => line.trim());
  t.true(lines.includes('0'), stdout + stderr);
  t.true(
    lines.some((line) => line === `0::/rkt/rkt-${uuid}`),
    stdout,
  );
  t.deepEqual(
    lines.flatMap((line) => /\b(running|exited|rm \d+|stop \d+|gc \d+)\b/.exec(line)?.[1] ?? []),
    ['running', 'rm 254', 'stop 0', 'exited', 'gc 0'],
    stdout + stderr,
  );
  t.regex(stderr, /^code: RKT_POD_STATE$/m);
});
