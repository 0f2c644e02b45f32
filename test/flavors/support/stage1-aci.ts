import {buildImage, type Entry} from '../../helpers/image.ts';

/*
 * A stage1 for rkt as its author would have built it in 2017, from nothing but the implementor's guide: pods of one app, by chroot, in a shell with the busybox of its own image. It writes down
 * how it has been called, for the tests.
 */

const NAME = 'example.com/stage1-chroot';

/** Words of a JSON array as words of a shell: `["a","b c"]` after `"exec":` becomes `'a' 'b c'`. */
const EXEC = `
{ text = text $0 }
END {
  start = index(text, "\\"exec\\":[")
  text = substr(text, start + 8)
  for (i = 1; i <= length(text); i++) {
    c = substr(text, i, 1)
    if (!inside && c == "]") exit
    if (c == "\\"") { inside = !inside; printf inside ? "\\047" : "\\047 "; continue }
    if (!inside) continue
    if (c == "\\\\") {
      c = substr(text, ++i, 1)
      if (c == "n") c = "\\n"
      if (c == "t") c = "\\t"
    }
    printf "%s", c == "\\047" ? "\\047\\\\\\047\\047" : c
  }
}
`;

export const RUN = `#!/bin/sh
root=stage1/rootfs
box=$root/bin/busybox
{ pwd; echo "$0"; for word; do echo "$word"; done; } >run-called
app=$($box ls $root/opt/stage2)
# It has to be open, and locked, as long as the pod runs.
[ -e /proc/$$/fd/$RKT_LOCK_FD ] || exit 254
eval "set -- $($box awk -f $root/exec.awk pod)"
trap 'kill -TERM $child' TERM
exec 3<&0
$box chroot $root/opt/stage2/$app/rootfs "$@" <&3 3<&- &
child=$!
echo $$ >ppid
wait $child
# A signal ends a wait, too.
while kill -0 $child 2>/dev/null; do wait $child; done
wait $child
status=$?
echo $status >$root/rkt/status/$app
exit $status
`;

const ENTER = `#!/bin/sh
{ pwd; echo "$0"; for word; do echo "$word"; done; } >enter-called
box=\${0%/*}/bin/busybox
pid=\${1#--pid=}
shift 3
exec $box chroot /proc/$pid/root "$@"
`;

const STOP = `#!/bin/sh
{ pwd; echo "$0"; for word; do echo "$word"; done; } >stop-called
read -r pid <ppid
if [ "$1" = --force ]; then
  kill -KILL $pid $(cat /proc/$pid/task/$pid/children)
else
  kill -TERM $pid
fi
`;

/** @param log a file of the host that has a line for each call */
const gc = (log: string) => `#!/bin/sh
{ pwd; echo "$0"; for word; do echo "$word"; done; ls stage1/rootfs; cat stage1/rootfs/rkt/status/* 2>/dev/null; } >>'${log}'
exit 0
`;

/** Another author's: of pods of several apps, of which it runs none. It says so by `pid`, and lets go of its own root directory. */
export const SEVERAL = `#!/bin/sh
root=stage1/rootfs
for app in $root/opt/stage2/*; do
  [ -d $app/rootfs/bin ] && echo "\${app##*/} $(wc -l <$app/manifest)"
done
cat $root/etc/rkt-hosts
cp $root/bin/busybox busybox
./busybox sleep 1000 &
echo $! >pid
./busybox umount -l $root
echo ready
ln -s ready $root/rkt/supervisor-status
wait
`;

export interface Stage1AciSpec {
  /** `null`: the annotation is absent. */
  readonly version?: string | null;
  readonly entrypoints?: readonly string[];
  /** Where they are, if not at `/NAME`. */
  readonly paths?: Readonly<Record<string, string>>;
  readonly run?: string;
  /** File of the host that `gc` writes down its calls in. */
  readonly gcLog?: string;
  readonly name?: string;
  readonly files?: Readonly<Record<string, Entry>>;
}

/** Builds it. Returns the path of the ACI. */
export const stage1Aci = ({
  version = '6',
  entrypoints = ['run', 'enter', 'gc', 'stop'],
  paths = {},
  run = RUN,
  gcLog = '/dev/null',
  name = NAME,
  files = {},
}: Stage1AciSpec = {}): string => {
  const annotation = (what: string, value: string) => ({name: `coreos.com/rkt/stage1/${what}`, value});
  const program = (content: string) => ({content, mode: 0o755});
  return buildImage({
    name,
    app: null,
    files: {
      '/run': program(run),
      '/enter': program(ENTER),
      '/stop': program(STOP),
      '/gc': program(gc(gcLog)),
      '/exec.awk': EXEC,
      // An overlay of rkt's needed them in the image.
      ...Object.fromEntries(
        ['/opt/stage2', '/rkt/status', '/rkt/env'].map((path) => [path, {directory: true} as const]),
      ),
      ...files,
    },
    manifest: {
      annotations: [
        ...entrypoints.map((what) => annotation(what, paths[what] ?? `/${what}`)),
        ...(version === null ? [] : [annotation('interface-version', version)]),
      ],
    },
  });
};
