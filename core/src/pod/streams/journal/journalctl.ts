import {spawn} from 'node:child_process';
import type {HostPath, Uuid} from '../../../contract/names.ts';
import {TOOL_ENVIRONMENT} from '../../../image/sandbox.ts';
import type {Fd} from '../../../linux/fd.ts';
import {isolated, type Shown, seenAt} from '../../../linux/isolated.ts';
import {findProgram} from '../../../linux/programs.ts';
import {startKeeper} from '../../../linux/start-keeper.ts';
import {journalToolMissing, journalUnreadable} from '../../errors.ts';
import {ENTRY_FIELDS, type Entry, readEntry, WANTED_FIELDS} from './entry.ts';
import {parseExport} from './parse-export.ts';

/** journald cuts lines much earlier. */
const MAX_FIELD = 1_048_576;
const MAX_MESSAGES = 4096;

export interface Query {
  readonly uuid: Uuid;
  readonly directory: Fd;
  /** Only of these apps. */
  readonly apps: readonly string[];
  /** Where to begin, and in which direction: further arguments. */
  readonly options: readonly string[];
  readonly take: (entry: Entry) => void;
}

export interface Reading {
  /** Resolves at its end, or when it was stopped. */
  readonly ended: Promise<void>;
  readonly stop: () => void;
}

const required = (program: string, debianPackage: string): HostPath => {
  const path = findProgram(program);
  if (path === undefined) throw journalToolMissing(program, debianPackage);
  return path;
};

/** What a pod wrote is read by a process that owns its files and can do nothing else; it ends when nobody reads what it says. */
const command = (
  {apps, options}: Pick<Query, 'apps' | 'options'>,
  journal: Shown,
): {file: HostPath; args: string[]} => {
  const journalctl = required('journalctl', 'systemd');
  return {
    file: required('setpriv', 'util-linux'),
    args: [
      ...['--inh-caps=-all', '--bounding-set=-all', '--', journalctl],
      ...[`--directory=${seenAt(journal)}`, '--output=export', `--output-fields=${ENTRY_FIELDS.join(',')}`],
      ...['--quiet', '--no-pager', ...options],
      // What an app could say of itself has another transport.
      ...['_TRANSPORT=stdout', ...apps.map((app) => `SYSLOG_IDENTIFIER=${app}`)],
    ],
  };
};

/**
 * Starts to read entries of a journal, as they come.
 * @throws RKT_POD_JOURNAL_TOOL_MISSING, and `ended` RKT_POD_JOURNAL_UNREADABLE or what `take` throws
 */
export const startJournalctl = (query: Query): Reading => {
  const {uuid, directory, take} = query;
  const journal: Shown = {at: '/journal', file: directory};
  const {file, args} = command(query, journal);
  const {child, keeper} = isolated([journal], () => ({
    keeper: startKeeper(),
    child: spawn(file, args, {stdio: [directory.number, 'pipe', 'pipe'], env: TOOL_ENVIRONMENT, cwd: '/'}),
  }));
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    child.kill('SIGKILL');
  };
  const parser = parseExport(WANTED_FIELDS, MAX_FIELD, (fields) => {
    const entry = stopped ? undefined : readEntry(fields);
    if (entry !== undefined) take(entry);
  });
  let messages = '';
  const ended = new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (bytes: Buffer) => {
      if (stopped) return;
      try {
        parser.push(bytes);
      } catch (error) {
        stop();
        reject(error instanceof RangeError ? journalUnreadable(uuid, error.message, error) : error);
      }
    });
    child.stderr?.on('data', (bytes: Buffer) => {
      if (messages.length < MAX_MESSAGES) messages += bytes.toString('utf8');
    });
    child.once('error', reject);
    child.once('close', (status, signal) => {
      // Of a file by a newer systemd it says so, and then that all is well.
      if (stopped || (status === 0 && !messages.includes('unsupported feature'))) resolve();
      else reject(journalUnreadable(uuid, messages.trim() || `journalctl: ${signal ?? `exit status ${status}`}`));
    });
  }).finally(() => keeper?.release());
  // Whoever waits sees the failure; who gave up before must not end the process with it.
  ended.catch(() => undefined);
  return {ended, stop};
};

/** {@link startJournalctl} up to its end. */
export const runJournalctl = (query: Query): Promise<void> => startJournalctl(query).ended;
