import {signalNumbers} from '../../linux/signal-numbers.ts';
import {appPaths} from './layout.ts';
import type {PodEntry} from './load.ts';
import {readMark} from './read-mark.ts';
import type {ExitCodes} from './view.ts';

/** What the pod's supervisor recorded. Nothing under a flavor whose declaration says so: there the caller of `run` has the status. */
export const readExitCodes = ({path, summary}: Pick<PodEntry, 'path' | 'summary'>): ExitCodes => {
  const codes = new Map<string, number>();
  for (const {name} of summary?.apps ?? []) {
    const code = parseExitStatus(readMark(path, appPaths(name).status) ?? '');
    if (code !== undefined) codes.set(name, code);
  }
  return codes;
};

/** By a signal: the shell's convention. */
const BY_SIGNAL = 128;
/** The first that the C library gives away; systemd names the others after it. */
const SIGRTMIN = 34;
const MAX_SIGNAL = 64;

/**
 * An exit status as a number, or as systemd's `$EXIT_CODE $EXIT_STATUS` (systemd.exec(5)): `exited 7`, `killed KILL`, `dumped 6`. `undefined` for anything else.
 */
export const parseExitStatus = (text: string): number | undefined => {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  const [, how, status = ''] = /^(exited|killed|dumped) ([A-Z0-9+]{1,16})$/.exec(text) ?? [];
  if (how === undefined) return undefined;
  if (how === 'exited') return /^\d{1,3}$/.test(status) && Number(status) <= 255 ? Number(status) : undefined;
  const signal = signalNumber(status);
  return signal === undefined ? undefined : BY_SIGNAL + signal;
};

const signalNumber = (text: string): number | undefined => {
  const number = /^\d{1,2}$/.test(text) ? Number(text) : (realTimeSignal(text) ?? namedSignal(text));
  return number !== undefined && number > 0 && number <= MAX_SIGNAL ? number : undefined;
};

const realTimeSignal = (text: string): number | undefined => {
  const [all, offset = '0'] = /^RTMIN(?:\+(\d{1,2}))?$/.exec(text) ?? [];
  return all === undefined ? undefined : SIGRTMIN + Number(offset);
};

const namedSignal = (text: string): number | undefined =>
  Object.hasOwn(signalNumbers(), `SIG${text}`) ? signalNumbers()[`SIG${text}` as NodeJS.Signals] : undefined;
