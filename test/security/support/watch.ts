/** asm/unistd.h */
const NUMBERS: Readonly<Record<string, readonly [ptrace: number, read: number]>> = {
  x64: [101, 310],
  arm64: [117, 270],
};
const [PTRACE, READ] = NUMBERS[process.arch] ?? [0, 0];

/*
 * Goes through all processes again and again, and says into which it gets and how: by looking for a file of the host through its links, by PTRACE_SEIZE, by
 * PTRACE_ATTACH, and by process_vm_readv at an address where nobody has anything, which only who may read is told. It does so with a child of its own, too.
 * Whoever writes a byte to it is told when it has been through all that was there by then, and anew what it has seen. In between it rests for a fifth of a millisecond, which
 * is less than a busy host keeps a processor from who never rests.
 * No single quotes: it is an argument of a shell.
 */
const PROGRAM = `
$| = 1;
my ($mark, $all) = @ARGV;
my %ways = (
  seize => sub { my $p = shift; syscall(${PTRACE}, 0x4206, $p, 0, 0) == 0 and leave($p) },
  attach => sub { my $p = shift; syscall(${PTRACE}, 16, $p, 0, 0) == 0 and leave($p) },
  read => sub {
    my ($p, $byte) = (shift, "x");
    my ($here, $there) = (pack("P1Q", $byte, 1), pack("QQ", 4096, 1));
    (syscall(${READ}, $p, $here, 1, $there, 1, 0) >= 0 || $! == 14) and where($p);
  },
);
# What has entered has the root directory of the app; what has ended has none.
sub where { my ($dev, $ino) = stat "/proc/$_[0]/root/."; my ($d, $i) = stat "/"; defined $ino ? $dev == $d && $ino == $i ? "inside" : "outside" : "gone" }
# Halted where it is, asked, and let go.
sub leave { my $p = shift; syscall(${PTRACE}, 0x4207, $p, 0, 0); waitpid($p, 0x40000000); my $at = where($p); syscall(${PTRACE}, 17, $p, 0, 0); $at }
my $child = fork;
if (!$child) { sleep 1 while getppid != 1; exit }
sub numbers { opendir my $proc, "/proc"; grep { /^\\d+$/ } readdir $proc }
# Of the pod are those that are there before anything else is done; in fly it has one.
my %own = map { $_ => 1 } $all ? ($$, $child) : numbers();
my ($asked, %told) = (0);
sub tell_once { my $line = shift; print $line unless $told{$line}++ }
print "ready\\n";
while (1) {
  for my $way (qw(seize attach read)) { tell_once("control $way\\n") if $ways{$way}->($child) eq "inside" }
  for my $p (grep { !$own{$_} } numbers()) {
    my $name = do { open my $file, "<", "/proc/$p/comm"; <$file> // "\\n" };
    for my $at ("root", "cwd", map { "fd/$_" } 0 .. 24) { tell_once("reached by look $at of $p $name") if -e "/proc/$p/$at$mark" }
    for my $way (qw(seize attach read)) { tell_once("reached by $way $p $name") if $ways{$way}->($p + 0) eq "outside" }
  }
  print "round\\n" if $asked;
  my $input = "";
  vec($input, 0, 1) = 1;
  $asked = select($input, undef, undef, 0.0002) > 0;
  if ($asked) { sysread(STDIN, my $byte, 1) or exit; %told = () }
}`;

/** The script of a watcher, in an image with perl. */
export const watch = (mark: string, stage1: 'fly' | 'nspawn'): string =>
  `exec perl -e '${PROGRAM}' ${mark} ${stage1 === 'fly' ? 1 : ''}`;
