import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* What a service manager that is told how its service does (sd_notify(3)) has of a pod: a socket and a process of its own play it. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods('program/systemd-nspawn', 'program/python3'));

/** Starts rkt, and once the app has said that it is ready and the manager knows, sends what the second argument says; prints who told what, what the app wrote, and how it ended. */
const MANAGER = `import json, os, signal, socket, struct, sys
path, sent, command = sys.argv[1], sys.argv[2], sys.argv[3:]
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(path if path[0] == "/" else "\\0" + path[1:])
manager.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
read, write = os.pipe()
main = os.fork()
if main == 0:
    os.dup2(write, 1)
    os.execve(command[0], command, {**os.environ, "NOTIFY_SOCKET": path})
os.close(write)
app = os.fdopen(read)
first = app.readline()
told, senders = "", set()
while "READY=1" not in told:
    data, [(_, _, credentials)], *_ = manager.recvmsg(4096, 64)
    told += data.decode() + "\\n"
    senders.add("main" if struct.unpack("3i", credentials)[0] == main else "another")
os.kill(main, getattr(signal, sent))
rest = app.read()
_, status = os.waitpid(main, 0)
print(json.dumps({"first": first, "senders": sorted(senders), "rest": rest, "status": os.waitstatus_to_exitcode(status)}))
`;

const script = `
  for name in HUP QUIT USR1; do trap "echo $name; exit 5" $name; done
  echo ready; while :; do sleep 0.1; done
`;

for (const [sent, socket] of [
  ['SIGHUP', () => path.join(host.directory, 'notify')],
  ['SIGUSR1', () => `@rkt-test-${process.pid}`],
] as const) {
  kernelTest(
    `the main process of a Type=notify service is the one that tells, and hands ${sent} to the app`,
    async (t) => {
      const through = ['/usr/bin/python3', '-c', MANAGER, socket(), sent];
      const {stdout, stderr} = await host.sh(script, {stage1: 'nspawn', through});
      t.deepEqual(
        JSON.parse(stdout),
        {first: 'ready\n', senders: ['main'], rest: `${sent.slice(3)}\n`, status: 5},
        stderr,
      );
    },
  );
}
