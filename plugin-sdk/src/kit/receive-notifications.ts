import {spawn} from 'node:child_process';
import {hostTool} from './image.ts';
import {until} from './until.ts';

/** Node has no datagram sockets of this kind. */
const RECEIVER = `
  my ($name) = @ARGV;
  (my $address = $name) =~ s/^@/\\0/;
  socket my $socket, 1, 2, 0 or die "socket: $!";
  bind $socket, pack "Sa*", 1, $address or die "bind: $!";
  chmod 0777, $name;
  $| = 1;
  print "listening\\n";
  while (defined recv $socket, my $message, 4096, 0) { print join(" ", split /\\n/, $message), "\\n" }
`;

/** What has been told by now. */
export interface Notifications extends AsyncDisposable {
  /** Each message, its lines with blanks between them. */
  readonly messages: () => readonly string[];
  /** Those that say that it is ready. */
  readonly ready: () => readonly string[];
}

/**
 * Plays a service manager that waits to be told (sd_notify(3)), by a few lines of Perl.
 * @param name a path, or `@` and an abstract name, as NOTIFY_SOCKET has it
 */
export const receiveNotifications = async (name: string): Promise<Notifications> => {
  const child = spawn(hostTool('perl'), ['-e', RECEIVER, '--', name], {stdio: ['ignore', 'pipe', 'inherit']});
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await until('somebody listens', () => text.includes('\n') || child.exitCode !== null);
  if (child.exitCode !== null) throw new Error(`nobody can listen at ${name}`);
  const messages = () => text.split('\n').slice(1, -1);
  return {
    messages,
    ready: () => messages().filter((message) => message.split(' ').includes('READY=1')),
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
    },
  };
};
