#!/bin/sh
# What rkt does, in one minute: makes an image out of programs of this host, runs it as a pod, and shows what was planned and what is enforced.
# Everything happens in a directory of its own, which is removed at the end. No image is downloaded.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
rkt=$here/core/bin/rkt

if [ "$(id -u)" != 0 ]; then
  echo "demo: needs root, because pods have mounts and cgroups of their own: sudo npm run demo" >&2
  exit 1
fi
if ! command -v bsdtar >/dev/null 2>&1; then
  echo "demo: bsdtar, which unpacks images, is missing: installing the Debian package libarchive-tools"
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y -q --no-install-recommends libarchive-tools; } >/dev/null ||
    { echo "demo: apt-get failed; install libarchive-tools yourself" >&2; exit 1; }
fi

# After bsdtar is there: the build tries rkt out to make it start faster.
# A test that has built already says so.
[ -n "${RKT_DEMO_BUILT:-}" ] || (cd "$here" && npm run --silent build)

work=$(mktemp -d "${TMPDIR:-/tmp}/rkt-demo-XXXXXX")
finish() {
  [ ! -s "$work/uuid" ] || "$rkt" --dir="$work/data" stop --force "$(cat "$work/uuid")" >/dev/null || echo "demo: a pod may be left in $work" >&2
  "$rkt" --dir="$work/data" gc --grace-period=0s >/dev/null || echo "demo: a pod may be left in $work" >&2
  # Never into something that is still mounted.
  if grep -q " $work/" /proc/self/mountinfo; then echo "demo: something is mounted in $work still" >&2; else rm -rf "$work"; fi
}
trap finish EXIT
trap 'exit 130' INT TERM
cd "$work"

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n# %s\n' "$*"; }
# Prints a command as a person would type it, then runs it with a data directory of its own.
show() {
  printf '$ rkt'
  for word; do
    case $word in
      '&') printf ' &' ;;
      *[!A-Za-z0-9_./:=,@%+-]*) printf " '%s'" "$word" ;;
      *) printf ' %s' "$word" ;;
    esac
  done
  printf '\n'
}
run() {
  show "$@"
  "$rkt" --dir="$work/data" "$@"
}

say 'The rkt command runs on the Node.js that npm installed beside it, whichever is on PATH.'
run version

say 'An image made of programs of this host and the libraries they need.'
run image build --from-host sh cat id ls grep sleep --name example.com/hello -o hello.aci
ls -l hello.aci

say 'It is not signed, so that has to be allowed. Its ID is the hash of what is in it.'
run --insecure-options=image fetch hello.aci

say 'A pod of one app, in its own file system, with few rights. Its exit code is the exit code of rkt.'
code=0
run run --stage1=fly example.com/hello --exec=sh -- -c 'echo "hello from $AC_APP_NAME"; id; ls /; grep -E "^(CapBnd|Seccomp):" /proc/self/status; exit 3' || code=$?
echo "exit code: $code"
[ "$code" = 3 ]

say 'What run would do, step by step, without doing it. This needs no root.'
run plan --stage1=fly example.com/hello --exec=sh -- -c 'exit 3'

say 'A pod with limits, in the background. After its start no process of rkt is left: the child is the app itself.'
show run --stage1=fly --uuid-file-save=uuid example.com/hello --exec=sleep --memory=64M --cpu=500m --readonly-rootfs -- 300 '&'
"$rkt" --dir="$work/data" run --stage1=fly --uuid-file-save=uuid example.com/hello --exec=sleep --memory=64M --cpu=500m --readonly-rootfs -- 300 &
child=$!
while [ "$(tr '\0' ' ' <"/proc/$child/cmdline" 2>/dev/null)" != 'sleep 300 ' ]; do
  kill -0 "$child" 2>/dev/null || { wait "$child" || exit 1; }
  sleep 0.05
done
uuid=$(cat uuid)
echo "process $child: $(tr '\0' ' ' <"/proc/$child/cmdline")"
run list

say 'What of it is enforced, and how. Then the same, read back from the kernel.'
run status "$uuid"
show status --verify "$uuid"
"$rkt" --dir="$work/data" status --verify "$uuid" >/dev/null
echo 'the kernel agrees'

say 'A further command in the pod has exactly the rights of its app.'
run enter "$uuid" sh -c 'grep -E "^(CapBnd|Seccomp):" /proc/self/status; id -u'

say 'The end: stop, and remove what is left of the pod.'
run stop "$uuid"
wait "$child" 2>/dev/null || true
rm uuid
run gc --grace-period=0s
run list
