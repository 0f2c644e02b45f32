import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {argv, stdout} from 'node:process';
import {createInterface} from 'node:readline';
import {defaultFiles} from './default-files.ts';
import {diskImage} from './disk-image.ts';
import {guestImage} from './guest-image.ts';
import {prepareHost} from './host-programs.ts';
import {initramfs} from './initramfs.ts';
import {startMachine} from './qemu.ts';

/*
 * `npm run test:v2 [-- PART…]`: tests on a host that has cgroup v2 alone, whatever this one has: a Debian with systemd in an emulated machine. Runs the test
 * files whose path contains a PART, by default those about limits and pods, which takes half an hour to an hour. The last line is the one of `npm test`,
 * and so is the exit code. `-- --shell` gives a shell in the guest instead, and `-- --selinux [PART…]` a kernel with SELinux instead of AppArmor.
 *
 * Needs root, apt-get and 5 GiB of memory. Leaves the guest's root directory in the user's cache directory (`rkt-test-v2`), and nothing else.
 */

const root = path.resolve(import.meta.dirname, '../..');
const say = (line: string) => stdout.write(`${line}\n`);

const obstacle = prepareHost(say);
if (obstacle !== undefined) {
  say(`cannot run here: ${obstacle}`);
  say('0 passed, 0 failed, 1 skipped');
  process.exit(0);
}

const SELINUX = '--selinux';
const words = argv.slice(2).filter((word) => word !== SELINUX);
const interactive = words[0] === '--shell';
const image = guestImage(say);
// Not the system's directory for temporary files, which may be memory.
const directory = mkdtempSync('/var/tmp/rkt-test-v2-');
const at = (name: string) => path.join(directory, name);
const remove = () => rmSync(directory, {recursive: true, force: true});
process.once('exit', remove);

diskImage(root, at('repository'), '4G');
writeFileSync(at('initramfs'), initramfs(image, words.length === 0 ? defaultFiles : words));
const qemu = startMachine(
  {
    kernel: image.kernel,
    initramfs: at('initramfs'),
    disks: [image.disk, at('repository')],
    console: at('console'),
    securityModule: argv.includes(SELINUX) ? 'selinux' : 'apparmor',
    interactive,
  },
  directory,
);
const kill = () => qemu.kill('SIGKILL');
process.once('exit', kill);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

let last = '';
let counts: RegExpExecArray | null = null;
if (interactive) qemu.stdout.pipe(stdout);
else {
  for await (const line of createInterface({input: qemu.stdout})) {
    last = line.replace(/\r$/, '');
    const found = /^(\d+) passed, (\d+) failed, \d+ skipped$/.exec(last);
    if (found === null) say(last);
    else counts = found;
  }
  const [line = '0 passed, 1 failed, 0 skipped', passed, failed] = counts ?? [];
  if (counts === null) say(`the guest ended without a result:\n${readFileSync(at('console'), 'utf8').slice(-4000)}`);
  say(line);
  process.exitCode = Number(passed) > 0 && Number(failed) === 0 ? 0 : 1;
}
